// The rolling restart, step by step, over a real gateway.

import test, { type ExecutionContext } from 'ava';
import { ApiError } from '../../operator/api-error.ts';
import { planTurns, runRestart, stepsText } from '../../operator/rolling-restart.ts';
import { SHARDS } from '../app/operator/pretend-cluster.ts';
import { PretendPace, startPretendGateway } from './pretend-gateway.ts';

const NODES = ['node-1', 'node-2', 'node-3'];

async function start(t: ExecutionContext) {
  const gateway = await startPretendGateway(t, NODES);
  gateway.cluster.movesALook = 4;
  const pace = new PretendPace();
  const { api, cluster } = gateway;
  let output = '';
  const run = async () => {
    const options = { api, timeoutMs: 10_000, pace, write: (text: string) => (output += text) };
    return await runRestart(planTurns(await api.nodes()), options);
  };
  const drained = async () => [...(await cluster.placement.load()).drained];
  return { ...gateway, pace, run, drained, output: () => output };
}

test('X1, W5: each node is drained, restarted and undrained before the next one', async (t) => {
  const { run, cluster, output, drained } = await start(t);
  const turns = await run();
  t.deepEqual(
    turns.map(({ nodeId, ok, fault }) => [nodeId, ok, fault]),
    NODES.map((nodeId) => [nodeId, true, null]),
  );
  t.deepEqual(cluster.restarted, NODES);
  const counts = NODES.map(async (nodeId) => (await cluster.shardsOf(nodeId)).length);
  const shares = await Promise.all(counts);
  t.true(Math.max(...shares) <= 6, `1.1 times the fair share of 5.3, rounded up: ${shares.join()}`);
  t.is(shares[0]! + shares[1]! + shares[2]!, SHARDS);
  t.deepEqual(await drained(), []);
  const steps = output()
    .split('\n')
    .filter((line) => !/shard|moves? done/.test(line));
  t.deepEqual(
    steps.map((line) => line.replace(/in .* s$/, 'in time')),
    [
      ...NODES.flatMap((nodeId, index) => [
        `${nodeId} (${index + 1} of 3)`,
        '  drain',
        '  restart',
        '  back',
        '  undrain',
        `${nodeId} restarted in time`,
      ]),
      '3 of 3 nodes restarted',
      '',
    ],
  );
});

test('X1: --dry-run prints the steps, and a node drained before stays drained', async (t) => {
  const { api, cluster, run, drained } = await start(t);
  await cluster.placement.change({ drained: { nodeId: 'node-3', drained: true } });
  await cluster.step(16);
  const nodes = await api.nodes();
  const [one, two] = nodes.map(({ shardsOwned }) => shardsOwned);
  t.is(
    stepsText(planTurns(nodes)),
    `1. node-1: drain ${one} shards, restart, wait until it is back, undrain\n` +
      `2. node-2: drain ${two} shards, restart, wait until it is back, undrain\n` +
      '3. node-3: restart, wait until it is back\n',
  );
  t.deepEqual(cluster.restarted, []);
  t.true((await run()).every(({ ok }) => ok));
  t.deepEqual(cluster.restarted, NODES);
  t.deepEqual(await drained(), ['node-3']);
});

test('X1: a rolling restart needs two serving nodes and no running drain', async (t) => {
  const { api, cluster } = await start(t);
  const nodes = await api.nodes();
  t.throws(() => planTurns(nodes.slice(0, 1)), { message: /fewer than two nodes take shards/ });
  await cluster.placement.change({ drained: { nodeId: 'node-2', drained: true } });
  const busy = await api.nodes();
  t.throws(() => planTurns(busy), { message: 'node-2 is draining: wait until that has ended' });
  t.is(planTurns(nodes.map((node, i) => (i === 0 ? { ...node, state: 'lost' } : node))).length, 2);
});

test('X1: a node that does not come back stops the rolling restart and is undrained', async (t) => {
  const { run, cluster, drained, output } = await start(t);
  cluster.comesBack = false;
  const turns = await run();
  t.deepEqual(
    turns.map(({ nodeId, ok, fault }) => [nodeId, ok, fault]),
    [['node-1', false, 'node-1 has not come back after 10 s']],
  );
  t.deepEqual(cluster.restarted, ['node-1']);
  t.deepEqual(await drained(), []);
  t.regex(output(), /node-1 FAILED after 1\d\.\d s: node-1 has not come back/);
  t.regex(output(), /0 of 3 nodes restarted\n$/);
});

test('X1: a node that accepts the restart but goes on running is a failure', async (t) => {
  const { run, cluster, drained } = await start(t);
  cluster.ends = false;
  const turns = await run();
  t.is(turns.length, 1);
  t.is(turns[0]!.fault, 'node-1 has not come back after 10 s');
  t.deepEqual(await drained(), []);
});

test('X1: a failed move stops the rolling restart before the node restarts', async (t) => {
  const { run, cluster, drained } = await start(t);
  const [shard = 0] = await cluster.shardsOf('node-1');
  cluster.failing.set(shard, 'rolled-back');
  const turns = await run();
  t.is(turns.length, 1);
  t.like(turns[0], { nodeId: 'node-1', ok: false, fault: 'not every shard moved' });
  t.true(turns[0]!.moves.some((end) => end.shard === shard && end.result === 'rolled-back'));
  t.deepEqual(cluster.restarted, []);
  t.deepEqual(await drained(), []);
});

test('X1: Ctrl-C stops the rolling restart and leaves no node drained', async (t) => {
  const { run, cluster, drained, pace } = await start(t);
  pace.interruptAt = 1;
  const turns = await run();
  t.like(turns[0], { ok: false, fault: 'interrupted' });
  t.deepEqual(cluster.restarted, []);
  t.deepEqual(await drained(), []);
});

test('X1: a node that does not answer the restart request stops the rolling restart', async (t) => {
  const { run, cluster, drained } = await start(t);
  cluster.silent.add('node-1');
  const [turn] = await run();
  t.like(turn, { ok: false, fault: 'node-1 did not answer.' });
  t.deepEqual(await drained(), []);
});

test('X1: a connection that ends with the restarting node is no failure', async (t) => {
  const { api, run, cluster } = await start(t);
  const restart = api.restart.bind(api);
  api.restart = async (nodeId) => {
    await restart(nodeId);
    throw new ApiError('the connection ended', 0);
  };
  t.true((await run()).every(({ ok }) => ok));
  t.deepEqual(cluster.restarted, NODES);
});
