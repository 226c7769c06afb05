// Rebuild: the comparison of journals with read models, its extent, and reasons where it is
// impossible.

import test from 'ava';
import pino from 'pino';
import { readJournalChanges } from '../../../events/rebuild/journal-changes.ts';
import { orderChanges } from '../../../events/lists/projection-rows.ts';
import { Rebuild } from '../../../events/rebuild/rebuild.ts';
import type { Journal } from '../../../storage/ports/journal.ts';
import type {
  OrderChange,
  ReadModels,
  RestoreOptions,
} from '../../../storage/ports/read-models.ts';
import { MemorySpillStore } from '../../../storage/memory/spill-memory.ts';
import { ask, createDrop, NOW, order, startHost } from '../../actors/harness.ts';

const log = pino({ level: 'silent' });
const openSpill = () => new MemorySpillStore();

async function sale() {
  const harness = await startHost();
  const { host, clock, consumer, relay } = harness;
  await createDrop(host, 20, { payment: 'provider' });
  for (const userId of ['ann', 'ben', 'cal', 'dan']) await order(host, userId);
  const { order: placed } = await order(host, 'eve');
  const caller = { userId: 'eve', operator: false };
  await ask(host, { type: 'cancel-order', dropId: 'd_1', orderId: placed.id, caller });
  await clock.advance(61_000);
  await order(host, 'ann', 'again');
  await relay.caughtUp();
  const shard = consumer.batches[0]!.shard;
  return { ...harness, shard, sequence: host.shards[shard]!.sequence };
}

/** Read models at `position` that record their requests. */
function readModelsAt(position: number) {
  const asked: RestoreOptions[] = [];
  const readModels: Pick<ReadModels, 'position' | 'restore'> = {
    position: async () => position,
    async restore(options) {
      asked.push(options);
      const found = [];
      for (const journal of options.journals) {
        const changes = await options.changesOf(journal);
        if (changes === null) continue;
        found.push({ shard: journal.shard, orders: changes.length, notifications: 0 });
      }
      return found;
    },
  };
  return { asked, readModels: readModels as ReadModels };
}

test('J1: a journal alone gives the relay’s rows, each order as it finally stands', async (t) => {
  const { journal, consumer, shard, sequence } = await sale();
  const changes = await readJournalChanges({ journal, openSpill }, { shard, sequence });
  const brought = consumer.batches
    .map((batch) => ({ ...batch, rows: orderChanges(batch) }))
    .filter(({ rows }) => rows.length > 0);
  const said = (rows: readonly OrderChange[]) =>
    rows.map(({ order: { id, userId }, notificationType, refundRequested }) => ({
      id,
      userId,
      notificationType,
      refundRequested,
    }));
  t.deepEqual(
    changes.map(({ sequence: at, time, rows }) => [at, time, said(rows)]),
    brought.map(({ sequence: at, time, rows }) => [at, time, said(rows)]),
  );
  const types = changes.flatMap(({ rows }) => rows.flatMap((row) => row.notificationType ?? []));
  t.deepEqual(types, ['order.cancelled', ...Array<string>(4).fill('order.expired')]);
  const statuses = new Map<string, Set<string>>();
  for (const { order: one } of changes.flatMap(({ rows }) => rows)) {
    statuses.set(one.id, (statuses.get(one.id) ?? new Set()).add(`${one.status} ${one.version}`));
  }
  t.deepEqual(
    [...statuses.values()].map((seen) => seen.size),
    [1, 1, 1, 1, 1, 1],
  );
});

test('J1: a journal is compared up to its end at the call, other shards’ are not', async (t) => {
  const { journal, clock, shard, sequence } = await sale();
  const { asked, readModels } = readModelsAt(sequence + 5);
  const rebuild = new Rebuild({ journal, readModels, openSpill, clock, log });
  const rows = await rebuild.run([0, 1, 2, 3], true);
  t.deepEqual(asked[0]!.journals, [{ shard, sequence }]);
  t.true(asked[0]!.write);
  t.deepEqual(
    rows.map((row) => [row.shard, row.entries, row.reason]),
    [0, 1, 2, 3].map((id) => [id, id === shard ? sequence : 0, null]),
  );
  t.true(rows[shard]!.orders > 0);
});

test('J1: entries that the relay brings too late are left to it and reported', async (t) => {
  const { journal, clock, shard, sequence } = await sale();
  const { asked, readModels } = readModelsAt(2);
  const rebuild = new Rebuild({ journal, readModels, openSpill, clock, log, relayWaitMaxMs: 0 });
  const [row] = await rebuild.run([shard], false);
  t.deepEqual(asked[0]!.journals, [{ shard, sequence: 2 }]);
  t.false(asked[0]!.write);
  t.is(row!.reason, `The relay has brought 2 of ${sequence} entries so far.`);
  t.true(clock.now() > NOW);
});

test('J5: a damaged journal is reported, and nothing is restored from it', async (t) => {
  const { journal, clock, shard, sequence } = await sale();
  const torn: Pick<Journal, 'head' | 'read'> = {
    head: (id) => journal.head(id),
    async read(id, after, limit) {
      const entries = await journal.read(id, after, limit);
      return entries.map((entry) => ({ ...entry, bytes: entry.bytes.subarray(1) }));
    },
  };
  const { readModels } = readModelsAt(sequence);
  const rebuild = new Rebuild({ journal: torn as Journal, readModels, openSpill, clock, log });
  const [row] = await rebuild.run([shard], true);
  t.like(row, { shard, entries: 0, orders: 0, notifications: 0 });
  t.regex(row!.reason!, /^The journal cannot be read: /);
});

for (const shiftMs of [3_600_000, -3_600_000]) {
  test(`a wall clock set by ${shiftMs} ms does not change how long a rebuild waits`, async (t) => {
    const { journal, clock, shard } = await sale();
    const { readModels } = readModelsAt(0);
    const rebuild = new Rebuild({ journal, readModels, openSpill, clock, log });
    let done = false;
    const running = rebuild.run([shard], false).then(() => {
      done = true;
    });
    await clock.advance(5_000);
    clock.shiftWall(shiftMs);
    await clock.advance(4_900);
    t.false(done);
    await clock.advance(200);
    t.true(done);
    await running;
  });
}
