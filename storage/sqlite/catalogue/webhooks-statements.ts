// The part of the writer of catalogue.db that keeps outgoing webhooks: the webhooks, what each has
// taken of the shards, and their deliveries. Incoming ones are in `webhooks`.

import type { Database } from 'better-sqlite3';
import type { Delivery } from '../../../contracts/webhooks.ts';
import {
  type CaughtUpResult,
  type FedEntry,
  type FedResult,
  type FeedChange,
  isEventType,
  type Placed,
  placeMessages,
  waitingOfKeyMax,
} from '../../ports/webhooks.ts';
import { deliveryHandlers } from './webhook-deliveries-statements.ts';

export const WEBHOOKS_SCHEMA = `
  create table webhook_endpoints (
    id text primary key,
    bucket integer not null,
    creator_id text not null,
    revision integer not null,
    feeding integer not null,
    given integer not null default 0,
    webhook text not null
  ) strict;
  create index webhook_endpoints_by_creator on webhook_endpoints (creator_id);
  create index webhook_endpoints_by_bucket on webhook_endpoints (bucket);
  create table webhook_buckets (
    bucket integer primary key,
    revision integer not null
  ) strict;
  create table webhook_feeds (
    endpoint_id text not null,
    shard integer not null,
    taken integer not null,
    lacks_from integer,
    lacks_to integer,
    primary key (endpoint_id, shard)
  ) strict, without rowid;
  create index webhook_feeds_behind on webhook_feeds (endpoint_id) where lacks_from is not null;
  create table webhook_deliveries (
    endpoint_id text not null,
    number integer not null,
    state text not null,
    finished_at integer,
    revision integer not null,
    delivery text not null,
    body text not null,
    primary key (endpoint_id, number)
  ) strict;
  create index webhook_deliveries_by_state on webhook_deliveries (endpoint_id, state, number);
  create index webhook_deliveries_waiting on webhook_deliveries (endpoint_id, number)
    where state = 'waiting';
  create index webhook_deliveries_finished on webhook_deliveries (endpoint_id, finished_at, number)
    where finished_at is not null;
`;

/** Drops of which too many deliveries wait, and what they lack: now in WEBHOOK_ROOM_SCHEMA. */
export const WEBHOOK_KEYS_SCHEMA = `
  create table webhook_held_keys (
    endpoint_id text not null,
    key text not null,
    shard integer not null,
    lacks_from integer not null,
    lacks_to integer not null,
    primary key (endpoint_id, key)
  ) strict, without rowid;
  create index webhook_deliveries_by_key
    on webhook_deliveries (endpoint_id, json_extract(delivery, '$.key')) where state = 'waiting';
`;

const ROOM_KEY = `coalesce(json_extract(delivery, '$.key'), json_extract(delivery, '$.type'))`;

/**
 * Room keys of which too many deliveries wait (`roomKeyOf` of the port), and what they lack. Of
 * event types a shard each; those of drops count as `HELD_KEYS_MAX` says.
 */
export const WEBHOOK_ROOM_SCHEMA = `
  create table webhook_held (
    endpoint_id text not null,
    key text not null,
    shard integer not null,
    is_of_drop integer not null,
    lacks_from integer not null,
    lacks_to integer not null,
    primary key (endpoint_id, key, shard)
  ) strict, without rowid;
  insert into webhook_held (endpoint_id, key, shard, is_of_drop, lacks_from, lacks_to)
    select endpoint_id, key, shard, 1, lacks_from, lacks_to from webhook_held_keys;
  drop table webhook_held_keys;
  drop index webhook_deliveries_by_key;
  create index webhook_deliveries_by_room_key
    on webhook_deliveries (endpoint_id, ${ROOM_KEY}) where state = 'waiting';
`;
export const WAITING_OF_KEY = `
  select count(*) from webhook_deliveries
  where endpoint_id = ? and ${ROOM_KEY} = ? and state = 'waiting'`;

export interface WebhookRow {
  readonly id: string;
  readonly bucket: number;
  readonly creatorId: string;
  readonly revision: number;
  /** JSON. */
  readonly webhook: string;
}

export interface WebhookBounds {
  readonly ofCreatorMax: number;
  readonly ofBucketMax: number;
}

export interface MessageRow {
  readonly delivery: Pick<Delivery, 'key' | 'type'>;
  /** The delivery as JSON. */
  readonly json: string;
  /** The text that is sent. */
  readonly body: string;
}

export type FedRow = Omit<FedEntry, 'messages'> & { readonly messages: readonly MessageRow[] };

interface FeedRow {
  readonly taken: number;
  readonly lacks_from: number | null;
  readonly lacks_to: number | null;
}

interface HeldRow {
  readonly lacks_from: number;
  readonly lacks_to: number;
}

export function webhookHandlers(database: Database) {
  const feeds = feedStatements(database);
  const countOfCreator = database
    .prepare<[string], number>('select count(*) from webhook_endpoints where creator_id = ?')
    .pluck();
  const countOfBucket = database
    .prepare<[number], number>('select count(*) from webhook_endpoints where bucket = ?')
    .pluck();
  const add = database.prepare<[WebhookRow]>(`
    insert into webhook_endpoints (id, bucket, creator_id, revision, feeding, webhook)
    values (@id, @bucket, @creatorId, @revision, 1, @webhook)`);
  const replace = database.prepare<[WebhookRow]>(`
    update webhook_endpoints set revision = @revision, webhook = @webhook
    where id = @id and revision = @revision - 1`);
  const remove = database
    .prepare<[string], number>('delete from webhook_endpoints where id = ? returning bucket')
    .pluck();
  const removeDeliveries = database.prepare<[string]>(
    'delete from webhook_deliveries where endpoint_id = ?',
  );
  const noteChange = database.prepare<[number]>(`
    insert into webhook_buckets (bucket, revision) values (?, 1)
    on conflict do update set revision = revision + 1`);

  return {
    ...feeds.handlers,
    ...deliveryHandlers(database),
    /** False: a bound is reached. */
    addWebhookEndpoint(row: WebhookRow, start: readonly number[], bounds: WebhookBounds): boolean {
      if (countOfCreator.get(row.creatorId)! >= bounds.ofCreatorMax) return false;
      if (countOfBucket.get(row.bucket)! >= bounds.ofBucketMax) return false;
      add.run(row);
      feeds.change(row.id, { start });
      noteChange.run(row.bucket);
      return true;
    },
    /** False: the stored revision is another one. */
    replaceWebhookEndpoint(row: WebhookRow, feed: FeedChange): boolean {
      if (replace.run(row).changes === 0) return false;
      if (feed !== 'keep') feeds.change(row.id, feed);
      noteChange.run(row.bucket);
      return true;
    },
    removeWebhookEndpoint(id: string): boolean {
      const bucket = remove.get(id);
      if (bucket === undefined) return false;
      feeds.change(id, 'close');
      removeDeliveries.run(id);
      noteChange.run(bucket);
      return true;
    },
  };
}

function feedStatements(database: Database) {
  const isFeeding = database
    .prepare<[string], number>('select feeding from webhook_endpoints where id = ?')
    .pluck();
  const setFeeding = database.prepare<[number, string]>(
    'update webhook_endpoints set feeding = ? where id = ?',
  );
  const close = database.prepare<[string]>('delete from webhook_feeds where endpoint_id = ?');
  const find = database.prepare<[string, number], FeedRow>(`
    select taken, lacks_from, lacks_to from webhook_feeds where endpoint_id = ? and shard = ?`);
  const put = database.prepare<[string, number, number, number | null, number | null]>(`
    insert into webhook_feeds (endpoint_id, shard, taken, lacks_from, lacks_to)
    values (?, ?, ?, ?, ?)
    on conflict do update set taken = excluded.taken, lacks_from = excluded.lacks_from,
      lacks_to = excluded.lacks_to`);
  const waiting = database
    .prepare<[string], number>(
      `select count(*) from webhook_deliveries where endpoint_id = ? and state = 'waiting'`,
    )
    .pluck();
  const give = database
    .prepare<[string], number>(
      'update webhook_endpoints set given = given + 1 where id = ? returning given',
    )
    .pluck();
  const append = database.prepare<[string, number, string, string]>(`
    insert into webhook_deliveries (endpoint_id, number, state, revision, delivery, body)
    values (?, ?, 'waiting', 0, ?, ?)`);

  const waitingOfKey = database.prepare<[string, string], number>(WAITING_OF_KEY).pluck();
  const heldCount = database
    .prepare<[string], number>(
      'select count(*) from webhook_held where endpoint_id = ? and is_of_drop = 1',
    )
    .pluck();
  const findHeld = database.prepare<[string, string, number], HeldRow>(
    'select lacks_from, lacks_to from webhook_held where endpoint_id = ? and key = ? and shard = ?',
  );
  const hold = database.prepare<[string, string, number, number, number, number]>(`
    insert into webhook_held (endpoint_id, key, shard, is_of_drop, lacks_from, lacks_to)
    values (?, ?, ?, ?, ?, ?) on conflict do update set lacks_to = excluded.lacks_to`);
  const advance = database.prepare<[number, string, string, number]>(
    'update webhook_held set lacks_from = ? where endpoint_id = ? and key = ? and shard = ?',
  );
  const letGo = database.prepare<[string, string, number]>(
    'delete from webhook_held where endpoint_id = ? and key = ? and shard = ?',
  );
  const letAllGo = database.prepare<[string]>('delete from webhook_held where endpoint_id = ?');

  const place = ({ webhookId: id, shard, messages }: FedRow) =>
    placeMessages(messages, {
      waiting: waiting.get(id)!,
      isHeld: (key) => findHeld.get(id, key, shard) !== undefined,
      waitingOf: (key) => waitingOfKey.get(id, key)!,
      heldCount: heldCount.get(id)!,
    });
  const take = (row: FedRow, placed: Placed<MessageRow>): void => {
    const { webhookId: id, shard, sequence } = row;
    for (const message of placed.taken) appendOne(id, message);
    for (const key of placed.held)
      hold.run(id, key, shard, isEventType(key) ? 0 : 1, sequence - 1, sequence);
  };
  const appendOne = (id: string, { json, body }: MessageRow): number => {
    const number = give.get(id)!;
    append.run(id, number, json, body);
    return number;
  };
  const feedOf = (id: string, shard: number): FeedRow | null =>
    isFeeding.get(id) === 1
      ? (find.get(id, shard) ?? { taken: 0, lacks_from: null, lacks_to: null })
      : null;

  const feedOne = (row: FedRow, waitingMax: number): FedResult => {
    const { webhookId: id, shard, sequence } = row;
    const feed = feedOf(id, shard);
    if (feed === null) return 'closed';
    const { taken, lacks_from: from, lacks_to: to } = feed;
    if (sequence <= taken) return 'known';
    const placed = place(row);
    if (from !== null || placed === null || waiting.get(id)! >= waitingMax) {
      put.run(id, shard, taken, from ?? sequence - 1, Math.max(to ?? 0, sequence));
      return 'behind';
    }
    put.run(id, shard, sequence, null, null);
    take(row, placed);
    return placed.held.length > 0 ? 'held' : 'taken';
  };

  return {
    change(id: string, change: Exclude<FeedChange, 'keep'>): void {
      close.run(id);
      letAllGo.run(id);
      setFeeding.run(change === 'close' ? 0 : 1, id);
      if (change === 'close') return;
      for (const [shard, sequence] of change.start.entries())
        put.run(id, shard, sequence, null, null);
    },
    handlers: {
      feedWebhooks: (rows: readonly FedRow[], waitingMax: number): readonly FedResult[] =>
        rows.map((row) => feedOne(row, waitingMax)),
      catchUpWebhook(row: FedRow, waitingMax: number): CaughtUpResult {
        const { webhookId: id, shard, sequence } = row;
        const feed = feedOf(id, shard);
        if (feed === null) return 'closed';
        const { taken, lacks_from: from, lacks_to: to } = feed;
        if (from === null || to === null || sequence <= from) return 'known';
        const placed = place(row);
        if (placed === null) return 'full';
        if (placed.taken.length > 0 && waiting.get(id)! >= waitingMax) return 'full';
        take(row, placed);
        const isDone = sequence >= to;
        const last = Math.max(taken, sequence);
        put.run(id, shard, last, isDone ? null : sequence, isDone ? null : to);
        return isDone ? 'done' : 'taken';
      },
      catchUpWebhookKey(row: FedRow, key: string, waitingMax: number): CaughtUpResult {
        const { webhookId: id, shard, sequence, messages } = row;
        if (isFeeding.get(id) !== 1) return 'closed';
        const held = findHeld.get(id, key, shard);
        if (held === undefined || sequence <= held.lacks_from) return 'known';
        const all = waiting.get(id)!;
        const isFull = all >= waitingMax || waitingOfKey.get(id, key)! >= waitingOfKeyMax(all);
        if (messages.length > 0 && isFull) return 'full';
        for (const message of messages) appendOne(id, message);
        const isDone = sequence >= held.lacks_to;
        if (isDone) letGo.run(id, key, shard);
        else advance.run(sequence, id, key, shard);
        return isDone ? 'done' : 'taken';
      },
      /** The number that it got. Null: it is closed, or too many wait. */
      sendToWebhook(id: string, message: MessageRow, waitingMax: number): number | null {
        if (isFeeding.get(id) !== 1 || waiting.get(id)! >= waitingMax) return null;
        return appendOne(id, message);
      },
    },
  };
}
