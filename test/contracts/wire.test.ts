// The two forms of a shape: what is derived for the wire, and the order that is written by hand.

import test from 'ava';
import fc from 'fast-check';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { SHARD_COUNT_MAX } from '../../contracts/bounds.ts';
import { CLIENT_MESSAGES, SERVER_FRAMES } from '../../contracts/live.ts';
import { OrderBody, type OrderView, OrderView as OrderShape } from '../../contracts/orders.ts';
import { time } from '../../contracts/scalars.ts';
import { inside, presenter, reader, wire } from '../../contracts/wire.ts';
import { SHARD_COUNT } from '../../domain/ids.ts';
import * as frames from '../../gateway/live/frames.ts';
import { orderJson } from '../../gateway/present.ts';
import { dropView } from '../services/harness.ts';

const Shape = Type.Object({
  at: time,
  until: Type.Union([time, Type.Null()]),
  secret: inside(Type.String()),
  parts: Type.Array(Type.Object({ since: Type.Optional(time) })),
});

test('H3: on the wire times are RFC 3339 at any depth, and what is inside stays there', (t) => {
  const value = { at: 0, until: null, secret: 'x', parts: [{ since: 1_000 }, {}] };
  const shown = presenter(Shape)(value);
  t.deepEqual(shown, {
    at: '1970-01-01T00:00:00.000Z',
    until: null,
    parts: [{ since: '1970-01-01T00:00:01.000Z' }, {}],
  });
  t.true(Compile(wire(Shape)).Check(shown));
  t.false(Compile(wire(Shape)).Check(value));
});

test('D1: times of clients become milliseconds, and NaN for no such moment', (t) => {
  const read = reader(Type.Object({ at: time, note: Type.Optional(Type.String()) }));
  t.deepEqual(read({ at: '1970-01-01T01:00:01+01:00' }), { at: 1_000 });
  t.deepEqual(read({ at: '2026-06-30T23:59:60Z', note: 'leap' }), { at: Number.NaN, note: 'leap' });
});

test('H1: an order written by hand is what its shape derives, with the payment', (t) => {
  const body = Compile(OrderBody);
  const derived = presenter(OrderShape);
  const orders = fc.record({
    userId: fc.stringMatching(/^[!-~]{1,128}$/),
    status: fc.constantFrom('reserved', 'confirmed', 'refunded' as const),
    createdAt: fc.nat(),
    holdExpiresAt: fc.option(fc.nat()),
    paymentReference: fc.option(fc.string()),
    refundRequested: fc.boolean(),
  });
  fc.assert(
    fc.property(orders, (some) => {
      const order = {
        ...some,
        id: 'd_1-0',
        dropId: 'd_1',
        quantity: 1,
        totalAmount: 5,
        currency: 'EUR',
        version: 3,
      } as OrderView;
      const written = JSON.parse(orderJson(order, 'provider')) as unknown;
      const reference = order.paymentReference;
      const payment = reference === null ? {} : { payment: { provider: 'provider', reference } };
      t.deepEqual(written, { ...derived(order), ...payment });
      t.true(body.Check(written));
    }),
  );
});

test('N3, D5: every frame has a shape in the contract, and says when it was made', (t) => {
  const at = 1_800_000_000_000;
  const frame = Compile(Type.Union(Object.values(SERVER_FRAMES)));
  const notification = {
    id: '17',
    userId: 'u',
    type: 'order.confirmed',
    data: { orderId: 'd_1-0' },
    createdAt: 0,
    readAt: null,
  };
  const liveDrop = { dropId: 'd_1', creatorId: 'c', productId: 'p_1', startsAt: at, endsAt: at };
  for (const text of [
    frames.pongFrame(at),
    frames.dropFrame('drop.sold_out', 'drop:d_1', dropView(), at),
    frames.sentSnapshot(frames.dropFrame('drop.snapshot', 'drop:d_1', dropView(), at), at + 1),
    frames.notificationFrame(notification, at),
    frames.mediaFrame({ mediaId: 'm_1', status: 'ready' }, at),
    frames.mediaFrame({ mediaId: 'm_1', status: 'refused', reason: 'No picture.' }, at),
    frames.readyFrame('u', 1, null, at),
    frames.readyFrame('u', 1, [liveDrop], at),
    frames.authenticatedFrame(Number.MAX_SAFE_INTEGER, at),
    frames.subscribedFrame('drop:d_1', at),
    frames.unsubscribedFrame('drop:d_1', at),
    frames.resumedFrame('17', 2, at),
    frames.errorFrame({ code: 'forbidden', detail: 'No.', request: 'subscribe', topic: 'x' }, at),
  ]) {
    t.true(frame.Check(JSON.parse(text)), text);
    t.is((JSON.parse(text) as { at: number }).at, at);
  }
  t.false(frame.Check({ type: 'drop.eaten', topic: 'x', dropId: 'd', version: 1, data: {} }));
  t.is(Object.keys(CLIENT_MESSAGES).length, 5);
});

test('X1: the contract knows as many shards as a cluster has', (t) => {
  t.is(SHARD_COUNT_MAX, SHARD_COUNT);
});
