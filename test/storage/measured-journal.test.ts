import test from 'ava';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { MeasuredJournal } from '../../storage/measured-journal.ts';
import { MemoryJournal } from '../../storage/memory/journal-memory.ts';

test('X4: appends are counted by how long they took, and pass through unchanged', async (t) => {
  const times = [0, 0.25, 10, 12, 20, 9_000];
  const journal = new MeasuredJournal({
    journal: new MemoryJournal(),
    now: () => times.shift()!,
  });
  const { epoch } = await journal.claim(3, 'node');
  for (let sequence = 1; sequence <= 3; sequence++) {
    await journal.append(3, epoch, sequence, Buffer.from([sequence]));
  }
  const { appends, waiting, failures, bytes } = journal.counts();
  t.deepEqual([waiting, failures, bytes], [0, 0, 3]);
  const { boundsMs, counts, sumMs } = appends;
  t.is(sumMs, 0.25 + 2 + 8_980);
  t.is(counts[boundsMs.indexOf(0.25)], 1);
  t.is(counts[boundsMs.indexOf(2.5)], 1);
  t.is(counts[boundsMs.length], 1);
  t.deepEqual(await journal.head(3), { epoch, lastSequence: 3 });
  t.is((await journal.read(3, 0, 10)).length, 3);
});

test('J2: an append that fails is counted apart, and its fault comes through', async (t) => {
  const broken = new MemoryJournal();
  broken.append = () => Promise.reject(new StoreUnavailableError('away'));
  const journal = new MeasuredJournal({ journal: broken });
  const failing = t.throwsAsync(journal.append(3, 1, 1, new Uint8Array(1)));
  t.is(journal.counts().waiting, 1);
  const fault = await failing;
  t.is((fault as StoreUnavailableError).code, 'store-unavailable');
  const { appends, waiting, failures, bytes } = journal.counts();
  t.deepEqual([waiting, failures, bytes], [0, 1, 0]);
  t.true(Array.from(appends.counts).every((count) => count === 0));
});
