// Rebuild: the comparison of journals with read models, its extent, and reasons where it is
// impossible.

import test from 'ava';
import pino from 'pino';
import type { RunProgress } from '../../../contracts/operator.ts';
import { ChangesByUser } from '../../../events/rebuild/changes-by-user.ts';
import { JournalChanges } from '../../../events/rebuild/journal-changes.ts';
import { orderChanges } from '../../../events/lists/projection-rows.ts';
import { Rebuild } from '../../../events/rebuild/rebuild.ts';
import type { Journal } from '../../../storage/ports/journal.ts';
import {
  type OrderChange,
  type ReadModels,
  type RestoreOptions,
  USER_BUCKETS,
  type UserChange,
  type UsersChanges,
} from '../../../storage/ports/read-models.ts';
import { MemorySpillStore } from '../../../storage/memory/spill-memory.ts';
import { orderView } from '../../storage/contract/order-list.ts';
import { ask, createDrop, NOW, order, startHost } from '../../actors/harness.ts';
import { idleUpkeep, turn } from '../../actors/idle-upkeep.ts';

const log = pino({ level: 'silent' });
const upkeep = idleUpkeep();
const openSpill = () => new MemorySpillStore();
const { signal } = new AbortController();
const unwatched = { signal, progress: () => undefined };

function changeOf(userId: string, nth: number, shard: number): UserChange {
  const row = {
    order: orderView(`drop_1-${nth.toString(36)}`, userId, { version: nth + 1 }),
    notificationType: 'order.confirmed',
    refundRequested: false,
  } as const;
  return { ...row, shard, sequence: nth + 1, index: 0, time: nth };
}

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
      const { journals } = options;
      let orders = 0;
      for await (const { changes } of journals.users(USER_BUCKETS)) orders += changes.length;
      return journals.journals.map(({ shard }) => ({ shard, orders, notifications: 0 }));
    },
  };
  return { asked, readModels: readModels as ReadModels };
}

test('J1: a journal alone gives the relay’s rows, user by user, in small portions', async (t) => {
  const { journal, consumer, shard, sequence } = await sale();
  const changes = new JournalChanges({
    journal,
    openSpill,
    pause: turn,
    signal,
    portionBytesMax: 1,
  });
  let entries = 0;
  await changes.add({ shard, sequence }, () => {
    entries += 1;
  });
  t.is(entries, sequence);
  const portions: UsersChanges[] = [];
  for await (const portion of changes.users(100)) portions.push(portion);
  const firsts = portions.map(({ first }) => first);
  const ends = [0, ...portions.map(({ end }) => end)];
  t.true(firsts.every((first, i) => first === ends[i] || first === firsts[i - 1]));
  t.is(portions.at(-1)!.end, USER_BUCKETS);
  t.true(portions.every(({ first, end }) => end - first <= 100));
  const users = portions.map(
    (portion) => new Set(portion.changes.map(({ order: { userId } }) => userId)),
  );
  t.deepEqual(
    users.flatMap((ofPortion) => [...ofPortion]).toSorted(),
    ['ann', 'ben', 'cal', 'dan', 'eve'],
    'each user is in one portion',
  );
  const said = (row: OrderChange): OrderChange => {
    const { notificationType, refundRequested } = row;
    return { order: row.order, notificationType, refundRequested };
  };
  const brought = consumer.batches.flatMap((batch) =>
    orderChanges(batch).map((row, index) => ({
      ...said(row),
      shard,
      sequence: batch.sequence,
      index,
      time: batch.time,
    })),
  );
  for (const { changes: ofUsers } of portions) {
    const ids = new Set(ofUsers.map(({ order: { userId } }) => userId));
    t.deepEqual(
      ofUsers,
      brought.filter(({ order: { userId } }) => ids.has(userId)),
    );
  }
  const again: unknown[] = [];
  for await (const { rows } of changes.changesOf({ shard, sequence }, new Set(['d_1'])))
    again.push(...rows);
  t.is(again.length, brought.length);
  t.deepEqual(
    [...changes.drops()],
    [{ shard, dropId: 'd_1', orders: 6, heldUnits: 1, soldUnits: 0 }],
  );
  changes.close();
});

test('J1: a portion has at most its bytes, however many orders the journals have', async (t) => {
  const BYTES_MAX = 16 << 10;
  const spill = new MemorySpillStore();
  const byUser = new ChangesByUser({ spill, pause: turn, portionBytesMax: BYTES_MAX });
  const ORDERS = 50_000;
  for (let n = 0; n < ORDERS; n++) byUser.add(changeOf(`user_${n % 20_000}`, n, n % 3));
  byUser.exclude(2);
  let changes = 0;
  let largest = 0;
  const seen = new Set<string>();
  for await (const portion of byUser.portions(USER_BUCKETS)) {
    const users = new Set(portion.changes.map(({ order: { userId } }) => userId));
    for (const userId of users) {
      t.false(seen.has(userId));
      seen.add(userId);
    }
    changes += portion.changes.length;
    largest = Math.max(largest, JSON.stringify(portion.changes).length);
  }
  t.is(changes, Math.ceil((ORDERS * 2) / 3));
  t.true(largest < BYTES_MAX * 4, `${largest} bytes of text`);
  // In memory are 16 changes of each bucket at most.
  t.true(spill.size > (ORDERS - 16 * USER_BUCKETS) / 16);
});

test('J1: a rebuild is aborted in a replay, and between two portions', async (t) => {
  for (const phase of ['lists', 'rows'] as const) {
    const { journal, clock, shard, sequence } = await sale();
    const aborter = new AbortController();
    const reason = new Error('enough');
    const seen: RunProgress[] = [];
    const { readModels } = readModelsAt(sequence);
    const restore = readModels.restore.bind(readModels);
    readModels.restore = async (options) => {
      options.compared!(0.5);
      options.signal.throwIfAborted();
      return await restore(options);
    };
    const rebuild = new Rebuild({ journal, readModels, openSpill, upkeep, clock, log });
    const progress = (now: RunProgress) => {
      seen.push({ ...now });
      if (now.phase === phase && now.done > 0) aborter.abort(reason);
    };
    const run = rebuild.run([shard], true, { signal: aborter.signal, progress });
    t.is(await t.throwsAsync(run), reason);
    const counts = { phase: 'lists', shards: 1, shardsDone: 0, total: sequence };
    t.deepEqual(seen[0], { ...counts, done: 0 } as RunProgress);
    if (phase === 'lists') t.deepEqual(seen.at(-1), { ...counts, done: 1 } as RunProgress);
    else t.like(seen.at(-1), { phase: 'rows', total: USER_BUCKETS, done: USER_BUCKETS / 2 });
  }
});

test('J1: a journal is compared up to its end at the call, other shards’ are not', async (t) => {
  const { journal, clock, shard, sequence } = await sale();
  const { asked, readModels } = readModelsAt(sequence + 5);
  const rebuild = new Rebuild({ journal, readModels, openSpill, upkeep, clock, log });
  const rows = await rebuild.run([0, 1, 2, 3], true, unwatched);
  t.deepEqual(asked[0]!.journals.journals, [{ shard, sequence }]);
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
  const rebuild = new Rebuild({
    journal,
    readModels,
    openSpill,
    upkeep,
    clock,
    log,
    relayWaitMaxMs: 0,
  });
  const [row] = await rebuild.run([shard], false, unwatched);
  t.deepEqual(asked[0]!.journals.journals, [{ shard, sequence: 2 }]);
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
  const rebuild = new Rebuild({
    journal: torn as Journal,
    readModels,
    openSpill,
    upkeep,
    clock,
    log,
  });
  const [row] = await rebuild.run([shard], true, unwatched);
  t.like(row, { shard, entries: 0, orders: 0, notifications: 0 });
  t.regex(row!.reason!, /^The journal cannot be read: /);
});

for (const shiftMs of [3_600_000, -3_600_000]) {
  test(`a wall clock set by ${shiftMs} ms does not change how long a rebuild waits`, async (t) => {
    const { journal, clock, shard } = await sale();
    const { readModels } = readModelsAt(0);
    const rebuild = new Rebuild({ journal, readModels, openSpill, upkeep, clock, log });
    let done = false;
    const running = rebuild.run([shard], false, unwatched).then(() => {
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
