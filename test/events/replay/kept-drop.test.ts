// A drop read from what is stored, without its owner, equals the drop in its owner's memory (O9a).

import test from 'ava';
import fc from 'fast-check';
import { applyEvent, createDrop } from '../../../domain/apply.ts';
import { decide, decideDueOrders, decideStatus } from '../../../domain/decide.ts';
import type { DropState } from '../../../domain/drop-state.ts';
import { newestOrders } from '../../../domain/newest-orders.ts';
import { SEGMENT_LENGTH } from '../../../domain/text-index.ts';
import { KeptDrops } from '../../../events/replay/kept-drop.ts';
import type { DropEvent } from '../../../contracts/drop-events.ts';
import type { DropOrdersFilter, OrderView } from '../../../contracts/orders.ts';
import {
  encodePart,
  encodeShardHead,
  type PendingPart,
  snapshotDrop,
} from '../../../storage/formats/drop-snapshot.ts';
import { encodeEntry } from '../../../storage/formats/entry.ts';
import type { StoredDrop } from '../../../storage/formats/stored-drop.ts';
import { MemoryJournal } from '../../../storage/memory/journal-memory.ts';
import { MemorySnapshotStore } from '../../../storage/memory/snapshots-memory.ts';
import { history } from '../../domain/histories.ts';
import { dropWith, seal } from '../../storage/sealed-drops.ts';

/** A journal of one shard, its snapshots, and the drop as its owner has it. */
class Shard {
  readonly journal = new MemoryJournal();
  readonly snapshots = new MemorySnapshotStore();
  readonly state: DropState;
  readonly #stored = new Set<string>();
  sequence = 0;
  #epoch = 0;

  constructor(state: DropState) {
    this.state = state;
  }

  async append(events: DropEvent[], versionBefore: number, time: number): Promise<void> {
    if (this.#epoch === 0) this.#epoch = (await this.journal.claim(0, 'n')).epoch;
    this.sequence += 1;
    const { sequence } = this;
    const changes = [{ dropId: this.state.id, versionBefore, events }];
    const bytes = encodeEntry({ shard: 0, sequence, time, changes });
    await this.journal.append(0, this.#epoch, sequence, bytes);
  }

  async change(event: DropEvent, time: number): Promise<void> {
    const before = this.state.version;
    applyEvent(this.state, event, time);
    await this.append([event], before, time);
  }

  async snapshot(withDrop = true): Promise<void> {
    const parts: PendingPart[] = [];
    const isStored = (name: string) => this.#stored.has(name);
    const drops = withDrop ? [snapshotDrop(this.state, isStored, parts)] : [];
    for (const { name } of parts) this.#stored.add(name);
    const partNames = drops.flatMap((drop) => drop.partNames);
    const head = encodeShardHead({ time: 1, drops });
    const snapshot = { sequence: this.sequence, head, partNames };
    await this.snapshots.saveSnapshot(0, 1, snapshot, parts.map(encodePart));
  }

  async find(dropId: string): Promise<StoredDrop | null> {
    const { journal, snapshots } = this;
    return await new KeptDrops({ journal, snapshots, shardCount: 1 }).open(dropId);
  }

  async open(): Promise<StoredDrop> {
    return (await this.find(this.state.id))!;
  }
}

async function ordersOf(drop: StoredDrop): Promise<OrderView[]> {
  const views: OrderView[] = [];
  for (let i = 0; i < drop.segmentCount; i++) views.push(...(await drop.ordersOf(i)));
  return views;
}

function ownOrders(state: DropState): OrderView[] {
  return Array.from({ length: state.orders.size }, (_, ordinal) => state.orderView(ordinal));
}

async function listed(drop: StoredDrop, filter: DropOrdersFilter): Promise<OrderView[]> {
  const items: OrderView[] = [];
  for (let before: number | null = null; ; ) {
    const slice = await drop.newestOrders({ filter, before, limit: 7 });
    items.push(...slice.items);
    if (slice.before === null) return items;
    before = slice.before;
  }
}

async function isSame(drop: StoredDrop, state: DropState): Promise<boolean> {
  const same = JSON.stringify([drop.view(), await ordersOf(drop)]);
  return same === JSON.stringify([state.view(), ownOrders(state)]);
}

test('O9a: any history, with a snapshot or a sealing at any point, reads as the owner has it', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      history,
      fc.array(fc.constantFrom('', '', '', 'snapshot', 'seal'), { minLength: 80, maxLength: 80 }),
      async ({ terms, stock, steps }, stored) => {
        let now = terms.startsAt - 100;
        const created: DropEvent = { type: 'drop-created', terms, stock };
        const shard = new Shard(createDrop(created, now));
        const { state } = shard;
        await shard.append([created], 0, now);
        for (const [i, { afterMs, command }] of steps.entries()) {
          now += afterMs;
          for (const event of decideStatus(state, now)) await shard.change(event, now);
          for (const event of decideDueOrders(state, now, 1000)) await shard.change(event, now);
          if (command !== null) {
            const decision = decide(state, command, now);
            if (decision.ok) for (const event of decision.events) await shard.change(event, now);
          }
          if (stored[i] === 'snapshot') await shard.snapshot();
          // Only a drop that is over leaves memory; its snapshot then has it not.
          if (stored[i] === 'seal' && state.isOver) {
            await seal(shard.snapshots, state, shard.sequence);
            await shard.snapshot(false);
          }
        }
        return await isSame(await shard.open(), state);
      },
    ),
    { numRuns: 150 },
  );
  t.pass();
});

test('O9a: many segments, of which events behind the snapshot changed some', async (t) => {
  const shard = new Shard(dropWith(SEGMENT_LENGTH * 3 + 10));
  const { state } = shard;
  await shard.snapshot();
  const last = SEGMENT_LENGTH * 3 + 9;
  for (const ordinal of [5, SEGMENT_LENGTH, last])
    await shard.change({ type: 'order-confirmed', ordinal, reference: `ref-${ordinal}` }, 9e6);
  for (let i = 0; i < SEGMENT_LENGTH; i++) {
    const placed = { userId: `late${i}`, key: 'k', quantity: 1 } as const;
    await shard.change({ type: 'order-placed', ...placed }, 9e6 + i);
  }
  const drop = await shard.open();
  t.true(await isSame(drop, state));
  for (const filter of [
    { status: 'confirmed' },
    { userId: 'user4' },
    { userId: 'late9' },
    { since: 9e6 + 4000 },
    { until: 1050, status: 'reserved' },
  ] as const) {
    const own = newestOrders(state, { filter, before: null, limit: 1e6 }).items;
    t.deepEqual(await listed(drop, filter), own, JSON.stringify(filter));
  }
});

test('O9a: a drop that nobody made is none; one of a trimmed journal is found', async (t) => {
  const shard = new Shard(dropWith(3));
  t.is(await shard.find('d_none'), null);
  await shard.append([], 5, 1);
  await shard.snapshot();
  await shard.change({ type: 'order-cancelled', ordinal: 1 }, 9e6);
  await shard.journal.trim(0, 1);
  t.true(await isSame(await shard.open(), shard.state));
});

test('O9a: a snapshot that is replaced while it is read is read anew', async (t) => {
  const shard = new Shard(dropWith(SEGMENT_LENGTH));
  const { snapshots, state } = shard;
  await shard.snapshot();
  const open = snapshots.openSnapshot.bind(snapshots);
  snapshots.openSnapshot = async (id) => {
    const found = await open(id);
    snapshots.openSnapshot = open;
    await shard.change({ type: 'order-cancelled', ordinal: 9 }, 9e6);
    await shard.snapshot();
    return found;
  };
  t.true(await isSame(await shard.open(), state));
});

test('O9a: what is opened stays at its version while the drop goes on and is sealed', async (t) => {
  const shard = new Shard(dropWith(SEGMENT_LENGTH * 2 + 5));
  const { state, snapshots } = shard;
  await shard.snapshot();
  await shard.change({ type: 'order-cancelled', ordinal: 9 }, 9e6);
  const own = [state.view(), ownOrders(state)];
  const drop = await shard.open();
  for (let ordinal = 10; ordinal < state.orders.size; ordinal += 100)
    await shard.change({ type: 'order-cancelled', ordinal }, 9e6);
  await shard.snapshot();
  const first = await drop.ordersOf(0);
  await shard.change({ type: 'drop-closed' }, 9e6);
  await seal(snapshots, state, shard.sequence);
  await shard.snapshot(false);
  const rest = [...(await drop.ordersOf(1)), ...(await drop.ordersOf(2))];
  t.deepEqual([drop.view(), [...first, ...rest]], own);
});
