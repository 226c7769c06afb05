// Follows through the broker.

import test, { type ExecutionContext } from 'ava';
import { type LiveMessage, userTopic } from '../../actors/live-bus.ts';
import { success } from '../../domain/refusal.ts';
import { followsService } from '../../services/follows.ts';
import { FIRST_PAGE, type Harness, NOW, startServices } from './harness.ts';

async function start(t: ExecutionContext): Promise<Harness> {
  const harness = await startServices(t, ({ stores, liveBus, clock }) => [
    followsService({
      follows: stores.follows,
      accounts: stores.accounts,
      catalogue: stores.catalogue,
      liveBus,
      now: () => clock.now(),
    }),
  ]);
  for (const [id, name] of [
    ['u_ada', 'Ada'],
    ['u_bob', 'Bob'],
  ] as const) {
    const user = { id, name, email: `${id}@example.com`, passwordHash: '', roles: [] };
    await harness.stores.accounts.addUser({ ...user, createdAt: NOW });
  }
  return harness;
}

test('F1: following and unfollowing are idempotent', async (t) => {
  const { call, stores } = await start(t);
  const pair = { userId: 'u_bob', creatorId: 'u_ada' };
  for (let i = 0; i < 2; i++) t.deepEqual(await call('follows.follow', pair), success(null));
  t.deepEqual(await call('follows.isFollowing', pair), success(true));
  t.is((await stores.follows.counts('u_ada')).followers, 1);
  for (let i = 0; i < 2; i++) t.deepEqual(await call('follows.unfollow', pair), success(null));
  t.deepEqual(await call('follows.isFollowing', pair), success(false));
  t.is((await stores.follows.counts('u_ada')).followers, 0);
});

test('F1: nobody follows themselves or somebody who does not exist', async (t) => {
  const { call, stores } = await start(t);
  const self = { userId: 'u_ada', creatorId: 'u_ada' };
  t.like(await call('follows.follow', self), { code: 'invalid-request' });
  const unknown = { userId: 'u_ada', creatorId: 'u_nobody' };
  t.like(await call('follows.follow', unknown), { code: 'not-found' });
  t.deepEqual(await stores.follows.counts('u_ada'), { followers: 0, following: 0 });
});

test('F1: a creator without an account exists by a product', async (t) => {
  const { call, stores } = await start(t);
  const product = { id: 'p_1', creatorId: 'u_offline', name: 'Mug', description: '' };
  await stores.catalogue.addProduct({ ...product, imageUrls: [], createdAt: NOW, revision: 1 });
  const pair = { userId: 'u_offline_fan', creatorId: 'u_offline' };
  t.deepEqual(await call('follows.follow', pair), success(null));
});

test('N5: open connections get a follow once it is stored', async (t) => {
  const { call, stores, liveBus } = await start(t);
  const pair = { userId: 'u_bob', creatorId: 'u_ada' };
  const published: [LiveMessage, Promise<boolean>][] = [];
  liveBus.subscribe(userTopic('u_bob'), (message) => {
    published.push([message, stores.follows.isFollowing('u_bob', 'u_ada')]);
  });
  await call('follows.follow', pair);
  await call('follows.unfollow', pair);
  const outcomes = await Promise.all(
    published.map(async ([message, stored]) => [message, await stored]),
  );
  t.deepEqual(outcomes, [
    [{ type: 'follow', creatorId: 'u_ada', following: true, revision: 1 }, true],
    [{ type: 'follow', creatorId: 'u_ada', following: false, revision: 2 }, false],
  ]);
});

test('F2: followers and following have names, or else ids, newest first', async (t) => {
  const { call, clock } = await start(t);
  await call('follows.follow', { userId: 'u_bob', creatorId: 'u_ada' });
  await clock.advance(5);
  await call('follows.follow', { userId: 'u_offline', creatorId: 'u_ada' });
  t.deepEqual(
    await call('follows.followers', { creatorId: 'u_ada', page: FIRST_PAGE }),
    success({
      items: [
        { userId: 'u_offline', name: 'u_offline', since: NOW + 5 },
        { userId: 'u_bob', name: 'Bob', since: NOW },
      ],
      nextCursor: null,
    }),
  );
  t.deepEqual(
    await call('follows.following', { userId: 'u_bob', page: FIRST_PAGE }),
    success({ items: [{ userId: 'u_ada', name: 'Ada', since: NOW }], nextCursor: null }),
  );
});

test('N5: the creators of a user come newest first, over pages, up to the limit', async (t) => {
  const { call, stores } = await start(t);
  for (let i = 0; i < 250; i++) await stores.follows.follow('u_bob', `u_${i}`, NOW + i);
  const all = await call('follows.creatorsOf', { userId: 'u_bob', limit: 1_000 });
  t.deepEqual(all, success(Array.from({ length: 250 }, (_, i) => `u_${249 - i}`)));
  const some = await call('follows.creatorsOf', { userId: 'u_bob', limit: 120 });
  t.deepEqual(some, success(Array.from({ length: 120 }, (_, i) => `u_${249 - i}`)));
});
