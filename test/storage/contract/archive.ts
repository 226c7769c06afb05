// What every archive driver must do. Each test has shards of its own.

import test from 'ava';
import type { Archive } from '../../../storage/ports/archive.ts';
import { failsWith } from './errors.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

export function archiveContract(archive: () => Archive): void {
  let lastShard = 0;
  const nextShard = () => ++lastShard;

  test('J8: segments are listed by their first entry, and read as they were written', async (t) => {
    const shard = nextShard();
    t.deepEqual(await archive().list(shard), { removed: 0, segments: [] });
    await archive().write(shard, 10, bytes('ten'));
    await archive().write(shard, 1, bytes('one'));
    await archive().write(shard, 9, Buffer.alloc(300_000, 7));
    t.deepEqual(await archive().list(shard), {
      removed: 0,
      segments: [
        { first: 1, bytes: 3 },
        { first: 9, bytes: 300_000 },
        { first: 10, bytes: 3 },
      ],
    });
    t.deepEqual(Buffer.from((await archive().read(shard, 10))!), bytes('ten'));
    t.is(await archive().read(shard, 11), null);
    t.is(await archive().read(nextShard(), 1), null);
  });

  test('J8: of two segments that begin with one entry the first one stays', async (t) => {
    const shard = nextShard();
    await archive().write(shard, 1, bytes('one'));
    await archive().write(shard, 1, bytes('one'));
    await failsWith(t, 'conflict', archive().write(shard, 1, bytes('two')));
    t.deepEqual(Buffer.from((await archive().read(shard, 1))!), bytes('one'));
    const both = await Promise.allSettled([
      archive().write(shard, 2, bytes('a')),
      archive().write(shard, 2, bytes('b')),
    ]);
    t.is(both.filter(({ status }) => status === 'fulfilled').length, 1);
    const kept = both[0].status === 'fulfilled' ? 'a' : 'b';
    t.deepEqual(Buffer.from((await archive().read(shard, 2))!), bytes(kept));
    // Whoever comes late changes nothing, not even for a moment.
    const late = Array.from({ length: 20 }, () => archive().write(shard, 1, bytes('late')));
    const seen = Array.from({ length: 20 }, () => archive().read(shard, 1));
    await Promise.allSettled(late);
    for (const read of seen) t.deepEqual(Buffer.from((await read)!), bytes('one'));
  });

  test('J8: what retention removed is recorded, and gone for good', async (t) => {
    const shard = nextShard();
    for (const first of [1, 5, 9]) await archive().write(shard, first, bytes(`from ${first}`));
    await archive().removeBefore(shard, 9);
    await archive().removeBefore(shard, 5);
    t.deepEqual(await archive().list(shard), { removed: 8, segments: [{ first: 9, bytes: 6 }] });
    t.deepEqual([await archive().removed(shard), await archive().removed(nextShard())], [8, 0]);
    t.is(await archive().read(shard, 1), null);
  });

  test('the last check is stored', async (t) => {
    const check = { at: 1_000, segments: 3, findings: ['segment 1 is damaged'] };
    await archive().saveCheck({ ...check, at: 999 });
    await archive().saveCheck(check);
    t.deepEqual(await archive().lastCheck(), check);
  });
}
