// What creators and operators do with webhooks alike.

import type { Requester } from '../../contracts/accounts.ts';
import type { CreatorAction } from '../../contracts/creator-actions.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { Delivery, Webhook } from '../../contracts/webhooks.ts';
import { refusal, success } from '../../domain/refusal.ts';
import {
  FINISHED_KEPT_MS,
  FINISHED_MAX,
  sentAgain,
} from '../../events/webhooks/webhook-delivery.ts';
import type { WebhookJobs } from '../../events/webhooks/webhook-jobs.ts';
import type { FeedChange, WebhookStore } from '../../storage/ports/webhooks.ts';
import { isMember, mayAct } from '../permissions.ts';

/** How often a delivery is changed anew where it changed at the same moment. */
const TRIES_MAX = 5;

/** What becomes of a webhook, and of its feed. */
export interface WebhookFeedChange {
  readonly webhook: Webhook;
  readonly feed: FeedChange;
}

export interface ResendOptions {
  readonly webhooks: WebhookStore;
  readonly webhookJobs: Pick<WebhookJobs, 'wake'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export function may(caller: Requester, creatorId: string, action: CreatorAction): Outcome<null> {
  if (mayAct(caller, creatorId, action)) return success(null);
  return refusal(isMember(caller, creatorId) ? 'forbidden' : 'not-found');
}

/** Refuses `not-found` also for who is no member: nobody else knows that it is there. */
export async function findWebhook(
  webhooks: Pick<WebhookStore, 'find'>,
  caller: Requester,
  webhookId: string,
  action: CreatorAction,
): Promise<Outcome<Webhook>> {
  const webhook = await webhooks.find(webhookId);
  if (webhook === null) return refusal('not-found');
  const allowed = may(caller, webhook.creatorId, action);
  return allowed.ok ? success(webhook) : allowed;
}

/** What waits is given up by the webhook's job. */
export function disabled(
  webhook: Webhook,
  disabledReason: 'owner' | 'operator',
  now: number,
): WebhookFeedChange {
  const ended = { enabled: false, disabledReason, disabledAt: now, noticeIsDue: false };
  return { webhook: { ...webhook, ...ended }, feed: 'close' };
}

/** With the same webhook-id. One that waits is tried now. */
export async function resend(
  { webhooks, webhookJobs, now }: ResendOptions,
  webhook: Webhook,
  deliveryId: string,
): Promise<Outcome<Delivery>> {
  if (!webhook.enabled) return refusal('webhook-disabled');
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const stored = await webhooks.findDelivery(webhook.id, deliveryId);
    if (stored === null) return refusal('not-found');
    const again = sentAgain(stored);
    const bounds = { keptMax: FINISHED_MAX, before: now() - FINISHED_KEPT_MS };
    const [isStored] = await webhooks.settle(webhook.id, [again], bounds);
    if (isStored !== true) continue;
    webhookJobs.wake(webhook.id);
    return success(again);
  }
  return refusal('unavailable', 'The delivery is being sent.');
}

/** What signs stays in the store. */
export function shown(webhook: Webhook): Webhook {
  return { ...webhook, secrets: [] };
}
