// The operators' use cases over a placement in memory: access, views of nodes and shards, and
// changes.

import test from 'ava';
import { systemClock } from '../../../actors/clock.ts';
import type { RunContext } from '../../../actors/run-context.ts';
import { Operators } from '../../../app/operator/operators.ts';
import { OperatorRuns } from '../../../app/operator/runs.ts';
import type { Requester } from '../../../contracts/accounts.ts';
import type { ShardReport, VerifyReport } from '../../../contracts/operator.ts';
import type { Outcome } from '../../../contracts/refusals.ts';
import { shardOf } from '../../../domain/ids.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import { FEATURE_LEVEL } from '../../../storage/ports/feature-level.ts';
import { NOW } from '../../services/harness.ts';
import { MemoryConsumerLeases } from '../../../storage/memory/consumer-leases-memory.ts';
import { NO_OTHER_RUNS, PretendCluster, SHARDS } from './pretend-cluster.ts';

const NODES = ['node-1', 'node-2', 'node-3'];
const caller = { userId: 'olga', roles: ['operator'] };

/** Every use case, called as `caller`. */
function everyUseCase(operators: Operators, asker: Requester) {
  const node = { caller: asker, nodeId: 'node-1' };
  return {
    nodes: () => operators.nodes({ caller: asker }),
    shards: () => operators.shards({ caller: asker }),
    moves: () => operators.moves({ caller: asker }),
    pin: () => operators.pin({ caller: asker, shardId: 'x', to: null }),
    drain: () => operators.drain(node),
    undrain: () => operators.undrain(node),
    rebalance: () => operators.rebalance({ caller: asker }),
    restart: () => operators.restart(node),
    releaseDrop: () => operators.releaseDrop({ caller: asker, dropId: 'd_1' }),
    rebuild: () => operators.rebuild({ caller: asker }),
    verify: () => operators.verify({ caller: asker }),
    startRun: () => operators.startRun({ caller: asker, kind: 'rebuild' }),
    followRun: () => operators.followRun({ caller: asker, runId: 'a-run' }),
    cancelRun: () => operators.cancelRun({ caller: asker, runId: 'a-run' }),
    listRuns: () => operators.listRuns({ caller: asker }),
    refunds: () => operators.refunds({ caller: asker, page: { limit: 10, cursor: null } }),
    paymentProblems: () =>
      operators.paymentProblems({ caller: asker, page: { limit: 10, cursor: null } }),
    retryRefund: () => operators.retryRefund({ caller: asker, refundId: 'x' }),
    jobs: () => operators.jobs({ caller: asker, page: { limit: 10, cursor: null } }),
    job: () => operators.job({ caller: asker, jobId: 'x' }),
    retryJob: () => operators.retryJob({ caller: asker, jobId: 'x' }),
    cancelJob: () => operators.cancelJob({ caller: asker, jobId: 'x' }),
    dismissRefund: () => operators.dismissRefund({ caller: asker, refundId: 'x', reason: 'y' }),
    once: () => operators.once({ caller: asker }, () => Promise.reject(new Error('it was made'))),
  } satisfies Record<keyof Operators, () => Promise<Outcome<unknown>>>;
}

/** Records each use of a property, and then throws. */
function untouchable(used: string[]): never {
  const trap = (_: unknown, name: string | symbol): never => {
    used.push(String(name));
    throw new Error(`${String(name)} was used`);
  };
  return new Proxy({}, { get: trap }) as never;
}

function unavailable(): Error {
  return Object.assign(new Error('the store is away'), { code: 'store-unavailable' });
}

test('X3: callers without the role are refused before any store or node is asked', async (t) => {
  const used: string[] = [];
  const use = (name: string) => (): never => {
    used.push(name);
    throw new Error(`${name} was used`);
  };
  const operators = new Operators({
    placement: untouchable(used),
    log: untouchable(used),
    parkedRefunds: untouchable(used),
    paymentProblems: untouchable(used),
    jobs: untouchable(used),
    requests: untouchable(used),
    levels: untouchable(used),
    runs: untouchable(used),
    verify: use('verify'),
    rebuild: use('rebuild'),
    self: use('self'),
    reportOf: use('reportOf'),
    restartNode: use('restartNode'),
    releaseDrop: use('releaseDrop'),
    now: use('now'),
    shardCount: SHARDS,
  });
  for (const roles of [[], ['creator'], ['operators']]) {
    const asked = everyUseCase(operators, { userId: caller.userId, roles });
    for (const [name, ask] of Object.entries(asked)) {
      t.deepEqual(await ask(), refusal('forbidden'), `${name} as ${roles.join()}`);
    }
  }
  t.deepEqual(used, []);
});

test('X1: shards are listed by owner, by state, or by both', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  cluster.silent.add('node-1');
  const [first, second] = [await cluster.shardsOf('node-1'), await cluster.shardsOf('node-2')];
  for (const [filter, listed] of [
    [{ node: 'node-2' }, second],
    [{ state: 'stopped' }, first],
    [{ node: 'node-2', state: 'serving' }, second],
    [{ node: 'node-2', state: 'stopped' }, []],
  ] as const) {
    const rows = await cluster.operators.shards({ caller, ...filter });
    t.deepEqual(rows.ok && rows.value.map(({ shard }) => shard), [...listed]);
  }
});

test('X1: defaults are a real change, ten moves at most, and pages of twenty', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  const shards = await cluster.shardsOf('node-1');
  for (const shard of shards) cluster.rates.set(shard, 100);
  const rebalanced = await cluster.operators.rebalance({ caller });
  t.like(rebalanced.ok && rebalanced.value, { applied: true });
  t.deepEqual(cluster.log.actions[0]?.params, { movesMax: 10 });
  const to = 'node-3';
  for (const change of [
    cluster.operators.pin({ caller, shardId: '0', to }),
    cluster.operators.drain({ caller, nodeId: 'node-1' }),
    cluster.operators.undrain({ caller, nodeId: 'node-1' }),
  ]) {
    const changed = await change;
    t.true(changed.ok && changed.value.applied);
  }
  const limits: number[] = [];
  cluster.placement.listMoves = async (limit) => {
    limits.push(limit);
    return [];
  };
  await cluster.operators.moves({ caller });
  t.deepEqual(limits, [20]);
});

test('X1: an id that is no shard’s in form is not found, and not recorded', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  for (const shardId of ['', 'x', '-1', '07', '1.5', '1e1', '0x7', ' 7', '9999999']) {
    const refused = await cluster.operators.pin({ caller, shardId, to: 'node-1' });
    t.deepEqual(refused, refusal('not-found'), shardId);
  }
  t.deepEqual(cluster.log.actions, []);
});

test('X1: nodes are shown with state, shards and total load', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  const mine = await cluster.shardsOf('node-1');
  for (const shard of mine) cluster.rates.set(shard, 10);
  const nodes = await cluster.operators.nodes({ caller });
  t.true(nodes.ok);
  if (!nodes.ok) return;
  t.deepEqual(
    nodes.value.map(({ nodeId, state }) => [nodeId, state]),
    NODES.map((nodeId) => [nodeId, 'serving']),
  );
  t.deepEqual(nodes.value[0], {
    nodeId: 'node-1',
    state: 'serving',
    incarnation: 'run-1',
    weight: 1,
    startedAt: NOW,
    url: null,
    shardsOwned: mine.length,
    shardsWanted: mine.length,
    liveDrops: 0,
    ordersPerSecond: 10 * mine.length,
    relayLag: mine.length,
    leaseMs: 2_500,
    clockSkewMs: -3,
    level: FEATURE_LEVEL,
  });
});

test('X1: shards of a node that never was there are refused, those of a lost one are not', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  const unknown = await cluster.operators.shards({ caller, node: 'nope' });
  t.like(unknown, { ok: false, code: 'not-found', detail: 'There is no node nope.' });
  await cluster.lose('node-1');
  const lost = await cluster.operators.shards({ caller, node: 'node-1' });
  t.true(lost.ok && lost.value.length > 0);
});

test('X1: a node is draining, drained, leaving or lost', async (t) => {
  const cluster = await PretendCluster.start([...NODES, 'node-4', 'node-5']);
  await cluster.placement.change({ drained: { nodeId: 'node-1', drained: true } });
  await cluster.step(SHARDS);
  await cluster.placement.change({ drained: { nodeId: 'node-2', drained: true } });
  await cluster.join('node-3', { leaving: true });
  await cluster.lose('node-4');
  const nodes = await cluster.operators.nodes({ caller });
  t.deepEqual(
    nodes.ok && nodes.value.map(({ nodeId, state, shardsWanted }) => [nodeId, state, shardsWanted]),
    [
      ['node-1', 'drained', 0],
      ['node-2', 'draining', 0],
      ['node-3', 'leaving', 0],
      ['node-5', 'serving', SHARDS],
      ['node-4', 'lost', 0],
    ],
  );
});

test('X1: a slow node is shown with zeros, and its shards as not answered', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  cluster.silent.add('node-2');
  const [nodes, shards] = await Promise.all([
    cluster.operators.nodes({ caller }),
    cluster.operators.shards({ caller }),
  ]);
  const row = nodes.ok && nodes.value.find(({ nodeId }) => nodeId === 'node-2');
  t.like(row, { state: 'serving', relayLag: 0, leaseMs: null });
  t.true(row && row.shardsOwned > 0);
  t.true(shards.ok);
  if (!shards.ok) return;
  t.is(shards.value.length, SHARDS);
  for (const { owner, answered, status, epoch } of shards.value) {
    const silent = owner === 'node-2';
    t.deepEqual([answered, status, epoch], silent ? [false, 'stopped', 0] : [true, 'serving', 3]);
  }
});

test('X1: a dry run shows the change’s moves, changes nothing and is not recorded', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  const [shard = 0] = await cluster.shardsOf('node-1');
  const before = await cluster.placement.load();
  for (const plan of [
    (dryRun: boolean) => cluster.operators.drain({ caller, nodeId: 'node-1', dryRun }),
    (dryRun: boolean) =>
      cluster.operators.pin({ caller, shardId: `${shard}`, to: 'node-3', dryRun }),
  ]) {
    const dry = await plan(true);
    t.deepEqual(await cluster.placement.load(), before);
    t.deepEqual(cluster.log.actions, []);
    const done = await plan(false);
    t.true(dry.ok && done.ok && dry.value.moves.length > 0);
    t.deepEqual(dry.ok && { ...dry.value, applied: true }, done.ok && done.value);
    t.is(cluster.log.actions.length, 1);
    cluster.log.actions.length = 0;
    await cluster.placement.change({ drained: { nodeId: 'node-1', drained: false } });
    await cluster.placement.change({ pins: [{ shard, nodeId: null }] });
  }
});

test('X1: a pin moves its shard and no other, and without it the shard goes back', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  const home = (await cluster.owners())[5]!;
  const to = NODES.find((nodeId) => nodeId !== home)!;
  const pinned = await cluster.operators.pin({ caller, shardId: '5', to, dryRun: false });
  const reason = `An operator pinned it to ${to}.`;
  t.deepEqual(pinned, success({ applied: true, moves: [{ shard: 5, from: home, to, reason }] }));
  await cluster.step(SHARDS);
  t.is((await cluster.owners())[5], to);
  const shards = await cluster.operators.shards({ caller });
  t.like(shards.ok && shards.value[5], { owner: to, wanted: to, pinned: true });
  const again = await cluster.operators.pin({ caller, shardId: '5', to, dryRun: false });
  t.deepEqual(again, success({ applied: true, moves: [] }));
  const pin = { caller, shardId: '5', to: null, dryRun: false };
  const unpinned = await cluster.operators.pin(pin);
  t.like(unpinned.ok && unpinned.value.moves[0], { shard: 5, from: to, to: home });
  t.deepEqual((await cluster.placement.load()).pins, new Map());
});

test('X1, X3: pins that cannot hold are refused with a reason, and recorded', async (t) => {
  const cluster = await PretendCluster.start([...NODES, 'node-4', 'node-5']);
  await cluster.placement.change({ drained: { nodeId: 'node-2', drained: true } });
  await cluster.join('node-3', { leaving: true });
  await cluster.lose('node-4');
  for (const [shardId, to, words] of [
    ['0', 'node-9', 'node-9 is no living node.'],
    ['0', 'node-4', 'node-4 is no living node.'],
    ['0', 'node-3', 'node-3 is about to end.'],
    ['0', 'node-2', 'node-2 is drained and takes no shards.'],
    [`${SHARDS}`, 'node-1', `There is no such shard: they are 0 to ${SHARDS - 1}.`],
  ] as const) {
    const refused = await cluster.operators.pin({ caller, shardId, to, dryRun: false });
    t.like(refused, { ok: false, code: 'invalid-request', detail: words });
    t.is(cluster.log.actions.at(-1)?.result, `Refused: ${words}`);
  }
  t.deepEqual((await cluster.placement.load()).pins, new Map());
});

test('W5, X1: a drain moves exactly the node’s shards, an undrain what the others have too many', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  const mine = await cluster.shardsOf('node-2');
  t.true(mine.length > 0);
  const node = { caller, nodeId: 'node-2', dryRun: false };
  const drained = await cluster.operators.drain(node);
  t.true(drained.ok);
  if (!drained.ok) return;
  t.deepEqual(
    drained.value.moves.map(({ shard, from }) => [shard, from]),
    mine.map((shard) => [shard, 'node-2']),
  );
  t.is(drained.value.moves[0]?.reason, 'node-2 is drained.');
  await cluster.step(1);
  const again = await cluster.operators.drain(node);
  t.is(
    again.ok && again.value.moves.length,
    mine.length - 1,
    'what is not moved yet is told again',
  );
  await cluster.step(SHARDS);
  t.deepEqual(await cluster.shardsOf('node-2'), []);
  const undrained = await cluster.operators.undrain(node);
  if (!undrained.ok) return t.fail(undrained.code);
  t.true(undrained.value.moves.every(({ to }) => to === 'node-2'));
  await cluster.step(SHARDS);
  // The fair share is 5.3 of 16, and 1.1 times it 5.9: the others keep 6 each.
  const counts = NODES.map(async (nodeId) => (await cluster.shardsOf(nodeId)).length);
  t.deepEqual(await Promise.all(counts), [6, 4, 6]);
});

test('X1: the last node that takes shards is not drained, nor one that never was', async (t) => {
  const cluster = await PretendCluster.start(['node-1', 'node-2']);
  await cluster.lose('node-2');
  const last = { caller, nodeId: 'node-1', dryRun: false };
  const refused = await cluster.operators.drain(last);
  t.like(refused, { ok: false, code: 'invalid-request' });
  t.regex(refused.ok ? '' : refused.detail!, /^node-1 cannot be drained: no other node takes/);
  t.deepEqual((await cluster.placement.load()).drained, new Set());
  const never = { caller, nodeId: 'node-9', dryRun: false };
  for (const action of ['drain', 'undrain'] as const) {
    t.like(await cluster.operators[action](never), { ok: false, code: 'not-found' });
  }
  const lost = await cluster.operators.drain({ ...last, nodeId: 'node-2' });
  t.true(lost.ok, 'a lost node may be kept empty for when it comes back');
});

test('X1: rebalance pins a bounded number of the busiest node’s shards elsewhere', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  const busy = await cluster.shardsOf('node-1');
  for (const shard of busy) cluster.rates.set(shard, 100);
  const ask = { caller, movesMax: 1, dryRun: false };
  const plan = await cluster.operators.rebalance(ask);
  t.true(plan.ok);
  if (!plan.ok) return;
  const [move] = plan.value.moves;
  t.is(plan.value.moves.length, 1);
  t.is(move?.from, 'node-1');
  t.regex(move!.reason, /about 100\.0 orders\/s/);
  t.deepEqual((await cluster.placement.load()).pins, new Map([[move!.shard, move!.to]]));
  for (const movesMax of [0, SHARDS + 1]) {
    const refused = await cluster.operators.rebalance({ ...ask, movesMax });
    t.like(refused, { ok: false, code: 'invalid-request' });
  }
});

test('X1: rebalance moves nothing to a node without a report', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  for (const shard of await cluster.shardsOf('node-1')) cluster.rates.set(shard, 100);
  cluster.silent.add('node-2');
  const ask = { caller, movesMax: SHARDS, dryRun: true };
  const plan = await cluster.operators.rebalance(ask);
  t.true(plan.ok && plan.value.moves.length > 0);
  t.true(plan.ok && plan.value.moves.every(({ from, to }) => from === 'node-1' && to === 'node-3'));
  cluster.silent.add('node-3');
  t.like(await cluster.operators.rebalance(ask), { ok: false, code: 'invalid-request' });
});

test('X1, X3: a quarantined drop is released on the node that serves it, with a record', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  const shard = shardOf('d_1', SHARDS);
  const owner = (await cluster.owners())[shard]!;
  cluster.quarantined.set('d_1', owner);
  t.deepEqual(await cluster.operators.releaseDrop({ caller, dropId: 'd_1' }), success(null));
  t.false(cluster.quarantined.has('d_1'));
  t.like(await cluster.operators.releaseDrop({ caller, dropId: 'd_1' }), {
    ok: false,
    code: 'not-found',
  });
  cluster.silent.add(owner);
  t.like(await cluster.operators.releaseDrop({ caller, dropId: 'd_1' }), {
    ok: false,
    code: 'unavailable',
  });
  await cluster.lose(owner);
  t.like(await cluster.operators.releaseDrop({ caller, dropId: 'd_1' }), {
    ok: false,
    code: 'unavailable',
    detail: 'No living node serves the shard of d_1.',
  });
  t.deepEqual(
    cluster.log.actions.map(({ action, params, result }) => [action, params, result]),
    [
      `${owner} was asked to serve d_1 again.`,
      'Refused: d_1 is not in quarantine.',
      `Refused: ${owner} did not answer.`,
      'Refused: No living node serves the shard of d_1.',
    ].map((result) => ['release', { dropId: 'd_1' }, result]),
  );
});

test('X1: shards of a node of an earlier version are listed without quarantined drops', async (t) => {
  const earlier = { shard: 3, status: 'serving', fault: null } as ShardReport;
  const cluster = await PretendCluster.start(['node-1'], {
    reportOf: async (nodeId) => {
      const { incarnation } = cluster.session(nodeId);
      return {
        nodeId,
        incarnation,
        leaseMs: null,
        clockSkewMs: null,
        outstandingCommands: 0,
        shards: [earlier],
      };
    },
  });
  const rows = await cluster.operators.shards({ caller });
  t.like(rows.ok && rows.value[3], { status: 'serving', answered: true, quarantined: [] });
});

test('X1: a living node is restarted; for another one the refusal has the reason', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  t.deepEqual(await cluster.operators.restart({ caller, nodeId: 'node-1' }), success(null));
  t.deepEqual(cluster.restarted, ['node-1']);
  await cluster.lose('node-2');
  cluster.silent.add('node-3');
  for (const [nodeId, code] of [
    ['node-9', 'not-found'],
    ['node-2', 'invalid-request'],
    ['node-3', 'unavailable'],
  ] as const) {
    t.like(await cluster.operators.restart({ caller, nodeId }), { ok: false, code });
  }
  t.deepEqual(
    cluster.log.actions.map(({ result }) => result),
    [
      'node-1 was asked to end, so that it is started again.',
      'Refused: There is no node node-9.',
      'Refused: node-2 is not running.',
      'node-3 was asked to end, so that it is started again.',
      'Refused: node-3 did not answer.',
    ],
  );
});

test('X3: a record has the operator, the change, its time and its outcome', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  const [shard = 0] = await cluster.shardsOf('node-1');
  await cluster.operators.pin({ caller, shardId: `${shard}`, to: 'node-2', dryRun: false });
  await cluster.operators.undrain({ caller, nodeId: 'node-1', dryRun: false });
  const about = {
    at: NOW,
    actor: { kind: 'operator', id: caller.userId, keyId: null },
    creatorId: null,
    changes: [],
    outcome: 'planned',
    address: null,
    requestId: null,
  };
  t.deepEqual(
    cluster.log.actions.map((entry): object => entry),
    [
      {
        ...about,
        sequence: 1,
        action: 'pin',
        target: { type: 'shard', id: `${shard}` },
        params: { shard, to: 'node-2' },
        result: `Set; to move: shard ${shard} from node-1 to node-2.`,
      },
      {
        ...about,
        sequence: 2,
        action: 'undrain',
        target: { type: 'node', id: 'node-1' },
        params: { nodeId: 'node-1' },
        result: 'Set; no shard moves because of it.',
      },
    ],
  );
});

test('X3: without its record no change is made; a failed change is recorded', async (t) => {
  const cluster = await PretendCluster.start(NODES);
  const pin = { caller, shardId: '0', to: 'node-2', dryRun: false };
  cluster.log.fault = unavailable();
  await t.throwsAsync(cluster.operators.pin(pin), { code: 'store-unavailable' });
  t.deepEqual((await cluster.placement.load()).pins, new Map());
  cluster.log.fault = null;
  cluster.placement.change = () => Promise.reject(unavailable());
  await t.throwsAsync(cluster.operators.pin(pin), { code: 'store-unavailable' });
  t.deepEqual(
    cluster.log.actions.map(({ result }) => result.split(/[;:]/, 1)[0]),
    ['Set', 'Done in part or not at all'],
  );
});

test('J1, X3: a rebuild is recorded before it begins, and a dry run is not', async (t) => {
  const asked: [shards: readonly number[], write: boolean, recorded: number][] = [];
  const cluster: PretendCluster = await PretendCluster.start(NODES, {
    async rebuild(shards, write) {
      asked.push([shards, write, cluster.log.actions.length]);
      return shards.map((shard) => ({
        shard,
        entries: 9,
        orders: 1,
        notifications: 2,
        reason: null,
      }));
    },
  });
  const call = (shards: readonly number[] | null, dryRun: boolean) =>
    cluster.operators.rebuild({ caller, shards, dryRun });
  const row = { shard: 5, entries: 9, orders: 1, notifications: 2, reason: null };
  t.deepEqual(await call([5], true), success({ applied: false, shards: [row] }));
  t.deepEqual(cluster.log.actions, []);
  t.deepEqual(await call([5], false), success({ applied: true, shards: [row] }));
  const all = await call(null, false);
  t.is(all.ok && all.value.shards.length, SHARDS);
  t.deepEqual(
    asked.map(([shards, write, recorded]) => [shards.length, write, recorded]),
    [
      [1, false, 0],
      [1, true, 1],
      [SHARDS, true, 2],
    ],
  );
  const detail = `There is no shard ${SHARDS}.`;
  t.deepEqual(await call([3, SHARDS], false), { ok: false, code: 'invalid-request', detail });
  t.deepEqual(
    cluster.log.actions.map(({ action, params, result }) => [action, params['shards'], result]),
    [
      ['rebuild', '5', 'To be made again: what the read models lost of 1 shard.'],
      ['rebuild', null, `To be made again: what the read models lost of ${SHARDS} shards.`],
      ['rebuild', `3, ${SHARDS}`, `Refused: ${detail}`],
    ],
  );
});

test('J1, X3: one rebuild runs at a time, and a failed one is recorded again', async (t) => {
  let fail: (fault: Error) => void = () => undefined;
  const cluster = await PretendCluster.start(NODES, {
    rebuild: () => new Promise((_, reject) => (fail = reject)),
  });
  const first = cluster.operators.rebuild({ caller, shards: null, dryRun: false });
  await new Promise((resolve) => setImmediate(resolve));
  const second = await cluster.operators.rebuild({ caller, shards: [1], dryRun: false });
  t.like(second, { ok: false, code: 'already-running' });
  const dry = await cluster.operators.startRun({ caller, kind: 'rebuild', dryRun: true });
  t.like(dry, { ok: false, code: 'already-running' });
  fail(unavailable());
  await t.throwsAsync(first, { code: 'store-unavailable' });
  t.deepEqual(
    cluster.log.actions.map(({ result }) => result.split(/:/, 1)[0]),
    ['To be made again', 'Refused', 'Done in part or not at all'],
  );
});

test('X1: one node alone shows itself and every shard, and can move none', async (t) => {
  const cluster = await PretendCluster.start(['node-1'], { placement: null });
  const nodes = await cluster.operators.nodes({ caller });
  t.is(nodes.ok && nodes.value.length, 1);
  t.like(nodes.ok && nodes.value[0], { nodeId: 'node-1', state: 'serving', shardsOwned: SHARDS });
  const shards = await cluster.operators.shards({ caller });
  t.is(shards.ok && shards.value.length, SHARDS);
  t.true(shards.ok && shards.value.every(({ owner, answered }) => owner === 'node-1' && answered));
  t.deepEqual(await cluster.operators.moves({ caller, limit: 10 }), success([]));
  const refused = await cluster.operators.pin({
    caller,
    shardId: '0',
    to: 'node-1',
    dryRun: false,
  });
  const detail = 'One node has nowhere to move a shard.';
  t.deepEqual(refused, { ok: false, code: 'invalid-request', detail });
  t.is(cluster.log.actions.at(-1)?.result, `Refused: ${detail}`);
  const restart = await cluster.operators.restart({ caller, nodeId: 'node-1' });
  t.like(restart, { ok: false, code: 'invalid-request' });
});

test('X2: a run is started, followed to its report, and the only one of its kind', async (t) => {
  const report: VerifyReport = {
    ok: true,
    shards: 1,
    entries: 2,
    drops: 1,
    orders: 1,
    findings: [],
  };
  let told: RunContext['progress'] = () => undefined;
  let finish: () => void = () => undefined;
  const cluster = await PretendCluster.start(['node-1'], {
    async verify({ progress }) {
      told = progress;
      await new Promise<void>((resolve) => (finish = resolve));
      return report;
    },
  });
  const { operators } = cluster;
  const started = await operators.startRun({ caller, kind: 'verify' });
  t.like(started, { ok: true, value: { kind: 'verify', startedBy: 'olga', progress: null } });
  const runId = started.ok ? started.value.id : '';
  t.deepEqual(await operators.listRuns({ caller }), success([started.ok && started.value]));
  const second = await operators.startRun({ caller, kind: 'verify' });
  t.like(second, { ok: false, code: 'already-running' });
  t.like(await operators.verify({ caller }), { ok: false, code: 'already-running' });
  const progress = { phase: 'drops', shards: 1, shardsDone: 0, total: 9, done: 4 } as const;
  told(progress);
  t.like(await operators.followRun({ caller, runId }), {
    ok: true,
    value: { progress, end: null },
  });
  finish();
  await new Promise((resolve) => setImmediate(resolve));
  const end = { type: 'report', report } as const;
  t.like(await operators.followRun({ caller, runId }), { ok: true, value: { end } });
  t.deepEqual(await operators.listRuns({ caller }), success([]));
  t.like(await operators.cancelRun({ caller, runId }), { ok: false, code: 'not-found' });
  t.like(await operators.followRun({ caller, runId: 'another' }), { code: 'not-found' });
  const third = operators.verify({ caller });
  await new Promise((resolve) => setImmediate(resolve));
  finish();
  t.deepEqual(await third, success(report));
});

test('J1, X3: a cancelled rebuild stops, and its record says so', async (t) => {
  const cluster = await PretendCluster.start(['node-1'], {
    rebuild: (_shards, _write, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  });
  const { operators } = cluster;
  const started = await operators.startRun({ caller, kind: 'rebuild' });
  const runId = started.ok ? started.value.id : '';
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(await operators.cancelRun({ caller, runId }), success(null));
  await new Promise((resolve) => setImmediate(resolve));
  const reason = 'an operator cancelled it';
  t.like(await operators.followRun({ caller, runId }), {
    ok: true,
    value: { end: { type: 'cancelled', reason } },
  });
  t.is(cluster.log.actions.at(-1)!.result, `Done in part or not at all: ${reason}.`);
});

test('X2: in a cluster, a lease says that one node runs at a time, and its end frees it', async (t) => {
  const leases = new MemoryConsumerLeases({ now: () => 0 });
  const ends: (() => void)[] = [];
  const nodes = [0, 1].map(
    () => new OperatorRuns({ clock: systemClock, leases, others: NO_OTHER_RUNS }),
  );
  const work = async () => {
    await new Promise<void>((resolve) => ends.push(resolve));
    return { applied: true, shards: [] };
  };
  const request = { kind: 'rebuild', operatorId: 'olga', work } as const;
  const [first, second] = [await nodes[0]!.start(request), await nodes[1]!.start(request)];
  t.like(first, { ok: true });
  t.like(second, { ok: false, code: 'already-running' });
  t.like(await nodes[1]!.start({ ...request, kind: 'verify' }), { ok: true });
  ends[0]!();
  await nodes[0]!.local.ended(first.ok ? first.value.id : '');
  t.like(await nodes[1]!.start(request), { ok: true });
});
