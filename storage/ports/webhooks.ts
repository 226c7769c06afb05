// The webhooks port (R3): creators' webhooks, and for each the deliveries that wait to be sent and
// the record of those that are over. As with jobs the store knows few rules: callers read a webhook
// or a delivery, make the next one, and replace it by compare-and-set of its revision.
//
// A webhook that is enabled has a feed: for each shard, the last journal entry that it has taken.
// An entry is fed once however often it is given. Where too many deliveries wait, the webhook falls
// behind in that shard: it takes nothing more of the shard by `feed`, and the store keeps which
// entries it lacks, until `catchUp` has brought them.
//
// What waits shares the room by keys (`roomKeyOf`): a drop's where its calls are in order, so that
// one that fails holds back the later ones, or else that of its event type, which an endpoint may
// not take. A key of which as many wait as `waitingOfKeyMax` says takes no more: its further
// messages are left out of the entries that are fed, and the store keeps of which entries they are,
// until `catchUpKey` has brought them. So the rest of the room stays to other keys.
//
// Creators are spread over WEBHOOK_BUCKETS, by which changes are noticed and webhooks are listed.

import {
  type Delivery,
  type DeliveryState,
  TEST_EVENT,
  type Webhook,
  WEBHOOK_EVENTS,
} from '../../contracts/webhooks.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';

/** A delivery before the store gave it its id. */
export type NewDelivery = Omit<Delivery, 'id'>;

export interface NewMessage {
  readonly delivery: NewDelivery;
  /** The exact text that is signed and sent. */
  readonly body: string;
}

/** What one journal entry has for one webhook; no messages: nothing. */
export interface FedEntry {
  readonly webhookId: string;
  readonly shard: number;
  readonly sequence: number;
  readonly messages: readonly NewMessage[];
}

/**
 * `taken`: its messages wait. `held`: the same, but for those of keys of which too many wait.
 * `known`: it was fed before, or is older than the feed. `behind`: it is noted as lacking.
 * `closed`: there is no such webhook, or it is disabled.
 */
export type FedResult = 'taken' | 'held' | 'known' | 'behind' | 'closed';

/** `full`: too many wait, and nothing was taken. `done`: taken, and the shard lacks nothing now. */
export type CaughtUpResult = 'taken' | 'known' | 'full' | 'done' | 'closed';

/** A webhook lacks the entries after `from`, up to and with `to`. */
export interface LackingShard {
  readonly shard: number;
  readonly from: number;
  readonly to: number;
}

/**
 * A webhook lacks what these entries have for one room key: a drop's is of one shard alone, that of
 * an event type may be of many.
 */
export interface LackingKey extends LackingShard {
  readonly key: string;
  /** How many of the key wait, of all shards. */
  readonly waiting: number;
}

/** `start`: the last entry of each shard's journal, behind which the feed begins. */
export type FeedChange = { readonly start: readonly number[] } | 'close' | 'keep';

export interface FinishedBounds {
  /** Of the deliveries that are over, so many of the newest ones stay. */
  readonly keptMax: number;
  /** Those that were over before this time are removed. */
  readonly before: number;
}

/** Over all webhooks. */
export interface WebhookCounts {
  readonly webhooks: number;
  readonly enabled: number;
  readonly waiting: number;
  /** Webhooks that lack entries. */
  readonly behind: number;
}

export interface WebhookStore {
  // Webhooks

  /**
   * Adds a webhook, with its feed. One atomic step, durable when it resolves. False, with nothing
   * added: its creator has WEBHOOKS_OF_CREATOR_MAX, or its bucket WEBHOOKS_OF_BUCKET_MAX, already.
   * Errors: `store-unavailable`.
   */
  add(webhook: Webhook, start: readonly number[]): Promise<boolean>;
  /**
   * Replaces it where the stored revision is `webhook.revision - 1`; false where it is not, or
   * where there is none. Creator and `createdAt` never change. The same step changes the feed.
   * Errors: `store-unavailable`.
   */
  replace(webhook: Webhook, feed: FeedChange): Promise<boolean>;
  /** Errors: `store-unavailable`. */
  find(webhookId: string): Promise<Webhook | null>;
  /** All of the creator, newest first. Errors: `store-unavailable`. */
  ofCreator(creatorId: string): Promise<readonly Webhook[]>;
  /** All of the bucket, by id. Errors: `store-unavailable`. */
  inBucket(bucket: number): Promise<readonly Webhook[]>;
  /** One number for each bucket: it rises with each change of its webhooks. */
  revisions(): Promise<readonly number[]>;
  /**
   * Removes it with its feed and its deliveries, in one atomic step. False: there is none.
   * Errors: `store-unavailable`.
   */
  remove(webhookId: string): Promise<boolean>;

  // Their feeds

  /**
   * For each webhook and shard in rising sequence. Each entry is one atomic step, durable when this
   * resolves to the results, in the order of the entries. Errors: `store-unavailable`; then some
   * may have been taken.
   */
  feed(entries: readonly FedEntry[]): Promise<readonly FedResult[]>;
  /**
   * As `feed`, for an entry that the webhook lacks. `known` also where it lacks nothing. Messages
   * of keys that are held are left to `catchUpKey`.
   */
  catchUp(entry: FedEntry): Promise<CaughtUpResult>;
  /**
   * As `catchUp`, for what an entry has for a room key that lacks it. `full` where too many wait,
   * of the key or in all. `done`: the key is not held any more in the shard. Errors:
   * `store-unavailable`.
   */
  catchUpKey(entry: FedEntry, key: string): Promise<CaughtUpResult>;
  /**
   * For each shard the lowest entry that a webhook which is fed has taken last: no such webhook
   * needs an entry up to it by `feed`. Empty where none is fed. Errors: `store-unavailable`.
   */
  fedThrough(): Promise<readonly number[]>;
  /**
   * The ids of webhooks in the bucket that lack entries, or of which keys do. Errors:
   * `store-unavailable`.
   */
  lackingIn(bucket: number): Promise<readonly string[]>;
  /** Errors: `store-unavailable`. */
  lackingOf(webhookId: string): Promise<readonly LackingShard[]>;
  /** In no order. Errors: `store-unavailable`. */
  lackingKeysOf(webhookId: string): Promise<readonly LackingKey[]>;

  // Their deliveries

  /** Adds one that is of no journal entry. Null: as for `closed`, or too many wait. */
  send(webhookId: string, message: NewMessage): Promise<Delivery | null>;
  /** Those that wait, the oldest first: all, or the first `limit`. Errors: `store-unavailable`. */
  waiting(webhookId: string, limit: number): Promise<readonly Delivery[]>;
  /** How many wait. Errors: `store-unavailable`. */
  waitingCount(webhookId: string): Promise<number>;
  /** In the order of the ids; null where there is none. Errors: `store-unavailable`. */
  bodies(webhookId: string, deliveryIds: readonly string[]): Promise<readonly (string | null)[]>;
  /**
   * Replaces each delivery whose stored revision is `delivery.revision - 1`, and removes finished
   * ones past the bounds. One atomic step. Resolves to which were replaced.
   * Errors: `store-unavailable`.
   */
  settle(
    webhookId: string,
    deliveries: readonly Delivery[],
    bounds: FinishedBounds,
  ): Promise<readonly boolean[]>;
  /** Errors: `store-unavailable`. */
  findDelivery(webhookId: string, deliveryId: string): Promise<Delivery | null>;
  /** Newest first. Errors: `invalid-cursor`, `store-unavailable`. */
  deliveries(
    webhookId: string,
    state: DeliveryState | null,
    page: PageRequest,
  ): Promise<Page<Delivery>>;
  /** Errors: `store-unavailable`. */
  counts(): Promise<WebhookCounts>;
}

export const WEBHOOKS_OF_CREATOR_MAX = 10;
export const WEBHOOKS_OF_BUCKET_MAX = 500;
/** An entry that comes while fewer wait is taken whole. */
export const WAITING_MAX = 1_000;
/** Of one key, a quarter of it, while the half that keys share is free enough. */
export const WAITING_OF_KEY_MAX = 250;
/** Half of the room is shared by keys. As it fills, each key is allowed less of it. */
export const WAITING_SHARED_MAX = 500;
/** A key takes messages while fewer than this wait, however many wait in all below WAITING_MAX. */
export const WAITING_OF_KEY_MIN = 8;
/**
 * Drops of a webhook that are held at once. Past it an entry is lacking as a whole. Event types are
 * few, and are held beside these.
 */
export const HELD_KEYS_MAX = 64;

/** By what a delivery has its part of the room: its order's key, or else its event type. */
export function roomKeyOf({ key, type }: Pick<Delivery, 'key' | 'type'>): string {
  return key ?? type;
}

export function isEventType(roomKey: string): boolean {
  return roomKey === TEST_EVENT || (WEBHOOK_EVENTS as readonly string[]).includes(roomKey);
}

/**
 * How many deliveries of one key may wait while `waiting` do in all: a dynamic threshold, as of a
 * switch's shared memory (Choudhury and Hahne, 1998). N keys that fill up at once get an equal
 * share, and leave as much again: together N / (N + 1) of WAITING_SHARED_MAX.
 */
export function waitingOfKeyMax(waiting: number): number {
  return Math.max(WAITING_OF_KEY_MIN, Math.min(WAITING_OF_KEY_MAX, WAITING_SHARED_MAX - waiting));
}

/** How much of a webhook's room is used by keys, before an entry of a shard is taken. */
export interface KeyRoom {
  /** How many deliveries wait in all. */
  readonly waiting: number;
  /** In the entry's shard. */
  readonly isHeld: (key: string) => boolean;
  /** How many of the key wait. */
  readonly waitingOf: (key: string) => number;
  /** Drops that are held. */
  readonly heldCount: number;
}

/** What of an entry's messages is taken, and of which keys it is not. */
export interface Placed<M> {
  readonly taken: readonly M[];
  readonly held: readonly string[];
}

/** Null: more than HELD_KEYS_MAX drops would be held. A key's messages are taken all or none. */
export function placeMessages<M extends { readonly delivery: Pick<Delivery, 'key' | 'type'> }>(
  messages: readonly M[],
  { waiting, isHeld, waitingOf, heldCount }: KeyRoom,
): Placed<M> | null {
  const isTaken = new Map<string, boolean>();
  const ofKeyMax = waitingOfKeyMax(waiting);
  let heldDrops = heldCount;
  for (const { delivery } of messages) {
    const key = roomKeyOf(delivery);
    if (isTaken.has(key)) continue;
    const wasHeld = isHeld(key);
    const isFree = !wasHeld && waitingOf(key) < ofKeyMax;
    isTaken.set(key, isFree);
    if (!isFree && !wasHeld && !isEventType(key)) heldDrops += 1;
  }
  if (heldDrops > HELD_KEYS_MAX) return null;
  return {
    taken: messages.filter(({ delivery }) => isTaken.get(roomKeyOf(delivery))!),
    held: [...isTaken].flatMap(([key, taken]) => (taken ? [] : [key])),
  };
}
