// What operators do with webhooks of all creators (R3): see them and their deliveries, disable one,
// and have a delivery sent again. Changes are recorded.

import type { ActionParams } from '../../contracts/actions.ts';
import type { Page } from '../../contracts/paging.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { Delivery, Webhook } from '../../contracts/webhooks.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { knownBucketOf, WEBHOOK_BUCKETS, bucketOfWebhook } from '../../domain/webhook-ids.ts';
import { decodeCursor, encodeCursor } from '../../storage/formats/cursor.ts';
import { isOperator, maySeeOperations } from '../caller.ts';
import { disabled, resend, type ResendOptions, shown } from '../webhooks/webhook-changes.ts';
import { ActionRecord, type ActionRecordOptions, type ChangeRequest } from './action-record.ts';

const TRIES_MAX = 5;
const LIST = 'webhooks';

export interface OperatorWebhooksOptions extends ActionRecordOptions, ResendOptions {}

export class OperatorWebhooks {
  readonly #options: OperatorWebhooksOptions;
  readonly #record: ActionRecord;

  constructor(options: OperatorWebhooksOptions) {
    this.#options = options;
    this.#record = new ActionRecord(options);
  }

  /** By bucket, then by id. */
  async list({
    caller,
    page: { limit, cursor },
  }: ActionParams<'operator.listWebhooks'>): Promise<Outcome<Page<Webhook>>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const after = cursor === null ? '' : decodeCursor(LIST, cursor).id;
    const items: Webhook[] = [];
    const first = after === '' ? 0 : (bucketOfWebhook(after) ?? WEBHOOK_BUCKETS);
    for (let bucket = first; bucket < WEBHOOK_BUCKETS && items.length <= limit; bucket++) {
      const found = await this.#options.webhooks.inBucket(bucket);
      items.push(...found.filter(({ id }) => bucket > first || id > after));
    }
    const listed = items.slice(0, limit);
    const last = items.length > limit ? listed.at(-1)! : null;
    const nextCursor = last && encodeCursor(LIST, { time: knownBucketOf(last.id), id: last.id });
    return success({ items: listed.map(shown), nextCursor });
  }

  async deliveries({
    caller,
    webhookId,
    state,
    page,
  }: ActionParams<'operator.listDeliveries'>): Promise<Outcome<Page<Delivery>>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const { webhooks } = this.#options;
    if ((await webhooks.find(webhookId)) === null) return refusal('not-found');
    return success(await webhooks.deliveries(webhookId, state ?? null, page));
  }

  /** Its creator cannot enable it again. Harmless to repeat. */
  async disable({
    caller,
    webhookId,
  }: ActionParams<'operator.disableWebhook'>): Promise<Outcome<Webhook>> {
    return await this.#change(caller, 'disable-webhook', { webhookId }, async () => {
      const { webhooks, webhookJobs, now } = this.#options;
      for (let tries = 0; tries < TRIES_MAX; tries++) {
        const before = await webhooks.find(webhookId);
        if (before === null) return refusal('not-found');
        if (before.disabledReason === 'operator') return success(shown(before));
        const { webhook, feed } = disabled(before, 'operator', now());
        const after = { ...webhook, revision: before.revision + 1 };
        if (!(await webhooks.replace(after, feed))) continue;
        webhookJobs.wake(webhookId);
        return success(shown(after));
      }
      return refusal('unavailable', 'The webhook is changing.');
    });
  }

  async resend({
    caller,
    webhookId,
    deliveryId,
  }: ActionParams<'operator.resendDelivery'>): Promise<Outcome<Delivery>> {
    return await this.#change(caller, 'resend-delivery', { webhookId, deliveryId }, async () => {
      const webhook = await this.#options.webhooks.find(webhookId);
      if (webhook === null) return refusal('not-found');
      return await resend(this.#options, webhook, deliveryId);
    });
  }

  async #change<T>(
    caller: ActionParams<'operator.disableWebhook'>['caller'],
    action: string,
    params: ChangeRequest['params'],
    work: () => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const request = { operatorId: caller.userId, action, params };
    await this.#record.record(request, 'Asked for.');
    const outcome = await this.#record.recordFault(request, work);
    return outcome.ok ? outcome : await this.#record.refuse(request, outcome);
  }
}
