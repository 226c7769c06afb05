// What every driver of the change stream must do (C1), and of the stores that write to it. Tests of
// one file share the stores, so each has entities of its own and begins at the present heads; those
// that trim run by themselves.

import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { User } from '../../../storage/ports/accounts.ts';
import type { Media } from '../../../contracts/media.ts';
import type { Product } from '../../../contracts/products.ts';
import type { EntityChange } from '../../../contracts/changes.ts';
import {
  type ChangeHead,
  type ChangeRecord,
  type ChangeStream,
  CHANGES_RETAINED_MAX,
} from '../../../storage/ports/change-stream.ts';
import type { FollowStore } from '../../../storage/ports/follows.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { ChangeFold, keyOf } from '../change-fold.ts';
import { dropRecordsContract } from './drop-records.ts';
import { failsWith } from './errors.ts';
import { restoredChangesContract } from './restored-changes.ts';

export type ChangingStores = Pick<Stores, 'accounts' | 'catalogue' | 'follows' | 'media'> & {
  readonly changes: ChangeStream;
};

export interface ChangeStreamContractOptions {
  readonly stores: () => ChangingStores;
  /**
   * Stores of their own that keep `retainedMax` records in all buckets together; closed by the
   * test.
   */
  readonly openBounded: (t: ExecutionContext, retainedMax: number) => Promise<ChangingStores>;
  /** How many more records a bucket may keep than its share, where blocks are evicted. */
  readonly keptSlack?: number;
}

const PAGE = 7;

export function changeStreamContract(options: ChangeStreamContractOptions): void {
  const { stores, openBounded, keptSlack = 0 } = options;
  const changes = (): ChangeStream => stores().changes;

  test('C1: each change has its record, with the whole entity, when it resolves', async (t) => {
    const { accounts, catalogue, follows } = stores();
    const seen = await Follower.fromNow(changes(), 'chg_a');
    await accounts.addUser(user('chg_a1'));
    t.deepEqual(await seen.next(), [
      { kind: 'user', userId: 'chg_a1', user: { ...publicPart('chg_a1'), roles: [] } },
    ]);
    await accounts.addRole('chg_a1', 'creator');
    t.deepEqual(await seen.next(), [
      { kind: 'user', userId: 'chg_a1', user: { ...publicPart('chg_a1'), roles: ['creator'] } },
    ]);
    await catalogue.addProduct(product('chg_a_p'));
    t.deepEqual(await seen.next(), [
      { kind: 'product', productId: 'chg_a_p', product: product('chg_a_p') },
    ]);
    const changed = await catalogue.changeProduct('chg_a_p', { name: 'Other', imageUrls: [] });
    t.like(changed, { name: 'Other', revision: 2 });
    t.like(await seen.next(), [{ kind: 'product', productId: 'chg_a_p', product: changed }]);
    await follows.follow('chg_a2', 'chg_a1', 77);
    t.deepEqual(await seen.next(), [
      { kind: 'follow', userId: 'chg_a2', creatorId: 'chg_a1', since: 77 },
    ]);
    await follows.unfollow('chg_a2', 'chg_a1');
    t.deepEqual(await seen.next(), [
      { kind: 'follow', userId: 'chg_a2', creatorId: 'chg_a1', since: null },
    ]);
  });

  test('C1, M1: media, pictures of accounts and announcements have their records', async (t) => {
    const { accounts, catalogue, media } = stores();
    const seen = await Follower.fromNow(changes(), 'chg_m');
    const medium = await media.add(() => newMedium('chg_m1'), { countMax: 9, bytesMax: 9_999 });
    if (typeof medium === 'string') throw new Error(medium);
    const { id: mediaId, ownerId, purpose, bytes, createdAt } = medium;
    const summary = { ownerId, purpose, bytes, createdAt, status: 'uploading' as const };
    const about = { kind: 'media', mediaId, ownerId } as const;
    t.deepEqual(await seen.next(), [{ ...about, productIds: [], media: summary }]);
    const uses = [{ productId: 'chg_m_p', revision: 1, since: 1 }];
    const used: Media = { ...medium, status: 'processing', revision: 2, uses };
    t.true(await media.replace(medium, used));
    t.false(await media.replace(medium, null));
    const productIds = ['chg_m_p'];
    t.like(await seen.next(), [{ productIds, media: { status: 'processing' } }]);
    t.like(await entitiesOf(changes(), 'chg_m1'), [{ kind: 'media', mediaId }]);
    t.true(await media.replace(used, null));
    t.deepEqual(await seen.next(), [{ ...about, productIds, media: null }]);
    t.deepEqual(await entitiesOf(changes(), 'chg_m1'), []);

    await accounts.addUser(user('chg_m2'));
    await accounts.setAvatar('chg_m2', 'm_picture');
    await accounts.setAvatar('chg_m2', 'm_picture');
    await accounts.addRole('chg_m2', 'creator');
    const pictured = { ...publicPart('chg_m2'), roles: ['creator'], avatarMediaId: 'm_picture' };
    t.deepEqual((await seen.next()).slice(1), [
      { kind: 'user', userId: 'chg_m2', user: { ...pictured, roles: [] } },
      { kind: 'user', userId: 'chg_m2', user: pictured },
    ]);
    t.like(await entitiesOf(changes(), 'chg_m2'), [{ user: pictured }]);

    await catalogue.addProduct(product('chg_m_bare'));
    await catalogue.addProduct({ ...product('chg_m_p'), mediaIds: ['m_1'] });
    await seen.next();
    for (const id of ['chg_m_bare', 'chg_m_p', 'chg_m_p']) await catalogue.announceProduct(id);
    const announced = { ...product('chg_m_p'), mediaIds: ['m_1'], announced: true as const };
    t.deepEqual(await seen.next(), [{ kind: 'product', productId: 'chg_m_p', product: announced }]);
  });

  test('C1: what changes nothing writes no record', async (t) => {
    const { accounts, catalogue, follows } = stores();
    await accounts.addUser(user('chg_b1'));
    await accounts.addRole('chg_b1', 'creator');
    await follows.follow('chg_b1', 'chg_b2', 5);
    const seen = await Follower.fromNow(changes(), 'chg_b');
    t.false(await accounts.addUser(user('chg_b3', 'CHG_B1@example.com')));
    await accounts.addRole('chg_b1', 'creator');
    await accounts.addRole('chg_b_nobody', 'creator');
    t.is(await catalogue.changeProduct('chg_b_nothing', { name: 'x' }), 'not-found');
    t.false(await follows.follow('chg_b1', 'chg_b2', 6));
    t.false(await follows.unfollow('chg_b2', 'chg_b1'));
    await accounts.addRefreshToken(token('chg_b_token'));
    await accounts.revokeFamily('family_of_chg_b');
    t.deepEqual(await seen.next(), []);
  });

  test('A8, C1: records of a removed user say nothing of the user, and none is missing', async (t) => {
    const { accounts } = stores();
    const seen = await Follower.fromNow(changes(), 'chg_zz');
    for (const id of ['chg_zz1', 'chg_zz2', 'chg_zz3'])
      await accounts.addUser({ ...user(id), name: `Name ${id}` });
    await accounts.addRole('chg_zz2', 'creator');
    await accounts.removeUser('chg_zz2');
    for (let round = 0; round < 2; round++) {
      let next: number | null = 0;
      while (next !== null) next = await changes().forgetUser('chg_zz2', next);
    }
    await accounts.addRole('chg_zz3', 'creator');
    const records = await seen.next();
    const shown = records.map((change) =>
      change.kind === 'user' ? `${change.userId} ${change.user?.name ?? 'nobody'}` : '',
    );
    t.deepEqual(shown.toSorted(), [
      'chg_zz1 Name chg_zz1',
      'chg_zz2 nobody',
      'chg_zz2 nobody',
      'chg_zz2 nobody',
      'chg_zz3 Name chg_zz3',
      'chg_zz3 Name chg_zz3',
    ]);
    t.false((await scanAll(changes())).some((change) => keyOf(change).includes('chg_zz2')));
  });

  test('C1: no record and no full pass has an e-mail address or a hash', async (t) => {
    const { accounts } = stores();
    const seen = await Follower.fromNow(changes(), 'chg_c');
    await accounts.addUser({ ...user('chg_c1', 'Secret.Mail@example.com'), passwordHash: 'h4sh' });
    await accounts.addRole('chg_c1', 'creator');
    await accounts.addRefreshToken({ ...token('chg_c_t0ken'), userId: 'chg_c1' });
    const scanned = (await scanAll(changes())).filter((change) => keyOf(change).includes('chg_c'));
    const records = await seen.next();
    t.deepEqual([scanned.length, records.length], [1, 2]);
    t.notRegex(JSON.stringify([scanned, records]), /mail|@|h4sh|t0ken|password/i);
  });

  test('C1: records of a bucket have no gap, in pages of any size', async (t) => {
    const { follows } = stores();
    const before = await headsOf(changes());
    const users = Array.from({ length: 60 }, (_, i) => `chg_d${i}`);
    await Promise.all(users.map((userId, i) => follows.follow(userId, 'chg_d', i)));
    for (const limit of [1, 7, 1000]) {
      let found = 0;
      for (const [bucket, { last }] of before.entries()) {
        const records = await readAll(changes(), bucket, last, limit);
        t.deepEqual(
          records.map(({ sequence }) => sequence),
          records.map((_, i) => last + 1 + i),
        );
        t.true(records.every((record) => record.bucket === bucket));
        found += records.filter(({ change }) => keyOf(change).includes(' chg_d')).length;
      }
      t.is(found, users.length);
    }
  });

  test('C1: all changes of one entity are in one bucket, in their order', async (t) => {
    const { catalogue, follows } = stores();
    const before = await headsOf(changes());
    const ids = Array.from({ length: 10 }, (_, i) => `chg_e${i}`);
    await Promise.all(ids.map((id) => catalogue.addProduct(product(id))));
    const change = async (id: string) => {
      const names = Array.from({ length: 8 }, (_, i) => `name ${i}`);
      await Promise.all(names.map((name) => catalogue.changeProduct(id, { name })));
      for (const since of [1, 2, 3]) {
        await Promise.all([
          follows.follow(id, 'chg_e', since),
          follows.follow(id, 'chg_e', since),
          follows.unfollow(id, 'chg_e'),
        ]);
      }
    };
    await Promise.all(ids.map(change));
    const buckets = new Map<string, Set<number>>();
    const states = new Map<string, EntityChange[]>();
    for (const [bucket, { last }] of before.entries()) {
      for (const { change: record } of await readAll(changes(), bucket, last, PAGE)) {
        const key = keyOf(record);
        if (!key.includes('chg_e')) continue;
        buckets.set(key, (buckets.get(key) ?? new Set()).add(bucket));
        states.set(key, [...(states.get(key) ?? []), record]);
      }
    }
    t.is(states.size, 20);
    for (const [key, found] of buckets) t.is(found.size, 1, key);
    for (const id of ids) {
      const revisions = states
        .get(`product ${id}`)!
        .map((record) => (record.kind === 'product' ? record.product!.revision : 0));
      t.deepEqual(revisions, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
      const follow = states.get(`follow ${id} chg_e`)!;
      const following = follow.map((record) => record.kind === 'follow' && record.since !== null);
      t.deepEqual(
        following,
        following.map((_, i) => i % 2 === 0),
        'following and not following take turns',
      );
      t.is(following.at(-1), await follows.isFollowing(id, 'chg_e'));
    }
  });

  test('C1: a full pass has each entity as it is now, whatever the page', async (t) => {
    const { accounts, catalogue, follows } = stores();
    for (let i = 0; i < 9; i++) {
      await accounts.addUser(user(`chg_f${i}`));
      await catalogue.addProduct(product(`chg_f_p${i}`));
      await follows.follow(`chg_f${i}`, 'chg_f_c', i + 1);
    }
    await follows.unfollow('chg_f3', 'chg_f_c');
    const changed = await catalogue.changeProduct('chg_f_p5', { name: 'Changed' });
    for (const limit of [1, 4, 1000]) {
      const found = (await scanAll(changes(), limit)).filter((change) =>
        keyOf(change).includes('chg_f'),
      );
      t.is(found.length, 9 + 9 + 8);
      t.is(new Set(found.map(keyOf)).size, found.length, 'nothing twice while nothing changes');
      const fold = new ChangeFold();
      for (const change of found) fold.apply(change);
      t.deepEqual(fold.entity('product chg_f_p5'), changed);
      t.is(fold.entity('follow chg_f3 chg_f_c'), undefined);
      t.is(fold.entity('follow chg_f8 chg_f_c'), 9);
    }
  });

  test('C1: a full pass and the records after its head have every change', async (t) => {
    let run = 0;
    const action = fc.record({
      kind: fc.constantFrom('product', 'change', 'follow', 'unfollow', 'user', 'role'),
      entity: fc.nat({ max: 4 }),
    });
    const history = fc.record({
      before: fc.array(action, { maxLength: 12 }),
      beside: fc.array(action, { maxLength: 25 }),
      limit: fc.integer({ min: 1, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ before, beside, limit }) => {
        const prefix = `chg_g${++run}_`;
        for (const each of before) await perform(stores(), prefix, each);
        const heads = await headsOf(changes());
        const fold = new ChangeFold(prefix);
        const work = (async () => {
          for (const each of beside) {
            await perform(stores(), prefix, each);
            await setImmediate();
          }
        })();
        for (const change of await scanAll(changes(), limit)) fold.apply(change);
        await work;
        for (const [bucket, { last }] of heads.entries()) {
          for (const { change } of await readAll(changes(), bucket, last, limit))
            fold.apply(change);
        }
        await equalsEntities(t, fold, stores(), prefix);
      }),
      { numRuns: 15 },
    );
  });

  test('C1: a listener is called when this process writes, until it ends', async (t) => {
    let calls = 0;
    const end = changes().onAppend(() => {
      calls += 1;
    });
    await stores().follows.follow('chg_h1', 'chg_h2', 1);
    t.true(calls > 0);
    end();
    const own = await openBounded(t, 100);
    let ownCalls = 0;
    const endOwn = own.changes.onAppend(() => {
      ownCalls += 1;
    });
    await own.follows.follow('chg_h1', 'chg_h2', 1);
    t.true(ownCalls > 0);
    endOwn();
    ownCalls = 0;
    await own.follows.unfollow('chg_h1', 'chg_h2');
    t.is(ownCalls, 0);
  });

  test('C1: a cursor of something else is refused by a full pass', async (t) => {
    await failsWith(t, 'invalid-cursor', changes().scan(0, 'nonsense', 10));
    await failsWith(t, 'invalid-cursor', changes().scan(0, '["shard","",""]', 10));
  });

  test.serial('C1: a read below the trimmed records is an error', async (t) => {
    const { follows } = stores();
    await followAll(follows, 'chg_i', 6 * changes().bucketCount);
    const heads = await headsOf(changes());
    const bucket = heads.findIndex(({ last, trimmed }) => last - trimmed >= 4);
    const { last } = heads[bucket]!;
    await changes().trim(bucket, last - 2);
    await changes().trim(bucket, last - 3);
    t.deepEqual(await changes().head(bucket), { last, trimmed: last - 2 });
    await failsWith(t, 'position-trimmed', changes().read(bucket, last - 3, 10));
    await failsWith(t, 'position-trimmed', changes().read(bucket, last - 3, 1));
    const left = await changes().read(bucket, last - 2, 10);
    t.deepEqual(
      left.map(({ sequence }) => sequence),
      [last - 1, last],
    );
    t.deepEqual(await changes().read(bucket, last, 10), []);
  });

  test.serial('C1: sequences go on after everything was trimmed', async (t) => {
    const { follows } = stores();
    for (let i = 0; i < 20; i++) await follows.follow(`chg_j${i}`, 'chg_j', i + 1);
    const heads = await headsOf(changes());
    for (const [bucket, { last }] of heads.entries()) await changes().trim(bucket, last + 99);
    const after = await headsOf(changes());
    t.deepEqual(
      after,
      heads.map(({ last }) => ({ last, trimmed: last })),
    );
    const seen = await Follower.fromNow(changes(), 'chg_j');
    await follows.unfollow('chg_j7', 'chg_j');
    t.deepEqual(await seen.next(), [
      { kind: 'follow', userId: 'chg_j7', creatorId: 'chg_j', since: null },
    ]);
  });

  test.serial('C1: a position above the newest record is position-trimmed', async (t) => {
    const { last } = await changes().head(0);
    await failsWith(t, 'position-trimmed', changes().read(0, last + 1, 10));
  });

  test('C1: past the bound the oldest records are evicted; reading them is an error', async (t) => {
    const own = await openBounded(t, 40);
    const { bucketCount } = own.changes;
    const share = Math.floor(40 / bucketCount);
    const count = 40 + (keptSlack + 20) * bucketCount;
    await followAll(own.follows, 'chg_k', count);
    const heads = await headsOf(own.changes);
    let evicted = 0;
    for (const [bucket, { last, trimmed }] of heads.entries()) {
      t.true(last - trimmed <= share + keptSlack, `bucket ${bucket} keeps ${last - trimmed}`);
      if (trimmed === 0) continue;
      evicted += 1;
      await failsWith(t, 'position-trimmed', own.changes.read(bucket, trimmed - 1, 10));
      t.is((await readAll(own.changes, bucket, trimmed, PAGE)).length, last - trimmed);
    }
    t.true(evicted > 0);
    const left = (await scanAll(own.changes)).filter(({ kind }) => kind === 'follow');
    t.is(left.length, count, 'the entities are all there');
  });

  dropRecordsContract(stores);
  restoredChangesContract((t) => openBounded(t, CHANGES_RETAINED_MAX));
}

/** That many users follow the creator. */
async function followAll(follows: FollowStore, creatorId: string, count: number): Promise<void> {
  const users = Array.from({ length: count }, (_, i) => `${creatorId}${i}`);
  await Promise.all(users.map((userId, i) => follows.follow(userId, creatorId, i + 1)));
}

/** Reads what is new in all buckets, each time from where it was. */
class Follower {
  readonly #changes: ChangeStream;
  readonly #prefix: string;
  readonly #positions: number[];

  private constructor(changes: ChangeStream, prefix: string, positions: number[]) {
    this.#changes = changes;
    this.#prefix = prefix;
    this.#positions = positions;
  }

  /** Sees changes whose key has the prefix: other tests of the file write as well. */
  static async fromNow(changes: ChangeStream, prefix: string): Promise<Follower> {
    const heads = await headsOf(changes);
    const positions = heads.map(({ last }) => last);
    return new Follower(changes, prefix, positions);
  }

  async next(): Promise<EntityChange[]> {
    const found: EntityChange[] = [];
    for (const [bucket, after] of this.#positions.entries()) {
      const records = await readAll(this.#changes, bucket, after, PAGE);
      this.#positions[bucket] = records.at(-1)?.sequence ?? after;
      found.push(...records.map(({ change }) => change));
    }
    return found.filter((change) => keyOf(change).includes(this.#prefix));
  }
}

async function headsOf(changes: ChangeStream): Promise<ChangeHead[]> {
  return Promise.all(Array.from({ length: changes.bucketCount }, (_, i) => changes.head(i)));
}

async function readAll(
  changes: ChangeStream,
  bucket: number,
  after: number,
  limit: number,
): Promise<ChangeRecord[]> {
  const records: ChangeRecord[] = [];
  for (;;) {
    const page = await changes.read(bucket, records.at(-1)?.sequence ?? after, limit);
    if (page.length === 0) return records;
    records.push(...page);
  }
}

async function scanAll(changes: ChangeStream, limit = 100): Promise<EntityChange[]> {
  const found: EntityChange[] = [];
  for (let bucket = 0; bucket < changes.bucketCount; bucket++) {
    let cursor: string | null = null;
    do {
      const page = await changes.scan(bucket, cursor, limit);
      found.push(...page.changes);
      cursor = page.nextCursor;
    } while (cursor !== null);
  }
  return found;
}

/** Of a full pass, those with the prefix. */
async function entitiesOf(changes: ChangeStream, prefix: string): Promise<EntityChange[]> {
  return (await scanAll(changes)).filter((change) => keyOf(change).includes(prefix));
}

async function perform(
  { accounts, catalogue, follows }: ChangingStores,
  prefix: string,
  { kind, entity }: { readonly kind: string; readonly entity: number },
): Promise<void> {
  const id = `${prefix}${entity}`;
  if (kind === 'product') {
    if ((await catalogue.findProduct(id)) === null) await catalogue.addProduct(product(id));
  } else if (kind === 'change')
    await catalogue.changeProduct(id, { name: `Name ${Math.random()}` });
  else if (kind === 'follow') await follows.follow(id, `${prefix}c`, 1 + entity);
  else if (kind === 'unfollow') await follows.unfollow(id, `${prefix}c`);
  else if (kind === 'user') await accounts.addUser(user(id));
  else await accounts.addRole(id, `role${entity}`);
}

async function equalsEntities(
  t: ExecutionContext,
  fold: ChangeFold,
  { accounts, catalogue, follows }: ChangingStores,
  prefix: string,
): Promise<void> {
  for (let entity = 0; entity < 5; entity++) {
    const id = `${prefix}${entity}`;
    t.deepEqual(fold.entity(`product ${id}`) ?? null, await catalogue.findProduct(id));
    const account = await accounts.findUser(id);
    const expected = account === null ? undefined : { ...publicPart(id), roles: account.roles };
    t.deepEqual(fold.entity(`user ${id}`), expected);
    const since = fold.entity(`follow ${id} ${prefix}c`);
    t.is(since !== undefined, await follows.isFollowing(id, `${prefix}c`));
  }
}

function user(id: string, email = `${id}@example.com`): User {
  const name = `Name of ${id}`;
  return { id, email, name, passwordHash: 'hash', roles: [], createdAt: 1_700_000_000_000 };
}

function publicPart(id: string) {
  return { id, name: `Name of ${id}`, createdAt: 1_700_000_000_000 };
}

function product(id: string): Product {
  return {
    id,
    creatorId: 'chg_creator',
    name: `Product ${id}`,
    description: 'Ünïcode, "quotes" and\nlines',
    imageUrls: ['https://images.example.com/1.png'],
    createdAt: 1_700_000_000_000,
    revision: 1,
  };
}

let media = 0;

/** Called until the id fits its owner. */
function newMedium(ownerId: string): Media {
  media += 1;
  return {
    id: `${ownerId}_${media}`,
    ownerId,
    purpose: 'product',
    filename: 'lamp.jpg',
    bytes: 1_000,
    status: 'uploading',
    reason: null,
    createdAt: 5,
    expiresAt: 9,
    revision: 1,
    content: null,
  };
}

function token(hash: string) {
  return { hash, familyId: `family_${hash}`, userId: 'chg_nobody', expiresAt: 1000 };
}
