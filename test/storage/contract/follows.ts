// What every follows driver must do.

import test from 'ava';
import type { FollowStore } from '../../../storage/ports/follows.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { failsWith } from './errors.ts';
import { readAll, refusesForeignCursors } from './paging.ts';

export function followsContract(stores: () => Stores): void {
  const follows = (): FollowStore => stores().follows;

  test('F1: following twice changes nothing, and the first time stays', async (t) => {
    t.true(await follows().follow('user_a', 'creator_a', 100));
    t.false(await follows().follow('user_a', 'creator_a', 200));
    t.true(await follows().isFollowing('user_a', 'creator_a'));
    t.false(await follows().isFollowing('creator_a', 'user_a'));
    const { items } = await follows().listFollowers('creator_a', { limit: 10, cursor: null });
    t.deepEqual(items, [{ userId: 'user_a', since: 100 }]);
  });

  test('F1: a second unfollow changes nothing, a new follow has a new time', async (t) => {
    await follows().follow('user_b', 'creator_b', 100);
    t.true(await follows().unfollow('user_b', 'creator_b'));
    t.false(await follows().unfollow('user_b', 'creator_b'));
    t.false(await follows().unfollow('user_b', 'creator_never'));
    t.false(await follows().isFollowing('user_b', 'creator_b'));
    t.true(await follows().follow('user_b', 'creator_b', 300));
    const { items } = await follows().listFollowing('user_b', { limit: 10, cursor: null });
    t.deepEqual(items, [{ userId: 'creator_b', since: 300 }]);
  });

  test('F5: the revision of a user rises with each change of the follows, and only then', async (t) => {
    const revisions: number[] = [await follows().revision('rev_u')];
    for (const change of [
      () => follows().follow('rev_u', 'rev_c', 1),
      () => follows().follow('rev_u', 'rev_d', 2),
      () => follows().unfollow('rev_u', 'rev_c'),
      () => follows().follow('rev_u', 'rev_c', 3),
    ]) {
      await change();
      revisions.push(await follows().revision('rev_u'));
    }
    t.deepEqual(
      revisions,
      [...new Set(revisions)].toSorted((a, b) => a - b),
    );
    await follows().follow('rev_u', 'rev_c', 4);
    await follows().unfollow('rev_u', 'rev_e');
    t.is(await follows().revision('rev_u'), revisions.at(-1)!);
    t.is(await follows().revision('rev_c'), 0);
  });

  test('F3: counts are exact after many changes at once', async (t) => {
    const users = Array.from({ length: 30 }, (_, i) => `user_c${i}`);
    await Promise.all(
      users.flatMap((user, i) => [
        follows().follow(user, 'creator_c', i),
        follows().follow(user, 'creator_c', i + 1),
        ...(i % 3 === 0 ? [follows().unfollow(user, 'creator_c')] : []),
      ]),
    );
    t.deepEqual(await follows().counts('creator_c'), { followers: 20, following: 0 });
    t.deepEqual(await follows().counts('user_c1'), { followers: 0, following: 1 });
    t.deepEqual(await follows().counts('user_c0'), { followers: 0, following: 0 });
    t.deepEqual(await follows().counts('user_nobody'), { followers: 0, following: 0 });
  });

  test('G2: counts are read for many users at once, those of nobody are 0', async (t) => {
    await follows().follow('user_batch1', 'creator_batch', 1);
    await follows().follow('user_batch2', 'creator_batch', 2);
    const counts = await follows().countsOf(['creator_batch', 'user_batch1', 'user_batchnone']);
    t.deepEqual(Object.fromEntries(counts), {
      creator_batch: { followers: 2, following: 0 },
      user_batch1: { followers: 0, following: 1 },
      user_batchnone: { followers: 0, following: 0 },
    });
    t.is((await follows().countsOf([])).size, 0);
  });

  test('F2: followers are paged newest first, ties by id, both ways', async (t) => {
    const since = [5, 3, 5, 1, 3, 5];
    await Promise.all(since.map((time, i) => follows().follow(`user_d${i}`, 'creator_d', time)));
    await Promise.all(since.map((time, i) => follows().follow('user_e', `creator_d${i}`, time)));
    const followers = (page: { limit: number; cursor: string | null }) =>
      follows().listFollowers('creator_d', page);
    const following = (page: { limit: number; cursor: string | null }) =>
      follows().listFollowing('user_e', page);
    const order = [5, 2, 0, 4, 1, 3];
    for (const limit of [1, 2, 6, 100]) {
      const who = (await readAll(t, followers, limit)).map(({ userId }) => userId);
      t.deepEqual(
        who,
        order.map((i) => `user_d${i}`),
      );
      const whom = (await readAll(t, following, limit)).map(({ userId }) => userId);
      t.deepEqual(
        whom,
        order.map((i) => `creator_d${i}`),
      );
    }
  });

  test('F2: an unfollow between two pages does not disturb the second', async (t) => {
    for (let i = 0; i < 6; i++) await follows().follow(`user_f${i}`, 'creator_f', i);
    const first = await follows().listFollowers('creator_f', { limit: 3, cursor: null });
    await follows().unfollow('user_f3', 'creator_f');
    await follows().follow('user_f9', 'creator_f', 9);
    const page = { limit: 3, cursor: first.nextCursor };
    const second = await follows().listFollowers('creator_f', page);
    t.deepEqual(
      second.items.map(({ userId }) => userId),
      ['user_f2', 'user_f1', 'user_f0'],
    );
  });

  test('H3: a cursor of another list is refused', async (t) => {
    for (let i = 0; i < 3; i++) await follows().follow(`user_g${i}`, 'creator_g', i);
    const { nextCursor } = await follows().listFollowers('creator_g', { limit: 1, cursor: null });
    const page = { limit: 1, cursor: nextCursor };
    await failsWith(t, 'invalid-cursor', follows().listFollowing('user_g0', page));
    await refusesForeignCursors(t, (request) => follows().listFollowers('creator_g', request));
  });
}
