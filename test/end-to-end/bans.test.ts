// Bans against the whole server: operators' everywhere, creators' from their own drops (A9).

import { runCommand } from '../operator/run-command.ts';
import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { eventually, type Answer, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const PROVIDER = { payment: 'provider', holdSeconds: 600 };

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  const operator = () => server.token('boss', 60, ['operator']);
  const ban = (userId: string, body: Json = {}): Promise<Answer> =>
    server.call('PUT', `/v1/operator/bans/${userId}`, { token: operator(), body });
  const banBy = (creator: string, userId: string, body: Json = {}, as = creator) =>
    server.call('PUT', `/v1/creators/${creator}/bans/${userId}`, { as, body });

  /** Both gateways refuse: `inAMoment` asks each in turn. */
  async function isBanned(dropId: string, userId: string): Promise<boolean> {
    for (let i = 0; i < 2; i++) {
      const refused = await server.inAMoment(
        () => server.order(dropId, userId, server.fresh('k')),
        ({ status }) => status === 403,
      );
      if (refused.status !== 403 || refused.json['code'] !== 'banned') return false;
    }
    return true;
  }

  async function progressOf(jobId: unknown): Promise<Json> {
    const path = `/v1/operator/jobs/${String(jobId)}`;
    const read = async () =>
      (await server.get(path, { token: operator() })).json['progress'] as Json;
    return await eventually(read, ({ done }) => done === 1);
  }

  test('A9: who is banned everywhere orders nowhere with tokens that are good, until it is lifted', async (t) => {
    const buyer = server.fresh('buyer');
    const dropId = await server.drop(server.fresh('creator'));
    const first = await server.order(dropId, buyer, 'before');
    t.is(first.status, 201);
    const made = await ban(buyer, { reason: 'resold' });
    t.is(made.status, 200, made.text);
    t.like(made.json['ban'], { userId: buyer, reason: 'resold', bannedBy: 'boss', until: null });
    t.true(await isBanned(dropId, buyer));
    const follow = await server.post(`/v1/creators/${server.fresh('c')}/follow`, { as: buyer });
    t.is(follow.json['code'], 'banned');
    const path = `/v1/creators/${buyer}/products`;
    t.is((await server.post(path, { as: buyer, body: { name: 'X' } })).json['code'], 'banned');
    // The account, its orders and what is public stay to be read.
    t.is((await server.readOrder(String(first.json['id']), buyer))['status'], 'confirmed');
    t.is((await server.get(`/v1/drops/${dropId}`, { as: buyer })).status, 200);
    const listed = await server.get('/v1/operator/bans', { token: operator() });
    t.true((listed.json['items'] as Json[]).some(({ userId }) => userId === buyer));
    const lifted = await server.call('DELETE', `/v1/operator/bans/${buyer}`, { token: operator() });
    t.is(lifted.status, 204);
    const again = () => server.order(dropId, buyer, 'after');
    t.is((await server.inAMoment(again, ({ status }) => status === 201)).status, 201);
    const twice = await server.call('DELETE', `/v1/operator/bans/${buyer}`, { token: operator() });
    t.is(twice.status, 404);
  });

  test('A9: a creator’s ban is about that creator’s drops and followers', async (t) => {
    const [buyer, creator, other] = ['buyer', 'creator', 'creator'].map((one) => server.fresh(one));
    const [dropId, otherDrop] = [await server.drop(creator!), await server.drop(other!)];
    const follow = `/v1/creators/${creator}/follow`;
    const stream = await LiveClient.listen(t, server, buyer!);
    t.is((await server.post(follow, { as: buyer! })).status, 204);
    const made = await banBy(creator!, buyer!, { reason: 'rude' });
    t.is(made.status, 200, made.text);
    t.like(made.json['ban'], { userId: buyer, creatorId: creator, reason: 'rude' });
    t.true(await isBanned(dropId, buyer!));
    t.is((await server.order(otherDrop, buyer!, 'k')).status, 201);
    // The job ends the follow, and open streams leave the creator.
    const topic = `creator:${creator}`;
    const isGone = async () => {
      const answer = await stream.ask(
        { type: 'unsubscribe', topic },
        (frame) => frame.topic === topic && ['error', 'unsubscribed'].includes(frame.type),
      );
      return answer.type === 'unsubscribed' || answer.code !== 'forbidden';
    };
    t.true(await eventually(isGone, Boolean));
    const refused = await server.inAMoment(
      () => server.post(follow, { as: buyer! }),
      ({ status }) => status === 403,
    );
    t.is(refused.json['code'], 'banned');
    const listed = await server.listAll(`/v1/creators/${creator}/bans`, creator);
    t.deepEqual(
      listed.map(({ userId }) => userId),
      [buyer],
    );
    const lift = `/v1/creators/${creator}/bans/${buyer}`;
    t.is((await server.call('DELETE', lift, { as: creator! })).status, 204);
    const again = () => server.order(dropId, buyer!, 'after');
    t.is((await server.inAMoment(again, ({ status }) => status === 201)).status, 201);
  });

  test('A9: holds of a banned user are let go at once, and orders refunded where that is wished', async (t) => {
    const [buyer, creator] = [server.fresh('buyer'), server.fresh('creator')];
    const held = await server.drop(creator, PROVIDER);
    const sold = await server.drop(creator);
    const other = await server.drop(server.fresh('creator'), PROVIDER);
    const reserved = await server.order(held, buyer, 'k', 3);
    t.is(reserved.json['status'], 'reserved');
    t.is((await server.order(sold, buyer, 'k', 2)).status, 201);
    t.is((await server.order(other, buyer, 'k', 1)).status, 201);
    await eventually(
      async () => await server.listAll('/v1/orders', buyer),
      (orders) => orders.length === 3,
    );
    t.is((await banBy(creator, buyer, { refundOrders: true, restock: false })).status, 200);
    const isFree = (drop: Json) => drop['held'] === 0;
    t.like(await eventually(() => server.readDrop(held), isFree), { held: 0, free: 10 });
    t.is((await server.readOrder(String(reserved.json['id']), buyer))['status'], 'cancelled');
    const isRefunded = (drop: Json) => drop['sold'] === 0;
    t.like(await eventually(() => server.readDrop(sold), isRefunded), { stocked: 8, free: 8 });
    // Another creator's drops are not meant.
    t.like(await server.readDrop(other), { held: 1 });
    const everywhere = await ban(buyer);
    t.like(await eventually(() => server.readDrop(other), isFree), { held: 0 });
    t.like(await progressOf(everywhere.json['jobId']), { done: 1, refused: {} });
  });

  test('A9: only operators ban everywhere, creators for themselves; nobody bans operators', async (t) => {
    const [creator, buyer] = [server.fresh('creator'), server.fresh('buyer')];
    const path = `/v1/operator/bans/${buyer}`;
    t.is((await server.call('PUT', path, { as: creator, body: {} })).status, 403);
    t.is((await server.call('DELETE', path, { as: creator })).status, 403);
    t.is((await server.get('/v1/operator/bans', { as: creator })).status, 403);
    t.is((await banBy(creator, buyer, {}, buyer)).status, 403);
    t.is((await server.get(`/v1/creators/${creator}/bans`, { as: buyer })).status, 403);
    t.is((await banBy(creator, creator)).status, 422);
    const past = { until: new Date(Date.now() - 1_000).toISOString() };
    t.is((await ban(buyer, past)).status, 422);
    const { id, email } = await server.register('Olga');
    const body = { email, role: 'auditor' };
    await server.post('/v1/operator/operators', { token: operator(), body });
    t.is((await ban(id)).status, 422);
    const auditor = server.token('eye', 60, ['auditor']);
    t.is((await server.get('/v1/operator/bans', { token: auditor })).status, 200);
    t.is((await server.call('PUT', path, { token: auditor, body: {} })).status, 403);
  });

  // A command is a client of one gateway, whatever is behind it.
  if (profile === 'cluster') return;
  test('A9: livedrops ban, unban and bans', async (t) => {
    const buyer = server.fresh('buyer');
    const dropId = await server.drop(server.fresh('creator'));
    const run = async (...args: string[]) => {
      const url = ['--url', server.nextUrl()];
      return await runCommand([...args, ...url], { environment: server.settings });
    };
    const made = await run('ban', buyer, '--reason', 'bots', '--for', '2h');
    t.regex(made.stdout, new RegExp(`^${buyer} is banned until \\S+; the job j_\\S+ lets`));
    t.is(made.code, 0, made.stderr);
    t.true(await isBanned(dropId, buyer));
    const rows = JSON.parse((await run('bans', '--json')).stdout) as Json[];
    t.like(
      rows.find(({ userId }) => userId === buyer),
      { reason: 'bots', bannedBy: 'operator' },
    );
    t.is((await run('unban', buyer)).stdout, `${buyer} is banned no more\n`);
    t.is((await run('unban', buyer)).code, 1);
    const { stdout } = await run('bans', '--creator', 'nobody');
    t.is(stdout, 'No bans.\n');
    const log = await server.get(`/v1/operator/audit?target=${buyer}`, { token: operator() });
    const actions = (log.json['items'] as { action: string; params: Json }[])
      .filter(({ params }) => params['userId'] === buyer)
      .map(({ action }) => action);
    t.deepEqual(actions, ['unban', 'ban']);
  });
});
