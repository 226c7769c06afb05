// A cluster whose nodes' wall clock is set an hour on, or back, while something with a deadline is
// under way: every interval is of the monotonic clock, so nothing comes early, late, or never.

import test from 'ava';
import { place, terms } from './harness.ts';
import { SHARDS, SimulatedCluster, type SimulatedNode } from '../simulation/simulated-cluster.ts';

const HOUR_MS = 3_600_000;
const SHIFTS = [
  ['an hour on', HOUR_MS],
  ['an hour back', -HOUR_MS],
] as const;

async function clusterOf(...nodeIds: string[]): Promise<SimulatedCluster> {
  const cluster = new SimulatedCluster();
  for (const nodeId of nodeIds) await cluster.add(nodeId);
  await cluster.until(() => cluster.settled());
  await cluster.clock.advance(3_000);
  await cluster.until(() => cluster.settled());
  const now = cluster.clock.now();
  const made = terms({ id: 'd_1', startsAt: now, endsAt: now + 2 * HOUR_MS, limitPerUser: 1000 });
  const reply = cluster.send(cluster.nodes[0]!, {
    type: 'create-drop',
    dropId: 'd_1',
    terms: made,
    stock: 100,
  });
  await cluster.clock.advance(50);
  if (!(await reply).ok) throw new Error('the drop was refused');
  return cluster;
}

function others(cluster: SimulatedCluster, node: SimulatedNode): SimulatedNode[] {
  return cluster.nodes.filter((candidate) => candidate !== node);
}

for (const [shifted, shiftMs] of SHIFTS) {
  test(`H6: an order waits for its bounded time, with the wall clock set ${shifted}`, async (t) => {
    const cluster = await clusterOf('a', 'b');
    const owner = cluster.ownerOf('d_1');
    cluster.cutOff(owner);
    let answered = false;
    const order = cluster.send(others(cluster, owner)[0]!, place('ada')).finally(() => {
      answered = true;
    });
    await cluster.clock.advance(1_000);
    t.false(answered);
    cluster.clock.shiftWall(shiftMs);
    const afterMs = 1_000 + (await cluster.until(() => answered));
    t.like(await order, { ok: false, code: 'unavailable' });
    t.true(afterMs > 3_000 && afterMs <= 5_200, `${afterMs} ms`);
  });

  test(`W3: a lost node is replaced within 5 s, with the wall clock set ${shifted}`, async (t) => {
    const cluster = await clusterOf('a', 'b', 'c');
    const lost = cluster.ownerOf('d_1');
    const [gateway] = others(cluster, lost);
    cluster.kill(lost);
    const order = cluster.send(gateway!, place('ada'));
    await cluster.clock.advance(500);
    cluster.clock.shiftWall(shiftMs);
    t.true((await cluster.until(() => cluster.settled())) < 4_500);
    await cluster.clock.advance(200);
    t.true((await order).ok);
  });

  test(`W5: a router refreshes at once, with the wall clock set ${shifted}`, async (t) => {
    const cluster = await clusterOf('a');
    const { watch } = cluster.nodes[0]!;
    const load = cluster.placement.load.bind(cluster.placement);
    let loads = 0;
    cluster.placement.load = () => {
      loads += 1;
      return load();
    };
    await cluster.clock.advance(300);
    cluster.clock.shiftWall(shiftMs);
    loads = 0;
    watch.refreshSoon();
    await cluster.clock.advance(25);
    t.is(loads, 1);
    await cluster.clock.advance(1_000);
    t.true(loads >= 4, `${loads} reads in a second`);
  });

  test(`shards leave a cut-off node after 5 s, the wall clock set ${shifted}`, async (t) => {
    const cluster = await clusterOf('a', 'b', 'c');
    const lonely = cluster.ownerOf('d_1');
    const held = lonely.serving.length;
    cluster.cutOff(lonely);
    await cluster.clock.advance(1_000);
    cluster.clock.shiftWall(shiftMs);
    await cluster.clock.advance(3_000);
    t.is(lonely.serving.length, held, 'nothing is given up early');
    const afterMs = await cluster.until(() => lonely.serving.length === 0);
    t.true(afterMs < 4_000, `${afterMs} ms`);
  });

  test(`W4: a move's blackout is recorded right, with the wall clock set ${shifted}`, async (t) => {
    const cluster = await clusterOf('a');
    cluster.heldTakeOvers = [];
    const joined = await cluster.add('b');
    await cluster.until(() => cluster.heldTakeOvers!.length > 0);
    cluster.clock.shiftWall(shiftMs);
    await cluster.clock.advance(200);
    for (const letThrough of cluster.heldTakeOvers) letThrough();
    cluster.heldTakeOvers = null;
    await cluster.until(async () => joined.serving.length > 0 && (await cluster.settled()));
    await cluster.clock.advance(3_000);
    const moves = await cluster.placement.listMoves(SHARDS);
    t.true(moves.length > 0);
    for (const { blackoutMs } of moves) {
      t.true(blackoutMs! >= 0 && blackoutMs! < 1_000, `${blackoutMs} ms`);
    }
  });

  test(`W5: a move waits for its second, with the wall clock set ${shifted}`, async (t) => {
    const cluster = await clusterOf('a');
    const joined = await cluster.add('b');
    await cluster.clock.advance(500);
    cluster.clock.shiftWall(shiftMs);
    await cluster.clock.advance(300);
    t.is(joined.serving.length, 0, 'nothing moves early');
    const afterMs = await cluster.until(() => joined.serving.length > 0);
    t.true(afterMs < 1_500, `${afterMs} ms`);
  });
}
