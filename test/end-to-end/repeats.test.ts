// Requests with an Idempotency-Key on both profiles (H11). On the cluster the calls go to two
// gateways in turn, so each repeat comes through the other node.

import type { ExecutionContext } from 'ava';
import { onEachProfile } from './profiles.ts';
import {
  type Answer,
  type CallOptions,
  dropTerms,
  eventually,
  type Json,
  type SaleClient,
} from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let sale: SaleServer;
  test.before(async () => {
    sale = await SaleServer.start(profile);
  });
  test.after.always(() => sale?.stop());

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

  test('H11: a product is added and changed once', async (t) => {
    const creator = sale.fresh('creator');
    const add = `/v1/creators/${creator}/products`;
    const lamp = { as: creator, body: { name: 'Lamp', imageUrls: ['https://example.com/a.png'] } };
    const added = await keyed(sale, 'POST', add, 'k', lamp);
    t.is(added.status, 201, added.text);
    assertReplay(t, await keyed(sale, 'POST', add, 'k', lamp), added);
    t.is((await sale.listAll(`/v1/products`, creator)).filter(ofCreator(creator)).length, 1);

    const path = `/v1/products/${String(added.json['id'])}`;
    const name = { as: creator, body: { name: 'Lantern' } };
    const changed = await keyed(sale, 'PATCH', path, 'k', name);
    t.is(changed.json['revision'], 2, changed.text);
    await sale.call('PATCH', path, { as: creator, body: { name: 'Torch' } });
    assertReplay(t, await keyed(sale, 'PATCH', path, 'k', name), changed);
    const other = await keyed(sale, 'PATCH', path, 'k', { as: creator, body: { name: 'Candle' } });
    t.is(other.status, 422);
    t.like((await sale.get(path)).json, { name: 'Torch', revision: 3 });
    // The first answer again, although the product is another by now.
    assertReplay(t, await keyed(sale, 'POST', add, 'k', lamp), added);
  });

  test('H11: a drop is made once, and its creation answered as then', async (t) => {
    const creator = sale.fresh('creator');
    const path = `/v1/products/${await sale.product(creator)}/drops`;
    const terms = { as: creator, body: dropTerms() };
    const made = await keyed(sale, 'POST', path, 'k', terms);
    t.is(made.status, 201, made.text);
    const drop = String(made.json['id']);
    t.is((await sale.order(drop, sale.fresh('buyer'), 'o')).status, 201);
    assertReplay(t, await keyed(sale, 'POST', path, 'k', terms), made);
    await sale.soon(drop, creator, 'endsAt');
    await eventually(
      () => sale.readDrop(drop),
      ({ status }) => status === 'ended',
    );
    assertReplay(t, await keyed(sale, 'POST', path, 'k', terms), made);
    const listed = await sale.get(`/v1/drops?creator_id=${creator}`);
    t.is((listed.json['items'] as unknown[]).length, 1);
    const other = { ...terms, body: { ...terms.body, stock: 11 } };
    t.is((await keyed(sale, 'POST', path, 'k', other)).status, 422);
  });

  test('H11: many tries at the same moment make one drop and one product', async (t) => {
    const creator = sale.fresh('creator');
    const add = `/v1/creators/${creator}/products`;
    const products = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(() =>
        keyed(sale, 'POST', add, 'k', { as: creator, body: { name: 'Lamp' } }),
      ),
    );
    t.is(new Set(products.map(({ text }) => text)).size, 1);
    const path = `/v1/products/${String(products[0]!.json['id'])}/drops`;
    const terms = { as: creator, body: dropTerms() };
    const drops = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(() => keyed(sale, 'POST', path, 'k', terms)),
    );
    t.is(new Set(drops.map(({ text }) => text)).size, 1, drops.map(({ text }) => text).join('\n'));
    const fresh = drops.filter(({ headers }) => headers.get('idempotency-replayed') === null);
    t.is(fresh.length, 1);
  });

  test('H11: a refused request is not remembered', async (t) => {
    const creator = sale.fresh('creator');
    const path = `/v1/products/${await sale.product(creator)}/drops`;
    const past = {
      as: creator,
      body: { ...dropTerms(), startsAt: inMs(-9_000), endsAt: inMs(-1) },
    };
    t.is((await keyed(sale, 'POST', path, 'k', past)).status, 422);
    t.is((await keyed(sale, 'POST', path, 'k', { as: creator, body: dropTerms() })).status, 201);
  });

  test('H11: a repeated follow does not follow again', async (t) => {
    const creator = sale.fresh('creator');
    await sale.product(creator);
    const fan = sale.fresh('fan');
    const path = `/v1/creators/${creator}/follow`;
    const followed = await keyed(sale, 'POST', path, 'k', { as: fan });
    t.is(followed.status, 204);
    t.is((await sale.call('DELETE', path, { as: fan })).status, 204);
    assertReplay(t, await keyed(sale, 'POST', path, 'k', { as: fan }), followed);
    const asked = `/v1/follows?user_id=${fan}&creator_id=${creator}`;
    t.deepEqual((await sale.get(asked)).json, { following: false });
  });

  test('H11: a repeated read-all marks nothing that came later', async (t) => {
    const creator = sale.fresh('creator');
    const buyer = sale.fresh('buyer');
    const drop = await sale.drop(creator);
    const feedWith = async (count: number): Promise<Json> =>
      await eventually(
        async () => (await sale.get('/v1/notifications', { as: buyer })).json,
        ({ items }) => (items as unknown[]).length === count,
      );
    await sale.order(drop, buyer, 'o1');
    await feedWith(1);
    const path = '/v1/notifications/read-all';
    const read = await keyed(sale, 'POST', path, 'k', { as: buyer });
    t.is(read.status, 204);
    await sale.order(drop, buyer, 'o2');
    await feedWith(2);
    assertReplay(t, await keyed(sale, 'POST', path, 'k', { as: buyer }), read);
    const feed = await feedWith(2);
    t.is(feed['unreadCount'], 1);
    const [newest] = feed['items'] as Json[];
    const one = `/v1/notifications/${String(newest!['id'])}/read`;
    const marked = await keyed(sale, 'POST', one, 'k', { as: buyer });
    t.is(marked.status, 204);
    assertReplay(t, await keyed(sale, 'POST', one, 'k', { as: buyer }), marked);
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
  return inMs(hours * 3_600_000);
}

function inMs(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

function ofCreator(creator: string) {
  return ({ creatorId }: Json): boolean => creatorId === creator;
}
