// Products and drops that are unlisted (D10): whoever has the id of one reads it and buys, and
// nobody else is told of it.

import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { dropTerms, eventually, type Json, succeeded } from './sale-client.ts';
import type { SaleServer } from './sale-server.ts';
import { onBoth, startSearchServer } from './search-server.ts';

const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString();

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await startSearchServer(profile);
  });
  test.after.always(() => server?.stop());

  const idsAt = async (path: string, as?: string) => {
    const answer = await server.get(`${path}&limit=100`, as === undefined ? {} : { as });
    return (succeeded(answer).json['items'] as Json[]).map(({ id }) => String(id));
  };

  async function product(as: string, body: Json): Promise<string> {
    const answer = await server.post(`/v1/creators/${as}/products`, { as, body });
    return String(succeeded(answer).json['id']);
  }

  async function sell(as: string, productId: string, more: Json): Promise<Json> {
    const body = { ...dropTerms(), ...more };
    return succeeded(await server.post(`/v1/products/${productId}/drops`, { as, body })).json;
  }

  test.serial(
    'D10: an unlisted drop is read and bought by its id, and is in its creator’s list alone',
    async (t) => {
      const as = server.fresh('creator');
      const productId = await product(as, { name: 'Lamp' });
      const made = await sell(as, productId, { stock: 2, unlisted: true });
      t.true(made['unlisted']);
      const hidden = String(made['id']);
      const listed = String((await sell(as, productId, {}))['id']);
      const seen = await server.get(`/v1/drops/${hidden}`);
      t.like(seen.json, { id: hidden, unlisted: true });
      t.is((await server.order(hidden, 'ann', 'k')).status, 201);

      for (const list of [`creator_id=${as}`, `product_id=${productId}`])
        t.deepEqual(await idsAt(`/v1/drops?${list}`), [listed], list);
      const live = () => idsAt(`/v1/drops?status=live&creator_id=${as}`);
      t.deepEqual(await eventually(live, ({ length }) => length > 0), [listed]);
      t.false((await idsAt('/v1/drops?status=live')).includes(hidden));
      const own = `/v1/drops?unlisted=true&creator_id=${as}`;
      t.deepEqual(await idsAt(own, as), [listed, hidden]);
      t.deepEqual(await idsAt('/v1/drops?unlisted=true', as), [listed, hidden]);
      t.is((await server.get(own)).status, 401);
      t.is((await server.get(own, { as: 'mallory' })).status, 404);
      t.false((await idsAt('/v1/drops?unlisted=true', 'mallory')).includes(hidden));
      const token = server.token('olga', 3_600, ['operator']);
      const ofAll = await server.get('/v1/drops?unlisted=true&limit=100', { token });
      t.true((ofAll.json['items'] as Json[]).some(({ id }) => id === hidden));
      t.is(ofAll.headers.get('cache-control'), 'private, no-store');

      const patch = { as, body: { unlisted: false } };
      t.is((await server.call('PATCH', `/v1/drops/${hidden}`, patch)).status, 422);
    },
  );

  test.serial('D10: all drops of an unlisted product are unlisted, drafts too', async (t) => {
    const as = server.fresh('creator');
    const productId = await product(as, { name: 'Secret lamp', unlisted: true });
    t.like((await server.get(`/v1/products/${productId}`)).json, { unlisted: true });
    t.deepEqual(await idsAt(`/v1/products?creator_id=${as}`), []);
    t.deepEqual(await idsAt('/v1/products?unlisted=true', as), [productId]);
    t.is((await server.get('/v1/products?unlisted=true')).status, 401);
    const path = `/v1/products/${productId}`;
    const renamed = await server.call('PATCH', path, { as, body: { name: 'Secret torch' } });
    t.like(renamed.json, { name: 'Secret torch', unlisted: true });

    const draft = await sell(as, productId, { draft: true, unlisted: false });
    t.like(draft, { status: 'draft', unlisted: true });
    const at = `/v1/drops/${String(draft['id'])}`;
    const changed = await server.call('PATCH', at, { as, body: { stock: 3 } });
    t.like(changed.json, { stocked: 3, unlisted: true });
    t.like((await server.post(`${at}/announce`, { as })).json, { unlisted: true });
    t.deepEqual(await idsAt(`/v1/drops?creator_id=${as}`), []);
  });

  test.serial(
    'D10: followers hear nothing of an unlisted drop, and who watches it by its id all',
    async (t) => {
      const { id: as } = await server.register('Cleo');
      const fan = server.fresh('fan');
      succeeded(await server.post(`/v1/creators/${as}/follow`, { as: fan }));
      const stream = await LiveClient.listen(t, server, fan);
      const productId = await product(as, { name: 'Lamp' });
      const times = { startsAt: hours(1), endsAt: hours(2) };
      const hidden = String(
        (await sell(as, productId, { ...times, stock: 1, unlisted: true }))['id'],
      );
      const watching = await LiveClient.visit(t, server, hidden);
      await watching.next(({ type }) => type === 'drop.snapshot');
      await server.soon(hidden, as, 'startsAt');
      await watching.next(({ type }) => type === 'drop.started');
      succeeded(await server.order(hidden, 'ann', 'k'));
      await watching.next(({ type }) => type === 'drop.sold_out');

      const listed = String((await sell(as, productId, {}))['id']);
      await stream.next(({ type, dropId }) => type === 'drop.started' && dropId === listed);
      t.false(stream.frames.some(({ dropId }) => dropId === hidden));
      const later = await LiveClient.listen(t, server, fan);
      const { liveDrops = [] } = await later.next(({ type }) => type === 'ready');
      t.deepEqual(
        (liveDrops as Json[]).map(({ dropId }) => dropId),
        [listed],
      );
    },
  );

  test.serial(
    'D10, A8: what is unlisted is in one’s own export, and keeps the account while it sells',
    async (t) => {
      const { id, session } = await server.register('Ada');
      const token = String(session['accessToken']);
      const body = { name: 'Secret lamp', unlisted: true };
      const made = succeeded(await server.post(`/v1/creators/${id}/products`, { token, body }));
      const productId = String(made.json['id']);
      const sold = await server.post(`/v1/products/${productId}/drops`, {
        token,
        body: dropTerms(),
      });
      const { json } = succeeded(await server.get('/v1/account/export', { token }));
      const ids = (name: string) => (json[name] as Json[]).map((one) => one['id']);
      t.deepEqual([ids('products'), ids('drops')], [[productId], [succeeded(sold).json['id']]]);
      const removal = { token, body: { password: 'correct horse battery' } };
      const refused = async () => (await server.post('/v1/account/deletion', removal)).json['code'];
      t.is(await eventually(refused, (code) => code === 'drops-not-over'), 'drops-not-over');
    },
  );

  test.serial('D10: search finds neither an unlisted product nor an unlisted drop', async (t) => {
    const { id: as } = await server.register('Zora');
    const word = 'Quokkalamp';
    const productId = await product(as, { name: word });
    await sell(as, productId, { unlisted: true });
    const secret = await product(as, { name: `${word} two`, unlisted: true });
    await sell(as, secret, {});
    const listed = String((await sell(as, productId, {}))['id']);
    const search = () => server.get(`/v1/search?q=${word}`);
    const isThere = ({ json }: { readonly json: Json }) =>
      (json['items'] as Json[]).some(({ id }) => id === listed);
    const answer = await onBoth(search, isThere);
    const found = (answer.json['items'] as Json[]).map(({ id }) => String(id));
    t.deepEqual(found.toSorted(), [listed, productId].toSorted());
  });
});
