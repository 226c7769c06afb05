// Passes of drops (D9): made by creators, shown by buyers, and spent once, whichever gateway takes
// the order.

import { onEachProfile } from './profiles.ts';
import { eventually, type Answer, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const HOUR_MS = 3_600_000;

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  async function sale(terms: Json = { access: 'pass' }): Promise<{ as: string; dropId: string }> {
    const as = server.fresh('creator');
    return { as, dropId: await server.drop(as, { stock: 50, limitPerUser: 20, ...terms }) };
  }

  async function make(dropId: string, as: string, body: Json): Promise<string[]> {
    const { status, json, text } = await server.post(`/v1/drops/${dropId}/passes`, { as, body });
    if (status !== 201) throw new Error(`passes were answered ${status}: ${text}`);
    return (json['items'] as { pass: string }[]).map(({ pass }) => pass);
  }

  let keys = 0;
  function order(dropId: string, as: string, pass: string, quantity = 1): Promise<Answer> {
    const headers = { 'idempotency-key': `k${++keys}` };
    return server.post(`/v1/drops/${dropId}/orders`, { as, headers, body: { quantity, pass } });
  }

  function codeOf({ status, json }: Answer): string {
    const { code } = json as { code?: string };
    return code === undefined ? `${status}` : `${status} ${code}`;
  }

  test('D9: a drop sells to those with a pass alone, as far as each pass goes', async (t) => {
    const { as, dropId } = await sale();
    t.is((await server.readDrop(dropId))['access'], 'pass');
    t.is(codeOf(await server.order(dropId, 'ann', 'k')), '403 pass-required');
    const [pass, other] = await make(dropId, as, { count: 2, units: 3 });
    t.regex(pass!, /^[0-9A-Z]{5}(-[0-9A-Z]{5}){4}$/);
    t.is(codeOf(await order(dropId, 'ann', pass!, 2)), '201');
    t.is(codeOf(await order(dropId, 'bob', pass!, 2)), '409 pass-used');
    t.is(codeOf(await order(dropId, 'bob', pass!.toLowerCase().replaceAll('-', ''))), '201');
    t.is(codeOf(await order(dropId, 'bob', other!, 3)), '201');
    const elsewhere = await sale();
    t.is(codeOf(await order(elsewhere.dropId, 'ann', other!)), '403 pass-invalid');
    const open = { access: 'public' };
    const opened = await server.call('PATCH', `/v1/drops/${dropId}`, { as, body: open });
    t.false('access' in opened.json, opened.text);
    await server.inAMoment(
      () => server.order(dropId, 'eve', 'k'),
      ({ status }) => status === 201,
    );
    t.is(codeOf(await server.order(dropId, 'eve', 'k')), '201');
  });

  test('D9: of many orders with a pass for one order, at every gateway, one is placed', async (t) => {
    const { as, dropId } = await sale();
    const [pass] = await make(dropId, as, { count: 1, units: 5, singleUse: true });
    const buyers = Array.from({ length: 20 }, (_, i) => `buyer${i}`);
    const answers = await Promise.all(buyers.map((buyer) => order(dropId, buyer, pass!)));
    const codes = answers.map(codeOf).toSorted();
    t.deepEqual(codes, ['201', ...Array.from({ length: 19 }, () => '409 pass-used')]);
    t.is((await server.readDrop(dropId))['sold'], 1);
  });

  test('D9, O3: the same order again is the same, and with another pass it is another', async (t) => {
    const { as, dropId } = await sale();
    const [pass, other] = await make(dropId, as, { count: 2, singleUse: true });
    const place = (text: string) =>
      server.post(`/v1/drops/${dropId}/orders`, {
        as: 'ann',
        headers: { 'idempotency-key': 'once' },
        body: { quantity: 1, pass: text },
      });
    const first = await place(pass!);
    t.is(first.status, 201);
    const again = await place(pass!);
    t.deepEqual([again.status, again.json['id']], [201, first.json['id']]);
    t.is(again.headers.get('idempotency-replayed'), 'true');
    t.is(codeOf(await place(other!)), '422 idempotency-key-reused');
  });

  test('D9, D5: with a pass the drop opens early, for everybody at its start', async (t) => {
    const startsAt = new Date(Date.now() + HOUR_MS).toISOString();
    const early = { startsAt, endsAt: new Date(Date.now() + 2 * HOUR_MS).toISOString() };
    const { as, dropId } = await sale({ ...early, earlyAccessSeconds: 7_200 });
    const [pass] = await make(dropId, as, { userIds: ['ann'], units: 2 });
    t.is(codeOf(await order(dropId, 'bob', pass!)), '403 pass-invalid', 'it is for another user');
    t.like((await server.order(dropId, 'ann', 'k')).json, { code: 'drop-not-live', startsAt });
    t.is(codeOf(await order(dropId, 'ann', pass!)), '201');
    t.like(await server.readDrop(dropId), { status: 'upcoming', earlyAccessSeconds: 7_200 });
    const minute = Math.floor(Date.now() / 60_000) * 60_000 + 600_000;
    const from = new Date(minute).toISOString();
    const [later] = await make(dropId, as, { count: 1, from });
    t.like((await order(dropId, 'bob', later!)).json, { code: 'pass-not-yet', startsAt: from });
    const dearer = { unitAmount: 1 };
    const changed = await server.call('PATCH', `/v1/drops/${dropId}`, { as, body: dearer });
    t.is(codeOf(changed), '409 drop-already-started');
    const orders = await server.listAll(`/v1/drops/${dropId}/orders`, as);
    t.is(orders.length, 1);
  });

  async function listOf(dropId: string, as: string, body: Json): Promise<Answer> {
    const queued = await server.post(`/v1/drops/${dropId}/pass-lists`, { as, body });
    if (queued.status !== 202) throw new Error(`the list was answered ${queued.text}`);
    const path = `/v1/pass-lists/${String(queued.json['id'])}`;
    return await eventually(
      () => server.get(path, { as }),
      ({ status }) => status === 200,
      60_000,
    );
  }

  test('D9: a job makes passes for all who follow since a time, each for that user', async (t) => {
    const { id: as } = await server.register('Cleo');
    const dropId = await server.drop(as, { access: 'pass' });
    const fans: string[] = [];
    for (const name of ['Old', 'New', 'Newer']) {
      const { id } = await server.register(name);
      fans.push(id);
      await server.post(`/v1/creators/${as}/follow`, { as: id });
    }
    const follows = await eventually(
      () => server.listAll(`/v1/creators/${as}/followers`),
      (found) => found.length === 3,
    );
    const followersSince = follows.find(({ userId }) => userId === fans[1])!['since']!;
    const list = await listOf(dropId, as, { followersSince, format: 'ndjson' });
    t.is(list.headers.get('pass-count'), String(list.text.trimEnd().split('\n').length));
    const made = list.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { pass: string; userId: string });
    const users = made.map(({ userId }) => userId);
    t.true(users.includes(fans[1]!) && users.includes(fans[2]!), list.text);
    const { pass, userId } = made[0]!;
    t.is(codeOf(await order(dropId, fans[0]!, pass)), '403 pass-invalid');
    t.is(codeOf(await order(dropId, userId, pass)), '201');
    const empty = await listOf(dropId, as, { followersSince: new Date().toISOString() });
    t.is(empty.text, 'pass,userId\r\n');
  });

  test('D9: a job makes many codes, all different, as CSV', async (t) => {
    const { as, dropId } = await sale();
    const list = await listOf(dropId, as, { count: 5_000, singleUse: true });
    const [head, ...lines] = list.text.trimEnd().split('\r\n');
    t.is(head, 'pass,userId');
    t.deepEqual([lines.length, new Set(lines).size], [5_000, 5_000]);
    t.is(list.headers.get('pass-count'), '5000');
    t.is(list.headers.get('cache-control'), 'private, no-store');
    for (const line of [lines[0]!, lines[4_999]!])
      t.is(codeOf(await order(dropId, 'ann', line.split(',')[0]!)), '201', line);
  });

  test('H11, D9: a request with a key makes the same passes, and one list', async (t) => {
    const { as, dropId } = await sale();
    for (const [list, status] of [
      ['passes', 201],
      ['pass-lists', 202],
    ] as const) {
      const ask = (body: Json) =>
        server.post(`/v1/drops/${dropId}/${list}`, {
          as,
          headers: { 'idempotency-key': 'k' },
          body,
        });
      const first = await ask({ count: 2 });
      const again = await ask({ count: 2 });
      t.deepEqual([first.status, again.status, again.text], [status, status, first.text]);
      t.is(again.headers.get('idempotency-replayed'), 'true');
      t.is(codeOf(await ask({ count: 3 })), '422 idempotency-key-reused');
    }
  });

  test('D9, A5: the creator, operators and keys for the catalogue make passes', async (t) => {
    const { as, dropId } = await sale();
    const path = `/v1/drops/${dropId}`;
    const operator = server.token('olga', 3_600, ['operator']);
    for (const list of ['passes', 'pass-lists']) {
      const body = { count: 1 };
      t.is(codeOf(await server.post(`${path}/${list}`, { as: 'ann', body })), '403 forbidden');
      t.true((await server.post(`${path}/${list}`, { token: operator, body })).status < 300);
      t.is((await server.post(`/v1/drops/d_none/${list}`, { as, body })).status, 404);
      for (const wrong of [{}, { count: 1, userIds: ['ann'] }, { from: '2027-01-01T00:00:00Z' }])
        t.true(
          [400, 422].includes((await server.post(`${path}/${list}`, { as, body: wrong })).status),
        );
      const odd = { count: 1, from: '2027-01-01T00:00:01Z' };
      t.is(codeOf(await server.post(`${path}/${list}`, { as, body: odd })), '422 invalid-request');
    }
    const scopes = ['catalogue:write'];
    const made = await server.post('/v1/account/api-keys', { as, body: { name: 'Crm', scopes } });
    const token = String(made.json['key']);
    t.is((await server.post(`${path}/passes`, { token, body: { count: 1 } })).status, 201);
    const queued = await server.post(`${path}/pass-lists`, { token, body: { count: 1 } });
    const file = `/v1/pass-lists/${String(queued.json['id'])}`;
    await eventually(
      () => server.get(file, { token }),
      ({ status }) => status === 200,
      60_000,
    );
    t.is((await server.get(file, { as: 'ann' })).status, 404);
    t.is((await server.get(file)).status, 401);
    t.is((await server.get(`/v1/exports/${String(queued.json['id'])}`, { as })).status, 404);
    await server.post(`${path}/cancel`, { as });
    const over = await server.post(`${path}/passes`, { as, body: { count: 1 } });
    t.is(codeOf(over), '409 drop-ended');
  });
});
