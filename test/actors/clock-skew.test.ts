// Nodes with clocks of their own, apart from the store's.

import test from 'ava';
import pino from 'pino';
import { CLOCK_SKEW_MAX_MS, StoreClock } from '../../actors/cluster/store-clock.ts';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import { ShardHost } from '../../actors/shard/shard-host.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import { shardOf } from '../../domain/ids.ts';
import { decodeEntry } from '../../storage/formats/entry.ts';
import { MemoryOrderListStore } from '../../storage/memory/order-list-memory.ts';
import { createDrop, NOW, order, place, startHost, terms } from './harness.ts';
import { ManualClock } from './manual-clock.ts';
import { SHARDS, SimulatedCluster, type SimulatedNode } from '../simulation/simulated-cluster.ts';

const HOUR_MS = 3_600_000;
const HALF_HOUR_MS = HOUR_MS / 2;

async function clusterOf(...nodeIds: string[]): Promise<SimulatedCluster> {
  const cluster = new SimulatedCluster();
  for (const nodeId of nodeIds) await cluster.add(nodeId);
  await settle(cluster);
  return cluster;
}

async function settle(cluster: SimulatedCluster): Promise<void> {
  await cluster.clock.advance(3_000);
  await cluster.until(() => cluster.settled());
}

async function makeDrop(cluster: SimulatedCluster): Promise<void> {
  const now = cluster.clock.now();
  const made = terms({ startsAt: now, endsAt: now + 9 * HOUR_MS, limitPerUser: 1000 });
  const gateway = cluster.nodes[0]!;
  const reply = cluster.send(gateway, {
    type: 'create-drop',
    dropId: 'd_1',
    terms: made,
    stock: 9,
  });
  await cluster.clock.advance(50);
  if (!(await reply).ok) throw new Error('the drop was refused');
}

async function lastEntryTime(cluster: SimulatedCluster): Promise<number> {
  const shard = shardOf('d_1', SHARDS);
  const entries = await cluster.journal.read(shard, 0, 100);
  const { bytes, sequence } = entries.at(-1)!;
  return decodeEntry(bytes, shard, sequence).time;
}

function sessionOf(cluster: SimulatedCluster, node: SimulatedNode) {
  return cluster.placement
    .load()
    .then(({ sessions }) => sessions.find(({ nodeId }) => nodeId === node.nodeId));
}

for (const [where, skewMs] of [
  ['an hour ahead', HOUR_MS],
  ['1.1 s behind', -1_100],
] as const) {
  test(`W7: a node whose clock is ${where} gets no session and says so`, async (t) => {
    const cluster = await clusterOf('a');
    const refused = await t.throwsAsync(cluster.add('b', skewMs), { code: 'clock-skew' });
    t.regex(refused.message, skewMs > 0 ? /3600\.0 s ahead of the store's/ : /1\.1 s behind/);
    const { sessions } = await cluster.placement.load();
    t.deepEqual(
      sessions.map(({ nodeId }) => nodeId),
      ['a'],
    );
  });
}

test('W7: a node whose clock is 0.9 s off has a session, and reports its skew', async (t) => {
  const cluster = await clusterOf('a');
  const ahead = await cluster.add('b', 900);
  await cluster.until(() => ahead.serving.length > 0);
  t.is(ahead.ownership.report().clockSkewMs, 900);
  t.false(ahead.ownership.clockIsWrong);
});

test('W7: a node whose clock is set wrong gives its shards up, and gets some when it is right', async (t) => {
  const cluster = await clusterOf('a', 'b', 'c');
  const wrong = cluster.nodes[1]!;
  wrong.clock.skewMs = HOUR_MS;
  await cluster.until(() => wrong.serving.length === 0);
  t.like(await sessionOf(cluster, wrong), { leaving: true, clockIsWrong: true });
  const moves = await cluster.placement.listMoves(100);
  const away = moves.filter(({ reason }) => reason === 'the clock of b is wrong');
  t.true(away.length > 0 && away.every(({ from, result }) => from === 'b' && result === 'done'));
  await settle(cluster);
  wrong.clock.skewMs = 0;
  await cluster.until(() => wrong.serving.length > 0);
  t.like(await sessionOf(cluster, wrong), { leaving: false, clockIsWrong: false });
});

test('W7: one node’s wrong clock does not drag shard time into the future', async (t) => {
  const cluster = await clusterOf('a', 'b');
  await makeDrop(cluster);
  const wrong = cluster.ownerOf('d_1');
  const right = cluster.nodes.find((node) => node !== wrong)!;
  wrong.clock.skewMs = HOUR_MS;
  // Before the next renewal, which would notice.
  const early = cluster.send(right, place('ada'));
  await cluster.clock.advance(50);
  t.true((await early).ok);
  t.is(cluster.ownerOf('d_1'), wrong);
  t.true((await lastEntryTime(cluster)) <= cluster.clock.now() + CLOCK_SKEW_MAX_MS);
  await cluster.until(() => cluster.ownerOf('d_1') === right);
  await cluster.clock.advance(CLOCK_SKEW_MAX_MS);
  const later = cluster.send(right, place('bob'));
  await cluster.clock.advance(50);
  const reply = await later;
  const placedAt = reply.ok ? (reply.value as PlacedOrder).order.createdAt : Infinity;
  t.true(Math.abs(placedAt - cluster.clock.now()) <= 100, 'the next owner writes the right time');
});

test('W7: the only node that takes shards keeps them, and writes the store’s time', async (t) => {
  const cluster = await clusterOf('a');
  await makeDrop(cluster);
  const [only] = cluster.nodes;
  only!.clock.skewMs = HOUR_MS;
  await cluster.clock.advance(5_000);
  t.is(only!.serving.length, SHARDS);
  const reply = cluster.send(only!, place('ada'));
  await cluster.clock.advance(50);
  t.true((await reply).ok);
  t.true((await lastEntryTime(cluster)) <= cluster.clock.now() + CLOCK_SKEW_MAX_MS);
});

test('W7: where every clock differs from the store’s, a lost node is replaced all the same', async (t) => {
  const cluster = await clusterOf('a', 'b', 'c');
  for (const node of cluster.nodes) node.clock.skewMs = -HOUR_MS;
  await cluster.clock.advance(5_000);
  cluster.kill(cluster.nodes[2]!);
  t.true((await cluster.until(() => cluster.settled())) < 5_000);
});

test('a slow answer of the store makes no right clock wrong', async (t) => {
  const clock = new ManualClock(NOW);
  const storeClock = new StoreClock({ clock });
  for (const [before, after] of [
    [0, 3_000],
    [3_000, 0],
  ] as const) {
    const slow = async () => {
      await clock.advance(before);
      const time = clock.now();
      await clock.advance(after);
      return time;
    };
    await t.notThrowsAsync(storeClock.check(slow));
    t.is(storeClock.now(), clock.now());
  }
});

/** A drop and an order of a node of an earlier version, whose clock was an hour ahead. */
async function writeAhead(cluster: SimulatedCluster): Promise<void> {
  const clock = new ManualClock(cluster.clock.now() + HOUR_MS);
  const { journal, snapshots } = cluster;
  const bus = new InProcessLiveBus();
  const host = new ShardHost({
    nodeId: 'earlier',
    shardCount: SHARDS,
    journal,
    snapshots,
    orderList: new MemoryOrderListStore(),
    bus,
    clock,
    log: pino({ level: 'silent' }),
  });
  await host.start();
  const now = cluster.clock.now();
  await createDrop(host, 9, { startsAt: now, endsAt: now + 9 * HOUR_MS });
  await order(host, 'early');
  await host.stop();
}

test('O11: where the last entry is an hour ahead, a cluster’s shard goes on with the true time', async (t) => {
  const cluster = new SimulatedCluster();
  await writeAhead(cluster);
  t.is(await lastEntryTime(cluster), cluster.clock.now() + HOUR_MS);
  const node = await cluster.add('a');
  await settle(cluster);
  const reply = cluster.send(node, place('ada'));
  await cluster.clock.advance(50);
  t.true((await reply).ok);
  t.true(cluster.clock.now() - (await lastEntryTime(cluster)) <= 50);
  // A drop of the same shard opens when it should, not an hour early.
  const ids = Array.from({ length: 100 }, (_, index) => `d_${index + 2}`);
  const dropId = ids.find((id) => shardOf(id, SHARDS) === shardOf('d_1', SHARDS))!;
  const startsAt = cluster.clock.now() + HALF_HOUR_MS;
  const made = terms({ id: dropId, startsAt, endsAt: startsAt + HOUR_MS });
  const created = cluster.send(node, { type: 'create-drop', dropId, terms: made, stock: 9 });
  await cluster.clock.advance(50);
  t.true((await created).ok);
  const early = cluster.send(node, place('ada', 'key', 1, dropId));
  await cluster.clock.advance(50);
  t.like(await early, { ok: false, code: 'drop-not-live' });
  await cluster.clock.advance(HALF_HOUR_MS);
  const late = cluster.send(node, place('ada', 'key', 1, dropId));
  await cluster.clock.advance(50);
  t.true((await late).ok);
});

test('O11: on a node alone shard time stands still until a clock that was set back caught up', async (t) => {
  const { host, clock } = await startHost(undefined, 1);
  clock.shiftWall(HOUR_MS);
  await createDrop(host, 5, { startsAt: NOW, endsAt: NOW + 9 * HOUR_MS });
  clock.shiftWall(-HOUR_MS);
  const { order: placed } = await order(host, 'ada');
  t.is(placed.createdAt, NOW + HOUR_MS);
});
