// Both lanes give the same: facts made from the journal alone equal the owner's.

import test from 'ava';
import fc from 'fast-check';
import type { FactBatch } from '../../../actors/shard/facts.ts';
import type { DropCommand } from '../../../contracts/commands.ts';
import { readEntries, replay as applyChanges } from '../../../actors/shard/recovery.ts';
import type { DropState } from '../../../domain/drop-state.ts';
import { DropStates } from '../../../events/replay/drop-states.ts';
import { Replay, type ReplayOptions } from '../../../events/replay/replay.ts';
import { MemorySpillStore } from '../../../storage/memory/spill-memory.ts';
import { type Journal, StoreUnavailableError } from '../../../storage/ports/journal.ts';
import type { SnapshotReader } from '../../../storage/ports/snapshots.ts';
import { ask, createDrop, type Harness, NOW, place, startHost } from '../../actors/harness.ts';
import { flush } from '../../actors/manual-clock.ts';
import { DROP_ID, type History, history, START, step } from '../../domain/histories.ts';

/** Bounds so small that drops and pages are evicted all the time. */
const TINY = { pageBytesMax: 0, dropsMax: 1 };

function replayOf(
  harness: Harness,
  { pageBytesMax, dropsMax, ...options }: Partial<ReplayOptions & typeof TINY> = {},
): Replay {
  const openSpill = () => new MemorySpillStore();
  const { journal, snapshots } = harness;
  return new Replay({
    shard: 0,
    after: 0,
    journal,
    snapshots,
    states: new DropStates({ openSpill, pageBytesMax, dropsMax }),
    ...options,
  });
}

async function read(replay: Replay, last: number): Promise<FactBatch[]> {
  const batches: FactBatch[] = [];
  for await (const batch of replay.read(last)) batches.push(batch);
  return batches;
}

/** Plain values with all lazy fields read. */
function shown(batches: readonly FactBatch[]) {
  return batches.map(({ facts, ...entry }) => ({
    ...entry,
    facts: facts.map(({ index, event, drop, order }) => ({ index, event, drop, order })),
  }));
}

function renamed<C extends DropCommand>(command: C, dropId: string): C {
  return JSON.parse(JSON.stringify(command).replaceAll(DROP_ID, dropId)) as C;
}

/** Two drops of one shard with the same events. Up to four steps become one entry. */
async function run({ terms, stock, steps }: History): Promise<Harness> {
  const harness = await startHost(undefined, 1);
  const { host, journal, clock } = harness;
  clock.shiftWall(START - NOW);
  const both = (command: DropCommand) => [command, renamed(command, 'd_2')];
  const replies = [host.execute(both({ type: 'create-drop', dropId: DROP_ID, terms, stock }))];
  for (const [i, { afterMs, command }] of steps.entries()) {
    if (i % 4 === 0) journal.hold();
    await clock.advance(afterMs);
    if (command !== null) replies.push(host.execute(both(command)));
    if (i % 4 === 3) {
      journal.release();
      await flush();
    }
  }
  journal.release();
  await Promise.all(replies);
  await harness.relay.caughtUp();
  return harness;
}

/** Long enough for several events of one order to meet in one entry. */
const longHistory = fc
  .tuple(history, fc.array(step, { minLength: 40, maxLength: 80, size: 'max' }))
  .map(([lived, steps]) => ({ ...lived, steps }));

/** What must have happened in some life, since otherwise equal facts would prove little. */
const RARE = ['order-confirmed-late', 'refund-requested', 'order-refunded', 'order-expired'];
const RUNS_AT_ONCE = 50;
const RUNS_MIN = 100;
const RUNS_MAX = 800;

test('J1: a replay gives exactly the owner’s facts, over random histories', async (t) => {
  const seen = new Set<string>();
  const isSeen = (type: string): boolean => seen.has(type);
  for (let runs = 0; runs < RUNS_MIN || (runs < RUNS_MAX && !RARE.every(isSeen)); ) {
    await fc.assert(
      fc.asyncProperty(longHistory, fc.nat(), async (lived, middle) => {
        const harness = await run(lived);
        const owners = shown(harness.consumer.batches);
        const last = owners.length;
        t.deepEqual(shown(await read(replayOf(harness, TINY), last)), owners);
        const after = middle % (last + 1);
        const behind = await read(replayOf(harness, { ...TINY, after }), last);
        t.deepEqual(shown(behind), owners.slice(after));
        for (const { facts } of owners) for (const { event } of facts) seen.add(event.type);
      }),
      { numRuns: RUNS_AT_ONCE },
    );
    runs += RUNS_AT_ONCE;
  }
  for (const type of RARE) t.true(isSeen(type), `no ${type} in any life`);
});

test('J1: a replay begins at the newest snapshot where that is early enough', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, clock, journal, consumer } = harness;
  await createDrop(host, 2000, { payment: 'provider', holdSeconds: 60, limitPerUser: 2000 });
  await host.execute(Array.from({ length: 1001 }, (_, i) => place('ann', `key${i}`)));
  await host.stop();
  const snapshot = (await harness.snapshots.loadSnapshot(0))!.snapshot.sequence;
  const again = await startHost(harness, 1);
  await again.host.execute([place('bob')]);
  await clock.advance(61_000);
  await again.relay.caughtUp();
  const last = again.host.shards[0]!.sequence;
  t.true(last > snapshot);
  let firstRead = Infinity;
  const counted = {
    read: (shard: number, after: number, limit: number) => {
      firstRead = Math.min(firstRead, after);
      return journal.read(shard, after, limit);
    },
  } as unknown as Journal;
  const owners = shown(consumer.batches);
  for (const after of [snapshot, snapshot + 1, snapshot - 1]) {
    firstRead = Infinity;
    const replay = replayOf(harness, { ...TINY, journal: counted, after });
    t.deepEqual(shown(await read(replay, last)), owners.slice(after));
    t.is(firstRead, after < snapshot ? 0 : snapshot);
  }
});

/** A shard with a snapshot of several parts, and an order after it. */
async function behindSnapshot() {
  const harness = await startHost(undefined, 1);
  await createDrop(harness.host, 20_000, { limitPerUser: 20_000 });
  for (let n = 0; n < 9; n++) {
    const thousand = Array.from({ length: 1000 }, (_, i) => place('ann', `key${n}-${i}`));
    await harness.host.execute(thousand);
  }
  await harness.host.stop();
  const again = await startHost(harness, 1);
  await again.host.execute([place('bob')]);
  await again.relay.caughtUp();
  const { sequence, partNames } = (await harness.snapshots.openSnapshot(0))!.snapshot;
  let firstRead = Infinity;
  const journal = {
    read: (shard: number, after: number, limit: number) => {
      firstRead = Math.min(firstRead, after);
      return harness.journal.read(shard, after, limit);
    },
  } as unknown as Journal;
  const last = again.host.shards[0]!.sequence;
  const wanted = shown(harness.consumer.batches).slice(sequence);
  return { harness, journal, sequence, partNames, last, wanted, firstRead: () => firstRead };
}

test('J1: a replay takes the parts of a snapshot one after the other', async (t) => {
  const { harness, sequence, partNames, last, wanted } = await behindSnapshot();
  const names: string[] = [];
  let atOnce = 0;
  const snapshots: SnapshotReader = {
    findSealedDrop: (dropId) => harness.snapshots.findSealedDrop(dropId),
    async openSnapshot(shard) {
      const opened = (await harness.snapshots.openSnapshot(shard))!;
      const part = async (name: string) => {
        names.push(name);
        t.is(++atOnce, 1);
        await flush();
        atOnce -= 1;
        return opened.part(name);
      };
      return { ...opened, part };
    },
  };
  const replay = replayOf(harness, { snapshots, after: sequence });
  t.deepEqual(shown(await read(replay, last)), wanted);
  t.true(names.length >= 4);
  t.deepEqual(names.toSorted(), partNames.toSorted());
});

for (const [what, sequences, begins] of [
  ['was replaced by a newer one is begun again with that one', [-1, 0], 'snapshot'],
  ['lost a part is not used', [0, 0], 'first entry'],
] as const) {
  test(`J1: a snapshot that ${what}`, async (t) => {
    const { harness, journal, sequence, last, wanted, firstRead } = await behindSnapshot();
    let opens = 0;
    const snapshots: SnapshotReader = {
      findSealedDrop: (dropId) => harness.snapshots.findSealedDrop(dropId),
      async openSnapshot(shard) {
        const opened = (await harness.snapshots.openSnapshot(shard))!;
        const nth = opens++;
        if (begins === 'snapshot' && nth === 1) return opened;
        let reads = 0;
        return {
          snapshot: { ...opened.snapshot, sequence: sequence + sequences[nth]! },
          part: (name) => (++reads > 2 ? Promise.resolve(null) : opened.part(name)),
        };
      },
    };
    const replay = replayOf(harness, { snapshots, journal, after: sequence });
    t.deepEqual(shown(await read(replay, last)), wanted);
    t.is(opens, 2);
    t.is(firstRead(), begins === 'snapshot' ? sequence : 0);
  });
}

test('J1: a drop sealed after the position is replayed from its first entry', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, clock, consumer } = harness;
  const { snapshots } = harness;
  const ended = NOW + 100_000;
  await createDrop(host, 2000, { payment: 'instant', limitPerUser: 2000, endsAt: ended });
  await host.execute(Array.from({ length: 1001 }, (_, i) => place('ann', `key${i}`)));
  await clock.advance(100_000);
  await clock.advance(120_000);
  t.not(await snapshots.findSealedDrop('d_1'), null);
  // Of a shard without drops in memory.
  await host.stop();
  const { sequence } = (await snapshots.loadSnapshot(0))!.snapshot;
  const again = await startHost(harness, 1);
  const refund = {
    type: 'refund-order',
    dropId: 'd_1',
    caller: { userId: 'creator', operator: false },
  };
  await ask(again.host, { ...refund, orderId: 'd_1-5' } as DropCommand);
  await clock.advance(120_000);
  await ask(again.host, { ...refund, orderId: 'd_1-6' } as DropCommand);
  await again.relay.caughtUp();
  const last = again.host.shards[0]!.sequence;
  t.is(last, sequence + 2);
  const owners = shown(consumer.batches);
  for (const after of [sequence, sequence + 1])
    t.deepEqual(shown(await read(replayOf(harness, { after }), last)), owners.slice(after));
});

test('J1: a replay continues after a fault of the store where it stopped', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, journal, consumer, relay } = harness;
  await createDrop(host, 50);
  for (let i = 0; i < 20; i++) await host.execute([place(`user${i}`)]);
  await relay.caughtUp();
  const last = host.shards[0]!.sequence;
  const reads: number[] = [];
  const failing = {
    read: async (shard: number, after: number) => {
      reads.push(after);
      if (reads.length % 2 === 0) throw new StoreUnavailableError('not now');
      return await journal.read(shard, after, 3);
    },
  } as unknown as Journal;
  const replay = replayOf(harness, { journal: failing });
  const batches: FactBatch[] = [];
  while (replay.position < last) {
    try {
      for await (const batch of replay.read(last)) batches.push(batch);
    } catch (error) {
      t.is((error as StoreUnavailableError).code, 'store-unavailable');
    }
  }
  t.deepEqual(shown(batches), shown(consumer.batches));
  t.deepEqual(reads.filter((after) => after === 0).length, 1);
});

test('a journal in which a drop lacks an entry is corrupt, and not skipped', async (t) => {
  const harness = await startHost(undefined, 1);
  await createDrop(harness.host, 50);
  await harness.host.execute([place('ann')]);
  await harness.host.execute([place('ben')]);
  const replay = replayOf(harness, {
    after: 2,
    snapshots: null,
    journal: {
      read: async () => {
        const entries = await harness.journal.read(0, 0, 10);
        return [entries[1]!];
      },
    } as unknown as Journal,
  });
  await t.throwsAsync(read(replay, 3), { code: 'corrupt' });
});

test('a drop from a snapshot has every order as the shard had it', async (t) => {
  let refunds = 0;
  await fc.assert(
    fc.asyncProperty(longHistory, async (lived) => {
      const { journal, host } = await run(lived);
      const drops = new Map<string, DropState>();
      for await (const entry of readEntries(journal, 0, 0, host.shards[0]!.sequence))
        for (const changes of entry.changes) applyChanges(drops, changes, entry.time);
      const states = new DropStates({ ...TINY, openSpill: () => new MemorySpillStore() });
      const life = states.begin();
      for (const state of drops.values()) {
        await states.adopt(life, state, 1, () => Promise.resolve());
        states.spare();
      }
      for (const state of drops.values()) {
        const adopted = states.find(life, state.id)!;
        t.deepEqual(adopted.view(), state.view());
        for (let ordinal = 0; ordinal < state.orders.size; ordinal++) {
          const order = state.orderView(ordinal);
          t.deepEqual(adopted.orderView(ordinal), order);
          if (order.refundRequested) refunds += 1;
        }
        states.spare();
      }
    }),
    // Fewer have no refund at all too often.
    { numRuns: 100 },
  );
  t.true(refunds > 0);
});
