// Outgoing webhooks on Redis: see webhooks-scripts.ts.

import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { Delivery, DeliveryState, Webhook } from '../../../contracts/webhooks.ts';
import { WEBHOOK_BUCKETS } from '../../../domain/webhook-ids.ts';
import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import {
  decodeDelivery,
  decodeWebhook,
  encodeDelivery,
  encodeWebhook,
  newestWebhookFirst,
} from '../../formats/webhook.ts';
import {
  type CaughtUpResult,
  type FedEntry,
  type FedResult,
  type FeedChange,
  type FinishedBounds,
  HELD_KEYS_MAX,
  type LackingKey,
  type LackingShard,
  type NewMessage,
  roomKeyOf,
  WAITING_MAX,
  type WebhookCounts,
  WEBHOOKS_OF_BUCKET_MAX,
  WEBHOOKS_OF_CREATOR_MAX,
  type WebhookStore,
} from '../../ports/webhooks.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { readNewestFirst } from '../connection/newest-first.ts';
import type { Script, ScriptArgument } from '../connection/script.ts';
import { bucketKeys, creatorKey, heldField, scriptKeys, webhookKeys } from './webhooks-keys.ts';
import {
  ADD,
  CATCH_UP,
  CATCH_UP_KEY,
  FEED,
  HELD_KEYS,
  REMOVE,
  REPLACE,
  SEND,
  SETTLE,
} from './webhooks-scripts.ts';

const BUCKETS = Array.from({ length: WEBHOOK_BUCKETS }, (_, bucket) => bucketKeys(bucket));

export class RedisWebhooks implements WebhookStore {
  readonly #redis: RedisConnection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
  }

  async add(webhook: Webhook, start: readonly number[]): Promise<boolean> {
    const { id, creatorId } = webhook;
    const bounds = [WEBHOOKS_OF_CREATOR_MAX, WEBHOOKS_OF_BUCKET_MAX];
    const args = [encodeWebhook(webhook), ...bounds, ...start];
    return (await this.#run(ADD, id, args, creatorKey(creatorId))) === 1;
  }

  async replace(webhook: Webhook, feed: FeedChange): Promise<boolean> {
    const change = typeof feed === 'string' ? [feed] : ['open', ...feed.start];
    const args = [encodeWebhook(webhook), webhook.revision - 1, ...change];
    return (await this.#run(REPLACE, webhook.id, args)) === 1;
  }

  async find(webhookId: string): Promise<Webhook | null> {
    const keys = webhookKeys(webhookId);
    if (keys === null) return null;
    const text = await answerOf(this.#redis.hget(keys.rows, webhookId));
    return text === null ? null : decodeWebhook(text);
  }

  async ofCreator(creatorId: string): Promise<readonly Webhook[]> {
    const ids = await answerOf(this.#redis.smembers(creatorKey(creatorId)));
    const found = await Promise.all(ids.map((id) => this.find(id)));
    return found.filter((webhook) => webhook !== null).toSorted(newestWebhookFirst);
  }

  async inBucket(bucket: number): Promise<readonly Webhook[]> {
    const texts = await answerOf(this.#redis.hvals(bucketKeys(bucket).rows));
    const found = texts.map(decodeWebhook);
    return found.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  }

  async revisions(): Promise<readonly number[]> {
    const texts = await Promise.all(
      BUCKETS.map(({ revision }) => answerOf(this.#redis.get(revision))),
    );
    return texts.map((text) => Number(text ?? 0));
  }

  async remove(webhookId: string): Promise<boolean> {
    const webhook = await this.find(webhookId);
    if (webhook === null) return false;
    return (await this.#run(REMOVE, webhookId, [], creatorKey(webhook.creatorId))) === 1;
  }

  async feed(entries: readonly FedEntry[]): Promise<readonly FedResult[]> {
    const results = entries.map((entry) => this.#run(FEED, entry.webhookId, fedArguments(entry)));
    return (await Promise.all(results)).map((result) => (result ?? 'closed') as FedResult);
  }

  async catchUp(entry: FedEntry): Promise<CaughtUpResult> {
    const result = await this.#run(CATCH_UP, entry.webhookId, fedArguments(entry));
    return (result ?? 'closed') as CaughtUpResult;
  }

  async catchUpKey(entry: FedEntry, key: string): Promise<CaughtUpResult> {
    const { webhookId, shard, sequence } = entry;
    const field = heldField(shard, key);
    const args = [shard, sequence, WAITING_MAX, key, field, ...messageArguments(entry)];
    return ((await this.#run(CATCH_UP_KEY, webhookId, args)) ?? 'closed') as CaughtUpResult;
  }

  async fedThrough(): Promise<readonly number[]> {
    const lowest: number[] = [];
    for (const { feeding } of BUCKETS)
      for (const id of await answerOf(this.#redis.smembers(feeding))) {
        const fields = await answerOf(this.#redis.hgetall(webhookKeys(id)!.feed));
        for (const [field, taken] of Object.entries(fields)) {
          const shard = Number(field);
          if (Number.isInteger(shard))
            lowest[shard] = Math.min(lowest[shard] ?? Infinity, Number(taken));
        }
      }
    return lowest;
  }

  async lackingIn(bucket: number): Promise<readonly string[]> {
    const { behind, holding, holdingTypes } = bucketKeys(bucket);
    return await answerOf(this.#redis.sunion(behind, holding, holdingTypes));
  }

  async lackingOf(webhookId: string): Promise<readonly LackingShard[]> {
    const keys = webhookKeys(webhookId);
    if (keys === null) return [];
    const fields = await answerOf(this.#redis.hgetall(keys.feed));
    const lacking = Object.entries(fields).flatMap(([field, from]) => {
      if (!field.startsWith('from:')) return [];
      const shard = field.slice('from:'.length);
      return [{ shard: Number(shard), from: Number(from), to: Number(fields[`to:${shard}`]) }];
    });
    return lacking.toSorted((one, other) => one.shard - other.shard);
  }

  async lackingKeysOf(webhookId: string): Promise<readonly LackingKey[]> {
    const found = (await this.#run(HELD_KEYS, webhookId, [])) as [string, string, number][] | null;
    return (found ?? []).map(([key, lacking, waiting]) => {
      const [shard, from, to] = lacking.split(' ').map(Number) as [number, number, number];
      return { key, shard, from, to, waiting };
    });
  }

  async send(webhookId: string, { delivery, body }: NewMessage): Promise<Delivery | null> {
    const args = [WAITING_MAX, encodeDelivery(delivery), body, roomKeyOf(delivery)];
    const number = Number((await this.#run(SEND, webhookId, args)) ?? 0);
    return number === 0 ? null : { id: String(number), ...delivery };
  }

  async waiting(webhookId: string, limit: number): Promise<readonly Delivery[]> {
    const keys = webhookKeys(webhookId);
    if (keys === null) return [];
    const numbers = await answerOf(this.#redis.zrange(keys.ofWaiting, 0, limit - 1));
    return await this.#read(keys.deliveries, numbers);
  }

  async waitingCount(webhookId: string): Promise<number> {
    const keys = webhookKeys(webhookId);
    return keys === null ? 0 : await answerOf(this.#redis.zcard(keys.ofWaiting));
  }

  async bodies(
    webhookId: string,
    deliveryIds: readonly string[],
  ): Promise<readonly (string | null)[]> {
    const keys = webhookKeys(webhookId);
    if (keys === null || deliveryIds.length === 0) return deliveryIds.map(() => null);
    return await answerOf(this.#redis.hmget(keys.bodies, ...deliveryIds));
  }

  async settle(
    webhookId: string,
    deliveries: readonly Delivery[],
    { keptMax, before }: FinishedBounds,
  ): Promise<readonly boolean[]> {
    const args = deliveries.flatMap((delivery) => {
      const { id, revision, state, finishedAt } = delivery;
      return [id, encodeDelivery(delivery), revision - 1, state, finishedAt ?? ''];
    });
    const replaced = await this.#run(SETTLE, webhookId, [keptMax, before, ...args]);
    return ((replaced ?? deliveries.map(() => 0)) as number[]).map((one) => one === 1);
  }

  async findDelivery(webhookId: string, deliveryId: string): Promise<Delivery | null> {
    const keys = webhookKeys(webhookId);
    return keys === null ? null : ((await this.#read(keys.deliveries, [deliveryId]))[0] ?? null);
  }

  async deliveries(
    webhookId: string,
    state: DeliveryState | null,
    page: PageRequest,
  ): Promise<Page<Delivery>> {
    const start = decodeCursor('webhook-deliveries', page.cursor);
    const keys = webhookKeys(webhookId);
    if (keys === null) return { items: [], nextCursor: null };
    const lists = {
      waiting: keys.ofWaiting,
      sent: keys.ofSent,
      failed: keys.ofFailed,
    } satisfies Record<DeliveryState, string>;
    const key = state === null ? keys.all : lists[state];
    const positions = await readNewestFirst(this.#redis, [key], start, page.limit + 1);
    const shown = positions.slice(0, page.limit);
    const ids = shown.map(({ id }) => id);
    const items = await this.#read(keys.deliveries, ids);
    const more = positions.length > shown.length;
    return {
      // Another state: it was changed between the two reads.
      items: items.filter((delivery) => state === null || delivery.state === state),
      nextCursor: more ? encodeCursor('webhook-deliveries', shown.at(-1)!) : null,
    };
  }

  async counts(): Promise<WebhookCounts> {
    const counts = await Promise.all(
      BUCKETS.map(async ({ rows, feeding, waiting, behind, holding, holdingTypes }) => {
        const [webhooks, enabled, waits, lacking] = await Promise.all([
          answerOf(this.#redis.hlen(rows)),
          answerOf(this.#redis.scard(feeding)),
          answerOf(this.#redis.zrange(waiting, 0, -1, 'WITHSCORES')),
          answerOf(this.#redis.sunion(behind, holding, holdingTypes)),
        ]);
        const numbers = waits.filter((_, i) => i % 2 === 1).map(Number);
        const sum = numbers.reduce((one, other) => one + other, 0);
        return { webhooks, enabled, waiting: sum, behind: lacking.length };
      }),
    );
    return counts.reduce((one, other) => ({
      webhooks: one.webhooks + other.webhooks,
      enabled: one.enabled + other.enabled,
      waiting: one.waiting + other.waiting,
      behind: one.behind + other.behind,
    }));
  }

  /** Null where it is no id of a webhook. */
  async #run(
    script: Script,
    webhookId: string,
    args: readonly ScriptArgument[],
    creator?: string,
  ): Promise<unknown> {
    const keys = webhookKeys(webhookId);
    if (keys === null) return null;
    return await script.run(this.#redis, scriptKeys(keys, creator), [webhookId, ...args]);
  }

  /** In the order of the ids, without those that are gone. */
  async #read(key: string, ids: readonly string[]): Promise<Delivery[]> {
    if (ids.length === 0) return [];
    const texts = await answerOf(this.#redis.hmget(key, ...ids));
    return texts.flatMap((text, i) => (text === null ? [] : [decodeDelivery(ids[i]!, text)]));
  }
}

function fedArguments(entry: FedEntry): ScriptArgument[] {
  const { shard, sequence } = entry;
  const bounds = [WAITING_MAX, HELD_KEYS_MAX];
  return [shard, sequence, ...bounds, ...messageArguments(entry)];
}

function messageArguments({ shard, messages }: FedEntry): string[] {
  return messages.flatMap(({ delivery, body }) => [
    encodeDelivery(delivery),
    body,
    roomKeyOf(delivery),
    heldField(shard, roomKeyOf(delivery)),
  ]);
}
