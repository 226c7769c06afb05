import test from 'ava';
import fc from 'fast-check';
import type { DropEvent } from '../../contracts/drop-events.ts';
import { decodeEntry, encodeEntry } from '../../storage/formats/entry.ts';

const terms = {
  id: 'd_1',
  productId: 'p_1',
  creatorId: 'c',
  startsAt: 1,
  endsAt: 2,
  unitAmount: 3,
  currency: 'EUR',
  limitPerUser: 4,
  holdSeconds: 5,
  payment: 'provider',
} as const;

/** One of every kind: a kind added without its codec fails here. */
const EVENTS: { [T in DropEvent['type']]: DropEvent & { type: T } } = {
  'drop-created': { type: 'drop-created', terms, stock: 10 },
  'drop-amended': { type: 'drop-amended', startsAt: 1, endsAt: 2, limitPerUser: 3 },
  'drop-restocked': { type: 'drop-restocked', units: -2 },
  'drop-opened': { type: 'drop-opened' },
  'drop-closed': { type: 'drop-closed' },
  'drop-cancelled': { type: 'drop-cancelled' },
  'order-placed': { type: 'order-placed', userId: 'ann', key: 'key', quantity: 1 },
  'order-confirmed': { type: 'order-confirmed', ordinal: 0, reference: 'r' },
  'order-confirmed-late': { type: 'order-confirmed-late', ordinal: 1, reference: 'r' },
  'order-failed': { type: 'order-failed', ordinal: 2, reference: 'r' },
  'refund-requested': { type: 'refund-requested', ordinal: 3, reference: 'r' },
  'order-expired': { type: 'order-expired', ordinal: 4 },
  'order-cancelled': { type: 'order-cancelled', ordinal: 5 },
  'order-refunded': { type: 'order-refunded', ordinal: 6 },
  'payment-declined': { type: 'payment-declined', ordinal: 7, reference: 'r' },
  'payment-rejected': {
    type: 'payment-rejected',
    ordinal: 8,
    reference: 'r',
    amount: 1,
    currency: 'JPY',
    reason: 'wrong-amount',
  },
  'payment-refunded': {
    type: 'payment-refunded',
    ordinal: 9,
    reference: 'r',
    amount: 50,
    currency: 'EUR',
  },
  'order-refunded-at-provider': { type: 'order-refunded-at-provider', ordinal: 10 },
  'order-details-added': { type: 'order-details-added', ordinal: 13 },
  'drop-described': { type: 'drop-described', metadata: { a: 'ü' }, externalId: null },
  'drop-repriced': { type: 'drop-repriced', unitAmount: 250 },
  'payment-prepared': { type: 'payment-prepared', ordinal: 11, reference: 'r' },
  'payment-voided': { type: 'payment-voided', ordinal: 12, reference: 'r' },
  'request-answered': { type: 'request-answered', id: 'r', fingerprint: 'f', about: null },
  'payment-disputed': {
    type: 'payment-disputed',
    ordinal: 13,
    reference: 'r',
    amount: 5,
    currency: 'EUR',
  },
  'dispute-closed': { type: 'dispute-closed', ordinal: 13, reference: 'r', outcome: 'lost' },
  'drop-paused': { type: 'drop-paused', extendHolds: true, reason: 'ü' },
  'drop-resumed': { type: 'drop-resumed' },
  'drop-access-changed': {
    type: 'drop-access-changed',
    access: 'pass',
    earlyAccessSeconds: 60,
  },
  'order-part-refunded': {
    type: 'order-part-refunded',
    ordinal: 11,
    amount: 5,
    quantity: 1,
    restock: false,
    reason: 'zu spät',
    number: 2,
  },
  'order-rest-refunded': {
    type: 'order-rest-refunded',
    ordinal: 12,
    amount: 5,
    quantity: 1,
    restock: true,
    reason: null,
  },
};
const entry = {
  shard: 17,
  sequence: 42,
  time: 1_800_000_000_123,
  changes: [
    { dropId: 'd_1', versionBefore: 0, events: Object.values(EVENTS) as DropEvent[] },
    { dropId: 'd_2', versionBefore: 7, events: [EVENTS['order-placed']] },
    { dropId: 'd_4', versionBefore: 0, events: [{ ...EVENTS['drop-created'], revision: 7 }] },
    {
      dropId: 'd_3',
      versionBefore: 8,
      events: [
        { ...EVENTS['order-placed'], metadata: '{"a":"ü"}' } as const,
        { ...EVENTS['order-placed'], pass: 2 ** 50 - 1 } as const,
        { ...EVENTS['order-placed'], metadata: '{"a":"ü"}', pass: 1 } as const,
        EVENTS['order-placed'],
      ],
    },
  ],
};

test('J2: an entry reads as it was written, with every kind of event', (t) => {
  t.deepEqual(decodeEntry(encodeEntry(entry), 17, 42), entry);
});

test('J5: any damaged or missing byte is detected', (t) => {
  const good = encodeEntry(entry);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bad = Buffer.from(good);
      bad[at]! ^= change;
      t.throws(() => decodeEntry(bad, 17, 42), { code: 'corrupt' });
      t.throws(() => decodeEntry(good.subarray(0, at), 17, 42), { code: 'corrupt' });
    }),
  );
});

test('J5: an intact entry in a wrong place is detected', (t) => {
  t.throws(() => decodeEntry(encodeEntry(entry), 18, 42), { code: 'corrupt' });
  t.throws(() => decodeEntry(encodeEntry(entry), 17, 43), { code: 'corrupt' });
});
