// What was sold and seen, by drop, by creator and of the whole store (L2).

import { Type } from 'typebox';
import { ANALYTICS_STEPS } from './analytics-steps.ts';
import type { Plain } from './plain.ts';
import { count, currencyCode, id, STRICT, time, userId } from './scalars.ts';
import { wire, wireTime } from './wire.ts';

export const AnalyticsStep = Type.Enum([...ANALYTICS_STEPS], { type: 'string' });
export type AnalyticsStep = (typeof ANALYTICS_STEPS)[number];

/** Points of one answer. */
export const ANALYTICS_POINTS_MAX = 1_500;

const amount = Type.Object(
  {
    currency: currencyCode,
    amount: Type.Integer({ description: 'in the minor unit of the currency' }),
  },
  { title: 'CurrencyAmount' },
);

/** What gateways answered orders with, by how long that took. */
const latency = Type.Object(
  {
    within20Ms: count,
    within200Ms: Type.Integer({ minimum: 0, description: 'of the others' }),
    within500Ms: Type.Integer({ minimum: 0, description: 'of the others' }),
    longer: count,
  },
  { title: 'OrderLatency' },
);

/** The first ten are counted by gateways, all others are exact. */
const figures = {
  views: Type.Integer({ minimum: 0, description: 'reads of the drop by its address' }),
  streams: Type.Integer({ minimum: 0, description: 'live streams that began to watch it' }),
  watchersMax: Type.Integer({
    minimum: 0,
    description: 'the most live streams at once; of several gateways, of each its most',
  }),
  tries: Type.Integer({ minimum: 0, description: 'answered requests to place an order' }),
  refused: Type.Array(Type.Object({ code: Type.String(), count }, { title: 'RefusedTries' })),
  latency,
  conversion: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
    description: 'orders by view; null without views',
  }),
  placed: Type.Integer({ minimum: 0, description: 'orders placed' }),
  orders: Type.Integer({ minimum: 0, description: 'orders sold, whatever became of them later' }),
  units: Type.Integer({ minimum: 0, description: 'units of these orders' }),
  revenue: Type.Array(amount, { description: 'what these orders cost' }),
  holds: Type.Object(
    {
      expired: count,
      released: Type.Integer({ minimum: 0, description: 'orders cancelled before they were paid' }),
    },
    { title: 'EndedHolds' },
  ),
  payments: Type.Object(
    {
      confirmed: Type.Integer({ minimum: 0, description: 'payments that sold an order' }),
      late: Type.Integer({ minimum: 0, description: 'of these, after the hold had ended' }),
      failed: Type.Integer({ minimum: 0, description: 'orders that ended by their payment' }),
      declined: Type.Integer({ minimum: 0, description: 'attempts after which the hold stayed' }),
      rejected: Type.Integer({
        minimum: 0,
        description: 'payments that paid for nothing: the provider is asked to pay back',
      }),
    },
    { title: 'PaymentFigures' },
  ),
  refunds: Type.Object(
    {
      whole: Type.Integer({ minimum: 0, description: 'orders of which nothing is left' }),
      part: count,
      units: Type.Integer({
        minimum: 0,
        description: 'units that were sold and are so no more, of voided payments as well',
      }),
      amounts: Type.Array(amount),
    },
    { title: 'RefundFigures' },
  ),
  buyers: Type.Object(
    {
      new: Type.Integer({
        minimum: 0,
        description: 'whose first order that this creator sold to them is here',
      }),
      returning: Type.Integer({
        minimum: 0,
        description:
          'whose first sold order of a drop is here, and who had bought from the creator',
      }),
    },
    { title: 'BuyerFigures' },
  ),
} as const;

export const AnalyticsFigures = Type.Object(figures, { title: 'AnalyticsFigures' });
export type AnalyticsFigures = Plain<typeof AnalyticsFigures>;

export const AnalyticsPoint = Type.Object(
  { at: time, ...figures },
  { title: 'AnalyticsPoint', description: 'a step of time that begins at `at`' },
);
export type AnalyticsPoint = Plain<typeof AnalyticsPoint>;

export const Analytics = Type.Object(
  {
    step: AnalyticsStep,
    from: time,
    to: time,
    total: { ...AnalyticsFigures, description: 'of all time' },
    inRange: { ...AnalyticsFigures, description: 'of the steps from `from` up to before `to`' },
    points: Type.Array(AnalyticsPoint, {
      description: 'oldest first, without those in which nothing happened',
    }),
  },
  { title: 'Analytics' },
);
export type Analytics = Plain<typeof Analytics>;

const timeOrNull = Type.Union([time, Type.Null()]);

export const DropAnalytics = Type.Object(
  {
    dropId: id,
    creatorId: userId,
    openedAt: timeOrNull,
    soldOutAt: Type.Union([time, Type.Null()], {
      description: 'when an order took the last free unit for the first time',
    }),
    secondsToSoldOut: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
      description: 'from the opening until then',
    }),
    watching: Type.Integer({ minimum: 0, description: 'live streams that watch it now' }),
    ...Analytics.properties,
  },
  { title: 'DropAnalytics' },
);
export type DropAnalytics = Plain<typeof DropAnalytics>;

/** Which steps are asked for; what is absent is chosen. */
export interface AnalyticsRange {
  /** Milliseconds since the Unix epoch. */
  readonly from?: number;
  readonly to?: number;
  readonly step?: AnalyticsStep;
}

// On the wire

const range = {
  from: Type.Optional({ ...wireTime, description: 'the step with this time and later ones' }),
  to: Type.Optional({ ...wireTime, description: 'steps before this time; now by default' }),
  step: Type.Optional(
    Type.Enum([...ANALYTICS_STEPS], {
      type: 'string',
      default: 'minute',
      description:
        'second: of the first two minutes of a drop; seconds and minutes are kept for 30 days. ' +
        `At most ${ANALYTICS_POINTS_MAX} steps are in one range.`,
    }),
  ),
} as const;
export const AnalyticsQuery = Type.Object(range, STRICT);
export const AnalyticsBody = wire(Analytics);
export const DropAnalyticsBody = wire(DropAnalytics);

export const ANALYTICS_FORMATS = ['csv', 'ndjson', 'parquet'] as const;
export type AnalyticsFormat = (typeof ANALYTICS_FORMATS)[number];
export const AnalyticsExportQuery = Type.Object(
  {
    ...range,
    format: Type.Optional(
      Type.Enum([...ANALYTICS_FORMATS], { type: 'string', default: ANALYTICS_FORMATS[0] }),
    ),
  },
  STRICT,
);
export const AnalyticsPointBody = wire(AnalyticsPoint);
