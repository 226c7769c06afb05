// The operators' routes over real HTTP, with fakes behind them.

import test from 'ava';
import { Compile } from 'typebox/compile';
import { refusal, success } from '../../domain/refusal.ts';
import * as schemas from '../../contracts/operator.ts';
import { operatorRoutes } from '../../gateway/rest/operator.ts';
import type { NodeRow, ShardRow, OperatorAction, MoveRecord } from '../../contracts/operator.ts';
import { WRONG_BODIES } from './bad-requests.ts';
import { type Fixture, NOW, startFixture } from './fixture.ts';

const AS = 'boss+operator';
const TIME = '2026-03-01T12:00:00.000Z';
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
  level: 1,
};
const shard: ShardRow = {
  shard: 7,
  status: 'serving',
  fault: null,
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
const action: OperatorAction = {
  id: '9',
  at: NOW,
  operatorId: 'boss',
  action: 'pin',
  params: { shard: 7, to: 'node-2', dryRun: false, before: null },
  result: 'Set; to move: shard 7 from node-1 to node-2.',
};

const rebuilt = {
  applied: true,
  shards: [{ shard: 7, entries: 90, orders: 3, notifications: 2, reason: null }],
};

/** Every action gets the reply of an existing object. */
async function start(t: Parameters<typeof startFixture>[0]): Promise<Fixture> {
  const fixture = await startFixture(t);
  Object.assign(fixture.actions, {
    'operator.nodes': () => success([node]),
    'operator.shards': () => success([shard, { ...shard, shard: 8, owner: 'node-2' }]),
    'operator.moves': () => success([move]),
    'operator.actions': () => success({ items: [action], nextCursor: 'next' }),
    'operator.pin': () => success(plan),
    'operator.drain': () => success(plan),
    'operator.undrain': () => success(plan),
    'operator.rebalance': () => success(plan),
    'operator.restart': () => success(null),
    'operator.rebuild': () => success(rebuilt),
  });
  return fixture;
}

test('X3: every route of operators is 403 without the role, and calls no service', async (t) => {
  const fixture = await start(t);
  const routes = operatorRoutes().map(({ definition }) => definition);
  t.is(routes.length, 13);
  for (const { method, path, body } of routes) {
    const right = body === schemas.PinChange ? { to: 'node-2' } : {};
    const options = body === undefined ? {} : { body: right };
    const filled = path.replace('{id}', '7');
    const reply = await fixture.request(method, filled, { as: 'buyer', ...options });
    t.deepEqual([reply.status, reply.json['code']], [403, 'forbidden'], `${method} ${path}`);
    const unknown = await fixture.request(method, filled, options);
    t.is(unknown.status, 401, `${method} ${path}`);
  }
  t.deepEqual(fixture.calls, []);
});

test('X1, H1: lists come as described, with times of RFC 3339', async (t) => {
  const fixture = await start(t);
  for (const [path, schema, item] of [
    ['nodes', schemas.NodeList, { ...node, startedAt: TIME }],
    ['moves', schemas.MoveList, { ...move, startedAt: TIME, endedAt: TIME }],
    ['actions', schemas.ActionPage, { ...action, at: TIME }],
    ['shards?node=node-1', schemas.ShardList, shard],
  ] as const) {
    const { status, json } = await fixture.request('GET', `/v1/operator/${path}`, { as: AS });
    t.is(status, 200, path);
    t.deepEqual((json['items'] as unknown[]).length, 1, path);
    t.deepEqual((json['items'] as unknown[])[0], item as unknown);
    t.is(json['nextCursor'], path === 'actions' ? 'next' : null);
    t.true(Compile(schema).Check(json), `${path} is not what is described`);
  }
});

test('X1: shards are shown by node and by state', async (t) => {
  const fixture = await start(t);
  for (const [query, shown] of [
    ['', [7, 8]],
    ['?node=node-2', [8]],
    ['?state=serving', [7, 8]],
    ['?state=recovering', []],
    ['?node=node-9&state=serving', []],
  ] as const) {
    const reply = await fixture.request('GET', `/v1/operator/shards${query}`, { as: AS });
    const items = reply.json['items'] as { shard: number }[];
    t.deepEqual(
      items.map((row) => row.shard),
      [...shown],
    );
  }
});

test('X1, X3: a change reaches its service with the caller; its plan is returned', async (t) => {
  const fixture = await start(t);
  const operatorId = 'boss';
  const pin = { operatorId, shard: 7, to: 'node-2', dryRun: false };
  const drain = { operatorId, nodeId: 'node-1', dryRun: false };
  for (const [path, body, called, params] of [
    ['shards/7/pin', { to: 'node-2' }, 'operator.pin', pin],
    ['shards/7/move', { to: 'node-2', dryRun: true }, 'operator.pin', { ...pin, dryRun: true }],
    ['shards/7/unpin', {}, 'operator.pin', { ...pin, to: null }],
    [
      'shards/0/unpin',
      { dryRun: true },
      'operator.pin',
      { operatorId, shard: 0, to: null, dryRun: true },
    ],
    ['nodes/node-1/drain', {}, 'operator.drain', drain],
    ['nodes/node-1/undrain', { dryRun: true }, 'operator.undrain', { ...drain, dryRun: true }],
    ['rebalance', {}, 'operator.rebalance', { operatorId, movesMax: 10, dryRun: false }],
    [
      'rebalance',
      { movesMax: 3, dryRun: true },
      'operator.rebalance',
      { operatorId, movesMax: 3, dryRun: true },
    ],
  ] as const) {
    const reply = await fixture.request('POST', `/v1/operator/${path}`, { as: AS, body });
    t.deepEqual([reply.status, reply.json], [200, plan], path);
    t.true(Compile(schemas.MovePlan).Check(reply.json));
    t.like(fixture.calls.at(-1), { action: called, params });
  }
});

test('J1, X3: a rebuild reaches its service with the caller, for all shards or some', async (t) => {
  const fixture = await start(t);
  const operatorId = 'boss';
  for (const [body, params] of [
    [{}, { operatorId, shards: null, dryRun: false }],
    [
      { shards: [7, 0], dryRun: true },
      { operatorId, shards: [7, 0], dryRun: true },
    ],
  ] as const) {
    const reply = await fixture.request('POST', '/v1/operator/rebuild', { as: AS, body });
    t.deepEqual([reply.status, reply.json], [200, rebuilt as object]);
    t.true(Compile(schemas.RebuildReport).Check(reply.json));
    t.like(fixture.calls.at(-1), { action: 'operator.rebuild', params });
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

test('X1: a restart is answered when it is accepted, before it is done', async (t) => {
  const fixture = await start(t);
  const reply = await fixture.request('POST', '/v1/operator/nodes/node-1/restart', { as: AS });
  t.deepEqual([reply.status, reply.text], [202, '']);
  const params = { operatorId: 'boss', nodeId: 'node-1' };
  t.like(fixture.calls[0], { action: 'operator.restart', params });
});

test('X1, H2: a refusal of the service is a problem with its reason', async (t) => {
  const fixture = await start(t);
  const detail = 'node-9 is no living node.';
  fixture.actions['operator.pin'] = () => refusal('invalid-request', detail);
  fixture.actions['operator.drain'] = () => refusal('not-found', 'There is no node node-9.');
  const body = { to: 'node-9' };
  const pinned = await fixture.request('POST', '/v1/operator/shards/7/pin', { as: AS, body });
  t.is(pinned.status, 422);
  t.like(pinned.json, { code: 'invalid-request', detail });
  const drain = '/v1/operator/nodes/node-9/drain';
  t.is((await fixture.request('POST', drain, { as: AS, body: {} })).status, 404);
});

test('H8: an operator’s bad input is 4xx and calls no service', async (t) => {
  const fixture = await start(t);
  const post = async (path: string, body: unknown): Promise<number> =>
    (await fixture.request('POST', `/v1/operator/${path}`, { as: AS, body })).status;
  for (const { definition } of operatorRoutes()) {
    if (definition.body === undefined) continue;
    const path = definition.path.replace('/v1/operator/', '').replace('{id}', '7');
    for (const [body, statuses] of WRONG_BODIES) {
      t.true(statuses.includes(await post(path, body)), `${path} ${body.slice(0, 40)}`);
    }
    t.is(await post(path, { dryRun: 'yes' }), 422, path);
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
  for (const id of ['x', '-1', '07', '1e1', '0x7', '__proto__', '9999999'])
    t.is(await post(`shards/${id}/unpin`, {}), 404, id);
  for (const path of [
    'shards?state=sold',
    'shards?node=%27',
    'shards?shard=1',
    'moves?limit=0',
    'moves?limit=101',
    'moves?cursor=x',
    'nodes?limit=1',
    'actions?limit=x',
  ]) {
    const reply = await fixture.request('GET', `/v1/operator/${path}`, { as: AS });
    t.is(reply.status, 400, path);
  }
  t.deepEqual(fixture.calls, []);
});
