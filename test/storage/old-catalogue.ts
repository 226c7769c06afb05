// Users, products and follows as code of commit 9994b20 has left them on a Redis, among them an
// abandoned registration, a follow whose node died after its first step, and a user's id with
// characters of Redis's own: recorded from a run of that code, not written by today's.

import { readFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import type { RedisConnection } from '../../storage/redis/connection/connection.ts';
import { readAll } from './contract/paging.ts';
import type { storesOf } from './redis-data.ts';

type OldKey =
  | { readonly key: string; readonly type: 'hash'; readonly value: Record<string, string> }
  | { readonly key: string; readonly type: 'zset'; readonly value: readonly string[] }
  | { readonly key: string; readonly type: 'string'; readonly value: string };

const KEYS = JSON.parse(
  readFileSync(new URL('./fixtures/catalogue-9994b20.json', import.meta.url), 'utf8'),
) as readonly OldKey[];

export async function restoreOldCatalogue(redis: RedisConnection): Promise<void> {
  for (const { key, type, value } of KEYS) {
    if (type === 'hash') await redis.hset(key, value);
    else if (type === 'string') await redis.set(key, value);
    else {
      const members = value.flatMap((member, i) => (i % 2 === 0 ? [value[i + 1]!, member] : []));
      await redis.zadd(key, ...members);
    }
  }
}

const user = (id: string, name: string, roles: string[], email = `${id}@Example.com`) => ({
  id,
  email,
  name,
  passwordHash: `$argon2id$v=19$${id}`,
  roles,
  createdAt: 1_700_000_000_000,
});

const product = (id: string, changes: object = {}) => ({
  id,
  creatorId: 'user_cy',
  name: `Name of ${id}`,
  description: '',
  imageUrls: [],
  createdAt: 1_700_000_000_000,
  revision: 1,
  ...changes,
});

export const OLD_USERS = [
  user('user_ada', 'Ada', []),
  user('user_bo', 'Bø – "B"', ['operator']),
  user('user_cy', 'Cy', ['creator']),
  user('user_dee', 'Dee', [], 'user_gone@example.com'),
];

/** Newest first. */
export const OLD_PRODUCTS = [
  product('product_tre', { createdAt: 1_700_000_000_001 }),
  product('product_two', { name: 'Second name', revision: 2 }),
  product('product_one', {
    description: 'a|b\n"c" – 𝄞',
    imageUrls: ['https://example.com/a|b?c=["d"]'],
  }),
];

/** By user: the creators and since when, newest first. */
export const OLD_FOLLOWS: Readonly<Record<string, readonly [string, number][]>> = {
  ...Object.fromEntries(
    'abcdefgh'
      .split('')
      .map((letter, i) => [`user_${letter}`, [['user_cy', 1_700_000_000_000 + i]]]),
  ),
  user_ada: [
    ['user_dee', 1_700_000_000_200],
    ['user_bo', 1_700_000_000_200],
    ['user_cy', 1_700_000_000_100],
  ],
  user_bo: [],
  'idp|a}b:pending': [['user_cy', 1_700_000_000_400]],
  user_dee: [['user_cy', 1_700_000_000_500]],
};

/** All that was there is there, by every read of the stores. */
export async function hasOldCatalogue(
  t: ExecutionContext,
  { accounts, catalogue, follows }: ReturnType<typeof storesOf>,
  message: string,
): Promise<void> {
  for (const each of OLD_USERS) {
    t.deepEqual(await accounts.findUser(each.id), each, message);
    t.deepEqual(await accounts.findUserByEmail(each.email.toUpperCase()), each, message);
  }
  t.is(await accounts.findUser('user_gone'), null, message);
  const names = await accounts.namesOf([...OLD_USERS.map(({ id }) => id), 'user_gone']);
  t.deepEqual(
    names,
    new Map(OLD_USERS.map(({ id, name }) => [id, name])),
    `${message}: names by ids`,
  );
  const page = { limit: 10, cursor: null };
  for (const each of OLD_PRODUCTS) {
    t.deepEqual(await catalogue.findProduct(each.id), each, message);
  }
  const { items } = await catalogue.listProducts({ creatorId: 'user_cy' }, page);
  t.deepEqual(items, OLD_PRODUCTS, message);
  for (const [userId, creators] of Object.entries(OLD_FOLLOWS)) {
    const list = await readAll(t, (request) => follows.listFollowing(userId, request), 2);
    const found = list.map(({ userId: creatorId, since }) => [creatorId, since]);
    t.deepEqual(found, creators, `${message}: ${userId}`);
    t.is((await follows.counts(userId)).following, creators.length, message);
    for (const [creatorId] of creators) t.true(await follows.isFollowing(userId, creatorId));
  }
  t.false(await follows.isFollowing('user_bo', 'user_cy'), message);
}
