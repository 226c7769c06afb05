import test from 'ava';
import { MeasuredFollows } from '../../storage/measured-follows.ts';
import { memoryStores } from '../../storage/memory/stores.ts';

const FIRST = { limit: 5, cursor: null };

test('L5: pages of followers are counted by how long they took, and all else passes through', async (t) => {
  const times = [0, 3, 10, 410];
  const { follows } = memoryStores();
  const measured = new MeasuredFollows({ follows, monotonic: () => times.shift()! });
  t.true(await measured.follow('ann', 'cleo', 1));
  t.true(await measured.isFollowing('ann', 'cleo'));
  t.deepEqual(await measured.counts('cleo'), { followers: 1, following: 0 });
  const page = await measured.listFollowers('cleo', FIRST);
  t.deepEqual(page.items, [{ userId: 'ann', since: 1 }]);
  await measured.listFollowers('cleo', FIRST);
  t.is((await measured.listFollowing('ann', FIRST)).items.length, 1);
  const { boundsMs, counts, sumMs } = measured.pages();
  t.is(sumMs, 403);
  t.is(counts[boundsMs.indexOf(5)], 1);
  t.is(counts[boundsMs.indexOf(500)], 1);
});
