// The names of the keys of outgoing webhooks on Redis. Creators are spread over buckets; all keys
// of a bucket share a hash tag, so that each change is one script. Of a bucket: a hash of its
// webhooks as JSON, its revision, those that lack entries, and a set of ids for each creator. Of a
// webhook: what it has taken of each shard, while it is fed, and its deliveries.

import { bucketOfWebhook, webhookBucket } from '../../../domain/webhook-ids.ts';
import { isEventType } from '../../ports/webhooks.ts';

export interface BucketKeys {
  readonly rows: string;
  readonly revision: string;
  /** A set of the ids of webhooks that lack entries. */
  readonly behind: string;
  /** The same of those of which drops lack them, and of those of which event types do. */
  readonly holding: string;
  readonly holdingTypes: string;
  /** A sorted set of the webhooks in which deliveries wait, by how many. */
  readonly waiting: string;
  /** A set of the ids of webhooks that are fed. */
  readonly feeding: string;
}

export function bucketKeys(bucket: number): BucketKeys {
  const tag = tagOf(bucket);
  return {
    rows: `${tag}:rows`,
    revision: `${tag}:revision`,
    behind: `${tag}:behind`,
    holding: `${tag}:holding`,
    holdingTypes: `${tag}:holding-types`,
    waiting: `${tag}:waiting`,
    feeding: `${tag}:feeding`,
  };
}

export function creatorKey(creatorId: string): string {
  return `${tagOf(webhookBucket(creatorId))}:of:${creatorId}`;
}

export interface WebhookKeys extends BucketKeys {
  /**
   * Fields: a shard, with the last entry taken; `from:` and a shard, `to:` and a shard, with the
   * entries that are lacking. `held:` and a drop, with its shard and what it lacks from and to;
   * `held`, how many of these there are. `type:`, a shard, `:` and an event type, with the same.
   * Absent: closed.
   */
  readonly feed: string;
  /** How many deliveries were made. */
  readonly given: string;
  /** Deliveries as JSON, by their numbers. */
  readonly deliveries: string;
  readonly bodies: string;
  /** Numbers of those that wait, those that were sent, and those that failed, by number. */
  readonly ofWaiting: string;
  readonly ofSent: string;
  readonly ofFailed: string;
  /** All numbers, by number. */
  readonly all: string;
  /** Numbers of those that are over, by when. */
  readonly finished: string;
  /** How many wait, by room key. */
  readonly ofKeys: string;
}

/** Null where it is no id of a webhook. */
export function webhookKeys(id: string): WebhookKeys | null {
  const bucket = bucketOfWebhook(id);
  if (bucket === null) return null;
  const of = (name: string) => `${tagOf(bucket)}:${name}:${id}`;
  return {
    ...bucketKeys(bucket),
    feed: of('feed'),
    given: of('given'),
    deliveries: of('deliveries'),
    bodies: of('bodies'),
    ofWaiting: of('of-waiting'),
    ofSent: of('of-sent'),
    ofFailed: of('of-failed'),
    all: of('all'),
    finished: of('finished'),
    ofKeys: of('of-keys'),
  };
}

/** The field of `feed` that says what a room key lacks in a shard. */
export function heldField(shard: number, roomKey: string): string {
  return isEventType(roomKey) ? `type:${shard}:${roomKey}` : `held:${roomKey}`;
}

function tagOf(bucket: number): string {
  return `{webhooks:${String(bucket).padStart(2, '0')}}`;
}

/** KEYS of all scripts about one webhook, in the order that `FUNCTIONS` names them. */
export function scriptKeys(keys: WebhookKeys, creator = ''): string[] {
  return [
    keys.rows,
    keys.revision,
    keys.behind,
    keys.waiting,
    keys.feeding,
    keys.feed,
    keys.given,
    keys.deliveries,
    keys.bodies,
    keys.ofWaiting,
    keys.ofSent,
    keys.ofFailed,
    keys.all,
    keys.finished,
    keys.ofKeys,
    keys.holding,
    keys.holdingTypes,
    // In the slot of the others also where no creator matters.
    creator === '' ? keys.rows : creator,
  ];
}
