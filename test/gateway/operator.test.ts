// The operators' routes over real HTTP, with fakes behind them.

import test from 'ava';
import { Compile } from 'typebox/compile';
import { refusal, success } from '../../domain/refusal.ts';
import { NewOperator } from '../../contracts/operator-accounts.ts';
import { CacheEviction } from '../../contracts/caches.ts';
import { PushKeyRotation } from '../../contracts/push-keys.ts';
import { Dismissal, RefundChangeBody, RefundPage } from '../../contracts/refunds.ts';
import { SellerChange } from '../../contracts/restrictions.ts';
import * as schemas from '../../contracts/operator.ts';
import { StreamSlots } from '../../gateway/http/stream-slots.ts';
import { MediaUrls, NO_MEDIA } from '../../gateway/media-urls.ts';
import { operatorRoutes } from '../../gateway/rest/operator.ts';
import type { NodeRow, ShardRow, MoveRecord, RunState } from '../../contracts/operator.ts';
import { ProblemPage } from '../../contracts/payment-problems.ts';
import { paymentProblem } from '../events/payments/payment-problems.ts';
import { parkedRefund } from '../events/payments/parked-refunds.ts';
import { startPretendGateway } from '../operator/pretend-gateway.ts';
import { WRONG_BODIES } from './bad-requests.ts';
import { type Fixture, NOW, startFixture } from './fixture.ts';

const AS = 'boss+operator';
const caller = { userId: 'boss', roles: ['operator'] };
const TIME = '2026-03-01T12:00:00.000Z';
const NOW_TEXT = new Date(parkedRefund().parkedAt).toISOString();
const plan = {
  applied: true,
  moves: [{ shard: 7, from: 'node-1', to: 'node-2', reason: 'An operator pinned it to node-2.' }],
};
const node: NodeRow = {
  nodeId: 'node-1',
  state: 'serving',
  incarnation: 'run-1',
  weight: 1.5,
  startedAt: NOW,
  url: null,
  shardsOwned: 3,
  shardsWanted: 4,
  liveDrops: 1,
  ordersPerSecond: 12.25,
  relayLag: 0,
  leaseMs: 2_400.5,
  clockSkewMs: -3.25,
  level: 1,
};
const quarantined = { dropId: 'd_1', since: NOW, reason: 'stock of d_1 does not add up' };
const shard: ShardRow = {
  shard: 7,
  status: 'serving',
  fault: null,
  quarantined: [quarantined],
  epoch: 4,
  sequence: 120,
  waiting: 0,
  drops: 2,
  liveDrops: 1,
  ordersPerSecond: 3.5,
  relayLag: 2,
  owner: 'node-1',
  wanted: null,
  pinned: false,
  answered: true,
};
const move: MoveRecord = {
  id: 'move-1',
  shard: 7,
  from: 'node-1',
  to: 'node-2',
  startedAt: NOW,
  endedAt: NOW,
  blackoutMs: null,
  result: 'rolled-back',
  reason: 'node-2 could not prepare.',
};
const rebuilt = {
  applied: true,
  shards: [{ shard: 7, entries: 90, orders: 3, notifications: 2, reason: null }],
};

const run: RunState = {
  id: 'a-run',
  kind: 'rebuild',
  startedBy: 'boss',
  startedAt: NOW,
  progress: { phase: 'rows', shards: 0, shardsDone: 0, total: 1024, done: 1024 },
  end: { type: 'report', report: rebuilt },
};
const urls = new MediaUrls(NO_MEDIA);
const RUN_OPTIONS = { slots: new StreamSlots(), now: () => NOW, urls };

/** The bodies that have to have something. */
const RIGHT_BODIES = new Map<unknown, object>([
  [schemas.NewRun, { kind: 'verify' }],
  [schemas.PinChange, { to: 'node-2' }],
  [SellerChange, { standing: 'approved' }],
  [NewOperator, { email: 'ada@example.com', role: 'operator' }],
  [PushKeyRotation, { after: 'k1' }],
  [CacheEviction, { kind: 'drops' }],
  [Dismissal, { reason: 'Paid back by hand.' }],
]);

/** Every action gets the reply of an existing object. */
async function start(t: Parameters<typeof startFixture>[0]): Promise<Fixture> {
  const fixture = await startFixture(t);
  Object.assign(fixture.actions, {
    'operator.listNodes': () => success([node]),
    'operator.listShards': () => success([shard]),
    'operator.listMoves': () => success([move]),
    'operator.pinShard': () => success(plan),
    'operator.drainNode': () => success(plan),
    'operator.undrainNode': () => success(plan),
    'operator.rebalanceShards': () => success(plan),
    'operator.restartNode': () => success(null),
    'operator.releaseDrop': () => success(null),
    'operator.startRun': () => success(run),
    'operator.followRun': () => success(run),
    'operator.cancelRun': () => success(null),
    'operator.listRuns': () => success([run]),
    'operator.listRefunds': () => success({ items: [parkedRefund()], nextCursor: 'next' }),
    'operator.listPaymentProblems': () =>
      success({ items: [paymentProblem()], nextCursor: 'next' }),
    'operator.retryRefund': () => success({ applied: true, refund: parkedRefund() }),
    'operator.dismissRefund': () => success({ applied: true, refund: parkedRefund() }),
  });
  return fixture;
}

test('X3: operators’ routes are 403 without the role, and change and record nothing', async (t) => {
  const { fixture, cluster } = await startPretendGateway(t, ['node-1', 'node-2']);
  const before = await cluster.placement.load();
  // The ledger's answer from another service: `test/end-to-end/ledger.test.ts`.
  const routes = operatorRoutes(RUN_OPTIONS)
    .map(({ definition }) => definition)
    .filter(({ path }) => !path.startsWith('/v1/operator/ledger'));
  t.is(routes.length, 49);
  for (const { method, path, body } of routes) {
    const right = RIGHT_BODIES.get(body) ?? {};
    const options = body === undefined ? {} : { body: right };
    const filled = path.replace('{id}', '7');
    const reply = await fixture.request(method, filled, { as: 'buyer', ...options });
    t.deepEqual([reply.status, reply.json['code']], [403, 'forbidden'], `${method} ${path}`);
    const unknown = await fixture.request(method, filled, options);
    t.is(unknown.status, 401, `${method} ${path}`);
  }
  t.is(fixture.calls.length, routes.length, 'only those who are known reach the use cases');
  t.deepEqual(await cluster.placement.load(), before);
  t.deepEqual([cluster.log.actions, cluster.restarted], [[], []]);
});

test('X1, H1: lists come as described, with times of RFC 3339', async (t) => {
  const fixture = await start(t);
  for (const [path, schema, item] of [
    ['nodes', schemas.NodeList, { ...node, startedAt: TIME }],
    ['moves', schemas.MoveList, { ...move, startedAt: TIME, endedAt: TIME }],
    [
      'shards?node=node-1',
      schemas.ShardList,
      { ...shard, quarantined: [{ ...quarantined, since: TIME }] },
    ],
  ] as const) {
    const { status, json } = await fixture.request('GET', `/v1/operator/${path}`, { as: AS });
    t.is(status, 200, path);
    t.deepEqual((json['items'] as unknown[]).length, 1, path);
    t.deepEqual((json['items'] as unknown[])[0], item as unknown);
    t.is(json['nextCursor'], null);
    t.true(Compile(schema).Check(json), `${path} is not what is described`);
  }
});

test('X1: shards are asked for by node and by state', async (t) => {
  const fixture = await start(t);
  for (const [query, filter] of [
    ['', {}],
    ['?node=node-2', { node: 'node-2' }],
    ['?node=node-9&state=recovering', { node: 'node-9', state: 'recovering' }],
  ] as const) {
    const reply = await fixture.request('GET', `/v1/operator/shards${query}`, { as: AS });
    t.is(reply.status, 200);
    t.deepEqual(fixture.calls.at(-1)?.params, { ...filter, caller });
  }
});

test('X1, X3: a change reaches its service with the caller; its plan is returned', async (t) => {
  const fixture = await start(t);
  const pin = { caller, shardId: '7', to: 'node-2' };
  const drain = { caller, nodeId: 'node-1' };
  for (const [path, body, called, params] of [
    ['shards/7/pin', { to: 'node-2' }, 'operator.pinShard', pin],
    [
      'shards/7/move',
      { to: 'node-2', dryRun: true },
      'operator.pinShard',
      { ...pin, dryRun: true },
    ],
    ['shards/7/unpin', {}, 'operator.pinShard', { ...pin, to: null }],
    [
      'shards/0/unpin',
      { dryRun: true },
      'operator.pinShard',
      { caller, shardId: '0', to: null, dryRun: true },
    ],
    ['nodes/node-1/drain', {}, 'operator.drainNode', drain],
    ['nodes/node-1/undrain', { dryRun: true }, 'operator.undrainNode', { ...drain, dryRun: true }],
    ['rebalance', {}, 'operator.rebalanceShards', { caller }],
    [
      'rebalance',
      { movesMax: 3, dryRun: true },
      'operator.rebalanceShards',
      { caller, movesMax: 3, dryRun: true },
    ],
  ] as const) {
    const reply = await fixture.request('POST', `/v1/operator/${path}`, { as: AS, body });
    t.deepEqual([reply.status, reply.json], [200, plan], path);
    t.true(Compile(schemas.MovePlan).Check(reply.json));
    t.like(fixture.calls.at(-1), { action: called });
    t.deepEqual(fixture.calls.at(-1)?.params, { ...params, request: undefined });
  }
});

test('J1, X3: a rebuild reaches its service with the caller, for all shards or some', async (t) => {
  const fixture = await start(t);
  for (const [body, params] of [
    [{}, { caller }],
    [
      { shards: [7, 0], dryRun: true },
      { caller, shards: [7, 0], dryRun: true },
    ],
  ] as const) {
    const reply = await fixture.request('POST', '/v1/operator/rebuild', { as: AS, body });
    t.deepEqual([reply.status, reply.json], [200, rebuilt as object]);
    t.true(Compile(schemas.RebuildReport).Check(reply.json));
    t.like(fixture.calls.at(-1), { action: 'operator.startRun' });
    t.deepEqual(fixture.calls.at(-1)?.params, { ...params, kind: 'rebuild' });
  }
  const calls = fixture.calls.length;
  for (const shards of [[], [256], [-1], [1, 1], 'all']) {
    const reply = await fixture.request('POST', '/v1/operator/rebuild', {
      as: AS,
      body: { shards },
    });
    t.is(reply.status, 422, JSON.stringify(shards));
  }
  t.is(fixture.calls.length, calls);
});

test('P2a, P7: payments to look at come as described, by kind and by open', async (t) => {
  const fixture = await start(t);
  const path = '/v1/operator/payment-problems';
  const list = await fixture.request('GET', `${path}?kind=rejected&open=true&limit=5`, { as: AS });
  t.is(list.status, 200);
  t.true(Compile(ProblemPage).Check(list.json));
  const page = { limit: 5, cursor: null };
  t.deepEqual(fixture.calls.at(-1)?.params, { caller, kind: 'rejected', open: true, page });
  const openedAt = new Date(paymentProblem().openedAt).toISOString();
  t.deepEqual(list.json, { items: [{ ...paymentProblem(), openedAt }], nextCursor: 'next' });
  for (const query of ['kind=lost', 'open=1', 'state=open', 'limit=0'])
    t.is((await fixture.request('GET', `${path}?${query}`, { as: AS })).status, 400, query);
});

test('P6: refunds come as described, and their changes reach the service', async (t) => {
  const fixture = await start(t);
  const list = await fixture.request('GET', '/v1/operator/refunds?state=parked&limit=5', {
    as: AS,
  });
  t.is(list.status, 200);
  t.true(Compile(RefundPage).Check(list.json));
  t.deepEqual(fixture.calls.at(-1)?.params, {
    caller,
    state: 'parked',
    page: { limit: 5, cursor: null },
  });
  const { revision: _, ...refund } = parkedRefund();
  const shown = {
    ...refund,
    firstAttemptAt: NOW_TEXT,
    lastAttemptAt: NOW_TEXT,
    parkedAt: NOW_TEXT,
  };
  t.deepEqual(list.json, { items: [shown], nextCursor: 'next' });
  for (const [path, body, called] of [
    ['retry', { dryRun: true }, 'operator.retryRefund'],
    ['dismiss', { reason: 'Paid back.' }, 'operator.dismissRefund'],
  ] as const) {
    const reply = await fixture.request('POST', `/v1/operator/refunds/rf_1/${path}`, {
      as: AS,
      body,
    });
    t.deepEqual([reply.status, reply.json], [200, { applied: true, refund: shown } as object]);
    t.true(Compile(RefundChangeBody).Check(reply.json));
    t.like(fixture.calls.at(-1), { action: called });
    t.deepEqual(fixture.calls.at(-1)?.params, {
      ...body,
      caller,
      refundId: 'rf_1',
      request: undefined,
    });
  }
});

test('X1: a restart is answered when it is accepted, before it is done', async (t) => {
  const fixture = await start(t);
  const reply = await fixture.request('POST', '/v1/operator/nodes/node-1/restart', { as: AS });
  t.deepEqual([reply.status, reply.text], [202, '']);
  const params = { caller, nodeId: 'node-1' };
  t.like(fixture.calls[0], { action: 'operator.restartNode', params });
});

test('X1: a quarantined drop is released', async (t) => {
  const fixture = await start(t);
  const path = '/v1/operator/drops/d_1/release';
  const reply = await fixture.request('POST', path, { as: AS });
  t.deepEqual([reply.status, reply.text], [204, '']);
  t.like(fixture.calls[0], {
    action: 'operator.releaseDrop',
    params: { caller, dropId: 'd_1' },
  });
  fixture.actions['operator.releaseDrop'] = () => refusal('not-found', 'It is not there.');
  t.is((await fixture.request('POST', path, { as: AS })).status, 404);
});

test('X1, H2: a refusal of the service is a problem with its reason', async (t) => {
  const fixture = await start(t);
  const detail = 'node-9 is no living node.';
  fixture.actions['operator.pinShard'] = () => refusal('invalid-request', detail);
  fixture.actions['operator.drainNode'] = () => refusal('not-found', 'There is no node node-9.');
  const body = { to: 'node-9' };
  const pinned = await fixture.request('POST', '/v1/operator/shards/7/pin', { as: AS, body });
  t.is(pinned.status, 422);
  t.like(pinned.json, { code: 'invalid-request', detail });
  const drain = '/v1/operator/nodes/node-9/drain';
  t.is((await fixture.request('POST', drain, { as: AS, body: {} })).status, 404);
});

test('H8, X1: a shard’s id of another form is 404, and nothing is recorded', async (t) => {
  const { fixture, cluster } = await startPretendGateway(t, ['node-1']);
  for (const id of ['x', '-1', '07', '1e1', '0x7', '__proto__', '9999999']) {
    const path = `/v1/operator/shards/${id}/unpin`;
    const reply = await fixture.request('POST', path, { as: AS, body: {} });
    t.deepEqual([reply.status, reply.json['code']], [404, 'not-found'], id);
  }
  t.deepEqual(cluster.log.actions, []);
});

test('H8: an operator’s bad input is 4xx and calls no service', async (t) => {
  const fixture = await start(t);
  const send = async (method: string, path: string, body: unknown): Promise<number> =>
    (await fixture.request(method, `/v1/operator/${path}`, { as: AS, body })).status;
  const post = (path: string, body: unknown) => send('POST', path, body);
  for (const { definition } of operatorRoutes(RUN_OPTIONS)) {
    if (definition.body === undefined) continue;
    const path = definition.path.replace('/v1/operator/', '').replace('{id}', '7');
    const { method } = definition;
    for (const [body, statuses] of WRONG_BODIES) {
      t.true(statuses.includes(await send(method, path, body)), `${path} ${body.slice(0, 40)}`);
    }
    t.is(await send(method, path, { dryRun: 'yes' }), 422, path);
  }
  for (const body of [
    {},
    { to: '' },
    { to: null },
    { to: 'a b' },
    { to: 7 },
    { to: 'x'.repeat(81) },
  ])
    t.is(await post('shards/7/pin', body), 422, JSON.stringify(body));
  for (const movesMax of [0, -1, 257, 1.5, '3', null])
    t.is(await post('rebalance', { movesMax }), 422, String(movesMax));
  for (const reason of ['', ' ', 'two\nlines', 'x'.repeat(301), 7, null])
    t.is(await post('refunds/rf_1/dismiss', { reason }), 422, JSON.stringify(reason));
  for (const wrong of [{ email: 'ada' }, { role: 'creator' }, { role: null }, { userId: 'u_1' }]) {
    const body = { email: 'ada@example.com', role: 'operator', ...wrong };
    t.is(await post('operators', body), 422, JSON.stringify(wrong));
  }
  for (const path of [
    'refunds?state=sold',
    'refunds?limit=101',
    'shards?state=sold',
    'shards?node=%27',
    'shards?shard=1',
    'moves?limit=0',
    'moves?limit=101',
    'moves?cursor=x',
    'nodes?limit=1',
  ]) {
    const reply = await fixture.request('GET', `/v1/operator/${path}`, { as: AS });
    t.is(reply.status, 400, path);
  }
  t.deepEqual(fixture.calls, []);
});
