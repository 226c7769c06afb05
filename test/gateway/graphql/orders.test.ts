import test from 'ava';
import { refusal, success } from '../../../domain/refusal.ts';
import { drop, NOW, order, startFixture } from '../fixture.ts';
import { ask } from './ask.ts';

const PLACE = `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
  __typename
  ... on PlaceOrderPayload {
    replayed order { id restId status totalAmount { decimal currency } drop { restId } }
  }
  ... on Refused { code status detail }
  ... on StockRefusal { orderId version }
  ... on NotYetRefusal { startsAt serverTime }
} }`;
const input = { dropId: 'RHJvcDpkcnBfMQ==', quantity: 1, idempotencyKey: 'k1' };
const as = 'buyer';

test('G1: an order goes the path of REST, with its key, metadata and pass of the input', async (t) => {
  const fixture = await startFixture(t);
  let replayed = false;
  fixture.router.answer = ({ type }) =>
    type === 'get-drop' ? success(drop) : success({ order, replayed });
  const metadata = { size: 'L' };
  const placed = await ask(fixture, PLACE, { input: { ...input, metadata } }, { as });
  t.is(placed.status, 200);
  t.deepEqual(placed.data['placeOrder'], {
    __typename: 'PlaceOrderPayload',
    replayed: false,
    order: {
      id: 'T3JkZXI6ZHJwXzEtMA==',
      restId: 'drp_1-0',
      status: 'CONFIRMED',
      totalAmount: { decimal: '15.00', currency: 'EUR' },
      drop: { restId: 'drp_1' },
    },
  });
  t.deepEqual(fixture.router.ofType('place-order'), [
    {
      type: 'place-order',
      dropId: 'drp_1',
      userId: 'buyer',
      key: 'k1',
      quantity: 1,
      metadata: '{"size":"L"}',
    },
  ]);
  replayed = true;
  const again = await ask(fixture, PLACE, { input: { ...input, dropId: 'drp_1' } }, { as });
  t.like(again.data['placeOrder'], { replayed: true });
});

test('G1: refusals are typed results with the codes of REST', async (t) => {
  const fixture = await startFixture(t);
  const place = async (change: object = {}) =>
    (await ask(fixture, PLACE, { input: { ...input, ...change } }, { as })).data['placeOrder'];
  fixture.router.answer = () => ({ ...refusal('limit-per-user'), orderId: 'drp_1-0', version: 7 });
  t.deepEqual(await place(), {
    __typename: 'StockRefusal',
    code: 'limit-per-user',
    status: 409,
    detail: null,
    orderId: 'drp_1-0',
    version: 7,
  });
  fixture.router.answer = () => ({ ...refusal('drop-not-live'), startsAt: NOW + 1_000 });
  t.like(await place(), {
    __typename: 'NotYetRefusal',
    code: 'drop-not-live',
    startsAt: '2026-03-01T12:00:01.000Z',
    serverTime: '2026-03-01T12:00:00.000Z',
  });
  t.like(await place({ quantity: 0 }), {
    __typename: 'Refusal',
    code: 'invalid-request',
    status: 422,
    detail: 'quantity: must be >= 1.',
  });
  t.like(await place({ idempotencyKey: '' }), { code: 'idempotency-key-missing', status: 400 });
  t.like(await place({ dropId: 'no drop' }), { code: 'not-found', status: 404 });
  t.is(fixture.router.ofType('place-order').length, 2);
});

test('G1: faults are errors with their code, and when to try again', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => refusal('unavailable');
  const { status, json, codes } = await ask(fixture, PLACE, { input }, { as });
  t.is(status, 200);
  t.is(json['data'], null);
  t.deepEqual(codes, ['unavailable']);
  t.like(json, { errors: [{ extensions: { retryAfterMs: 1_000 } }] });
});

test('G1: an order is cancelled and refunded once for a key', async (t) => {
  const fixture = await startFixture(t);
  const requests: unknown[] = [];
  fixture.actions['orders.cancel'] = ({ request }: { request: object }) => {
    requests.push(request);
    return { ...success({ ...order, status: 'cancelled' }), replayed: true };
  };
  const cancelled = await ask(
    fixture,
    `mutation { cancelOrder(input: { orderId: "drp_1-0", idempotencyKey: "once" }) {
      ... on CancelOrderPayload { replayed order { status } }
    } }`,
    {},
    { as },
  );
  t.deepEqual(cancelled.data['cancelOrder'], { replayed: true, order: { status: 'CANCELLED' } });
  const headers = { 'idempotency-key': 'once' };
  await fixture.request('POST', '/v1/orders/drp_1-0/cancel', { as, headers });
  t.is(requests.length, 2);
  t.deepEqual(requests[0], requests[1]);
});

test('G1: a refund takes what REST takes, and absent fields are absent', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['orders.refund'] = () => success({ ...order, refundedAmount: 500 });
  const { data } = await ask(
    fixture,
    `mutation { refundOrder(input: { orderId: "drp_1-0", amount: 500, reason: null }) {
      ... on RefundOrderPayload { order { refundedAmount { amount } } }
    } }`,
    {},
    { as: 'creator' },
  );
  t.deepEqual(data['refundOrder'], { order: { refundedAmount: { amount: 500 } } });
  t.like(fixture.calls.at(-1), { params: { orderId: 'drp_1-0', details: { amount: 500 } } });
  t.false('reason' in (fixture.calls.at(-1)!.params['details'] as object));
});
