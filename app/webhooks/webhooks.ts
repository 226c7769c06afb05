// Webhooks of creators (R3): made with a secret that is shown once, changed, rotated, removed.
// Their deliveries are in webhook-deliveries.ts.

import type { Requester } from '../../contracts/accounts.ts';
import type { ActionParams } from '../../contracts/actions.ts';
import { WEBHOOK_OVERLAP_SECONDS_DEFAULT, WEBHOOK_RATE_DEFAULT } from '../../contracts/bounds.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { CreatedWebhook, Webhook } from '../../contracts/webhooks.ts';
import { ID_RANDOM_BYTES } from '../../domain/ids.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { makeWebhookId } from '../../domain/webhook-ids.ts';
import { OutboundError } from '../../events/outbound/outbound-error.ts';
import type { WebhookJobs } from '../../events/webhooks/webhook-jobs.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import { WEBHOOKS_OF_CREATOR_MAX, type WebhookStore } from '../../storage/ports/webhooks.ts';
import { isOperator } from '../caller.ts';
import type { RandomBytes } from '../random-bytes.ts';
import { disabled, findWebhook, may, shown, type WebhookFeedChange } from './webhook-changes.ts';

/** 256 bits: as many as the signature has. */
const SECRET_BYTES = 32;
/** How often a change is made anew where the webhook changed at the same moment. */
const TRIES_MAX = 5;

export interface WebhooksOptions {
  readonly webhooks: WebhookStore;
  readonly webhookJobs: Pick<WebhookJobs, 'begin' | 'wake'>;
  readonly journal: Pick<JournalReader, 'head'>;
  readonly shardCount: number;
  /** Whether the URL may be called. Errors: OutboundError. */
  readonly checkUrl: (url: string) => Promise<void>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

export class Webhooks {
  readonly #options: WebhooksOptions;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  async create(params: ActionParams<'webhooks.create'>): Promise<Outcome<CreatedWebhook>> {
    const { webhooks, webhookJobs, now, random } = this.#options;
    const { creatorId = params.caller.userId, ...wanted } = params.webhook;
    const allowed = may(params.caller, creatorId, 'webhooks.create');
    if (!allowed.ok) return allowed;
    const callable = await this.#checkUrl(wanted.url);
    if (!callable.ok) return callable;
    const secret = this.#newSecret();
    const createdAt = now();
    const webhook: Webhook = {
      id: makeWebhookId(creatorId, createdAt, random(ID_RANDOM_BYTES)),
      creatorId,
      url: wanted.url,
      description: wanted.description ?? null,
      events: wanted.events,
      ordering: wanted.ordering ?? 'none',
      ratePerSecond: wanted.ratePerSecond ?? WEBHOOK_RATE_DEFAULT,
      enabled: true,
      disabledReason: null,
      disabledAt: null,
      createdAt,
      secrets: [{ secret, endsAt: null }],
      generation: 1,
      noticeIsDue: false,
      revision: 1,
    };
    if (!(await webhooks.add(webhook, await this.#heads())))
      return refusal('too-many', `At most ${WEBHOOKS_OF_CREATOR_MAX} webhooks: remove one first.`);
    const begun = await webhookJobs.begin(webhook);
    if (!begun.ok) await webhooks.remove(webhook.id);
    return begun.ok ? success({ ...shown(webhook), secret }) : begun;
  }

  async list(params: ActionParams<'webhooks.list'>): Promise<Outcome<readonly Webhook[]>> {
    const { caller, creatorId = caller.userId } = params;
    const allowed = may(caller, creatorId, 'webhooks.read');
    if (!allowed.ok && !isOperator(caller)) return allowed;
    return success((await this.#options.webhooks.ofCreator(creatorId)).map(shown));
  }

  async get({ caller, webhookId }: ActionParams<'webhooks.get'>): Promise<Outcome<Webhook>> {
    const { webhooks } = this.#options;
    const found = await findWebhook(webhooks, caller, webhookId, 'webhooks.read');
    return found.ok ? success(shown(found.value)) : found;
  }

  /** When it is enabled again, it gets what happens from then on. */
  async change(params: ActionParams<'webhooks.change'>): Promise<Outcome<Webhook>> {
    const { caller, webhookId } = params;
    const { enabled, ...changes } = params.change;
    if (changes.url !== undefined) {
      const callable = await this.#checkUrl(changes.url);
      if (!callable.ok) return callable;
    }
    const changed = await this.#change(caller, webhookId, async (before) => {
      const after = { ...before, ...changes };
      if (enabled === undefined || enabled === before.enabled)
        return success({ webhook: after, feed: 'keep' as const });
      if (!enabled) return success(disabled(after, 'owner', this.#options.now()));
      if (before.disabledReason === 'operator')
        return refusal('forbidden', 'An operator disabled this webhook.');
      const fresh = { disabledReason: null, disabledAt: null, noticeIsDue: false };
      const generation = before.generation + 1;
      const webhook = { ...after, ...fresh, enabled: true, generation };
      return success({ webhook, feed: { start: await this.#heads() } });
    });
    if (!changed.ok) return changed;
    const { webhookJobs } = this.#options;
    // Also where it was enabled before: a try that was cut off may have begun no job.
    const begun = enabled === true ? await webhookJobs.begin(changed.value) : success(null);
    if (!begun.ok) return begun;
    webhookJobs.wake(webhookId);
    return success(shown(changed.value));
  }

  /** From when this resolves it is called no more, but for calls that are under way. */
  async remove({ caller, webhookId }: ActionParams<'webhooks.remove'>): Promise<Outcome<null>> {
    const { webhooks } = this.#options;
    const found = await findWebhook(webhooks, caller, webhookId, 'webhooks.change');
    if (!found.ok) return found;
    await webhooks.remove(webhookId);
    return success(null);
  }

  /** The secret before signs as well for a while. */
  async rotate(params: ActionParams<'webhooks.rotate'>): Promise<Outcome<CreatedWebhook>> {
    const { caller, webhookId, overlapSeconds = WEBHOOK_OVERLAP_SECONDS_DEFAULT } = params;
    const secret = this.#newSecret();
    const rotated = await this.#change(caller, webhookId, async (before) => {
      const endsAt = this.#options.now() + overlapSeconds * 1_000;
      const [present] = before.secrets;
      const secrets = [
        { secret, endsAt: null },
        { ...present!, endsAt },
      ];
      return success({ webhook: { ...before, secrets }, feed: 'keep' as const });
    });
    return rotated.ok ? success({ ...shown(rotated.value), secret }) : rotated;
  }

  async #change(
    caller: Requester,
    webhookId: string,
    change: (before: Webhook) => Promise<Outcome<WebhookFeedChange>>,
  ): Promise<Outcome<Webhook>> {
    const { webhooks } = this.#options;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const found = await findWebhook(webhooks, caller, webhookId, 'webhooks.change');
      if (!found.ok) return found;
      const changed = await change(found.value);
      if (!changed.ok) return changed;
      const { webhook, feed } = changed.value;
      const next = { ...webhook, revision: found.value.revision + 1 };
      if (await webhooks.replace(next, feed)) return success(next);
    }
    return refusal('unavailable', 'The webhook is changing.');
  }

  /** What is in the journals now is not for a webhook that begins now. */
  async #heads(): Promise<readonly number[]> {
    const { journal, shardCount } = this.#options;
    const shards = Array.from({ length: shardCount }, (_, shard) => journal.head(shard));
    return (await Promise.all(shards)).map(({ lastSequence }) => lastSequence);
  }

  async #checkUrl(url: string): Promise<Outcome<null>> {
    try {
      await this.#options.checkUrl(url);
      return success(null);
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return refusal('invalid-request', `url: ${error.message}`);
    }
  }

  #newSecret(): string {
    const bytes = Buffer.from(this.#options.random(SECRET_BYTES));
    return `whsec_${bytes.toString('base64')}`;
  }
}
