// What every journal driver must do. Each test has shards of its own, so all may run on one store
// at the same time.

import test from 'ava';
import { EntriesTrimmedError, type Journal } from '../../../storage/ports/journal.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { failsWith } from './errors.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

export function journalContract(stores: () => Pick<Stores, 'journal'>): void {
  const journal = (): Journal => stores().journal;
  let lastShard = 0;
  const nextShard = () => ++lastShard;

  test('J2: each claim raises the epoch by one and tells the last sequence', async (t) => {
    const shard = nextShard();
    t.deepEqual(await journal().head(shard), { epoch: 0, lastSequence: 0 });
    t.deepEqual(await journal().claim(shard, 'a'), { epoch: 1, lastSequence: 0 });
    await journal().append(shard, 1, 1, bytes('one'));
    t.deepEqual(await journal().claim(shard, 'b'), { epoch: 2, lastSequence: 1 });
    t.deepEqual(await journal().head(shard), { epoch: 2, lastSequence: 1 });
  });

  test('J2: entries are read as they were appended, in order, with their epochs', async (t) => {
    const shard = nextShard();
    await journal().claim(shard, 'a');
    const large = Buffer.alloc(100_000, 3);
    await journal().append(shard, 1, 1, bytes('one'));
    await journal().append(shard, 1, 2, large);
    await journal().claim(shard, 'b');
    await journal().append(shard, 2, 3, Buffer.alloc(0));
    const entries = await journal().read(shard, 0, 10);
    t.deepEqual(
      entries.map(({ sequence, epoch }) => [sequence, epoch]),
      [
        [1, 1],
        [2, 1],
        [3, 2],
      ],
    );
    t.deepEqual(
      entries.map((entry) => Buffer.from(entry.bytes)),
      [bytes('one'), large, Buffer.alloc(0)],
    );
  });

  test('J2: the bytes of an append are its own, also when they are a view of more', async (t) => {
    const shard = nextShard();
    await journal().claim(shard, 'a');
    const view = bytes('before-this-after').subarray(7, 11);
    await journal().append(shard, 1, 1, view);
    view.fill(0);
    const [entry] = await journal().read(shard, 0, 1);
    t.is(Buffer.from(entry!.bytes).toString(), 'this');
  });

  test('J2: an older, a newer and an unclaimed epoch are fenced', async (t) => {
    const shard = nextShard();
    await failsWith(t, 'fenced', journal().append(shard, 0, 1, bytes('one')));
    await failsWith(t, 'fenced', journal().append(shard, 1, 1, bytes('one')));
    await journal().claim(shard, 'a');
    await journal().claim(shard, 'b');
    await failsWith(t, 'fenced', journal().append(shard, 1, 1, bytes('one')));
    await failsWith(t, 'fenced', journal().append(shard, 3, 1, bytes('one')));
    t.deepEqual(await journal().read(shard, 0, 10), []);
  });

  test('J2: a claim fences appends that were handed over before it', async (t) => {
    const shard = nextShard();
    await journal().claim(shard, 'a');
    const before = journal().append(shard, 1, 1, bytes('one'));
    const claimed = journal().claim(shard, 'b');
    const after = journal().append(shard, 1, 2, bytes('two'));
    await Promise.all([before, failsWith(t, 'fenced', after)]);
    t.deepEqual(await claimed, { epoch: 2, lastSequence: 1 });
  });

  test('J2: a sequence that does not follow is a conflict and changes nothing', async (t) => {
    const shard = nextShard();
    await journal().claim(shard, 'a');
    await failsWith(t, 'conflict', journal().append(shard, 1, 2, bytes('two')));
    await failsWith(t, 'conflict', journal().append(shard, 1, 0, bytes('none')));
    await journal().append(shard, 1, 1, bytes('one'));
    await failsWith(t, 'conflict', journal().append(shard, 1, 3, bytes('three')));
    t.is((await journal().head(shard)).lastSequence, 1);
  });

  test('J2: the same append again succeeds; other bytes or another epoch do not', async (t) => {
    const shard = nextShard();
    await journal().claim(shard, 'a');
    await journal().append(shard, 1, 1, bytes('one'));
    await journal().append(shard, 1, 2, bytes('two'));
    await journal().append(shard, 1, 2, bytes('two'));
    await journal().append(shard, 1, 1, bytes('one'));
    await failsWith(t, 'conflict', journal().append(shard, 1, 2, bytes('TWO')));
    await journal().claim(shard, 'b');
    await failsWith(t, 'conflict', journal().append(shard, 2, 2, bytes('two')));
    t.is((await journal().read(shard, 0, 10)).length, 2);
  });

  test('J2: one refused append of many at once does not touch the others', async (t) => {
    const shards = Array.from({ length: 20 }, nextShard);
    await Promise.all(shards.map((shard) => journal().claim(shard, 'a')));
    const outcomes = await Promise.allSettled(
      shards.map((shard, i) => journal().append(shard, i % 2 === 0 ? 1 : 9, 1, bytes('one'))),
    );
    t.deepEqual(
      outcomes.map(({ status }) => status === 'fulfilled'),
      shards.map((_, i) => i % 2 === 0),
    );
  });

  test('J1: reading goes on from any place, in pages, without gaps', async (t) => {
    const shard = nextShard();
    await journal().claim(shard, 'a');
    for (let i = 1; i <= 25; i++) await journal().append(shard, 1, i, bytes(`entry ${i}`));
    const first = await journal().read(shard, 0, 10);
    const second = await journal().read(shard, 10, 10);
    const third = await journal().read(shard, 20, 10);
    const sequences = [...first, ...second, ...third].map(({ sequence }) => sequence);
    t.deepEqual(
      sequences,
      [...Array(25).keys()].map((i) => i + 1),
    );
    t.deepEqual(await journal().read(shard, 25, 10), []);
    t.deepEqual(await journal().read(shard, 99, 10), []);
  });

  test('J1: neighbouring shards do not see each other', async (t) => {
    const shards = [nextShard(), nextShard(), nextShard()];
    await Promise.all(shards.map((shard) => journal().claim(shard, 'a')));
    await journal().append(shards[1]!, 1, 1, bytes('mine'));
    t.deepEqual(await journal().read(shards[0]!, 0, 10), []);
    t.is((await journal().read(shards[1]!, 0, 10)).length, 1);
    t.deepEqual(await journal().read(shards[2]!, 0, 10), []);
    t.deepEqual(await journal().head(shards[2]!), { epoch: 1, lastSequence: 0 });
  });

  test('J5: a read below the trimmed entries is an error', async (t) => {
    const shard = nextShard();
    await journal().claim(shard, 'a');
    for (let i = 1; i <= 5; i++) await journal().append(shard, 1, i, bytes(`entry ${i}`));
    t.is(await journal().trimmed(shard), 0);
    await journal().trim(shard, 3);
    await journal().trim(shard, 2);
    t.is(await journal().trimmed(shard), 3);
    await t.throwsAsync(journal().read(shard, 2, 1), { instanceOf: EntriesTrimmedError });
    await failsWith(t, 'corrupt', journal().read(shard, 0, 10));
    await failsWith(t, 'corrupt', journal().read(shard, 2, 10));
    const left = await journal().read(shard, 3, 10);
    t.deepEqual(
      left.map(({ sequence }) => sequence),
      [4, 5],
    );
  });

  test('J8: many entries, small and large, are trimmed while others are appended', async (t) => {
    const shard = nextShard();
    await journal().claim(shard, 'a');
    for (let i = 1; i <= 600; i++)
      await journal().append(shard, 1, i, Buffer.alloc(i % 100 === 0 ? 300_000 : 50, i));
    const trim = journal().trim(shard, 590);
    await journal().append(shard, 1, 601, bytes('meanwhile'));
    await trim;
    t.is(await journal().trimmed(shard), 590);
    const left = await journal().read(shard, 590, 100);
    t.deepEqual([left.length, left.at(-1)?.sequence], [11, 601]);
  });

  test('J6: sequences go on after everything was trimmed', async (t) => {
    const shard = nextShard();
    await journal().claim(shard, 'a');
    await journal().append(shard, 1, 1, bytes('one'));
    await journal().append(shard, 1, 2, bytes('two'));
    await journal().trim(shard, 99);
    t.deepEqual(await journal().head(shard), { epoch: 1, lastSequence: 2 });
    t.deepEqual(await journal().claim(shard, 'b'), { epoch: 2, lastSequence: 2 });
    await failsWith(t, 'conflict', journal().append(shard, 2, 1, bytes('one')));
    await journal().append(shard, 2, 3, bytes('three'));
    t.is((await journal().read(shard, 2, 10)).length, 1);
    await t.notThrowsAsync(journal().trim(nextShard(), 5));
  });
}
