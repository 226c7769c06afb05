// Who may sell, and what is taken down, against the whole server (A11).

import { Value } from 'typebox/value';
import { STREAM_LINES, type StreamKind } from '../../contracts/changes.ts';
import { runCommand } from '../operator/run-command.ts';
import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { dropTerms, eventually, type Answer, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile, { LIVEDROPS_SELLERS: 'approved' });
  });
  test.after.always(() => server?.stop());

  const operator = () => server.token('boss', 60, ['operator']);
  const operate = (method: string, path: string, body?: Json): Promise<Answer> =>
    server.call(method, `/v1/operator/${path}`, {
      token: operator(),
      ...(body !== undefined && { body }),
    });
  const addProduct = (creator: string): Promise<Answer> =>
    server.post(`/v1/creators/${creator}/products`, { as: creator, body: { name: 'Lamp' } });

  async function approved(): Promise<string> {
    const creator = server.fresh('creator');
    const { status, text } = await operate('PUT', `sellers/${creator}`, { standing: 'approved' });
    if (status !== 200) throw new Error(text);
    return creator;
  }

  const changes = () => server.lines('/v1/changes?from=start', { token: operator() });

  /** Through both gateways. */
  async function statusOf(path: string, wanted: number): Promise<number> {
    let status = 0;
    for (let i = 0; i < 2; i++) {
      const read = async () => (await server.get(path)).status;
      status = await server.inAMoment(read, (found) => found === wanted);
      if (status !== wanted) return status;
    }
    return status;
  }

  const shows = async (list: string, id: string): Promise<boolean> =>
    (await server.listAll(list)).some((item) => item['id'] === id);

  test('A11: an unapproved creator sells nothing, is listed as pending, and sells when approved', async (t) => {
    const creator = server.fresh('creator');
    const refused = await addProduct(creator);
    t.deepEqual([refused.status, refused.json['code']], [403, 'not-approved']);
    const pending = await operate('GET', 'sellers?limit=100');
    t.true((pending.json['items'] as Json[]).some(({ creatorId }) => creatorId === creator));
    t.like((await operate('GET', `sellers/${creator}`)).json, { standing: 'pending', by: creator });
    const approval = { standing: 'approved', reason: 'known' };
    const changed = await operate('PUT', `sellers/${creator}`, approval);
    t.like(changed.json['seller'], { ...approval, creatorId: creator, by: 'boss' });
    t.is((await addProduct(creator)).status, 201);
    t.truthy(await server.drop(creator));
    t.is((await operate('PUT', `sellers/${creator}`, { standing: 'none' })).status, 200);
    t.is((await addProduct(creator)).json['code'], 'not-approved');
  });

  test('A11: who is suspended makes nothing new, and running drops are paused as the operator says', async (t) => {
    const creator = await approved();
    const product = await server.product(creator);
    const path = `/v1/products/${product}/drops`;
    const running = await server.drop(creator);
    const body = { ...dropTerms(), draft: true };
    const draft = String((await server.post(path, { as: creator, body })).json['id']);
    const addKeyed = () =>
      server.post(`/v1/creators/${creator}/products`, {
        as: creator,
        body: { name: 'Keyed' },
        headers: { 'idempotency-key': 'k' },
      });
    const keyed = await addKeyed();
    t.is((await operate('PUT', `sellers/${creator}`, { standing: 'suspended' })).status, 200);
    const repeated = await addKeyed();
    t.deepEqual([repeated.status, repeated.json], [201, keyed.json]);
    for (const refused of [
      await addProduct(creator),
      await server.post(path, { as: creator, body: dropTerms() }),
      await server.post(path, { as: creator, body }),
      await server.post(`/v1/drops/${draft}/announce`, { as: creator }),
    ])
      t.deepEqual([refused.status, refused.json['code']], [403, 'suspended']);
    t.is((await server.order(running, server.fresh('buyer'), 'k')).status, 201);
    const again = { standing: 'suspended', pauseDrops: true };
    t.truthy((await operate('PUT', `sellers/${creator}`, again)).json['jobId']);
    const paused = await eventually(
      () => server.readDrop(running),
      (drop) => drop['paused'] === true,
    );
    t.true(paused['paused']);
    const resume = await server.post(`/v1/drops/${running}/resume`, { as: creator });
    t.is(resume.json['code'], 'suspended');
    const byOperator = await server.post(`/v1/drops/${running}/resume`, { token: operator() });
    t.is(byOperator.status, 200);
    await operate('PUT', `sellers/${creator}`, { standing: 'approved' });
    t.is((await addProduct(creator)).status, 201);
  });

  test('A11: a drop that is taken down is gone from reads, lists and streams, and takes no orders', async (t) => {
    const creator = await approved();
    const dropId = await server.drop(creator);
    const [buyer, fan] = [server.fresh('buyer'), server.fresh('fan')];
    t.is((await server.order(dropId, buyer, 'k')).status, 201);
    const visitor = await LiveClient.visit(t, server, dropId);
    await visitor.next(({ type }) => type === 'drop.snapshot');
    await server.post(`/v1/creators/${creator}/follow`, { as: fan });
    /** Of followed creators, as a new stream of the fan is told. */
    const liveDrops = async () => {
      const client = await LiveClient.listen(t, server, fan);
      client.socket.close();
      return client.frames.find(({ type }) => type === 'ready')?.liveDrops?.length;
    };
    t.is(await eventually(liveDrops, (count) => count === 1), 1);
    t.is((await operate('PUT', `take-downs/drops/${dropId}`, { reason: 'fake' })).status, 200);
    t.is(await statusOf(`/v1/drops/${dropId}`, 404), 404);
    t.false(
      await server.inAMoment(
        () => shows('/v1/drops', dropId),
        (found) => !found,
      ),
    );
    const own = await server.get(`/v1/drops/${dropId}`, { as: creator });
    t.is(own.status, 200, 'its creator sees it');
    t.is(own.headers.get('cache-control'), 'private, no-store');
    const order = () => server.order(dropId, fan, server.fresh('k'));
    const refused = await eventually(order, ({ json }) => json['code'] === 'drop-paused');
    t.is(refused.json['code'], 'drop-paused');
    t.is(await eventually(liveDrops, (count) => count === 0), 0);
    const late = await LiveClient.visit(t, server, dropId);
    await late.next(({ code }) => code === 'not-found');
    t.is((await server.post(`/v1/drops/${dropId}/resume`, { as: creator })).status, 403);
    const listed = await operate('GET', 'take-downs/drops');
    const row = (listed.json['items'] as Json[]).find(({ id }) => id === dropId);
    t.like(row, { of: 'drop', id: dropId, creatorId: creator, reason: 'fake', by: 'boss' });
    t.is((await operate('DELETE', `take-downs/drops/${dropId}`)).status, 204);
    t.is(await statusOf(`/v1/drops/${dropId}`, 200), 200);
    t.is((await operate('DELETE', `take-downs/drops/${dropId}`)).status, 404);
    t.is((await operate('PUT', 'take-downs/drops/d_nothing', {})).status, 404);
  });

  test('A11: with a creator or a product everything of it is hidden, and all of it is refunded where that is wished', async (t) => {
    const { id: creator } = await server.register('Cleo');
    await operate('PUT', `sellers/${creator}`, { standing: 'approved' });
    const dropId = await server.drop(creator);
    const product = String((await server.readDrop(dropId))['productId']);
    const orderId = String((await server.order(dropId, 'ann', 'k')).json['id']);
    const hide = `take-downs/products/${product}`;
    t.is((await operate('PUT', hide, { cancelDrops: true })).status, 200);
    t.is(await statusOf(`/v1/products/${product}`, 404), 404);
    t.is(await statusOf(`/v1/drops/${dropId}`, 404), 404);
    const isRefunded = (order: Json) => order['status'] === 'refunded';
    const order = await eventually(() => server.readOrder(orderId, 'ann'), isRefunded);
    t.is(order['status'], 'refunded');
    const path = `/v1/products/${product}/drops`;
    const more = await server.post(path, { as: creator, body: dropTerms() });
    t.deepEqual([more.status, more.json['code']], [403, 'forbidden']);
    const other = await server.product(creator);
    const follow = `/v1/creators/${creator}/follow`;
    t.is((await server.post(follow, { as: 'ann' })).status, 204);
    t.is((await operate('PUT', `take-downs/creators/${creator}`, {})).status, 200);
    t.is(await statusOf(`/v1/users/${creator}`, 404), 404);
    t.is(await statusOf(`/v1/products/${other}`, 404), 404);
    const products = await server.get(`/v1/products?creator_id=${creator}`);
    t.deepEqual(products.json['items'], []);
    t.deepEqual((await server.get('/v1/users/ann/following')).json['items'], []);
    t.is((await server.post(follow, { as: 'bob' })).status, 404);
    t.is((await addProduct(creator)).json['code'], 'suspended');
    const lines = (await changes()).filter(({ creatorId }) => creatorId === creator);
    for (const line of lines) t.true(Value.Check(STREAM_LINES[line['kind'] as StreamKind], line));
    const told = lines.filter(({ kind }) => kind === 'take-down' || kind === 'seller');
    const names = told.map(({ kind, of, id, standing }) =>
      [kind, of ?? standing, id ?? ''].map(String).join(' '),
    );
    t.deepEqual(names.toSorted(), [
      'seller approved ',
      `take-down creator ${creator}`,
      `take-down product ${product}`,
    ]);
    const exported = await server.get('/v1/account/export', { as: creator });
    t.true(exported.text.includes(other), 'one’s own data has what is hidden');
  });

  test('A11: only operators decide, and auditors see', async (t) => {
    const creator = server.fresh('creator');
    for (const [method, path, body] of [
      ['PUT', `sellers/${creator}`, { standing: 'approved' }],
      ['PUT', 'take-downs/creators/ann', {}],
      ['DELETE', 'take-downs/creators/ann', undefined],
      ['GET', 'sellers', undefined],
    ] as const) {
      const options = body === undefined ? {} : { body };
      const refused = await server.call(method, `/v1/operator/${path}`, {
        as: creator,
        ...options,
      });
      t.is(refused.status, 403, `${method} ${path}`);
    }
    const auditor = server.token('eye', 60, ['auditor']);
    t.is((await server.get('/v1/operator/sellers', { token: auditor })).status, 200);
  });

  // A command is a client of one gateway, whatever is behind it.
  if (profile === 'cluster') return;
  test('A11: livedrops sellers changes and lists what is sold', async (t) => {
    const creator = server.fresh('creator');
    const run = async (...args: string[]) => {
      const url = ['--url', server.nextUrl()];
      return await runCommand(['sellers', ...args, ...url], { environment: server.settings });
    };
    t.is((await run('approve', creator)).stdout, `${creator} is approved\n`);
    const list = await run('--standing', 'approved', '--json');
    const rows = JSON.parse(list.stdout) as Json[];
    t.true(rows.some(({ creatorId }) => creatorId === creator));
    const product = await server.product(creator);
    const hidden = await run('take-down', 'product', product, '--reason', 'fake');
    t.regex(hidden.stdout, new RegExp(`^the product ${product} is hidden; the job j_\\S+ pauses`));
    t.true((await run('take-downs', 'product')).stdout.includes(product));
    const shown = await run('restore', 'product', product);
    t.is(shown.stdout, `the product ${product} is shown again\n`);
    t.is((await run('suspend', creator, '--reason', 'fakes')).stdout, `${creator} is suspended\n`);
    const log = await server.get('/v1/operator/audit?limit=100', { token: operator() });
    const actions = (log.json['items'] as { action: string; params: Json }[])
      .filter(({ params }) => params['creatorId'] === creator || params['id'] === product)
      .map(({ action }) => action);
    t.deepEqual(actions, ['change-seller', 'restore', 'take-down', 'change-seller']);
  });
});
