// Random faults on a simulated cluster while orders come through every node: pauses, losses,
// starts, cut-offs, a store that is away for one or for all, pins and drains, answers lost on the
// way. Whatever happens, what was acknowledged is in the journal once, and nothing else is. A
// history that fails is told with its seed, made as short as it can be.

import fc from 'fast-check';
import test from 'ava';
import { readEntries, replay } from '../../actors/shard/recovery.ts';
import type { CommandReply } from '../../contracts/commands.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { shardOf } from '../../domain/ids.ts';
import { place, terms } from '../actors/harness.ts';
import { flush, SHARDS, SimulatedCluster, type SimulatedNode } from './simulated-cluster.ts';

const NODE_IDS = ['a', 'b', 'c'];
const DROPS = ['d_1', 'd_2', 'd_3'];
const STOCK = 30;
const RUNS = 60;
const STEPS_MIN = 20;
const STEPS_MAX = 60;

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('orders' as const),
      count: fc.nat(6),
      node: fc.nat(2),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.nat(2_500) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause' as const), node: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('continue' as const), node: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), node: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('start' as const), node: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut-off' as const), node: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('store' as const), node: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pin' as const),
      shard: fc.nat(SHARDS - 1),
      node: fc.nat(3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('drain' as const),
      node: fc.nat(2),
      on: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('lose-answers' as const),
      node: fc.nat(2),
      on: fc.boolean(),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What one buyer saw of one order. */
interface Asked {
  readonly dropId: string;
  readonly userId: string;
  readonly key: string;
  reply: CommandReply | null;
}

class History {
  readonly asked: Asked[] = [];
  readonly cluster: SimulatedCluster;
  #count = 0;

  constructor(cluster: SimulatedCluster) {
    this.cluster = cluster;
  }

  node(index: number): SimulatedNode | undefined {
    return this.cluster.nodes.find(({ nodeId }) => nodeId === NODE_IDS[index]);
  }

  /** Every third order repeats an earlier key, as a buyer who got no answer would. */
  order(through: SimulatedNode): void {
    this.#count += 1;
    const earlier = this.#count % 3 === 0 ? this.asked[this.#count % this.asked.length] : undefined;
    const dropId = earlier?.dropId ?? DROPS[this.#count % DROPS.length]!;
    const userId = earlier?.userId ?? `user-${this.#count}`;
    const asked: Asked = { dropId, userId, key: `key-of-${userId}`, reply: null };
    this.asked.push(asked);
    void this.cluster.send(through, place(userId, asked.key, 1, dropId)).then((reply) => {
      asked.reply = reply;
    });
  }

  async apply(one: Step): Promise<void> {
    const { cluster } = this;
    const node = 'node' in one ? this.node(one.node) : undefined;
    switch (one.kind) {
      case 'orders':
        if (node !== undefined) for (let i = 0; i < one.count; i++) this.order(node);
        break;
      case 'time':
        await cluster.clock.advance(one.ms);
        break;
      case 'pause':
        node?.clock.pause();
        break;
      case 'continue':
        node?.clock.continue();
        break;
      case 'kill':
        if (node !== undefined) cluster.kill(node);
        break;
      case 'start':
        if (node === undefined) await this.#tryToStart(NODE_IDS[one.node]!);
        break;
      case 'cut-off':
        if (node !== undefined && cluster.isCutOff(node)) cluster.reconnect(node);
        else if (node !== undefined) cluster.cutOff(node);
        break;
      case 'store':
        for (const other of cluster.nodes)
          if (node === undefined || other === node) other.storeAway = !other.storeAway;
        break;
      case 'pin':
        await cluster.placement.setPin(one.shard, NODE_IDS[one.node] ?? null);
        break;
      case 'drain':
        await cluster.placement.setDrained(NODE_IDS[one.node]!, one.on);
        break;
      case 'lose-answers':
        if (one.on) cluster.losesTakeOverAnswers.add(NODE_IDS[one.node]!);
        else cluster.losesTakeOverAnswers.delete(NODE_IDS[one.node]!);
    }
    await flush();
  }

  async heal(): Promise<void> {
    const { cluster } = this;
    cluster.losesTakeOverAnswers.clear();
    for (const node of cluster.nodes) {
      cluster.reconnect(node);
      node.storeAway = false;
      node.clock.continue();
    }
    for (const nodeId of NODE_IDS) await cluster.placement.setDrained(nodeId, false);
    if (cluster.nodes.length === 0) await this.#tryToStart('a');
    await cluster.until(() => cluster.settled());
    await cluster.clock.advance(5_000);
    await cluster.until(() => cluster.settled());
  }

  async #tryToStart(nodeId: string): Promise<void> {
    await this.cluster.clock.advance(1);
    await this.cluster.add(nodeId);
  }
}

/** Every drop as its journal tells it; throws where sequences have gaps or epochs go back. */
async function journalled(cluster: SimulatedCluster): Promise<Map<string, DropState>> {
  const drops = new Map<string, DropState>();
  for (let shard = 0; shard < SHARDS; shard++) {
    const { lastSequence } = await cluster.journal.head(shard);
    let epoch = 0;
    for (const entry of await cluster.journal.read(shard, 0, 100_000)) {
      if (entry.epoch < epoch) throw new Error(`an entry of epoch ${entry.epoch} follows ${epoch}`);
      epoch = entry.epoch;
    }
    for await (const entry of readEntries(cluster.journal, shard, 0, lastSequence))
      for (const changes of entry.changes) replay(drops, changes, entry.time);
  }
  return drops;
}

/** One sentence for each answer that the journal does not bear out. */
function contradictions(
  asked: readonly Asked[],
  answered: readonly Asked[],
  drops: ReadonlyMap<string, DropState>,
): string[] {
  const found: string[] = [];
  const known = new Set(asked.map(({ dropId, userId, key }) => `${dropId}/${userId}/${key}`));
  for (const { dropId, userId, key, reply } of answered) {
    if (reply?.ok !== true) continue;
    const { order } = reply.value as PlacedOrder;
    const state = drops.get(dropId);
    const ordinal = state?.findOrder(userId, key) ?? -1;
    if (ordinal < 0) found.push(`the order of ${userId} was acknowledged and is lost`);
    else if (state!.orderView(ordinal, userId).id !== order.id)
      found.push(`the order of ${userId} is another one now`);
  }
  for (const state of drops.values()) {
    if (state.sold > STOCK) found.push(`${state.id} is oversold: ${state.sold}`);
    const keys = new Set<string>();
    for (let ordinal = 0; ordinal < state.orders.size; ordinal++) {
      const { userId } = state.orderView(ordinal);
      const name = `${state.id}/${userId}/${state.orders.keys.textOf(ordinal)}`;
      if (keys.has(name)) found.push(`${name} was sold twice`);
      if (!known.has(name)) found.push(`${name} was never asked for`);
      keys.add(name);
    }
  }
  return found;
}

test('W1, W2, W4, W6, J4: under any faults acknowledged orders are sold once', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: STEPS_MIN, maxLength: STEPS_MAX }),
      async (steps) => {
        const cluster = new SimulatedCluster();
        for (const nodeId of NODE_IDS) await cluster.add(nodeId);
        await cluster.until(() => cluster.settled());
        const history = new History(cluster);
        const now = cluster.clock.now();
        for (const dropId of DROPS) {
          const made = terms({ id: dropId, startsAt: now, endsAt: now + 36_000_000 });
          const reply = cluster.send(cluster.nodes[0]!, {
            type: 'create-drop',
            dropId,
            terms: made,
            stock: STOCK,
          });
          await cluster.clock.advance(50);
          if (!(await reply).ok) throw new Error('a drop was refused');
        }
        for (const one of steps) await history.apply(one);
        await history.heal();
        // Whoever asked through a node that is lost got no answer from it.
        const answered = history.asked.filter(({ reply }) => reply !== null);
        const found = contradictions(history.asked, answered, await journalled(cluster));
        if (found.length > 0) throw new Error(found.join('; '));
        for (const dropId of DROPS) {
          const owners = cluster.nodes.filter((node) =>
            node.serving.includes(shardOf(dropId, SHARDS)),
          );
          if (owners.length !== 1) throw new Error(`${owners.length} nodes serve ${dropId}`);
        }
      },
    ),
    { numRuns: RUNS },
  );
  t.pass();
});
