// A shard that is stuck delays its own commands only: the others of the same tick, for the same
// owner, are answered, whatever the shard waits for, and whether the owner is this node or another.

import test, { type ExecutionContext } from 'ava';
import type { ServiceBroker } from 'moleculer';
import pino from 'pino';
import { BrokerRouter } from '../../actors/cluster/broker-router.ts';
import { type CommandsOnWire, unpackCommands } from '../../actors/cluster/execute-wire.ts';
import { soleOwner } from '../../actors/cluster/placement-watch.ts';
import type { CommandReply, DropCommand } from '../../contracts/commands.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import { shardOf } from '../../domain/ids.ts';
import { place, terms } from './harness.ts';
import { flush, ManualClock } from './manual-clock.ts';
import { SHARDS, SimulatedCluster, type SimulatedNode } from '../simulation/simulated-cluster.ts';

/** Far more than a reply takes here, and far less than any timeout. */
const SOON_MS = 20;

async function start(): Promise<SimulatedCluster> {
  const cluster = new SimulatedCluster();
  for (const nodeId of ['a', 'b']) await cluster.add(nodeId);
  await cluster.until(() => cluster.settled());
  await cluster.clock.advance(3_000);
  await cluster.until(() => cluster.settled());
  return cluster;
}

function other(cluster: SimulatedCluster, node: SimulatedNode): SimulatedNode {
  return cluster.nodes.find((candidate) => candidate !== node)!;
}

/** The id of a drop on one of the node's shards that no other drop has. */
function idOn(owner: SimulatedNode, taken: readonly string[]): string {
  const shards = new Set(taken.map((id) => shardOf(id, SHARDS)));
  for (let i = 0; ; i++) {
    const id = `d_${i}`;
    const shard = shardOf(id, SHARDS);
    if (!shards.has(shard) && owner.serving.includes(shard)) return id;
  }
}

async function makeDrop(cluster: SimulatedCluster, dropId: string): Promise<void> {
  const now = cluster.clock.now();
  const made = terms({ id: dropId, startsAt: now, endsAt: now + 6_000_000, limitPerUser: 1000 });
  const reply = cluster.send(cluster.ownerOf(dropId), {
    type: 'create-drop',
    dropId,
    terms: made,
    stock: 100,
  });
  await cluster.clock.advance(SOON_MS);
  if (!(await reply).ok) throw new Error('the drop was refused');
}

/** What a command was answered; null before it is. */
interface Sent {
  reply: CommandReply | null;
}

function send(cluster: SimulatedCluster, via: SimulatedNode, command: DropCommand): Sent {
  const sent: Sent = { reply: null };
  void cluster.send(via, command).then((reply) => {
    sent.reply = reply;
  });
  return sent;
}

function isPlaced(t: ExecutionContext, { reply }: Sent): void {
  t.true(reply?.ok, JSON.stringify(reply));
}

async function soldOf(cluster: SimulatedCluster, dropId: string): Promise<number> {
  const sent = send(cluster, cluster.ownerOf(dropId), { type: 'get-drop', dropId });
  await cluster.clock.advance(SOON_MS);
  return (sent.reply as { value: { sold: number } }).value.sold;
}

interface Stuck {
  readonly cluster: SimulatedCluster;
  readonly owner: SimulatedNode;
  /** A drop on a shard that is stuck, and one on another shard of the same owner. */
  readonly stuck: string;
  readonly healthy: string;
  /** Lets the shard go on. */
  readonly release: () => void;
}

async function twoDrops(): Promise<Omit<Stuck, 'release'>> {
  const cluster = await start();
  const owner = cluster.nodes[0]!;
  const stuck = idOn(owner, []);
  const healthy = idOn(owner, [stuck]);
  await makeDrop(cluster, stuck);
  await makeDrop(cluster, healthy);
  return { cluster, owner, stuck, healthy };
}

async function appending(): Promise<Stuck> {
  const drops = await twoDrops();
  const { cluster, stuck } = drops;
  cluster.heldCalls.hold('append', shardOf(stuck, SHARDS));
  return { ...drops, release: () => cluster.heldCalls.release() };
}

async function leaving(): Promise<Stuck> {
  const drops = await twoDrops();
  const { cluster, owner, stuck } = drops;
  cluster.heldTakeOvers = [];
  await cluster.placement.change({
    pins: [{ shard: shardOf(stuck, SHARDS), nodeId: other(cluster, owner).nodeId }],
  });
  await cluster.until(() => cluster.heldTakeOvers!.length > 0);
  const release = () => {
    for (const go of cluster.heldTakeOvers!.splice(0)) go();
    cluster.heldTakeOvers = null;
  };
  return { ...drops, release };
}

/** The shard is claimed by a node that has others already, and its journal is being read. */
async function claimed(): Promise<Stuck> {
  const cluster = await start();
  const lost = cluster.nodes[1]!;
  const owner = cluster.nodes[0]!;
  const stuck = idOn(lost, []);
  const healthy = idOn(owner, []);
  await makeDrop(cluster, stuck);
  await makeDrop(cluster, healthy);
  await cluster.add('c');
  const shard = shardOf(stuck, SHARDS);
  await cluster.placement.change({ pins: [{ shard, nodeId: owner.nodeId }] });
  cluster.heldCalls.hold('loadSnapshot', shard);
  cluster.kill(lost);
  await cluster.until(() => owner.host.shards[shard]!.status === 'recovering');
  return { cluster, owner, stuck, healthy, release: () => cluster.heldCalls.release() };
}

const WAYS = { 'has an append under way': appending, 'is leaving': leaving, 'is claimed': claimed };

for (const [what, stick] of Object.entries(WAYS)) {
  for (const where of ['this node', 'another node']) {
    test(`H6a: a shard of ${where} that ${what} delays its own orders only`, async (t) => {
      const { cluster, owner, stuck, healthy, release } = await stick();
      const via = where === 'this node' ? owner : other(cluster, owner);
      const first = send(cluster, via, place('ada', 'k1', 1, stuck));
      const second = send(cluster, via, place('ada', 'k1', 1, healthy));
      const third = send(cluster, via, place('bob', 'k2', 1, stuck));
      await cluster.clock.advance(SOON_MS);
      isPlaced(t, second);
      t.is(first.reply, null);
      t.is(third.reply, null);
      release();
      await cluster.clock.advance(200);
      isPlaced(t, first);
      isPlaced(t, third);
      t.is(await soldOf(cluster, stuck), 2);
      t.is(via.router.outstanding, 0);
    });
  }
}

for (const where of ['this node', 'another node']) {
  test(`H6a: a sealed drop that ${where} loads delays no order of other drops`, async (t) => {
    const { cluster, owner, healthy } = await twoDrops();
    const via = where === 'this node' ? owner : other(cluster, owner);
    const shard = shardOf(healthy, SHARDS);
    const sealed = Array.from({ length: 100 }, (_, i) => `old_${i}`).find(
      (id) => shardOf(id, SHARDS) === shard,
    )!;
    cluster.heldCalls.hold('findSealedDrop', sealed);
    const read = send(cluster, via, { type: 'get-drop', dropId: sealed });
    const order = send(cluster, via, place('ada', 'k1', 1, healthy));
    await cluster.clock.advance(SOON_MS);
    isPlaced(t, order);
    t.is(read.reply, null);
    cluster.heldCalls.release();
    await cluster.clock.advance(SOON_MS);
    t.like(read.reply, { ok: false, code: 'not-found' });
  });
}

test('O3, H11: what has a key and lost its late reply is sent again, and done once', async (t) => {
  const { cluster, owner, stuck, healthy, release } = await appending();
  const via = other(cluster, owner);
  const order = send(cluster, via, place('ada', 'k1', 1, stuck));
  const restock = {
    type: 'amend-drop',
    dropId: stuck,
    caller: { userId: 'creator', operator: false },
    addStock: 1,
  } as const;
  const request = { id: 'r', fingerprint: 'f', callerId: 'creator' };
  const keyed = send(cluster, via, { ...restock, request });
  const change = send(cluster, via, restock);
  const healthyOrder = send(cluster, via, place('ada', 'k1', 1, healthy));
  await cluster.clock.advance(SOON_MS);
  isPlaced(t, healthyOrder);
  cluster.lostLateReplies = [];
  release();
  await cluster.clock.advance(SOON_MS);
  t.is(cluster.lostLateReplies.length, 1);
  t.is(order.reply, null);
  await cluster.clock.advance(2_600);
  isPlaced(t, order);
  t.true((order.reply as { value: PlacedOrder }).value.replayed);
  t.like(change.reply, { ok: false, code: 'unavailable' });
  t.like(keyed.reply, { ok: true, replayed: true, value: { stocked: 101 } });
  t.is(await soldOf(cluster, stuck), 1);
  t.is(via.router.outstanding, 0);
  // What comes after all is of no call any more.
  for (const message of cluster.lostLateReplies) via.router.takeLateReplies(message);
  t.is(via.router.outstanding, 0);
});

test('late replies to an earlier process of a node answer nothing of the next one', async (t) => {
  const { cluster, owner, stuck, healthy, release } = await appending();
  const via = other(cluster, owner);
  const order = send(cluster, via, place('ada', 'k1', 1, stuck));
  send(cluster, via, place('ada', 'k1', 1, healthy));
  await cluster.clock.advance(SOON_MS);
  cluster.lostLateReplies = [];
  release();
  await cluster.clock.advance(SOON_MS);
  const [message] = cluster.lostLateReplies;
  via.router.takeLateReplies({ ...message!, run: 'an earlier one' });
  t.is(order.reply, null);
  via.router.takeLateReplies(message!);
  await cluster.clock.advance(SOON_MS);
  isPlaced(t, order);
});

test('W4: a command that is sent again travels apart from those sent first', async (t) => {
  const calls: { commands: readonly DropCommand[]; timeout: number }[] = [];
  let owner: string | null = null;
  let changed = (): void => undefined;
  const clock = new ManualClock(0);
  const router = new BrokerRouter({
    broker: {
      nodeID: 'a',
      call: (_action: string, params: { packed: CommandsOnWire }, to: { timeout: number }) => {
        calls.push({ commands: unpackCommands(params.packed), timeout: to.timeout });
        return new Promise(() => undefined);
      },
    } as unknown as ServiceBroker,
    owners: {
      ...soleOwner('b'),
      ownerOf: () => owner,
      onChange(listener) {
        changed = listener;
        return () => undefined;
      },
    },
    shardCount: SHARDS,
    clock,
    log: pino({ level: 'silent' }),
  });
  const waited = place('ada', 'k1');
  const fresh = place('bob', 'k1');
  void router.send(waited);
  await clock.advance(4_900);
  owner = 'b';
  changed();
  void router.send(fresh);
  await flush();
  t.deepEqual(calls, [
    { commands: [waited], timeout: 100 },
    { commands: [fresh], timeout: 2_500 },
  ]);
});
