// Outgoing webhooks (R3): a creator's own systems are told of drops and orders by signed calls.
// docs/WEBHOOKS.md is the same for readers.

import { Type } from 'typebox';
import {
  URL_LENGTH_MAX,
  WEBHOOK_DESCRIPTION_LENGTH_MAX,
  WEBHOOK_OVERLAP_SECONDS_DEFAULT,
  WEBHOOK_OVERLAP_SECONDS_MAX,
  WEBHOOK_RATE_DEFAULT,
  WEBHOOK_RATE_MAX,
} from './bounds.ts';
import { DELIVERY_STATES } from './delivery-states.ts';
import { DropView } from './drops.ts';
import { OrderBody } from './orders.ts';
import { list, paging } from './paging.ts';
import { HTTP_URL, LINE } from './patterns.ts';
import type { Plain } from './plain.ts';
import { count, id, STRICT, textOrNull, time, userId } from './scalars.ts';
import { absentIfNull, inside, wire, wireTime } from './wire.ts';

/** What happens to drops and orders. Named as in the live stream where that has it, too. */
export const WEBHOOK_EVENTS = [
  'drop.scheduled',
  'drop.changed',
  'drop.started',
  'drop.sold_out',
  'drop.restocked',
  'drop.paused',
  'drop.resumed',
  'drop.ended',
  'drop.cancelled',
  'order.reserved',
  'order.confirmed',
  'order.payment_failed',
  'order.failed',
  'order.cancelled',
  'order.expired',
  'order.partially_refunded',
  'order.refunded',
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];
export const WebhookEvent = Type.Enum([...WEBHOOK_EVENTS]);
/** Of a call that a creator asked for, to see whether calls arrive. */
export const TEST_EVENT = 'webhook.test';

export const WEBHOOK_ORDERINGS = ['none', 'drop'] as const;
export const WebhookOrdering = Type.Enum([...WEBHOOK_ORDERINGS], {
  type: 'string',
  description:
    'drop: calls about one drop come one after the other, and one that fails holds back the ' +
    'later ones of its drop; none: calls overtake each other',
});

/** Why a webhook is called no more. */
export const WEBHOOK_ENDS = ['owner', 'operator', 'failing', 'gone'] as const;
export const WebhookEnd = Type.Enum([...WEBHOOK_ENDS], {
  type: 'string',
  description: 'failing: no call was taken for 24 hours; gone: the endpoint answered 410',
});
export type WebhookEnd = Plain<typeof WebhookEnd>;

const url = Type.String({
  maxLength: URL_LENGTH_MAX,
  pattern: HTTP_URL,
  description: 'https, on the public network',
});
const events = Type.Array(WebhookEvent, {
  minItems: 1,
  maxItems: WEBHOOK_EVENTS.length,
  uniqueItems: true,
});
const description = Type.String({
  minLength: 1,
  maxLength: WEBHOOK_DESCRIPTION_LENGTH_MAX,
  pattern: LINE,
});
const ratePerSecond = Type.Integer({
  minimum: 1,
  maximum: WEBHOOK_RATE_MAX,
  default: WEBHOOK_RATE_DEFAULT,
  description: 'calls a second at most',
});

export const NewWebhook = Type.Object(
  {
    url,
    events,
    description: Type.Optional(description),
    ordering: Type.Optional({ ...WebhookOrdering, default: 'none' } as typeof WebhookOrdering),
    ratePerSecond: Type.Optional(ratePerSecond),
    /** The caller unless given. */
    creatorId: Type.Optional(userId),
  },
  { ...STRICT, title: 'NewWebhook' },
);
export type NewWebhook = Plain<typeof NewWebhook>;

export const WebhookChange = Type.Object(
  {
    url: Type.Optional(url),
    events: Type.Optional(events),
    description: Type.Optional(Type.Union([description, Type.Null()])),
    ordering: Type.Optional(WebhookOrdering),
    ratePerSecond: Type.Optional(ratePerSecond),
    enabled: Type.Optional(
      Type.Boolean({
        description: 'true: it gets what happens from now on; false: what waits is given up',
      }),
    ),
  },
  { ...STRICT, minProperties: 1, title: 'WebhookChange' },
);
export type WebhookChange = Plain<typeof WebhookChange>;

export const WebhookRotation = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: WEBHOOK_OVERLAP_SECONDS_MAX,
        default: WEBHOOK_OVERLAP_SECONDS_DEFAULT,
        description: 'for so long the secret before signs as well',
      }),
    ),
  },
  { ...STRICT, title: 'WebhookRotation' },
);
export type WebhookRotation = Plain<typeof WebhookRotation>;

export interface WebhookSecret {
  /** As Standard Webhooks writes it: `whsec_` and base64. */
  readonly secret: string;
  /** It signs until then, in milliseconds since the Unix epoch; null: it has no end. */
  readonly endsAt: number | null;
}

export const Webhook = Type.Object(
  {
    id,
    creatorId: userId,
    url: Type.String(),
    description: absentIfNull(Type.String()),
    events: Type.Array(WebhookEvent),
    ordering: WebhookOrdering,
    ratePerSecond: count,
    enabled: Type.Boolean(),
    disabledReason: absentIfNull(WebhookEnd),
    disabledAt: absentIfNull(time),
    createdAt: time,
    /** The newest first. */
    secrets: inside(Type.Unsafe<readonly WebhookSecret[]>({})),
    /** How often it was enabled; each time another job calls it. */
    generation: inside(count),
    /** Its creator has not been told yet that it was disabled. */
    noticeIsDue: inside(Type.Boolean()),
    /** Rises with each change, for compare-and-set. */
    revision: inside(count),
  },
  { title: 'Webhook' },
);
export type Webhook = Plain<typeof Webhook>;

export const CreatedWebhook = Type.Object(
  {
    ...Webhook.properties,
    secret: Type.String({ description: 'what signs its calls; shown this once' }),
  },
  { title: 'CreatedWebhook' },
);
export type CreatedWebhook = Plain<typeof CreatedWebhook>;

// Deliveries

export const DeliveryState = Type.Enum([...DELIVERY_STATES], {
  type: 'string',
  description: 'waiting: it is sent, or sent again; failed: it is not sent any more',
});
export type DeliveryState = Plain<typeof DeliveryState>;

const DeliveryAttempt = Type.Object(
  {
    at: time,
    durationMs: count,
    /** Null: there was no answer. */
    status: absentIfNull(Type.Integer({ description: 'of the answer' })),
    reason: absentIfNull(Type.String({ description: 'why it failed, such as `timeout`' })),
    excerpt: absentIfNull(Type.String({ description: 'the beginning of the answer’s body' })),
  },
  { title: 'WebhookDeliveryAttempt' },
);
export type DeliveryAttempt = Plain<typeof DeliveryAttempt>;

export const Delivery = Type.Object(
  {
    /** Decimal digits; rises with each event of its webhook. */
    id: Type.String(),
    messageId: Type.String({ description: 'the header webhook-id, the same in each attempt' }),
    type: Type.String(),
    state: DeliveryState,
    /** Of the event. */
    occurredAt: time,
    attemptCount: count,
    attempts: Type.Array(DeliveryAttempt, { description: 'the newest ones, oldest first' }),
    nextAttemptAt: absentIfNull(time),
    finishedAt: absentIfNull(time),
    /** Calls with the same key are in order; null: with no other. */
    key: inside(textOrNull),
    /** When its first attempt began since it was last asked for; null: none has. */
    triedSince: inside(Type.Union([time, Type.Null()])),
    /** Rises with each change, for compare-and-set. */
    revision: inside(count),
  },
  { title: 'WebhookDelivery' },
);
export type Delivery = Plain<typeof Delivery>;

// What is sent

/** The order, and its drop, as they stood right after the event; only the drop for `drop.*`. */
export const WebhookMessage = Type.Object(
  {
    type: WebhookEvent,
    timestamp: wireTime,
    data: Type.Object({ drop: wire(DropView), order: Type.Optional(OrderBody) }),
  },
  { title: 'WebhookMessage' },
);

// On the wire

export const WebhookBody = wire(Webhook);
export const WebhookPage = list(WebhookBody, 'WebhookPage');
export const CreatedWebhookBody = wire(CreatedWebhook);
export const DeliveryBody = wire(Delivery);
export const DeliveryPage = list(DeliveryBody, 'WebhookDeliveryPage');
export const WebhooksQuery = Type.Object({ creator_id: Type.Optional(userId) }, STRICT);
export const DeliveriesQuery = Type.Object(
  { state: Type.Optional(DeliveryState), ...paging },
  STRICT,
);
