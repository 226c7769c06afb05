// Outgoing webhooks on SQLite, in the catalogue's file.

import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { Delivery, DeliveryState, Webhook } from '../../../contracts/webhooks.ts';
import { knownBucketOf, WEBHOOK_BUCKETS } from '../../../domain/webhook-ids.ts';
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
  type LackingKey,
  type LackingShard,
  type NewMessage,
  WAITING_MAX,
  type WebhookCounts,
  WEBHOOKS_OF_BUCKET_MAX,
  WEBHOOKS_OF_CREATOR_MAX,
  type WebhookStore,
} from '../../ports/webhooks.ts';
import { readPage } from '../thread/read-page.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import {
  type FedRow,
  type MessageRow,
  WAITING_OF_KEY,
  type WebhookRow,
} from './webhooks-statements.ts';

interface NumberedRow {
  readonly number: number;
  readonly delivery: string;
}

type DeliveriesQuery = [string, ...(string | number)[]];

export class SqliteWebhooks implements WebhookStore {
  readonly #writer;
  readonly #queries;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    const ofBucket = 'select webhook from webhook_endpoints where bucket = ? order by id';
    const page = (where: string) => `
      select number, delivery from webhook_deliveries
      where endpoint_id = ? ${where} and number < ? order by number desc limit ?`;
    this.#queries = {
      find: reader
        .prepare<[string], string>('select webhook from webhook_endpoints where id = ?')
        .pluck(),
      ofCreator: reader
        .prepare<[string], string>('select webhook from webhook_endpoints where creator_id = ?')
        .pluck(),
      inBucket: reader.prepare<[number], string>(ofBucket).pluck(),
      revisions: reader.prepare<[], { bucket: number; revision: number }>(
        'select bucket, revision from webhook_buckets',
      ),
      fedThrough: reader
        .prepare<[], number>('select min(taken) from webhook_feeds group by shard order by shard')
        .pluck(),
      lackingIn: reader
        .prepare<[number], string>(`
          select id from webhook_endpoints where bucket = ? and (
            id in (select endpoint_id from webhook_feeds where lacks_from is not null)
            or id in (select endpoint_id from webhook_held))`)
        .pluck(),
      lackingOf: reader.prepare<[string], LackingShard>(`
        select shard, lacks_from as "from", lacks_to as "to" from webhook_feeds
        where endpoint_id = ? and lacks_from is not null order by shard`),
      lackingKeysOf: reader.prepare<[string], Omit<LackingKey, 'waiting'>>(`
        select key, shard, lacks_from as "from", lacks_to as "to" from webhook_held
        where endpoint_id = ?`),
      waitingOfKey: reader.prepare<[string, string], number>(WAITING_OF_KEY).pluck(),
      waiting: reader.prepare<[string, number], NumberedRow>(`
        select number, delivery from webhook_deliveries
        where endpoint_id = ? and state = 'waiting' order by number limit ?`),
      waitingCount: reader
        .prepare<[string], number>(
          `select count(*) from webhook_deliveries where endpoint_id = ? and state = 'waiting'`,
        )
        .pluck(),
      body: reader
        .prepare<[string, string], string>(
          'select body from webhook_deliveries where endpoint_id = ? and number = ?',
        )
        .pluck(),
      delivery: reader.prepare<[string, string], NumberedRow>(
        'select number, delivery from webhook_deliveries where endpoint_id = ? and number = ?',
      ),
      all: reader.prepare<DeliveriesQuery, NumberedRow>(page('')),
      inState: reader.prepare<DeliveriesQuery, NumberedRow>(page('and state = ?')),
      counts: reader.prepare<[], WebhookCounts>(`
        select count(*) as webhooks, coalesce(sum(feeding), 0) as enabled,
          (select count(*) from webhook_deliveries where state = 'waiting') as waiting,
          (select count(*) from (
            select endpoint_id from webhook_feeds where lacks_from is not null
            union select endpoint_id from webhook_held)) as behind
        from webhook_endpoints`),
    };
  }

  add(webhook: Webhook, start: readonly number[]): Promise<boolean> {
    const bounds = { ofCreatorMax: WEBHOOKS_OF_CREATOR_MAX, ofBucketMax: WEBHOOKS_OF_BUCKET_MAX };
    return this.#writer.submit('addWebhookEndpoint', rowOf(webhook), start, bounds);
  }

  replace(webhook: Webhook, feed: FeedChange): Promise<boolean> {
    return this.#writer.submit('replaceWebhookEndpoint', rowOf(webhook), feed);
  }

  async find(webhookId: string): Promise<Webhook | null> {
    const text = readQuery(() => this.#queries.find.get(webhookId));
    return text === undefined ? null : decodeWebhook(text);
  }

  async ofCreator(creatorId: string): Promise<readonly Webhook[]> {
    const texts = readQuery(() => this.#queries.ofCreator.all(creatorId));
    return texts.map(decodeWebhook).toSorted(newestWebhookFirst);
  }

  async inBucket(bucket: number): Promise<readonly Webhook[]> {
    return readQuery(() => this.#queries.inBucket.all(bucket)).map(decodeWebhook);
  }

  async revisions(): Promise<readonly number[]> {
    const revisions = Array.from({ length: WEBHOOK_BUCKETS }, () => 0);
    for (const { bucket, revision } of readQuery(() => this.#queries.revisions.all()))
      revisions[bucket] = revision;
    return revisions;
  }

  remove(webhookId: string): Promise<boolean> {
    return this.#writer.submit('removeWebhookEndpoint', webhookId);
  }

  feed(entries: readonly FedEntry[]): Promise<readonly FedResult[]> {
    return this.#writer.submit('feedWebhooks', entries.map(fedRow), WAITING_MAX);
  }

  catchUp(entry: FedEntry): Promise<CaughtUpResult> {
    return this.#writer.submit('catchUpWebhook', fedRow(entry), WAITING_MAX);
  }

  catchUpKey(entry: FedEntry, key: string): Promise<CaughtUpResult> {
    return this.#writer.submit('catchUpWebhookKey', fedRow(entry), key, WAITING_MAX);
  }

  async fedThrough(): Promise<readonly number[]> {
    return readQuery(() => this.#queries.fedThrough.all());
  }

  async lackingIn(bucket: number): Promise<readonly string[]> {
    return readQuery(() => this.#queries.lackingIn.all(bucket));
  }

  async lackingOf(webhookId: string): Promise<readonly LackingShard[]> {
    return readQuery(() => this.#queries.lackingOf.all(webhookId));
  }

  async lackingKeysOf(webhookId: string): Promise<readonly LackingKey[]> {
    const { lackingKeysOf, waitingOfKey } = this.#queries;
    return readQuery(() =>
      lackingKeysOf
        .all(webhookId)
        .map((one) => ({ ...one, waiting: waitingOfKey.get(webhookId, one.key)! })),
    );
  }

  async send(webhookId: string, message: NewMessage): Promise<Delivery | null> {
    const row = messageRow(message);
    const number = await this.#writer.submit('sendToWebhook', webhookId, row, WAITING_MAX);
    return number === null ? null : { id: String(number), ...message.delivery };
  }

  async waiting(webhookId: string, limit: number): Promise<readonly Delivery[]> {
    return readQuery(() => this.#queries.waiting.all(webhookId, limit)).map(deliveryOf);
  }

  async waitingCount(webhookId: string): Promise<number> {
    return readQuery(() => this.#queries.waitingCount.get(webhookId)!);
  }

  async bodies(
    webhookId: string,
    deliveryIds: readonly string[],
  ): Promise<readonly (string | null)[]> {
    return readQuery(() => deliveryIds.map((id) => this.#queries.body.get(webhookId, id) ?? null));
  }

  settle(
    webhookId: string,
    deliveries: readonly Delivery[],
    bounds: FinishedBounds,
  ): Promise<readonly boolean[]> {
    const rows = deliveries.map((delivery) => {
      const { id, state, finishedAt, revision } = delivery;
      return {
        number: Number(id),
        state,
        finishedAt,
        revision,
        delivery: encodeDelivery(delivery),
      };
    });
    return this.#writer.submit('settleWebhook', webhookId, rows, bounds);
  }

  async findDelivery(webhookId: string, deliveryId: string): Promise<Delivery | null> {
    const row = readQuery(() => this.#queries.delivery.get(webhookId, deliveryId));
    return row === undefined ? null : deliveryOf(row);
  }

  async deliveries(
    webhookId: string,
    state: DeliveryState | null,
    page: PageRequest,
  ): Promise<Page<Delivery>> {
    const { all, inState } = this.#queries;
    return readPage(
      'webhook-deliveries',
      page,
      ({ time }, limit) =>
        readQuery(() =>
          state === null
            ? all.all(webhookId, time, limit)
            : inState.all(webhookId, state, time, limit),
        ).map(deliveryOf),
      ({ id }) => ({ time: Number(id), id }),
    );
  }

  async counts(): Promise<WebhookCounts> {
    return readQuery(() => this.#queries.counts.get()!);
  }
}

function rowOf(webhook: Webhook): WebhookRow {
  const { id, creatorId, revision } = webhook;
  return { id, bucket: knownBucketOf(id), creatorId, revision, webhook: encodeWebhook(webhook) };
}

function fedRow({ messages, ...entry }: FedEntry): FedRow {
  return { ...entry, messages: messages.map(messageRow) };
}

function messageRow({ delivery, body }: NewMessage): MessageRow {
  const { key, type } = delivery;
  return { delivery: { key, type }, json: encodeDelivery(delivery), body };
}

function deliveryOf({ number, delivery }: NumberedRow): Delivery {
  return decodeDelivery(String(number), delivery);
}
