// Random lives of a drop for property tests: commands from a few users with few keys, so that
// collisions, replays and races for the last unit are common, on a clock that mostly creeps and
// sometimes leaps.

import fc from 'fast-check';
import type { DropCommand } from '../../contracts/commands.ts';
import type { DropTerms, PaymentMode } from '../../contracts/drops.ts';
import type { PaymentOutcome } from '../../contracts/payments.ts';
import { orderId } from '../../domain/ids.ts';
import { passNumber } from '../../domain/pass.ts';

export const DROP_ID = 'd_1';
export const CREATOR = { userId: 'creator', operator: false };
export const START = 1_000_000;
const PRICE = 1999;

export interface Step {
  readonly afterMs: number;
  readonly command: DropCommand | null;
}

export interface History {
  readonly terms: DropTerms;
  readonly stock: number;
  readonly steps: readonly Step[];
}

const user = fc.integer({ min: 0, max: 4 }).map((n) => `user${n}`);
const key = fc.integer({ min: 0, max: 3 }).map((n) => `key${n}`);
const order = fc.integer({ min: 0, max: 7 }).map((ordinal) => orderId(DROP_ID, ordinal));
const caller = fc.oneof(
  fc.constant(CREATOR),
  user.map((userId) => ({ userId, operator: false })),
  fc.constant({ userId: 'boss', operator: true }),
);

/** Few, so that several orders come with the same one. */
const pass = fc.record({
  number: fc.constantFrom(
    passNumber({ serial: 1, units: 1, singleUse: false }),
    passNumber({ serial: 2, units: 3, singleUse: false }),
    passNumber({ serial: 3, units: 3, singleUse: true }),
  ),
  from: fc.constantFrom(0, 0, START + 1000),
});

/** Few, so that repeats are common. */
const request = fc.record({
  id: fc.integer({ min: 0, max: 5 }).map((n) => `request${n}`),
  fingerprint: fc.constantFrom('same', 'same', 'other'),
  callerId: fc.constant(CREATOR.userId),
});

const command: fc.Arbitrary<DropCommand | null> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record(
      {
        type: fc.constant('place-order' as const),
        dropId: fc.constant(DROP_ID),
        userId: user,
        key,
        quantity: fc.integer({ min: 1, max: 3 }),
        metadata: fc.constantFrom('{"a":"x"}', '{"a":"ü\\n€","b":"𝄞"}'),
        pass,
      },
      { requiredKeys: ['type', 'dropId', 'userId', 'key', 'quantity'] },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('add-order-details' as const),
      dropId: fc.constant(DROP_ID),
      orderId: order,
      caller,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('settle-payment' as const),
      dropId: fc.constant(DROP_ID),
      orderId: order,
      succeeded: fc.boolean(),
      reference: fc.constantFrom('ref-a', 'ref-b'),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('record-payment' as const),
      dropId: fc.constant(DROP_ID),
      orderId: order,
      reference: fc.constantFrom('ref-a', 'ref-b', 'ref-c'),
      outcome: fc.constantFrom<PaymentOutcome[]>(
        'succeeded',
        'succeeded',
        'failed',
        'cancelled',
        'refunded',
        'disputed',
        'dispute-lost',
        'dispute-won',
      ),
      amount: fc.constantFrom(null, null, PRICE, 2 * PRICE, 1),
      currency: fc.constantFrom(null, null, 'EUR', 'JPY'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        type: fc.constantFrom('cancel-order' as const, 'refund-order' as const),
        dropId: fc.constant(DROP_ID),
        orderId: order,
        caller,
        request,
      },
      { requiredKeys: ['type', 'dropId', 'orderId', 'caller'] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        type: fc.constant('pause-drop' as const),
        dropId: fc.constant(DROP_ID),
        caller,
        extendHolds: fc.boolean(),
        reason: fc.constantFrom(null, 'zu früh 💔'),
        request,
      },
      { requiredKeys: ['type', 'dropId', 'caller', 'extendHolds', 'reason'] },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        type: fc.constant('resume-drop' as const),
        dropId: fc.constant(DROP_ID),
        caller,
        request,
      },
      { requiredKeys: ['type', 'dropId', 'caller'] },
    ),
  },
  {
    weight: 5,
    arbitrary: fc.record(
      {
        type: fc.constant('refund-order' as const),
        dropId: fc.constant(DROP_ID),
        orderId: order,
        caller,
        amount: fc.constantFrom(1, 500, PRICE, 2 * PRICE, 3 * PRICE),
        quantity: fc.integer({ min: 1, max: 3 }),
        restock: fc.boolean(),
        reason: fc.constantFrom('zu spät 💔', '100 %'),
        request,
      },
      { requiredKeys: ['type', 'dropId', 'orderId', 'caller'] },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        type: fc.constant('amend-drop' as const),
        dropId: fc.constant(DROP_ID),
        caller,
        addStock: fc.integer({ min: -4, max: 4 }),
        endsAt: fc.integer({ min: START, max: START + 40_000 }),
        mayExtend: fc.constant(true as const),
        limitPerUser: fc.integer({ min: 1, max: 5 }),
        stock: fc.integer({ min: 1, max: 9 }),
        unitAmount: fc.constantFrom(0, PRICE, 2 * PRICE),
        access: fc.constantFrom('public', 'pass'),
        earlyAccessSeconds: fc.constantFrom(0, 2),
        request,
      },
      { requiredKeys: ['type', 'dropId', 'caller'] },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('amend-drop' as const),
      dropId: fc.constant(DROP_ID),
      caller: fc.constant(CREATOR),
      addStock: fc.integer({ min: -1, max: 3 }),
      request,
    }),
  },
  { weight: 2, arbitrary: fc.constant(null) },
);
const rareCancel: fc.Arbitrary<DropCommand> = fc.record(
  {
    type: fc.constant('cancel-drop' as const),
    dropId: fc.constant(DROP_ID),
    caller,
    alsoEnded: fc.constant(true as const),
    request,
  },
  { requiredKeys: ['type', 'dropId', 'caller'] },
);

export const step: fc.Arbitrary<Step> = fc.record({
  afterMs: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 9000 }) },
  ),
  command: fc.oneof({ weight: 120, arbitrary: command }, { weight: 1, arbitrary: rareCancel }),
});

export const history: fc.Arbitrary<History> = fc.record({
  terms: fc.record(
    {
      id: fc.constant(DROP_ID),
      productId: fc.constant('p_1'),
      creatorId: fc.constant(CREATOR.userId),
      startsAt: fc.integer({ min: START - 2000, max: START + 3000 }),
      endsAt: fc.integer({ min: START + 5000, max: START + 40_000 }),
      unitAmount: fc.constantFrom(PRICE, PRICE, 0),
      currency: fc.constant('EUR'),
      limitPerUser: fc.integer({ min: 1, max: 4 }),
      holdSeconds: fc.integer({ min: 1, max: 8 }),
      payment: fc.constantFrom<PaymentMode>('instant', 'provider'),
      access: fc.constant('pass' as const),
      earlyAccessSeconds: fc.constantFrom(1, 3),
      unlisted: fc.constant(true as const),
    },
    {
      requiredKeys: [
        'id',
        'productId',
        'creatorId',
        'startsAt',
        'endsAt',
        'unitAmount',
        'currency',
        'limitPerUser',
        'holdSeconds',
        'payment',
      ],
    },
  ),
  stock: fc.integer({ min: 1, max: 8 }),
  steps: fc.array(step, { maxLength: 80, size: 'max' }),
});
