// Drift of each kind, planted in the files of SQLite beside its stores, and mended (L3).

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import Database from 'better-sqlite3';
import { openSqliteStores, type SqliteStores } from '../../storage/sqlite/stores.ts';
import { reconcileContract, wholePass } from './contract/reconcile.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

/** More rows of one creator than are counted in one step. */
const FOLLOWERS = 9_000;

let shared: SqliteStores;
let sharedDirectory: string;

test.before(async () => {
  sharedDirectory = temporaryDirectory();
  shared = await openSqliteStores({ directory: sharedDirectory });
});
test.after.always(async () => {
  await shared?.close();
  removeDirectory(sharedDirectory);
});

reconcileContract(() => shared);

async function open(t: ExecutionContext) {
  const directory = temporaryDirectory();
  const stores = await openSqliteStores({ directory });
  t.teardown(async () => {
    await stores.close();
    removeDirectory(directory);
  });
  const plant = (file: 'catalogue' | 'projections', statement: string) => {
    const database = new Database(join(directory, `${file}.db`));
    database.exec(statement);
    database.close();
  };
  return { stores, plant };
}

test('L3: counts of follows that drifted are counted from the follows again', async (t) => {
  const { stores, plant } = await open(t);
  const { follows } = stores;
  for (const userId of ['ann', 'bob', 'cid']) await follows.follow(userId, 'dan', 1);
  await follows.follow('ann', 'bob', 2);
  plant(
    'catalogue',
    `update follow_counts set followers = 70, following = 9 where user_id = 'dan';
     delete from follow_counts where user_id = 'bob';
     insert into follow_counts (user_id, followers, following) values ('eve', 5, -5)`,
  );
  const { mended, examples } = await wholePass(follows, 2);
  t.deepEqual([mended, examples], [3, ['bob', 'dan', 'eve']]);
  t.deepEqual(await follows.counts('dan'), { followers: 3, following: 0 });
  t.deepEqual(await follows.counts('bob'), { followers: 1, following: 1 });
  t.deepEqual(await follows.counts('eve'), { followers: 0, following: 0 });
  t.deepEqual(await follows.counts('ann'), { followers: 0, following: 2 });
  t.is((await wholePass(follows)).mended, 0);
});

test('L3: a count that changes while its rows are counted is mended by what it was wrong', async (t) => {
  const { stores, plant } = await open(t);
  const { follows } = stores;
  plant(
    'catalogue',
    `insert into follows (creator_id, since, user_id)
     with recursive n (i) as (select 0 union all select i + 1 from n where i + 1 < ${FOLLOWERS})
     select 'star', i, 'fan' || i from n`,
  );
  let changes = 0;
  const pause = async () => {
    // Of the steps in which the star's followers are counted, in the order of ids.
    changes += 1;
    await follows.follow(`later${changes}`, 'star', FOLLOWERS + changes);
    if (changes % 2 === 0) await follows.unfollow(`fan${changes}`, 'star');
  };
  await follows.reconcile({ cursor: 'stap', limit: 1, pause });
  t.true(changes > 2);
  const { followers } = await follows.counts('star');
  t.is(followers, FOLLOWERS + changes - Math.floor(changes / 2));
});

test('L3: read marks beyond the end of the feeds make no later notification read', async (t) => {
  const { stores, plant } = await open(t);
  const { feed } = stores;
  const row = (userId: string, n: number) => ({
    userId,
    type: 'order.confirmed' as const,
    data: { orderId: `d-${n}` },
    createdAt: n,
  });
  await feed.append([{ shard: 1, sequence: 1, rows: [row('ann', 1), row('bob', 2)] }]);
  await feed.markAllRead('bob', 5);
  plant(
    'projections',
    `insert into read_all values ('ann', 900, 7);
     insert into read_one values ('bob', 3, 7), ('bob', 4, 8)`,
  );
  const { mended, examples } = await wholePass(feed, 2);
  t.deepEqual([mended, examples], [3, ['ann', 'bob', 'bob']]);
  await feed.append([{ shard: 1, sequence: 2, rows: [row('ann', 3), row('bob', 4)] }]);
  t.is(await feed.unreadCount('ann'), 1);
  t.is(await feed.unreadCount('bob'), 1);
  const [, first] = (await feed.list('ann', { unread: false }, { limit: 5, cursor: null })).items;
  t.is(first?.readAt, 7);
  t.is((await wholePass(feed)).mended, 0);
});
