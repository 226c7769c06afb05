// What webhooks are told of the events of a journal entry: which event of theirs it is, and the
// text that is sent. A message is named by its entry's place and time, so that it has the same
// name however often it is made, and another one where a restored journal has another entry there.

import type { Fact, FactBatch } from '../../actors/shard/facts.ts';
import type { JournalEntryPlace } from '../../actors/tracing/trace-context.ts';
import { DropView } from '../../contracts/drops.ts';
import { OrderView } from '../../contracts/orders.ts';
import type { Webhook, WebhookEvent } from '../../contracts/webhooks.ts';
import { presenter } from '../../contracts/wire.ts';
import type { NewMessage } from '../../storage/ports/webhooks.ts';
import { waitingDelivery } from './webhook-delivery.ts';

const dropBody = presenter(DropView);
const orderBody = presenter(OrderView);

/** The entry of a message; null of a test message, which has none. */
export function entryOfMessage(messageId: string): JournalEntryPlace | null {
  const match = /^msg_[do]_(\d+)_(\d+)_\d+_([0-9a-z]+)$/.exec(messageId);
  if (match === null) return null;
  const [, shard, sequence, time] = match;
  return {
    shard: Number(shard),
    sequence: Number(sequence),
    time: Number.parseInt(time!, 36),
  };
}

/** What a webhook says of itself that decides what it is told. */
export type Subscription = Pick<Webhook, 'id' | 'creatorId' | 'events' | 'ordering'>;

export class WebhookMessages {
  readonly #paymentProvider: string;

  constructor(options: { readonly paymentProvider: string }) {
    this.#paymentProvider = options.paymentProvider;
  }

  /** Those of the entry that the webhook asks for, in the order of the entry. */
  of(batch: FactBatch, webhook: Subscription): NewMessage[] {
    const messages: NewMessage[] = [];
    for (const fact of batch.facts) {
      if (fact.terms.creatorId !== webhook.creatorId) continue;
      for (const type of webhookEventsOf(fact))
        if (webhook.events.includes(type)) messages.push(this.#message(batch, fact, type, webhook));
    }
    return messages;
  }

  #message(
    batch: FactBatch,
    fact: Fact,
    type: WebhookEvent,
    { ordering }: Subscription,
  ): NewMessage {
    const { shard, sequence, time } = batch;
    const place = `${shard}_${sequence}_${fact.index}_${time.toString(36)}`;
    const drop = dropBody(fact.drop);
    const isOfDrop = type.startsWith('drop.');
    const data = isOfDrop ? { drop } : { order: this.#order(fact.order!), drop };
    // An event of an order may be one of its drop as well.
    const messageId = `msg_${isOfDrop ? 'd' : 'o'}_${place}`;
    const key = ordering === 'drop' ? drop.id : null;
    return {
      delivery: waitingDelivery({ messageId, type, occurredAt: time, key }),
      body: JSON.stringify({ type, timestamp: new Date(time).toISOString(), data }),
    };
  }

  /** As REST shows it. */
  #order(order: OrderView): object {
    const { paymentReference: reference, metadata } = order;
    const payment = reference === null ? {} : { payment: this.#payment(reference) };
    const texts = metadata === undefined ? {} : { metadata: JSON.parse(metadata) as object };
    return { ...orderBody(order), ...payment, ...texts };
  }

  #payment(reference: string): object {
    return { provider: this.#paymentProvider, reference };
  }
}

/** What the event is for webhooks: of its order first, then of its drop. */
export function webhookEventsOf({ event, order, terms, held, sold }: Fact): WebhookEvent[] {
  const isSoldOut = terms.stocked - held - sold === 0;
  switch (event.type) {
    case 'drop-created':
      return ['drop.scheduled'];
    case 'drop-amended':
    case 'drop-repriced':
    case 'drop-described':
    case 'drop-access-changed':
      return ['drop.changed'];
    case 'drop-opened':
      return ['drop.started'];
    case 'drop-closed':
      return ['drop.ended'];
    case 'drop-cancelled':
      return ['drop.cancelled'];
    case 'drop-paused':
      return ['drop.paused'];
    case 'drop-resumed':
      return ['drop.resumed'];
    case 'drop-restocked':
      return event.units < 0 && isSoldOut
        ? ['drop.restocked', 'drop.sold_out']
        : ['drop.restocked'];
    case 'order-placed':
      // An order is only taken of units that are free, so this one took the last.
      return withSoldOut(order?.status === 'confirmed' ? 'order.confirmed' : 'order.reserved');
    case 'order-confirmed-late':
      return withSoldOut('order.confirmed');
    case 'order-confirmed':
      return ['order.confirmed'];
    case 'payment-declined':
      return ['order.payment_failed'];
    case 'order-failed':
    case 'payment-voided':
      return ['order.failed'];
    case 'order-cancelled':
      return ['order.cancelled'];
    case 'order-expired':
      return ['order.expired'];
    case 'order-part-refunded':
      return ['order.partially_refunded'];
    case 'order-refunded':
    case 'order-refunded-at-provider':
    case 'order-rest-refunded':
      return ['order.refunded'];
    case 'payment-prepared':
    case 'payment-rejected':
    case 'payment-refunded':
    case 'payment-disputed':
    case 'dispute-closed':
    case 'refund-requested':
    case 'order-details-added':
    case 'request-answered':
      return [];
    default:
      return event satisfies never;
  }

  function withSoldOut(type: WebhookEvent): WebhookEvent[] {
    return isSoldOut ? [type, 'drop.sold_out'] : [type];
  }
}
