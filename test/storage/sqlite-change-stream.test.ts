// What the change stream promises that only files can show: directories from before the stream, a
// full disk, and what is written to the file (C1).

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import Database from 'better-sqlite3';
import { openSqliteStores, type SqliteStoresOptions } from '../../storage/sqlite/stores.ts';
import { lineOf, readAll, scanFold } from './change-fold.ts';
import { failsWith } from './contract/errors.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

function makeDirectory(t: ExecutionContext): string {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  return directory;
}

async function openStores(t: ExecutionContext, options: SqliteStoresOptions) {
  const stores = await openSqliteStores(options);
  t.teardown(() => stores.close());
  return stores;
}

/** The tables of version 2 of the file, before the stream, with their columns. */
const VERSION_2: Readonly<Record<string, string>> = {
  users: 'id email_key email name password_hash roles created_at',
  refresh_tokens: 'hash family_id user_id expires_at used',
  products: 'id creator_id name description image_urls created_at revision',
  drops: 'id product_id creator_id status created_at version view',
  follows: 'creator_id since user_id',
  follow_counts: 'user_id followers following',
  webhooks: 'id handled_at',
  consumer_positions: 'consumer shard sequence',
  operator_actions: 'id at operator_id action params result',
};

/** Removes what came later, as if it had never been there. */
function removeAllAfter2(database: Database.Database): void {
  const named = (type: string) =>
    database
      .prepare<[string], { name: string; tbl_name: string; sql: string }>(
        "select name, tbl_name, sql from sqlite_master where type = ? and name not like 'sqlite_%'",
      )
      .all(type);
  for (const { name } of named('table'))
    if (VERSION_2[name] === undefined) database.exec(`drop table ${name}`);
  for (const [table, columns] of Object.entries(VERSION_2)) {
    const known = columns.split(' ');
    const later = (database.pragma(`table_info(${table})`) as { name: string }[])
      .map(({ name }) => name)
      .filter((name) => !known.includes(name));
    const isOfLater = (sql: string) => later.some((name) => new RegExp(`\\b${name}\\b`).test(sql));
    for (const { name, tbl_name: of, sql } of named('index'))
      if (of === table && isOfLater(sql)) database.exec(`drop index ${name}`);
    for (const name of later) database.exec(`alter table ${table} drop column ${name}`);
  }
}

test('C1: a directory older than the stream needs a full pass, a new one none', async (t) => {
  const directory = makeDirectory(t);
  const before = await openSqliteStores({ directory });
  t.deepEqual(await before.changes.head(0), { last: 0, trimmed: 0 });
  await before.follows.follow('user_1', 'creator_1', 5);
  await before.close();
  const database = new Database(join(directory, 'catalogue.db'));
  removeAllAfter2(database);
  database.pragma('user_version = 2');
  database.close();
  const { changes, follows } = await openStores(t, { directory });
  await failsWith(t, 'position-trimmed', changes.read(0, 0, 10));
  const { last } = await changes.head(0);
  await follows.follow('user_2', 'creator_1', 6);
  t.deepEqual(
    [...(await scanFold(changes)).entities],
    [
      ['follow user_1 creator_1', 5],
      ['follow user_2 creator_1', 6],
    ],
  );
  const records = await readAll(changes, last);
  t.deepEqual(
    records.map(({ change }) => lineOf(change)),
    ['follow user_2 creator_1 since 6'],
  );
});

test('C1: with a full disk neither the change nor its record is there', async (t) => {
  const stores = await openStores(t, { directory: makeDirectory(t) });
  const { changes, catalogue } = stores;
  const text = { name: 'Large', description: 'x'.repeat(200_000), imageUrls: [] };
  const product = { id: 'p', creatorId: 'c', ...text, createdAt: 1, revision: 1 };
  await catalogue.addProduct(product);
  const { last } = await changes.head(0);
  await stores.limitPages('catalogue', 1);
  await failsWith(t, 'store-unavailable', catalogue.addProduct({ ...product, id: 'q' }));
  t.is(await catalogue.findProduct('q'), null);
  t.deepEqual(await changes.head(0), { last, trimmed: 0 });
  await stores.limitPages('catalogue', 0);
  await catalogue.addProduct({ ...product, id: 'q' });
  t.is((await changes.head(0)).last, last + 1);
});

test('C1: trimming many records leaves room for changes in between', async (t) => {
  const { changes, follows } = await openStores(t, { directory: makeDirectory(t) });
  const users = Array.from({ length: 3000 }, (_, i) => `user_${i}`);
  await Promise.all(users.map((userId, i) => follows.follow(userId, 'creator', i + 1)));
  let trimmed = false;
  const trim = changes.trim(0, 3000).then(() => {
    trimmed = true;
  });
  await follows.unfollow('user_0', 'creator');
  t.false(trimmed, 'the change had to wait for all of it');
  await trim;
  t.deepEqual(await changes.head(0), { last: 3001, trimmed: 3000 });
});
