// Finds the news in the journals, and hands on what somebody is to be told: of orders only those of
// buyers who have a browser or want mail, so that a sale to buyers without either makes no jobs.
// News that are old when they are read are none any more. While nobody at all can be told, the
// journals are not read: that would take a tenth of a sale's rate where all share one core.

import type { FactBatch } from '../../actors/shard/facts.ts';
import type { ConsumerPositions } from '../../storage/ports/consumer-positions.ts';
import { type RecipientStore, RECIPIENTS_READ_MAX } from '../../storage/ports/recipients.ts';
import { PositionedConsumer } from '../positioned-consumer.ts';
import { type DropNews, dropNewsOf, NEWS_CONSUMER, type OrderNews, orderNewsOf } from './news.ts';
import type { EntryNews } from './news-queue.ts';
import { NEWS_PER_JOB_MAX } from './tell-buyers.ts';

/** A start that is told an hour late, or an order a day late, is no news. */
const DROP_NEWS_AGE_MAX_MS = 60 * 60 * 1_000;
const ORDER_NEWS_AGE_MAX_MS = 24 * DROP_NEWS_AGE_MAX_MS;

export interface NewsConsumerOptions {
  readonly positions: ConsumerPositions;
  readonly recipients: Pick<RecipientStore, 'any' | 'findAll'>;
  /** Makes it durable. Errors: `store-unavailable`, and it is told again. */
  readonly tell: (news: EntryNews) => Promise<void>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export function newsConsumer(options: NewsConsumerOptions): PositionedConsumer {
  const { positions, recipients } = options;
  return new PositionedConsumer({
    name: NEWS_CONSUMER,
    placement: 'off-loop',
    positions,
    async handle(batches) {
      for (const batch of batches) await tellEntry(batch, options);
    },
    isNeeded: () => recipients.any(),
  });
}

async function tellEntry(batch: FactBatch, options: NewsConsumerOptions): Promise<void> {
  const { recipients, tell, now } = options;
  const { shard, sequence, time, facts } = batch;
  const ageMs = now() - time;
  if (ageMs > ORDER_NEWS_AGE_MAX_MS) return;
  const place = `${shard}-${sequence}`;
  const drops: DropNews[] = [];
  const orders: OrderNews[] = [];
  for (const fact of facts) {
    const drop = dropNewsOf(fact, `${place}-${fact.index}`, time);
    if (drop !== null && ageMs <= DROP_NEWS_AGE_MAX_MS) drops.push(drop);
    const order = orderNewsOf(fact, time);
    if (order !== null) orders.push(order);
  }
  const told: OrderNews[] = [];
  for (let i = 0; i < orders.length; i += RECIPIENTS_READ_MAX) {
    const some = orders.slice(i, i + RECIPIENTS_READ_MAX);
    const found = await recipients.findAll([...new Set(some.map(({ userId }) => userId))]);
    told.push(
      ...some.filter(({ userId }) => {
        const recipient = found.get(userId);
        if (recipient === undefined) return false;
        const { subscriptions, preferences } = recipient;
        return (subscriptions.length > 0 && preferences.push.orders) || preferences.mail.orders;
      }),
    );
  }
  if (drops.length === 0 && told.length === 0) return;
  await tell({ place, drops, orders: told.slice(0, NEWS_PER_JOB_MAX) });
  for (let i = NEWS_PER_JOB_MAX; i < told.length; i += NEWS_PER_JOB_MAX)
    await tell({ place: `${place}-${i}`, drops: [], orders: told.slice(i, i + NEWS_PER_JOB_MAX) });
}
