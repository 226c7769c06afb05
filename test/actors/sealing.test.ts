// Drops that are over go out of memory and come back, and nobody who asks for one at that moment may notice.

import test from 'ava';
import { decodeEntry, type Entry } from '../../storage/formats/entry.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { codeOf, createDrop, type Harness, NOW, order, place, startHost } from './harness.ts';
import { flush } from './manual-clock.ts';

async function entriesOf({ journal }: Harness, dropId: string): Promise<Entry[]> {
  const entries = (await journal.read(0, 0, 1_000)).map(({ bytes, sequence }) =>
    decodeEntry(bytes, 0, sequence),
  );
  return entries.filter(({ changes }) => changes.some((change) => change.dropId === dropId));
}

/** d_1 is over and being written to its place; an append for d_2 is under way when that is done. */
async function sealBehindAnAppend(harness: Harness): Promise<{ other: Promise<unknown> }> {
  const { host, journal, snapshots, clock } = harness;
  let written = (): void => undefined;
  const save = snapshots.saveSealedDrop.bind(snapshots);
  snapshots.saveSealedDrop = async (...drop) => {
    await new Promise<void>((resolve) => {
      written = resolve;
    });
    return save(...drop);
  };
  await clock.advance(60_100);
  journal.hold();
  const other = host.execute([place('bob', 'other', 1, 'd_2')]);
  await flush();
  written();
  await flush();
  return { other };
}

test('O3, O9, P4: commands that found a drop in memory are not told, once it is put aside, that there is none', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, journal, clock } = harness;
  await createDrop(host, 5, { endsAt: NOW + 10_000, payment: 'provider', holdSeconds: 5 });
  await createDrop(host, 500, { id: 'd_2', endsAt: NOW + 3_600_000 });
  const { order: placed } = await order(host, 'ann', 'k1');
  await clock.advance(10_000);
  const { other } = await sealBehindAnAppend(harness);
  const question = { dropId: 'd_1', orderId: placed.id };
  const asked = host.execute([
    place('ann', 'k1'),
    { type: 'settle-payment', ...question, succeeded: true, reference: 'r1' },
    { type: 'get-order', ...question, userId: 'ann' },
  ]);
  await flush();
  journal.release();
  await other;
  t.deepEqual((await asked).map(codeOf), ['ok', 'ok', 'ok']);
});

test('J1: the relay finds a drop that is put aside while it reads the journal', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, journal, clock } = harness;
  await createDrop(host, 5, { endsAt: NOW + 10_000 });
  await createDrop(host, 500, { id: 'd_2', endsAt: NOW + 3_600_000 });
  await order(host, 'ann', 'k1');
  await clock.advance(10_000);
  const { other } = await sealBehindAnAppend(harness);
  const [ofDrop] = await entriesOf(harness, 'd_1');
  const facts = host.shards[0]!.factsOf(ofDrop!);
  await flush();
  journal.release();
  await other;
  t.is((await facts).facts[0]!.drop.id, 'd_1');
});

test('J1: many entries of a drop that was put aside take one load of it', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, clock, snapshots } = harness;
  await createDrop(host, 100, { endsAt: NOW + 10_000 });
  for (let i = 0; i < 50; i++) await order(host, `user_${i}`);
  await clock.advance(200_000);
  t.is(host.shards[0]!.dropCount, 0);
  let loads = 0;
  const load = snapshots.loadSealedDrop.bind(snapshots);
  snapshots.loadSealedDrop = (dropId) => {
    loads += 1;
    return load(dropId);
  };
  const entries = await entriesOf(harness, 'd_1');
  t.true(entries.length > 50);
  for (const entry of entries) {
    await host.shards[0]!.factsOf(entry);
    await clock.advance(500);
  }
  t.is(loads, 1);
  // It is not kept for longer than it is needed.
  await clock.advance(10_000);
  await host.shards[0]!.factsOf(entries[0]!);
  t.is(loads, 2);
});

test('J5: an entry whose drop is nowhere is damage', async (t) => {
  const { host } = await startHost(undefined, 1);
  const nowhere = { dropId: 'd_9', versionBefore: 0, events: [{ type: 'drop-opened' as const }] };
  await t.throwsAsync(
    host.shards[0]!.factsOf({ shard: 0, sequence: 1, time: NOW, changes: [nowhere] }),
    { message: /d_9 of a durable entry is nowhere/ },
  );
});

test('a shard that begins again and again has one timer for drops that are over', async (t) => {
  const { host, journal, clock, snapshots } = await startHost(undefined, 1);
  await createDrop(host, 5, { endsAt: NOW + 10_000 });
  await createDrop(host, 500, { id: 'd_2', endsAt: NOW + 3_600_000 });
  await clock.advance(10_000);
  snapshots.saveSealedDrop = () => Promise.reject(new StoreUnavailableError('no room'));
  for (let i = 0; i < 10; i++) {
    journal.failures = ['before'];
    await host.execute([place('bob', `key_${i}`, 1, 'd_2')]);
    await clock.advance(100);
  }
  let timers = 0;
  const after = clock.after.bind(clock);
  clock.after = (delayMs, call) => {
    if (delayMs === 30_000) timers += 1;
    return after(delayMs, call);
  };
  await clock.advance(100_000);
  t.true(timers > 0 && timers <= 4, `${timers} timers in 100 s`);
});
