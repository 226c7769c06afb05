// The copy of users, products and follows from their keys of level 0 into buckets, on a real Redis:
// what it leaves, when it dies between any two commands, and what nodes do that learn of it late.

import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { CatalogueCopy } from '../../storage/redis/catalogue/catalogue-copy.ts';
import {
  entityParts,
  type EntityParts,
  openEntityParts,
} from '../../storage/redis/catalogue/entity-parts.ts';
import {
  changeOldFollowing,
  takeAbandoned,
} from '../../storage/redis/catalogue/follows-redis-steps.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { ChangeFold } from './change-fold.ts';
import { accountsContract } from './contract/accounts.ts';
import { catalogueContract } from './contract/catalogue.ts';
import { failsWith } from './contract/errors.ts';
import { followsContract } from './contract/follows.ts';
import {
  hasOldCatalogue,
  OLD_FOLLOWS,
  OLD_PRODUCTS,
  OLD_USERS,
  restoreOldCatalogue,
} from './old-catalogue.ts';
import { connectRedisData, partsOn, type RedisData, storesOf } from './redis-data.ts';
import { diesAfter, pausesAfter } from './redis-interrupted.ts';

let server: RedisServer;
let data: RedisData;
let levelZeroServer: RedisServer;
let levelZero: RedisData;

const log = pino({ level: 'silent' });

/** Of a process that knows of the present layout, or of another phase. */
function copyOn(
  parts: EntityParts,
  { level = FEATURE_LEVEL, oldKeysRetentionMs = 0 } = {},
): CatalogueCopy {
  const levels = new ReachedLevel(level);
  return new CatalogueCopy({ ...parts, levels, log, oldKeysRetentionMs, leaseMs: 0 });
}

/** A process that has just started. */
async function freshParts(): Promise<EntityParts> {
  return openEntityParts({ redis: data.redis, om: data.om });
}

async function oldCatalogue(): Promise<void> {
  await data.redis.flushall();
  await restoreOldCatalogue(data.redis);
}

async function keysOfOld(): Promise<string[]> {
  const found = await Promise.all(
    ['user:*', 'entity:{product:*', '{following:*'].map((pattern) => data.redis.keys(pattern)),
  );
  return found.flat().filter((key) => !key.includes(':next:'));
}

async function wholePass({ changes }: EntityParts): Promise<ChangeFold> {
  const fold = new ChangeFold();
  for (let bucket = 0; bucket < changes.bucketCount; bucket++) {
    let cursor: string | null = null;
    do {
      const page = await changes.scan(bucket, cursor, 3);
      for (const change of page.changes) fold.apply(change);
      cursor = page.nextCursor;
    } while (cursor !== null);
  }
  return fold;
}

if (redisInstalled) {
  test.before(async () => {
    // Commands die here, not servers: nothing has to reach a disk.
    server = await RedisServer.start({ settings: { appendonly: 'no' } });
    data = await connectRedisData(server.address, { level: 0 });
    levelZeroServer = await RedisServer.start({ settings: { appendonly: 'no' } });
    levelZero = await connectRedisData(levelZeroServer.address, { level: 0 });
  });
  test.after.always(async () => {
    await data?.close();
    await server?.stop();
    await levelZero?.close();
    await levelZeroServer?.stop();
  });

  // As long as a node of 9994b20 lives, everything works as there.
  accountsContract(() => levelZero.stores, { areChangeable: false });
  catalogueContract(() => levelZero.stores, { areInBuckets: false });
  followsContract(() => levelZero.stores);

  test.serial('C1: at level 0 nothing is written that 9994b20 does not know', async (t) => {
    await oldCatalogue();
    const parts = await freshParts();
    await copyOn(parts, { level: 0 }).advance();
    const { accounts, catalogue, follows } = storesOf(parts);
    await hasOldCatalogue(t, storesOf(parts), 'level 0');
    await accounts.addUser({ ...OLD_USERS[0]!, id: 'user_new', email: 'new@example.com' });
    await accounts.addRole('user_ada', 'creator');
    await catalogue.addProduct({ ...OLD_PRODUCTS[0]!, id: 'product_new' });
    await catalogue.changeProduct('product_one', { name: 'Changed' });
    await follows.follow('user_new', 'user_cy', 5);
    await follows.unfollow('user_ada', 'user_cy');
    t.deepEqual(
      (await data.redis.keys('*')).filter((key) => /\{(?:c:\d\d|catalogue)\}|:moved$/.test(key)),
      [],
    );
    for (const key of ['user:user_ada', 'entity:{product:product_one}']) {
      t.is(await data.redis.hexists(key, 'moved'), 0);
    }
    t.is(await data.redis.hget('user:user_new', 'name'), 'Ada');
    t.is(await data.redis.hget('user:user_new', 'revision'), null);
    t.is(await data.redis.hget('entity:{product:product_one}', 'name'), 'Changed');
    t.is(await data.redis.zscore('{following:user_new}', 'user_cy'), '5');
  });

  test.serial('C1: a Redis of 9994b20 is copied by itself, and nothing is lost', async (t) => {
    await oldCatalogue();
    const parts = await freshParts();
    await copyOn(parts).advance();
    // The first time old keys are kept for a while, here for no time at all.
    await copyOn(parts).advance();
    t.is(parts.layout.phase, 'cleared');
    t.deepEqual(await keysOfOld(), []);
    t.deepEqual(await data.redis.keys('{c:*:arrived'), []);
    await hasOldCatalogue(t, storesOf(parts), 'copied');
    await hasOldCatalogue(t, storesOf(await freshParts()), 'opened anew');

    const fold = await wholePass(parts);
    for (const { id, name, roles, createdAt } of OLD_USERS) {
      t.deepEqual(fold.entity(`user ${id}`), { id, name, roles, createdAt });
    }
    for (const product of OLD_PRODUCTS) {
      t.deepEqual(fold.entity(`product ${product.id}`), product);
    }
    const pairs = Object.entries(OLD_FOLLOWS).flatMap(([userId, creators]) =>
      creators.map(([creatorId, since]) => {
        t.is(fold.entity(`follow ${userId} ${creatorId}`), since);
      }),
    );
    t.is(fold.entities.size, OLD_USERS.length + OLD_PRODUCTS.length + pairs.length);
  });

  test.serial('C1: a consumer at position 0 makes a full pass after the copy', async (t) => {
    await oldCatalogue();
    const parts = await freshParts();
    await data.redis.hset('{catalogue}:layout', 'phase', 'copying');
    await parts.layout.refresh();
    // Changes while the copy goes on have records, and somebody may have read them all.
    const { catalogue, follows } = storesOf(parts);
    await catalogue.changeProduct('product_one', { name: 'Meanwhile' });
    await follows.follow('user_bo', 'user_cy', 7);
    const heads = () =>
      Promise.all(
        Array.from({ length: parts.changes.bucketCount }, (_, i) => parts.changes.head(i)),
      );
    const before = await heads();
    t.is(
      before.reduce((sum, { last }) => sum + last, 0),
      2,
    );
    await copyOn(parts).advance();
    const after = await heads();
    let behind = 0;
    for (const [bucket, { last, trimmed }] of after.entries()) {
      t.is(trimmed, last);
      // A bucket that got nothing of the copy has all its records from the first one on.
      if (last === before[bucket]!.last) continue;
      behind += 1;
      await failsWith(t, 'position-trimmed', parts.changes.read(bucket, before[bucket]!.last, 9));
    }
    t.true(behind > 5);
    const fold = await wholePass(parts);
    t.is(fold.entity('follow user_bo user_cy'), 7);
  });

  test.serial('C1: an empty Redis has its records from the first change on', async (t) => {
    await data.redis.flushall();
    const parts = await freshParts();
    await copyOn(parts).advance();
    t.true(parts.layout.isCopied);
    const { follows } = storesOf(parts);
    for (let i = 0; i < 5; i++) await follows.follow(`user_e${i}`, 'creator_e', i);
    let records = 0;
    for (let bucket = 0; bucket < parts.changes.bucketCount; bucket++) {
      records += (await parts.changes.read(bucket, 0, 100)).length;
    }
    t.is(records, 5);
  });

  test.serial('C1: a copy that dies between any two commands loses nothing', async (t) => {
    t.timeout(300_000);
    let commands = 0;
    for (let finished = false; !finished; commands += 1) {
      await oldCatalogue();
      const dying = partsOn({ ...data.parts }, diesAfter(data.redis, commands));
      const died = await copyOn(dying)
        .advance()
        .then(() => false)
        .catch(() => true);
      finished = !died;
      const message = `after ${commands} commands`;
      const parts = await freshParts();
      await hasOldCatalogue(t, storesOf(parts), message);
      await changesEverything(t, parts, message);
      await copyOn(parts).advance();
      await copyOn(parts).advance();
      t.is(parts.layout.phase, 'cleared', message);
      t.deepEqual(await keysOfOld(), [], message);
      await hasEverythingChanged(t, storesOf(parts), message);
    }
    t.true(commands > 100, `${commands} commands`);
  });

  for (const [name, change] of Object.entries(lateChanges())) {
    test.serial(`C1: a node that learns late of the copy does not lose ${name}`, async (t) => {
      const moments = (['copied', 'cleared'] as const).flatMap((phase) =>
        Array.from({ length: 6 }, (_, commands) => ({ phase, commands })),
      );
      for (const { phase, commands } of moments) {
        await oldCatalogue();
        const slow = pausesAfter(data.redis, commands);
        const late = entityParts({ redis: slow.connection, om: data.om, phase: 'old' });
        const outcome = change.make(storesOf(late));
        await Promise.race([slow.paused, outcome]);
        const message = `${name}, paused after ${commands} commands until ${phase}`;
        const parts = await freshParts();
        await copyOn(parts, { oldKeysRetentionMs: phase === 'copied' ? 60_000 : 0 }).advance();
        t.is(parts.layout.phase, phase, message);
        slow.resume();
        await outcome;
        await change.isMade(t, storesOf(parts), message);
        await change.isMade(t, storesOf(late), message);
      }
    });
  }

  test.serial('C1: nothing at the keys of level 0 changes once it has moved', async (t) => {
    await oldCatalogue();
    const parts = await freshParts();
    // Half a move each: what was frozen is not in its bucket yet.
    for (const move of [
      (moves: EntityParts['moves']) => moves.follows('user_dee'),
      (moves: EntityParts['moves']) => moves.product('product_one'),
      (moves: EntityParts['moves']) => moves.user('user_ada'),
    ]) {
      const { moves } = partsOn(parts, diesAfter(data.redis, 3));
      await move(moves).catch(() => undefined);
    }
    const before = await Promise.all(OLD_FROZEN.map((key) => data.redis.dump(key)));
    const decision = { userId: 'user_dee', creatorId: 'user_bo', since: 5 };
    t.is(await changeOldFollowing(data.redis, decision), null);
    t.deepEqual(await takeAbandoned(data.redis, 'old', 'user_dee', 0), []);
    const { accounts, catalogue } = storesOf(entityParts({ ...parts, phase: 'old' }));
    await data.redis.hset('{catalogue}:layout', 'phase', 'copying');
    await accounts.addRole('user_ada', 'creator');
    await catalogue.changeProduct('product_one', { name: 'Changed' });
    t.deepEqual(await Promise.all(OLD_FROZEN.map((key) => data.redis.dump(key))), before);
    t.deepEqual((await accounts.findUser('user_ada'))?.roles, ['creator']);
    t.is((await catalogue.findProduct('product_one'))?.name, 'Changed');
  });

  test.serial('A1: an e-mail taken over while the copy goes on has one user', async (t) => {
    const user = (id: string) => ({ ...OLD_USERS[0]!, id, email: 'over@example.com' });
    for (let commands = 1; commands < 6; commands++) {
      await oldCatalogue();
      const slow = pausesAfter(data.redis, commands);
      const late = entityParts({ redis: slow.connection, om: data.om, phase: 'old' });
      const first = storesOf(late).accounts.addUser(user('user_first'));
      await Promise.race([slow.paused, first]);
      const parts = await freshParts();
      const copy = copyOn(parts);
      await copy.advance();
      // The grace of a claim is over at once.
      await data.redis.set('email:over@example.com', '1 user_first');
      const second = await storesOf(parts).accounts.addUser(user('user_second'));
      slow.resume();
      const message = `paused after ${commands} commands`;
      t.is(Number(await first) + Number(second), 1, message);
      const found = await storesOf(parts).accounts.findUserByEmail('over@example.com');
      t.is(found?.id, second ? 'user_second' : 'user_first', message);
      const other = second ? 'user_first' : 'user_second';
      t.is(await storesOf(parts).accounts.findUser(other), null, message);
    }
  });

  test.serial('C1: while nodes with every knowledge write, the copy loses no change', async (t) => {
    t.timeout(120_000);
    await oldCatalogue();
    const known = [entityParts({ redis: data.redis, om: data.om }), await freshParts()];
    const stores = known.map(storesOf);
    const any = () => stores[Math.floor(Math.random() * stores.length)]!;
    const made = { isOver: false, changes: 0, users: 0 };
    const done = Promise.all([
      changesProducts(t, any, made),
      changesFollows(t, any, made),
      addsUsers(t, any, made),
    ]);
    await madeMore(made);
    const copying = await freshParts();
    do await copyOn(copying).advance();
    while (copying.layout.phase !== 'cleared');
    await madeMore(made);
    made.isOver = true;
    await done;

    const parts = await freshParts();
    const found = await storesOf(parts).catalogue.findProduct('product_one');
    t.is(found?.revision, 1 + made.changes);
    const fold = await wholePass(parts);
    t.deepEqual(fold.entity('product product_one'), found);
    for (let i = 0; i < made.users; i++) t.not(fold.entity(`user user_n${i}`), undefined);
    t.deepEqual(await keysOfOld(), []);
  });

  test.serial('C1: one node leads the copy, and a node that lost the lease stops', async (t) => {
    await oldCatalogue();
    const [one, two] = [await freshParts(), await freshParts()];
    const first = (await one.layout.lead('one', 60_000))!;
    t.is(await two.layout.lead('two', 60_000), null);
    await data.redis.hset('{catalogue}:layout', 'leaseUntil', 1);
    const second = (await two.layout.lead('two', 60_000))!;
    await failsWith(t, 'lease-lost', first.advance('old', 'copying'));
    await failsWith(t, 'lease-lost', first.saveCursor('server', '5'));
    t.is(await second.cursorOf('server'), null);
    await second.advance('old', 'copying');
    await failsWith(t, 'lease-lost', second.advance('old', 'copying'));
    t.is(await one.layout.refresh(), 'copying');
  });
} else {
  test.skip('the copy of the catalogue on Redis needs redis-server', () => {});
}

interface Made {
  isOver: boolean;
  changes: number;
  users: number;
}

/** Of users of the recorded data. */
const LETTERS = 'abcdefgh'.split('');

async function madeMore(made: Made): Promise<void> {
  const { changes, users } = made;
  while (made.changes < changes + 5 || made.users < users + 5) await setImmediate();
}

async function changesProducts(
  t: ExecutionContext,
  any: () => TestStores,
  made: Made,
): Promise<void> {
  for (; !made.isOver; made.changes++) {
    const name = `Name ${made.changes}`;
    const changed = await any().catalogue.changeProduct('product_one', { name });
    t.like(changed, { name, revision: 2 + made.changes });
    t.like(await any().catalogue.findProduct('product_one'), { name, revision: 2 + made.changes });
  }
}

async function changesFollows(
  t: ExecutionContext,
  any: () => TestStores,
  made: Made,
): Promise<void> {
  for (let i = 0; !made.isOver; i++) {
    const isFollow = i % 2 === 0;
    const isChanged = isFollow
      ? await any().follows.follow('user_bo', 'user_cy', i)
      : await any().follows.unfollow('user_bo', 'user_cy');
    t.true(isChanged);
    t.is(await any().follows.isFollowing('user_bo', 'user_cy'), isFollow);
    t.is((await any().follows.counts('user_bo')).following, isFollow ? 1 : 0);
  }
}

async function addsUsers(t: ExecutionContext, any: () => TestStores, made: Made): Promise<void> {
  for (; !made.isOver; made.users++) {
    const id = `user_n${made.users}`;
    const added = { ...OLD_USERS[0]!, id, email: `${id}@example.com` };
    t.true(await any().accounts.addUser(added));
    await any().accounts.addRole(id, 'creator');
    t.deepEqual(await any().accounts.findUser(id), { ...added, roles: ['creator'] });
    t.is((await any().accounts.findUserByEmail(added.email))?.id, id);
  }
}

const OLD_FROZEN = [
  '{following:user_dee}',
  '{following:user_dee}:pending',
  'entity:{product:product_one}',
  'user:user_ada',
];

type TestStores = ReturnType<typeof storesOf>;

async function changesEverything(
  t: ExecutionContext,
  parts: EntityParts,
  message: string,
): Promise<void> {
  const { accounts, catalogue, follows } = storesOf(parts);
  await accounts.addRole('user_ada', 'creator');
  const changed = await catalogue.changeProduct('product_two', { name: 'Third name' });
  t.like(changed, { revision: 3 }, message);
  t.true(await follows.follow('user_bo', 'user_cy', 9), message);
  t.true(await follows.unfollow('user_ada', 'user_cy'), message);
  t.false(await follows.follow('user_a', 'user_cy', 9), message);
}

async function hasEverythingChanged(
  t: ExecutionContext,
  { accounts, catalogue, follows }: TestStores,
  message: string,
): Promise<void> {
  t.deepEqual((await accounts.findUser('user_ada'))?.roles, ['creator'], message);
  t.is((await accounts.findUser('user_cy'))?.name, 'Cy', message);
  t.is((await catalogue.findProduct('product_two'))?.name, 'Third name', message);
  t.is((await catalogue.findProduct('product_one'))?.revision, 1, message);
  t.true(await follows.isFollowing('user_bo', 'user_cy'), message);
  t.false(await follows.isFollowing('user_ada', 'user_cy'), message);
  t.deepEqual(await follows.counts('user_ada'), { followers: 0, following: 2 }, message);
  const { items } = await follows.listFollowers('user_cy', { limit: 100, cursor: null });
  const left = LETTERS.map((letter) => `user_${letter}`);
  const followers = items.map(({ userId }) => userId).filter((userId) => userId !== 'user_dee');
  t.deepEqual(followers.toSorted(), [...left, 'idp|a}b:pending', 'user_bo'].toSorted(), message);
}

interface LateChange {
  readonly make: (stores: TestStores) => Promise<unknown>;
  readonly isMade: (t: ExecutionContext, stores: TestStores, message: string) => Promise<void>;
}

function lateChanges(): Record<string, LateChange> {
  const user = { ...OLD_USERS[0]!, id: 'user_late', email: 'late@example.com' };
  const product = { ...OLD_PRODUCTS[0]!, id: 'product_late' };
  return {
    'a new user': {
      make: ({ accounts }) => accounts.addUser(user),
      isMade: async (t, { accounts }, message) => {
        t.deepEqual(await accounts.findUser('user_late'), user, message);
        t.deepEqual(await accounts.findUserByEmail('late@example.com'), user, message);
      },
    },
    'a new role': {
      make: ({ accounts }) => accounts.addRole('user_ada', 'creator'),
      isMade: async (t, { accounts }, message) => {
        t.deepEqual((await accounts.findUser('user_ada'))?.roles, ['creator'], message);
      },
    },
    'a new product': {
      make: ({ catalogue }) => catalogue.addProduct(product),
      isMade: async (t, { catalogue }, message) => {
        t.deepEqual(await catalogue.findProduct('product_late'), product, message);
      },
    },
    'a change of a product': {
      make: ({ catalogue }) => catalogue.changeProduct('product_two', { name: 'Late' }),
      isMade: async (t, { catalogue }, message) => {
        const found = await catalogue.findProduct('product_two');
        t.deepEqual([found?.name, found?.revision], ['Late', 3], message);
      },
    },
    'a follow': {
      make: ({ follows }) => follows.follow('user_ada', 'user_late', 9),
      isMade: async (t, { follows }, message) => {
        t.true(await follows.isFollowing('user_ada', 'user_late'), message);
        t.deepEqual(await follows.counts('user_ada'), { followers: 0, following: 4 }, message);
        t.deepEqual(await follows.counts('user_late'), { followers: 1, following: 0 }, message);
      },
    },
    'the first follow of a user': {
      make: ({ follows }) => follows.follow('user_late', 'user_cy', 9),
      isMade: async (t, { follows }, message) => {
        t.true(await follows.isFollowing('user_late', 'user_cy'), message);
        t.deepEqual(await follows.counts('user_late'), { followers: 0, following: 1 }, message);
      },
    },
    'an unfollow': {
      make: ({ follows }) => follows.unfollow('user_ada', 'user_cy'),
      isMade: async (t, { follows }, message) => {
        t.false(await follows.isFollowing('user_ada', 'user_cy'), message);
        t.deepEqual(await follows.counts('user_ada'), { followers: 0, following: 2 }, message);
      },
    },
  };
}
