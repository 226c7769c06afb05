// Requests with an Idempotency-Key on both profiles (H11). On the cluster the calls go to two
// gateways in turn, so each repeat comes through the other node.

import type { ExecutionContext } from 'ava';
import { onEachProfile } from './profiles.ts';
import type { Answer, CallOptions, SaleClient } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let sale: SaleServer;
  test.before(async () => {
    sale = await SaleServer.start(profile);
  });
  test.after.always(() => sale.stop());

  test('H11: a repeated PATCH restocks once; another body under the key is 422', async (t) => {
    const creator = sale.fresh('creator');
    const drop = await sale.drop(creator, { stock: 10 });
    const body = { addStock: 10 };
    const first = await keyed(sale, 'PATCH', `/v1/drops/${drop}`, 'k', { as: creator, body });
    t.is(first.json['stocked'], 20, first.text);
    t.is(first.headers.get('idempotency-replayed'), null);
    await keyed(sale, 'PATCH', `/v1/drops/${drop}`, 'k2', { as: creator, body });
    for (let i = 0; i < 2; i++) {
      const again = await keyed(sale, 'PATCH', `/v1/drops/${drop}`, 'k', { as: creator, body });
      assertReplay(t, again, first);
    }
    const other = await keyed(sale, 'PATCH', `/v1/drops/${drop}`, 'k', {
      as: creator,
      body: { addStock: 11 },
    });
    t.is(other.status, 422);
    t.is(other.json['code'], 'idempotency-key-reused');
    t.is((await sale.readDrop(drop))['stocked'], 30);
  });

  test('H11: fields in another order are the same body; a key counts for its caller', async (t) => {
    const creator = sale.fresh('creator');
    const drop = await sale.drop(creator, { startsAt: inAnHour(), endsAt: inAnHour(2) });
    const path = `/v1/drops/${drop}`;
    const first = await keyed(sale, 'PATCH', path, 'k', {
      as: creator,
      body: '{"limitPerUser": 3, "addStock": 1}',
    });
    t.is(first.status, 200, first.text);
    const again = await keyed(sale, 'PATCH', path, 'k', {
      as: creator,
      body: '{"addStock":1,"limitPerUser":3}',
    });
    assertReplay(t, again, first);
    const stranger = await keyed(sale, 'PATCH', path, 'k', {
      as: sale.fresh('stranger'),
      body: '{"addStock":1,"limitPerUser":3}',
    });
    t.is(stranger.status, 403);
  });

  test('H11: a repeated cancellation and refund are answered as the first time', async (t) => {
    const creator = sale.fresh('creator');
    const buyer = sale.fresh('buyer');
    const drop = await sale.drop(creator);
    const order = String((await sale.order(drop, buyer, 'o')).json['id']);
    const refund = `/v1/orders/${order}/refund`;
    const refunded = await keyed(sale, 'POST', refund, 'k', { as: creator });
    t.is(refunded.json['status'], 'refunded', refunded.text);
    assertReplay(t, await keyed(sale, 'POST', refund, 'k', { as: creator }), refunded);

    const held = await sale.drop(creator, { payment: 'provider' });
    const reserved = String((await sale.order(held, buyer, 'o')).json['id']);
    const cancelOrder = `/v1/orders/${reserved}/cancel`;
    const cancelled = await keyed(sale, 'POST', cancelOrder, 'k', { as: buyer });
    t.is(cancelled.json['status'], 'cancelled', cancelled.text);
    assertReplay(t, await keyed(sale, 'POST', cancelOrder, 'k', { as: buyer }), cancelled);

    const cancelDrop = `/v1/drops/${held}/cancel`;
    const over = await keyed(sale, 'POST', cancelDrop, 'k', { as: creator });
    t.is(over.json['status'], 'cancelled', over.text);
    assertReplay(t, await keyed(sale, 'POST', cancelDrop, 'k', { as: creator }), over);
  });

  test('H11: a key of the wrong form, an empty one and two of them are 400', async (t) => {
    const creator = sale.fresh('creator');
    const drop = await sale.drop(creator, { stock: 10 });
    for (const key of ['', 'a b', '\u00e4', 'x'.repeat(256), 'a, b']) {
      const answer = await keyed(sale, 'PATCH', `/v1/drops/${drop}`, key, {
        as: creator,
        body: { addStock: 1 },
      });
      t.is(answer.status, 400, key);
      t.is(answer.json['code'], 'invalid-request', key);
    }
    t.is((await sale.readDrop(drop))['stocked'], 10);
  });
});

function keyed(
  sale: SaleClient,
  method: string,
  path: string,
  key: string,
  options: CallOptions,
): Promise<Answer> {
  return sale.call(method, path, { ...options, headers: { 'idempotency-key': key } });
}

function assertReplay(t: ExecutionContext, again: Answer, first: Answer): void {
  t.is(again.status, first.status, again.text);
  t.is(again.text, first.text);
  t.is(again.headers.get('location'), first.headers.get('location'));
  t.is(again.headers.get('idempotency-replayed'), 'true');
}

function inAnHour(hours = 1): string {
  return new Date(Date.now() + hours * 3_600_000).toISOString();
}
