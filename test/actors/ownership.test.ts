import test, { type ExecutionContext } from 'ava';
import { SESSION_TTL_MS } from '../../actors/cluster/node-session-keeper.ts';
import type { CommandReply } from '../../contracts/commands.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import { shardOf } from '../../domain/ids.ts';
import { place, terms } from './harness.ts';
import { flush, SHARDS, SimulatedCluster, SimulatedNode } from '../simulation/simulated-cluster.ts';

async function clusterOf(...nodeIds: string[]): Promise<SimulatedCluster> {
  const cluster = new SimulatedCluster();
  for (const nodeId of nodeIds) await cluster.add(nodeId);
  await cluster.until(() => cluster.settled());
  // Until moves that are only for balance have been made.
  await cluster.clock.advance(3_000);
  await cluster.until(() => cluster.settled());
  return cluster;
}

async function makeDrop(cluster: SimulatedCluster, dropId = 'd_1', stock = 100): Promise<void> {
  const now = cluster.clock.now();
  const made = terms({ id: dropId, startsAt: now, endsAt: now + 6_000_000, limitPerUser: 1000 });
  const reply = cluster.send(cluster.nodes[0]!, {
    type: 'create-drop',
    dropId,
    terms: made,
    stock,
  });
  await cluster.clock.advance(50);
  if (!(await reply).ok) throw new Error('the drop was refused');
}

async function sold(cluster: SimulatedCluster, dropId = 'd_1'): Promise<number> {
  const reply = cluster.send(cluster.nodes[0]!, { type: 'get-drop', dropId });
  await cluster.clock.advance(200);
  const answer = await reply;
  if (!answer.ok) throw new Error(`the drop was not told: ${answer.code}`);
  return (answer.value as { sold: number }).sold;
}

function other(cluster: SimulatedCluster, node: SimulatedNode): SimulatedNode {
  return cluster.nodes.find((candidate) => candidate !== node)!;
}

function sorted(shards: readonly number[]): number[] {
  return shards.toSorted((a, b) => a - b);
}

function isOrder(t: ExecutionContext, reply: CommandReply): PlacedOrder | null {
  t.true(reply.ok, JSON.stringify(reply));
  return reply.ok ? (reply.value as PlacedOrder) : null;
}

test('W5: a node that joins takes its share by moves, and no other shard moves', async (t) => {
  const cluster = await clusterOf('a');
  t.is(cluster.nodes[0]!.serving.length, SHARDS);
  const joined = await cluster.add('b');
  await cluster.until(async () => joined.serving.length > 0 && (await cluster.settled()));
  await cluster.clock.advance(3_000);
  const moves = await cluster.placement.listMoves(100);
  t.deepEqual(sorted(moves.map(({ shard }) => shard)), sorted(joined.serving));
  t.true(moves.every(({ result, from, to }) => result === 'done' && from === 'a' && to === 'b'));
  t.true(await cluster.settled());
});

test('W5: a shard that came by a newer placement is not given back by an older one', async (t) => {
  const cluster = await clusterOf('a', 'b');
  const b = cluster.nodes[1]!;
  await cluster.placement.change({ drained: { nodeId: 'b', drained: true } });
  await cluster.until(() => b.serving.length === 0);
  // Its copy says that it is drained until this read has ended.
  b.storeDelayMs = 10_000;
  b.watch.refreshNow();
  await flush();
  b.storeDelayMs = 0;
  await cluster.placement.change({ drained: { nodeId: 'b', drained: false } });
  await cluster.placement.change({ pins: [{ shard: 0, nodeId: 'b' }] });
  const moves = async () =>
    (await cluster.placement.listMoves(100)).filter(({ shard }) => shard === 0);
  const before = await moves();
  await cluster.clock.advance(3_000);
  t.true(b.serving.includes(0));
  t.is((await moves()).length, before.length + 1);
  t.deepEqual(cluster.findings, []);
});

test('W3: the shards of a lost node serve elsewhere within 5 s', async (t) => {
  const cluster = await clusterOf('a', 'b', 'c');
  await makeDrop(cluster);
  cluster.kill(cluster.ownerOf('d_1'));
  t.true((await cluster.until(() => cluster.settled())) < 5_000);
  const order = cluster.send(cluster.nodes[0]!, place('ada'));
  await cluster.clock.advance(200);
  isOrder(t, await order);
});

test('W3: an order in flight to a lost node goes to the next owner at once', async (t) => {
  const cluster = await clusterOf('a', 'b');
  await makeDrop(cluster);
  const owner = cluster.ownerOf('d_1');
  const gateway = other(cluster, owner);
  owner.clock.pause();
  let answered = false;
  const order = cluster.send(gateway, place('ada')).finally(() => {
    answered = true;
  });
  const afterMs = await cluster.until(() => answered);
  isOrder(t, await order);
  t.true(afterMs <= SESSION_TTL_MS + 500, `${afterMs} ms`);
  owner.clock.continue();
  await flush();
  t.is(await sold(cluster), 1);
});

test('W2: an owner cut off from the store stops answering before another serves', async (t) => {
  const cluster = await clusterOf('a', 'b');
  await makeDrop(cluster);
  const owner = cluster.ownerOf('d_1');
  const shard = shardOf('d_1', SHARDS);
  owner.storeAway = true;
  let answeredLast = 0;
  let servedFirst = 0;
  for (let i = 0; i < 100 && servedFirst === 0; i++) {
    await cluster.clock.advance(50);
    const [reply] = await owner.host.execute([{ type: 'get-drop', dropId: 'd_1' }]);
    if (reply!.ok) answeredLast = cluster.clock.now();
    if (other(cluster, owner).serving.includes(shard)) servedFirst = cluster.clock.now();
  }
  t.true(servedFirst > 0);
  t.true(answeredLast > 0 && answeredLast < servedFirst);
});

test('W2: after a pause beyond its lease an owner is fenced and sends no answer', async (t) => {
  const cluster = await clusterOf('a', 'b');
  await makeDrop(cluster);
  const owner = cluster.ownerOf('d_1');
  owner.clock.pause();
  await cluster.until(() => other(cluster, owner).serving.includes(shardOf('d_1', SHARDS)));
  // It goes on where it was, with a command that reached it just before, and does not know yet.
  const late = owner.host.execute([place('ada'), { type: 'get-drop', dropId: 'd_1' }]);
  owner.clock.continue();
  for (const reply of await late) t.false(reply.ok);
  await cluster.until(() => cluster.settled());
  t.is(await sold(cluster), 0);
});

test('W4: orders during a move wait, go to the new owner, and are placed once', async (t) => {
  const cluster = await clusterOf('a', 'b');
  await makeDrop(cluster);
  const source = cluster.ownerOf('d_1');
  const target = other(cluster, source);
  const shard = shardOf('d_1', SHARDS);
  cluster.heldTakeOvers = [];
  await cluster.placement.change({ pins: [{ shard, nodeId: target.nodeId }] });
  await cluster.until(() => cluster.heldTakeOvers!.length > 0);
  const orders = [source, target, source].map((node, i) => cluster.send(node, place(`user-${i}`)));
  await cluster.clock.advance(100);
  t.is(source.host.shards[shard]!.waitingCount, 3);
  for (const go of cluster.heldTakeOvers.splice(0)) go();
  cluster.heldTakeOvers = null;
  await cluster.clock.advance(200);
  for (const reply of orders) t.false(isOrder(t, await reply)?.replayed);
  t.true(target.serving.includes(shard));
  t.is(await sold(cluster), 3);
  const [move] = await cluster.placement.listMoves(1);
  t.like(move, { shard, from: source.nodeId, to: target.nodeId, result: 'done' });
  t.true(move!.blackoutMs! >= 100);
});

test('W6: after a failed take-over the source executes the commands that waited', async (t) => {
  const cluster = await clusterOf('a', 'b');
  await makeDrop(cluster);
  const source = cluster.ownerOf('d_1');
  const target = other(cluster, source);
  const shard = shardOf('d_1', SHARDS);
  const { epoch } = source.host.shards[shard]!;
  cluster.heldTakeOvers = [];
  await cluster.placement.change({ pins: [{ shard, nodeId: target.nodeId }] });
  await cluster.until(() => cluster.heldTakeOvers!.length > 0);
  const order = cluster.send(source, place('ada'));
  await cluster.until(() => source.serving.includes(shard));
  isOrder(t, await order);
  const [move] = await cluster.placement.listMoves(1);
  t.is(move!.result, 'rolled-back');
  t.regex(move!.reason, /pinned to .; . did not take it: no answer/);
  t.is(source.host.shards[shard]!.epoch, epoch);
  // The message that was so late finds a version that is gone.
  await cluster.placement.change({ pins: [{ shard, nodeId: null }] });
  for (const go of cluster.heldTakeOvers.splice(0)) go();
  cluster.heldTakeOvers = null;
  await cluster.clock.advance(500);
  t.true(source.serving.includes(shard));
  t.false(target.serving.includes(shard));
});

test('W6, J7: a move without answers of target and store ends with the lease', async (t) => {
  const cluster = await clusterOf('a', 'b');
  await makeDrop(cluster);
  const source = cluster.ownerOf('d_1');
  const target = other(cluster, source);
  const shard = shardOf('d_1', SHARDS);
  cluster.heldTakeOvers = [];
  await cluster.placement.change({ pins: [{ shard, nodeId: target.nodeId }] });
  await cluster.until(() => cluster.heldTakeOvers!.length > 0);
  source.storeAway = true;
  let answered = false;
  const order = cluster.send(source, place('ada')).finally(() => {
    answered = true;
  });
  const afterMs = await cluster.until(() => answered);
  t.true(afterMs <= 9_000, `${afterMs} ms`);
  t.false((await order).ok);
  t.is(source.host.shards[shard]!.status, 'stopped');
  source.storeAway = false;
  cluster.heldTakeOvers = null;
  await cluster.until(() => cluster.settled());
  const again = cluster.send(source, place('ada'));
  await cluster.clock.advance(500);
  isOrder(t, await again);
  t.is(await sold(cluster), 1);
});

test('W6: a target that took over, though its answer was lost, has the shard', async (t) => {
  const cluster = await clusterOf('a', 'b');
  await makeDrop(cluster);
  const source = cluster.ownerOf('d_1');
  const target = other(cluster, source);
  const shard = shardOf('d_1', SHARDS);
  cluster.losesTakeOverAnswers.add(target.nodeId);
  await cluster.placement.change({ pins: [{ shard, nodeId: target.nodeId }] });
  await cluster.until(() => target.serving.includes(shard));
  const order = cluster.send(source, place('ada'));
  await cluster.until(() => !source.host.shards[shard]!.status.startsWith('leaving'));
  await cluster.clock.advance(200);
  isOrder(t, await order);
  t.is(await sold(cluster), 1);
  const [move] = await cluster.placement.listMoves(1);
  t.is(move!.result, 'done');
  t.regex(move!.reason, /has it, though it said: no answer/);
});

test('H6: an order for an unreachable owner is refused after a bounded time', async (t) => {
  const cluster = await clusterOf('a', 'b');
  await makeDrop(cluster);
  const owner = cluster.ownerOf('d_1');
  const gateway = other(cluster, owner);
  // The cut-off node keeps its session, and so its shards, for longer than the order may wait.
  cluster.cutOff(owner);
  let answered = false;
  const order = cluster.send(gateway, place('ada')).finally(() => {
    answered = true;
  });
  const afterMs = await cluster.until(() => answered);
  t.like(await order, { ok: false, code: 'unavailable' });
  t.true(afterMs > 3_000 && afterMs <= 5_200, `${afterMs} ms`);
});

test('W1: a process that never joined takes no shard from the one under its id', async (t) => {
  const cluster = await clusterOf('a');
  const running = cluster.nodes[0]!;
  const failed = new SimulatedNode(cluster, 'a', 'run-that-failed', 0);
  await failed.watch.start();
  await failed.ownership.leave();
  const { sessions } = await cluster.placement.load();
  t.deepEqual(
    sessions.map(({ incarnation, leaving }) => [incarnation, leaving]),
    [['run-1', false]],
  );
  await failed.ownership.endSession();
  await cluster.clock.advance(5_000);
  t.false(running.sessionLost);
  t.is(running.serving.length, SHARDS);
});

test('W5: a node that ends first hands its shards over; the last node does not', async (t) => {
  const cluster = await clusterOf('a', 'b');
  await makeDrop(cluster);
  const [a, b] = cluster.nodes as [SimulatedNode, SimulatedNode];
  const left = a.ownership.leave();
  await cluster.until(() => b.serving.length === SHARDS);
  await left;
  t.is(a.serving.length, 0);
  await b.ownership.leave();
  t.is(b.serving.length, SHARDS);
});

test('J7: while the store is away no node answers; afterwards service resumes', async (t) => {
  const cluster = await clusterOf('a', 'b');
  await makeDrop(cluster);
  for (const node of cluster.nodes) node.storeAway = true;
  await cluster.clock.advance(5_000);
  const refused = cluster.send(cluster.nodes[0]!, place('ada'));
  await cluster.clock.advance(4_000);
  t.like(await refused, { ok: false, code: 'unavailable' });
  for (const node of cluster.nodes) node.storeAway = false;
  await cluster.until(() => cluster.settled());
  await cluster.clock.advance(1_000);
  const order = cluster.send(cluster.nodes[1]!, place('ada'));
  await cluster.clock.advance(500);
  isOrder(t, await order);
});

test('a node that alone cannot reach the others gives its shards to them', async (t) => {
  const cluster = await clusterOf('a', 'b', 'c');
  const lonely = cluster.nodes[0]!;
  t.true(lonely.serving.length > 0);
  cluster.cutOff(lonely);
  await cluster.until(async () => lonely.serving.length === 0 && (await cluster.settled()));
  cluster.reconnect(lonely);
  await cluster.until(async () => lonely.serving.length > 0 && (await cluster.settled()));
  t.pass();
});

test('when no node can reach another, no shard moves', async (t) => {
  const cluster = await clusterOf('a', 'b', 'c');
  const before = cluster.nodes.map((node) => sorted(node.serving));
  for (const node of cluster.nodes) cluster.cutOff(node);
  await cluster.clock.advance(30_000);
  t.deepEqual(
    cluster.nodes.map((node) => sorted(node.serving)),
    before,
  );
});

test('W1: a later process of a node id replaces the earlier one', async (t) => {
  const cluster = await clusterOf('a');
  const earlier = cluster.nodes[0]!;
  await cluster.clock.advance(10);
  const later = await cluster.add('a');
  await cluster.until(() => later.serving.length === SHARDS);
  await cluster.until(() => earlier.sessionLost);
  t.deepEqual(earlier.serving, []);
});

test('W5: a node that is cut off from the others ends at once, and they claim its shards', async (t) => {
  const cluster = await clusterOf('a', 'b');
  const [leaving, staying] = cluster.nodes as [SimulatedNode, SimulatedNode];
  cluster.cutOff(leaving);
  let ended = false;
  const end = async () => {
    await leaving.ownership.leave();
    await leaving.ownership.stop();
    await leaving.host.stop();
    await leaving.ownership.endSession();
    ended = true;
  };
  const done = end();
  t.true((await cluster.until(() => ended)) <= 1_000);
  await done;
  await cluster.until(() => staying.serving.length === SHARDS);
});

test('W5: a node that is cut off while it hands over does not wait for the others', async (t) => {
  const cluster = await clusterOf('a', 'b');
  const leaving = cluster.nodes[0]!;
  cluster.heldTakeOvers = [];
  let left = false;
  const done = leaving.ownership.leave().then(() => {
    left = true;
  });
  await cluster.clock.advance(500);
  t.false(left);
  cluster.cutOff(leaving);
  t.true((await cluster.until(() => left)) <= 1_500);
  await done;
});
