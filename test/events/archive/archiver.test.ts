// The archiver on journals in memory and an archive in a folder, also when it ends between any two
// of its steps.

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { checkShard } from '../../../events/archive/archive-check.ts';
import { orderId } from '../../../domain/ids.ts';
import { ArchiveCounts } from '../../../events/archive/archive-counts.ts';
import { Archiver, type ArchiverOptions } from '../../../events/archive/archiver.ts';
import type { JournalKeeper } from '../../../events/archive/journal-keeper.ts';
import { encodePosition } from '../../../events/outside/outside-position.ts';
import { OutsideStream } from '../../../events/outside/outside-stream.ts';
import { FolderArchive } from '../../../storage/archive/archive-folder.ts';
import { ArchivedJournal } from '../../../storage/archive/archived-journal.ts';
import { ArchiveReader } from '../../../storage/archive/archive-reader.ts';
import { SEGMENT_ENTRIES_MAX } from '../../../storage/formats/archive-segment.ts';
import { MemoryJournal } from '../../../storage/memory/journal-memory.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import { MemorySnapshotStore } from '../../../storage/memory/snapshots-memory.ts';
import type { Archive } from '../../../storage/ports/archive.ts';
import type { JournalReader } from '../../../storage/ports/journal.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { failsWith } from '../../storage/contract/errors.ts';
import { removeDirectory, temporaryDirectory } from '../../storage/temporary-directory.ts';
import { entryOf, sell, START, takeSnapshot } from './sold-shard.ts';

const SHARD = 3;
const SEGMENT = '0000000000000001.segment';
const DAY_MS = 24 * 60 * 60 * 1000;

interface World {
  readonly folder: string;
  readonly journal: MemoryJournal;
  readonly snapshots: MemorySnapshotStore;
  readonly archive: Archive;
  readonly keeper: JournalKeeper & { position: number };
  readonly clock: ManualClock;
}

async function makeWorld(t: ExecutionContext, entries: number, snapshot: number): Promise<World> {
  const folder = temporaryDirectory();
  t.teardown(() => removeDirectory(folder));
  const journal = new MemoryJournal();
  const snapshots = new MemorySnapshotStore();
  const archive = new FolderArchive({ folder, create: true });
  const keeper = {
    position: Infinity,
    consumed: async () => keeper.position,
    trim: (shard: number, through: number) => journal.trim(shard, through),
  };
  await sell(journal, SHARD, entries);
  if (snapshot > 0) await takeSnapshot({ journal, snapshots, shard: SHARD, sequence: snapshot });
  return { folder, journal, snapshots, archive, keeper, clock: new ManualClock(START) };
}

function archiverOf(world: World, options: Partial<ArchiverOptions> = {}): Archiver {
  return new Archiver({
    ...world,
    archive: new ArchiveReader(options.archive?.archive ?? world.archive),
    shardCount: SHARD + 1,
    journalEntriesMin: 10,
    retentionDays: null,
    log: pino({ level: 'silent' }),
    ...options,
  });
}

function wholeJournal({ journal, archive }: World): ArchivedJournal {
  return new ArchivedJournal({ journal, archive: new ArchiveReader(archive) });
}

/** Reads in small portions from the first entry, and compares each entry with what was sold. */
async function assertWhole(t: ExecutionContext, world: World, last: number): Promise<void> {
  const journal = wholeJournal(world);
  let sequence = 0;
  while (sequence < last) {
    const entries = await journal.read(SHARD, sequence, 7);
    t.true(entries.length > 0, `nothing after ${sequence}`);
    for (const entry of entries) {
      sequence += 1;
      t.is(entry.sequence, sequence);
      t.is(Buffer.compare(entry.bytes, entryOf(SHARD, sequence)), 0, `entry ${sequence}`);
    }
  }
  t.is(sequence, last);
}

test('J8: nothing is trimmed without a snapshot, nor beyond a consumer or the entries that stay', async (t) => {
  const world = await makeWorld(t, 100, 0);
  await archiverOf(world).archiveShard(SHARD);
  t.is(await world.journal.trimmed(SHARD), 0);
  await takeSnapshot({ ...world, shard: SHARD, sequence: 60 });
  world.keeper.position = 40;
  await archiverOf(world).archiveShard(SHARD);
  t.is(await world.journal.trimmed(SHARD), 39, 'the last archived entry stays');
  world.keeper.position = 100;
  await archiverOf(world).archiveShard(SHARD);
  t.is(await world.journal.trimmed(SHARD), 59, 'the snapshot is of 60');
  await takeSnapshot({ ...world, journal: wholeJournal(world), shard: SHARD, sequence: 100 });
  await archiverOf(world).archiveShard(SHARD);
  t.is(await world.journal.trimmed(SHARD), 89, 'ten stay, and the last archived one');
  await assertWhole(t, world, 100);
});

test('J8, X4: a pass counts what it archived, and the shards that it could not archive', async (t) => {
  const world = await makeWorld(t, 100, 60);
  const counts = new ArchiveCounts();
  const archiver = archiverOf(world, { counts });
  await archiver.pass(async () => false);
  t.is(counts.passedAt, 0, 'it was not allowed to');
  await archiver.pass(async () => true);
  t.deepEqual([counts.entries, counts.failures, counts.passedAt], [60, 0, START]);
  const [segment] = (await world.archive.list(SHARD)).segments;
  t.is(counts.bytes, segment!.bytes);
  await sell(world.journal, SHARD, 200);
  await takeSnapshot({
    ...world,
    journal: wholeJournal(world),
    shard: SHARD,
    sequence: 200,
  });
  rmSync(join(world.folder, String(SHARD), SEGMENT));
  await archiverOf(world, { counts }).pass(async () => true);
  t.deepEqual([counts.entries, counts.failures], [60, 1]);
});

test('J8: archived entries and the journal are read as one, with their epochs', async (t) => {
  const last = SEGMENT_ENTRIES_MAX + 500;
  const world = await makeWorld(t, 200, 0);
  await sell(world.journal, SHARD, last);
  const before = await world.journal.read(SHARD, 0, last);
  await takeSnapshot({ ...world, shard: SHARD, sequence: last });
  await archiverOf(world).archiveShard(SHARD);
  t.is((await world.archive.list(SHARD)).segments.length, 2);
  const after = [];
  for (let sequence = 0; sequence < last; sequence = after.length)
    after.push(...(await wholeJournal(world).read(SHARD, sequence, 1_000)));
  t.deepEqual(
    after.map(({ sequence, epoch }) => [sequence, epoch]),
    before.map(({ sequence, epoch }) => [sequence, epoch]),
  );
  t.true(after.every(({ bytes }, i) => Buffer.compare(bytes, before[i]!.bytes) === 0));
});

/** Counts the calls of all ports, and from the `end`th call on fails them, before or after work. */
function endingAfter(world: World, end: number, isAfterWork: boolean) {
  const counter = { calls: 0 };
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== 'function') return member;
        return async (...parameters: unknown[]) => {
          counter.calls += 1;
          if (counter.calls > end) throw new Error('the process has ended');
          if (counter.calls === end && !isAfterWork) throw new Error('the process ends');
          const result: unknown = await Reflect.apply(member, target, parameters);
          if (counter.calls === end) throw new Error('the process ends');
          return result;
        };
      },
    });
  const archiver = archiverOf(world, {
    journal: wrap(world.journal),
    snapshots: wrap(world.snapshots),
    archive: new ArchiveReader(wrap(world.archive)),
    keeper: wrap(world.keeper),
  });
  return { archiver, counter };
}

for (const isAfterWork of [false, true]) {
  const side = isAfterWork ? 'after' : 'before';
  test(`J8: a process that ends ${side} any of its steps loses no entry`, async (t) => {
    for (let end = 1; ; end++) {
      const world = await makeWorld(t, 120, 100);
      const { archiver, counter } = endingAfter(world, end, isAfterWork);
      const ended = await archiver.archiveShard(SHARD).then(
        () => false,
        () => true,
      );
      await assertWhole(t, world, 120);
      await archiverOf(world).archiveShard(SHARD);
      await assertWhole(t, world, 120);
      t.is(await world.journal.trimmed(SHARD), 99, `ended at call ${end}`);
      if (counter.calls < end) {
        t.false(ended);
        t.true(end > 8, 'the steps were counted');
        return;
      }
    }
  });
}

test('J8: of two archivers that go on from one entry, one writes and the other begins again', async (t) => {
  const world = await makeWorld(t, 200, 150);
  world.keeper.position = 100;
  const slow = archiverOf(world);
  const [first, second] = [slow.archiveShard(SHARD), archiverOf(world, { journalEntriesMin: 110 })];
  await Promise.allSettled([first, second.archiveShard(SHARD)]);
  world.keeper.position = 200;
  await archiverOf(world).archiveShard(SHARD);
  await assertWhole(t, world, 200);
  t.is(await world.journal.trimmed(SHARD), 149);
});

async function archived(t: ExecutionContext): Promise<World & { file: (name: string) => string }> {
  const world = await makeWorld(t, 100, 30);
  await archiverOf(world).archiveShard(SHARD);
  for (const sequence of [60, 90]) {
    const journal = wholeJournal(world);
    await takeSnapshot({ ...world, journal, shard: SHARD, sequence });
    await archiverOf(world).archiveShard(SHARD);
  }
  const { segments } = await world.archive.list(SHARD);
  t.deepEqual(
    segments.map(({ first }) => first),
    [1, 31, 61],
  );
  return { ...world, file: (name) => join(world.folder, String(SHARD), name) };
}

test('J8: one changed byte of a segment is found, wherever it is, and named', async (t) => {
  const { file, ...world } = await archived(t);
  const right = readFileSync(file(SEGMENT));
  for (let at = 0; at < right.length; at += 13) {
    const wrong = Buffer.from(right);
    wrong[at] = right[at]! ^ 1;
    writeFileSync(file(SEGMENT), wrong);
    const error = await t.throwsAsync(wholeJournal(world).read(SHARD, 0, 10));
    t.regex(error?.message ?? '', /segment 1 of shard 3/, `byte ${at}`);
  }
  writeFileSync(file(SEGMENT), right.subarray(0, right.length - 1));
  await failsWith(t, 'corrupt', wholeJournal(world).read(SHARD, 5, 10));
});

test('J8: a missing segment is named, at the beginning, in the middle and at the end', async (t) => {
  const { file, ...world } = await archived(t);
  const readsFrom = async (after: number): Promise<string> => {
    const error = await t.throwsAsync(wholeJournal(world).read(SHARD, after, 10));
    t.is((error as { code?: unknown }).code, 'corrupt');
    return error?.message ?? '';
  };
  for (const first of [61, 31, 1]) {
    rmSync(file(`${String(first).padStart(16, '0')}.segment`));
    t.regex(await readsFrom(first - 1), new RegExp(`no segment with entry ${first} of shard 3`));
  }
});

test('J8: exchanged segments, and one of another shard or history, are named', async (t) => {
  const { file, ...world } = await archived(t);
  const second = '0000000000000031.segment';
  const third = '0000000000000061.segment';
  renameSync(file(second), file('x'));
  renameSync(file(third), file(second));
  renameSync(file('x'), file(third));
  const error = await t.throwsAsync(wholeJournal(world).read(SHARD, 30, 10));
  t.regex(error?.message ?? '', /segment 31 of shard 3 .* has entries 61 to 90 of shard 3/);
});

test('J8: a segment of another archive is named, although its range fits', async (t) => {
  const { file, ...world } = await archived(t);
  const other = await makeWorld(t, 0, 0);
  await other.journal.claim(SHARD, 'other');
  for (let sequence = 1; sequence <= 100; sequence++)
    await other.journal.append(SHARD, 2, sequence, entryOf(SHARD, sequence, 'other'));
  for (const sequence of [30, 60]) {
    await takeSnapshot({ ...other, journal: wholeJournal(other), shard: SHARD, sequence });
    await archiverOf(other).archiveShard(SHARD);
  }
  const name = '0000000000000031.segment';
  writeFileSync(file(name), readFileSync(join(other.folder, String(SHARD), name)));
  const journal = wholeJournal(world);
  await journal.read(SHARD, 0, 10);
  const error = await t.throwsAsync(journal.read(SHARD, 30, 10));
  t.regex(error?.message ?? '', /segment 31 of shard 3 .* does not follow the segment before it/);
});

test('J8: an archive of another history of the journal is not extended, nor the journal trimmed', async (t) => {
  const { file: _file, ...world } = await archived(t);
  const journal = new MemoryJournal();
  await journal.claim(SHARD, 'restored');
  for (let sequence = 1; sequence <= 200; sequence++)
    await journal.append(SHARD, 1, sequence, entryOf(SHARD, sequence, 'other'));
  await takeSnapshot({ ...world, journal, shard: SHARD, sequence: 200 });
  const restored = { ...world, journal };
  await failsWith(t, 'archive-mismatch', archiverOf(restored).archiveShard(SHARD));
  t.is(await journal.trimmed(SHARD), 0);
  t.is((await world.archive.list(SHARD)).segments.length, 3);
});

test('J8: an empty archive beside a trimmed journal is refused by name', async (t) => {
  const { file: _file, ...world } = await archived(t);
  await sell(world.journal, SHARD, 200);
  await takeSnapshot({ ...world, journal: wholeJournal(world), shard: SHARD, sequence: 200 });
  rmSync(join(world.folder, String(SHARD)), { recursive: true });
  const error = await t.throwsAsync(archiverOf(world).archiveShard(SHARD));
  t.regex(error?.message ?? '', /trimmed up to 89: is LIVEDROPS_ARCHIVE right/);
});

test('J8: behind a damaged snapshot nothing is trimmed', async (t) => {
  const world = await makeWorld(t, 100, 50);
  const loaded = await world.snapshots.loadSnapshot(SHARD);
  const head = Buffer.from(loaded!.snapshot.head);
  head[0] = head[0]! ^ 1;
  await world.snapshots.saveSnapshot(SHARD, 1, { ...loaded!.snapshot, head }, []);
  await failsWith(t, 'corrupt', archiverOf(world).archiveShard(SHARD));
  t.is(await world.journal.trimmed(SHARD), 0);
});

test('J8: a damaged entry of the journal is not archived as if it were right', async (t) => {
  const world = await makeWorld(t, 20, 20);
  const wrong = entryOf(SHARD, 21);
  wrong[20] = wrong[20]! ^ 1;
  await world.journal.append(SHARD, 1, 21, wrong);
  await world.journal.append(SHARD, 1, 22, entryOf(SHARD, 22));
  const loaded = await world.snapshots.loadSnapshot(SHARD);
  await world.snapshots.saveSnapshot(SHARD, 1, { ...loaded!.snapshot, sequence: 22 }, []);
  await failsWith(t, 'corrupt', archiverOf(world, { journalEntriesMin: 1 }).archiveShard(SHARD));
  t.deepEqual((await world.archive.list(SHARD)).segments, []);
});

test('J8: retention removes old segments whole, and a reader of them is position-trimmed', async (t) => {
  const { file: _file, ...world } = await archived(t);
  const archiver = archiverOf(world, { retentionDays: 2 });
  await archiver.expire(async () => true);
  t.is((await world.archive.list(SHARD)).segments.length, 3);
  world.clock.shiftWall(2 * DAY_MS + 60);
  await archiver.expire(async () => true);
  const { removed, segments } = await world.archive.list(SHARD);
  t.is(removed, 60, 'the last segment stays');
  t.deepEqual(
    segments.map(({ first }) => first),
    [61],
  );
  await failsWith(t, 'position-trimmed', wholeJournal(world).read(SHARD, 59, 10));
  t.is((await wholeJournal(world).read(SHARD, 60, 10))[0]?.sequence, 61);
  const { catalogue, changes } = memoryStores();
  const stream = new OutsideStream({
    journal: wholeJournal(world),
    snapshots: world.snapshots,
    catalogue,
    changes,
    shardCount: SHARD + 1,
    clock: world.clock,
  });
  const read = { follow: false, creatorId: null, forMs: Infinity };
  let text = '';
  for await (const chunk of await stream.open({ ...read, from: 'start' })) text += chunk;
  t.is(text.split('"order-placed"').length - 1, 40 * 3, 'the stream begins behind it');
  t.is(/"orderId":"([^"]*)"/.exec(text)?.[1], orderId(`d_${SHARD}`, 59 * 3), 'numbers go on');
  const shards = Array.from({ length: SHARD + 1 }, () => 0);
  const buckets = Array.from({ length: changes.bucketCount }, () => 0);
  const from = encodePosition({ shards, buckets, pass: null });
  await failsWith(t, 'position-trimmed', stream.open({ ...read, from }));
  await sell(world.journal, SHARD, 200);
  const loaded = await world.snapshots.loadSnapshot(SHARD);
  await world.snapshots.saveSnapshot(SHARD, 1, { ...loaded!.snapshot, sequence: 200 }, []);
  await archiver.archiveShard(SHARD);
  t.is(await world.journal.trimmed(SHARD), 189);
});

test('J8: a check of a whole archive finds nothing; then every damage is named, each once', async (t) => {
  const { file, ...world } = await archived(t);
  const check = () => {
    const archive = new ArchiveReader(world.archive);
    return checkShard({ archive, journal: world.journal, shard: SHARD });
  };
  t.deepEqual(await check(), []);
  const second = '0000000000000031.segment';
  const right = readFileSync(file(second));
  const wrong = Buffer.from(right);
  wrong[200] = wrong[200]! ^ 1;
  writeFileSync(file(second), wrong);
  const [damaged, ...others] = await check();
  t.regex(damaged ?? '', /segment 31 of shard 3 .* does not match its digest/);
  t.deepEqual(others, []);
  for (const first of [31, 61]) {
    writeFileSync(file(second), right);
    const name = `${String(first).padStart(16, '0')}.segment`;
    renameSync(file(name), file('away'));
    const [missing, ...rest] = await check();
    const range = first === 31 ? '31 to 60' : '61 to 89';
    t.regex(missing ?? '', new RegExp(`no segment with entries ${range} of shard 3`));
    t.deepEqual(rest, []);
    renameSync(file('away'), file(name));
  }
});

test('J8: each entry is read once to be archived, also where a segment ends within what was read', async (t) => {
  const last = SEGMENT_ENTRIES_MAX * 2 + 100;
  const world = await makeWorld(t, last, last);
  let read = 0;
  const journal: JournalReader = {
    head: (shard) => world.journal.head(shard),
    trimmed: (shard) => world.journal.trimmed(shard),
    removed: () => world.journal.removed(),
    async read(shard, after, limit) {
      const entries = await world.journal.read(shard, after, limit);
      read += entries.length;
      return entries;
    },
  };
  await archiverOf(world, { journal }).archiveShard(SHARD);
  t.is((await world.archive.list(SHARD)).segments.length, 3);
  t.is(read, last - 10, 'ten stay');
});
