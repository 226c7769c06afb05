// Webhooks in memory, for tests.

import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { Delivery, DeliveryState, Webhook } from '../../contracts/webhooks.ts';
import { knownBucketOf, WEBHOOK_BUCKETS } from '../../domain/webhook-ids.ts';
import { newestWebhookFirst } from '../formats/webhook.ts';
import {
  type CaughtUpResult,
  type FedEntry,
  type FedResult,
  type FeedChange,
  type FinishedBounds,
  isEventType,
  type LackingKey,
  type LackingShard,
  type NewMessage,
  placeMessages,
  roomKeyOf,
  WAITING_MAX,
  waitingOfKeyMax,
  type WebhookCounts,
  WEBHOOKS_OF_BUCKET_MAX,
  WEBHOOKS_OF_CREATOR_MAX,
  type WebhookStore,
} from '../ports/webhooks.ts';
import { pageNewestFirst } from './newest-first.ts';

interface Feed {
  /** By shard. */
  readonly taken: Map<number, number>;
  readonly lacking: Map<number, { from: number; to: number }>;
  /** By shard and room key (`heldName`). */
  readonly held: Map<string, Held>;
}

interface Held extends LackingShard {
  readonly key: string;
}

interface Stored {
  webhook: Webhook;
  /** Null: closed. */
  feed: Feed | null;
  given: number;
  readonly deliveries: Map<string, { delivery: Delivery; readonly body: string }>;
}

export class MemoryWebhooks implements WebhookStore {
  readonly #stored = new Map<string, Stored>();
  readonly #revisions = Array.from({ length: WEBHOOK_BUCKETS }, () => 0);

  async add(webhook: Webhook, start: readonly number[]): Promise<boolean> {
    const { id, creatorId } = webhook;
    const all = [...this.#stored.values()].map((stored) => stored.webhook);
    const bucket = all.filter((one) => knownBucketOf(one.id) === knownBucketOf(id));
    const ofCreator = bucket.filter((one) => one.creatorId === creatorId);
    if (ofCreator.length >= WEBHOOKS_OF_CREATOR_MAX) return false;
    if (bucket.length >= WEBHOOKS_OF_BUCKET_MAX) return false;
    this.#stored.set(id, { webhook, feed: openedFeed(start), given: 0, deliveries: new Map() });
    this.#changed(id);
    return true;
  }

  async replace(webhook: Webhook, feed: FeedChange): Promise<boolean> {
    const stored = this.#stored.get(webhook.id);
    if (stored === undefined || stored.webhook.revision !== webhook.revision - 1) return false;
    stored.webhook = webhook;
    if (feed !== 'keep') stored.feed = feed === 'close' ? null : openedFeed(feed.start);
    this.#changed(webhook.id);
    return true;
  }

  async find(webhookId: string): Promise<Webhook | null> {
    return this.#stored.get(webhookId)?.webhook ?? null;
  }

  async ofCreator(creatorId: string): Promise<readonly Webhook[]> {
    const all = [...this.#stored.values()].map(({ webhook }) => webhook);
    return all.filter((one) => one.creatorId === creatorId).toSorted(newestWebhookFirst);
  }

  async inBucket(bucket: number): Promise<readonly Webhook[]> {
    const all = [...this.#stored.values()].map(({ webhook }) => webhook);
    const found = all.filter(({ id }) => knownBucketOf(id) === bucket);
    return found.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  }

  async revisions(): Promise<readonly number[]> {
    return [...this.#revisions];
  }

  async remove(webhookId: string): Promise<boolean> {
    if (!this.#stored.delete(webhookId)) return false;
    this.#changed(webhookId);
    return true;
  }

  async feed(entries: readonly FedEntry[]): Promise<readonly FedResult[]> {
    return entries.map((entry) => this.#feed(entry));
  }

  #feed({ webhookId, shard, sequence, messages }: FedEntry): FedResult {
    const stored = this.#stored.get(webhookId);
    const feed = stored?.feed ?? null;
    if (stored === undefined || feed === null) return 'closed';
    const taken = feed.taken.get(shard) ?? 0;
    if (sequence <= taken) return 'known';
    const lacking = feed.lacking.get(shard);
    const placed = place(stored, feed, shard, messages);
    if (lacking !== undefined || placed === null || waitingIn(stored).length >= WAITING_MAX) {
      const from = lacking?.from ?? sequence - 1;
      feed.lacking.set(shard, { from, to: Math.max(lacking?.to ?? 0, sequence) });
      return 'behind';
    }
    feed.taken.set(shard, sequence);
    for (const message of placed.taken) append(stored, message);
    hold(feed, placed.held, shard, sequence);
    return placed.held.length > 0 ? 'held' : 'taken';
  }

  async catchUp({ webhookId, shard, sequence, messages }: FedEntry): Promise<CaughtUpResult> {
    const stored = this.#stored.get(webhookId);
    const feed = stored?.feed ?? null;
    if (stored === undefined || feed === null) return 'closed';
    const lacking = feed.lacking.get(shard);
    if (lacking === undefined || sequence <= lacking.from) return 'known';
    const placed = place(stored, feed, shard, messages);
    if (placed === null) return 'full';
    if (placed.taken.length > 0 && waitingIn(stored).length >= WAITING_MAX) return 'full';
    for (const message of placed.taken) append(stored, message);
    hold(feed, placed.held, shard, sequence);
    feed.taken.set(shard, Math.max(feed.taken.get(shard) ?? 0, sequence));
    if (sequence < lacking.to) {
      lacking.from = sequence;
      return 'taken';
    }
    feed.lacking.delete(shard);
    return 'done';
  }

  async catchUpKey(
    { webhookId, shard, sequence, messages }: FedEntry,
    key: string,
  ): Promise<CaughtUpResult> {
    const stored = this.#stored.get(webhookId);
    const feed = stored?.feed ?? null;
    if (stored === undefined || feed === null) return 'closed';
    const name = heldName(shard, key);
    const held = feed.held.get(name);
    if (held === undefined || sequence <= held.from) return 'known';
    const { length: waiting } = waitingIn(stored);
    const isFull = waiting >= WAITING_MAX || waitingOfKey(stored, key) >= waitingOfKeyMax(waiting);
    if (messages.length > 0 && isFull) return 'full';
    for (const message of messages) append(stored, message);
    feed.held.set(name, { ...held, from: sequence });
    if (sequence < held.to) return 'taken';
    feed.held.delete(name);
    return 'done';
  }

  async fedThrough(): Promise<readonly number[]> {
    const lowest: number[] = [];
    for (const { feed } of this.#stored.values())
      for (const [shard, taken] of feed?.taken ?? [])
        lowest[shard] = Math.min(lowest[shard] ?? Infinity, taken);
    return lowest;
  }

  async lackingIn(bucket: number): Promise<readonly string[]> {
    const ids = this.#behind().map(({ webhook }) => webhook.id);
    return ids.filter((id) => knownBucketOf(id) === bucket);
  }

  async lackingOf(webhookId: string): Promise<readonly LackingShard[]> {
    const lacking = this.#stored.get(webhookId)?.feed?.lacking ?? new Map();
    return Array.from(lacking, ([shard, { from, to }]) => ({ shard, from, to }));
  }

  async lackingKeysOf(webhookId: string): Promise<readonly LackingKey[]> {
    const stored = this.#stored.get(webhookId);
    const all = [...(stored?.feed?.held.values() ?? [])];
    return all.map((held) => ({ ...held, waiting: waitingOfKey(stored!, held.key) }));
  }

  async send(webhookId: string, message: NewMessage): Promise<Delivery | null> {
    const stored = this.#stored.get(webhookId);
    if (stored === undefined || stored.feed === null) return null;
    if (waitingIn(stored).length >= WAITING_MAX) return null;
    return append(stored, message);
  }

  async waiting(webhookId: string, limit: number): Promise<readonly Delivery[]> {
    const stored = this.#stored.get(webhookId);
    return stored === undefined ? [] : waitingIn(stored).slice(0, limit);
  }

  async waitingCount(webhookId: string): Promise<number> {
    const stored = this.#stored.get(webhookId);
    return stored === undefined ? 0 : waitingIn(stored).length;
  }

  async bodies(
    webhookId: string,
    deliveryIds: readonly string[],
  ): Promise<readonly (string | null)[]> {
    const deliveries = this.#stored.get(webhookId)?.deliveries;
    return deliveryIds.map((id) => deliveries?.get(id)?.body ?? null);
  }

  async settle(
    webhookId: string,
    changed: readonly Delivery[],
    { keptMax, before }: FinishedBounds,
  ): Promise<readonly boolean[]> {
    const deliveries = this.#stored.get(webhookId)?.deliveries;
    if (deliveries === undefined) return changed.map(() => false);
    const replaced = changed.map((delivery) => {
      const stored = deliveries.get(delivery.id);
      if (stored?.delivery.revision !== delivery.revision - 1) return false;
      stored.delivery = structuredClone(delivery);
      return true;
    });
    const finished = [...deliveries.values()]
      .map(({ delivery }) => delivery)
      .filter(({ finishedAt }) => finishedAt !== null)
      .toSorted((a, b) => b.finishedAt! - a.finishedAt! || Number(b.id) - Number(a.id));
    for (const [i, { id, finishedAt }] of finished.entries())
      if (i >= keptMax || finishedAt! < before) deliveries.delete(id);
    return replaced;
  }

  async findDelivery(webhookId: string, deliveryId: string): Promise<Delivery | null> {
    return this.#stored.get(webhookId)?.deliveries.get(deliveryId)?.delivery ?? null;
  }

  async deliveries(
    webhookId: string,
    state: DeliveryState | null,
    page: PageRequest,
  ): Promise<Page<Delivery>> {
    const all = [...(this.#stored.get(webhookId)?.deliveries.values() ?? [])];
    const shown = all
      .map(({ delivery }) => delivery)
      .filter((delivery) => state === null || delivery.state === state);
    const positionOf = ({ id }: Delivery) => ({ time: Number(id), id });
    return pageNewestFirst('webhook-deliveries', shown, positionOf, page);
  }

  async counts(): Promise<WebhookCounts> {
    const all = [...this.#stored.values()];
    return {
      webhooks: all.length,
      enabled: all.filter(({ feed }) => feed !== null).length,
      waiting: all.reduce((sum, stored) => sum + waitingIn(stored).length, 0),
      behind: this.#behind().length,
    };
  }

  #behind(): Stored[] {
    const all = [...this.#stored.values()];
    return all.filter(({ feed }) => feed !== null && feed.lacking.size + feed.held.size > 0);
  }

  #changed(webhookId: string): void {
    this.#revisions[knownBucketOf(webhookId)]! += 1;
  }
}

function openedFeed(start: readonly number[]): Feed {
  return { taken: new Map(start.entries()), lacking: new Map(), held: new Map() };
}

function place(stored: Stored, { held }: Feed, shard: number, messages: readonly NewMessage[]) {
  return placeMessages(messages, {
    waiting: waitingIn(stored).length,
    isHeld: (key) => held.has(heldName(shard, key)),
    waitingOf: (key) => waitingOfKey(stored, key),
    heldCount: [...held.values()].filter(({ key }) => !isEventType(key)).length,
  });
}

function hold({ held }: Feed, keys: readonly string[], shard: number, sequence: number): void {
  for (const key of keys) {
    const name = heldName(shard, key);
    held.set(name, { key, shard, from: held.get(name)?.from ?? sequence - 1, to: sequence });
  }
}

function heldName(shard: number, key: string): string {
  return `${shard} ${key}`;
}

function waitingOfKey(stored: Stored, key: string): number {
  return waitingIn(stored).filter((delivery) => roomKeyOf(delivery) === key).length;
}

function waitingIn({ deliveries }: Stored): Delivery[] {
  const all = [...deliveries.values()].map(({ delivery }) => delivery);
  return all
    .filter(({ state }) => state === 'waiting')
    .toSorted((a, b) => Number(a.id) - Number(b.id));
}

function append(stored: Stored, { delivery, body }: NewMessage): Delivery {
  stored.given += 1;
  const added = { id: String(stored.given), ...structuredClone(delivery) };
  stored.deliveries.set(added.id, { delivery: added, body });
  return added;
}
