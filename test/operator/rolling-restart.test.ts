// A rolling restart as the command makes it: over a real gateway, step by step.

import test, { type ExecutionContext } from 'ava';
import { ApiError } from '../../operator/api-client.ts';
import { planTurns, runRestart, stepsText } from '../../operator/rolling-restart.ts';
import { PretendPace, startPretendGateway } from './pretend-gateway.ts';

const NODES = ['node-1', 'node-2', 'node-3'];

async function start(t: ExecutionContext) {
  const gateway = await startPretendGateway(t, NODES);
  gateway.cluster.movesALook = 4;
  const pace = new PretendPace();
  const { api, cluster } = gateway;
  let told = '';
  const run = async () => {
    const options = { api, timeoutMs: 10_000, pace, tell: (text: string) => (told += text) };
    return await runRestart(planTurns(await api.nodes()), options);
  };
  const drained = async () => [...(await cluster.placement.load()).drained];
  return { ...gateway, pace, run, drained, told: () => told };
}

test('X1, W5: each node is emptied, restarted and filled again before the next one’s turn', async (t) => {
  const { run, cluster, told, drained } = await start(t);
  const before = await cluster.owners();
  const turns = await run();
  t.deepEqual(
    turns.map(({ nodeId, ok, fault }) => [nodeId, ok, fault]),
    NODES.map((nodeId) => [nodeId, true, null]),
  );
  t.deepEqual(cluster.restarted, NODES);
  t.deepEqual(await cluster.owners(), before);
  t.deepEqual(await drained(), []);
  const steps = told()
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

test('X1: --dry-run tells the steps, and a node that is drained already stays so', async (t) => {
  const { api, cluster, run, drained } = await start(t);
  await cluster.placement.setDrained('node-3', true);
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

test('X1: it does not begin where no node can be emptied, or one is on its way', async (t) => {
  const { api, cluster } = await start(t);
  const nodes = await api.nodes();
  t.throws(() => planTurns(nodes.slice(0, 1)), { message: /fewer than two nodes take shards/ });
  await cluster.placement.setDrained('node-2', true);
  const busy = await api.nodes();
  t.throws(() => planTurns(busy), { message: 'node-2 is draining: wait for its end' });
  t.is(planTurns(nodes.map((node, i) => (i === 0 ? { ...node, state: 'lost' } : node))).length, 2);
});

test('X1: a node that does not come back stops it, and takes shards again when it does', async (t) => {
  const { run, cluster, drained, told } = await start(t);
  cluster.comesBack = false;
  const turns = await run();
  t.deepEqual(
    turns.map(({ nodeId, ok, fault }) => [nodeId, ok, fault]),
    [['node-1', false, 'node-1 has not come back after 10 s']],
  );
  t.deepEqual(cluster.restarted, ['node-1']);
  t.deepEqual(await drained(), []);
  t.regex(told(), /node-1 FAILED after 1\d\.\d s: node-1 has not come back/);
  t.regex(told(), /0 of 3 nodes restarted\n$/);
});

test('X1: a node that says it will restart and goes on as it is has not come back', async (t) => {
  const { run, cluster, drained } = await start(t);
  cluster.ends = false;
  const turns = await run();
  t.is(turns.length, 1);
  t.is(turns[0]!.fault, 'node-1 has not come back after 10 s');
  t.deepEqual(await drained(), []);
});

test('X1: a shard that does not leave stops it before the node is restarted', async (t) => {
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

test('X1: Ctrl-C stops it and leaves no node drained', async (t) => {
  const { run, cluster, drained, pace } = await start(t);
  pace.interruptAt = 1;
  const turns = await run();
  t.like(turns[0], { ok: false, fault: 'interrupted' });
  t.deepEqual(cluster.restarted, []);
  t.deepEqual(await drained(), []);
});

test('X1: a node that says it cannot restart stops it', async (t) => {
  const { run, cluster, drained } = await start(t);
  cluster.silent.add('node-1');
  const [turn] = await run();
  t.like(turn, { ok: false, fault: 'node-1 did not answer.' });
  t.deepEqual(await drained(), []);
});

test('X1: an answer that ends with the node that was asked does not stop it', async (t) => {
  const { api, run, cluster } = await start(t);
  const restart = api.restart.bind(api);
  api.restart = async (nodeId) => {
    await restart(nodeId);
    throw new ApiError('the connection ended', 0);
  };
  t.true((await run()).every(({ ok }) => ok));
  t.deepEqual(cluster.restarted, NODES);
});
