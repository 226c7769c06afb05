// The contract of the search index on SQLite, and what is bounded there by time.

import { statSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { openSearchReader } from '../../storage/sqlite/search/search-reader-sqlite.ts';
import { open } from '../../storage/sqlite/search/search-writer-program.ts';
import { openSearchWriter } from '../../storage/sqlite/search/search-writer-sqlite.ts';
import { searchIndexContract } from './contract/search-index.ts';
import { searchDocument } from './search-documents.ts';
import { openSearchIndex } from './search-index-sqlite.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

searchIndexContract((t) => openSearchIndex(t));

test('Q3: a result whose hits are far apart comes to its end, and says soon that it goes on', async (t) => {
  let now = 0;
  // Each step takes a second.
  const index = await openSearchIndex(t, { monotonic: () => (now += 1_000) });
  const upserts = Array.from({ length: 4_000 }, (_, n) => {
    return searchDocument({
      name: 'Hat',
      createdAt: 10_000 - n,
      amount: n === 3_900 ? 100_001 : 100_000,
    });
  });
  await index.feed.apply({ upserts });
  const stream = await index.stream({
    text: '',
    sort: 'newest',
    amountMin: 100_001,
    amountMax: 100_001,
  });
  const first = await stream!.next();
  t.deepEqual(first, []);
  const found = [];
  for (let chunk = await stream!.next(); chunk !== null; chunk = await stream!.next())
    found.push(...chunk);
  t.deepEqual(
    found.map(({ document }) => document.id),
    [upserts[3_900]!.id],
  );
});

test('Q3: a result that is read slowly ends where it holds back too much of the log', async (t) => {
  const index = await openSearchIndex(t, { streamLogBytesMax: 1 << 20 });
  const named = (round: number) =>
    Array.from({ length: 400 }, (_, n) =>
      searchDocument({ id: `p_${n}`, name: `Hat ${round} of many words ${n}` }),
    );
  await index.feed.apply({ upserts: named(0) });
  const stream = await index.stream({ text: 'hat', sort: 'relevance' });
  t.is((await stream!.next())?.length, 256);
  for (let round = 1; round <= 20; round++) await index.feed.apply({ upserts: named(round) });
  const young = await index.stream({ text: 'hat', sort: 'relevance' });
  t.is((await young!.next())?.length, 256, 'a new one holds nothing back');
  await young!.close();
  await t.throwsAsync(stream!.next(), { code: 'stream-expired', message: /too much has changed/ });
  const next = await index.stream({ text: 'hat', sort: 'relevance' });
  t.is((await next!.next())?.length, 256);
  await next!.close();
});

test('Q4: a rebuilt index is on the disk, without its log, before it serves', async (t) => {
  const folder = temporaryDirectory();
  const writer = await openSearchWriter({ folder });
  t.teardown(async () => {
    await writer.close();
    removeDirectory(folder);
  });
  const rebuild = await writer.rebuild();
  await rebuild.feed.apply({ upserts: [searchDocument({ name: 'Hat' })] });
  const log = `${folder}/search-2.db-wal`;
  t.true(statSync(log).size > 0);
  await rebuild.swapIn();
  t.is(statSync(log).size, 0);
});

test('Q4: an index that lost what it was indexed by in a power failure is indexed before it serves', async (t) => {
  const folder = temporaryDirectory();
  await (await openSearchWriter({ folder })).close();
  const half = open({ file: `${folder}/search-1.db`, walBytesMax: 1 << 26, pageCountMax: 0 });
  const upserts = Array.from({ length: 40 }, () => searchDocument({ name: 'Hat' }));
  half.database.transaction(() => {
    half.handlers.defer();
    half.handlers.apply({ upserts });
    half.handlers.index(10);
  })();
  half.database.close();
  const writer = await openSearchWriter({ folder });
  const reader = openSearchReader({ folder });
  t.teardown(async () => {
    await reader.close();
    await writer.close();
    removeDirectory(folder);
  });
  for (const sort of ['relevance', 'newest'] as const) {
    const page = { limit: 100, cursor: null };
    const { hits } = await reader.search({ text: 'hat', sort, page });
    t.is(hits.length, upserts.length, sort);
  }
});

for (const [there, current] of [
  ['none yet', null],
  ['one of another format', '1 7\n'],
] as const)
  test(`Q5: where there is ${there}, a search waits for the index and is answered`, async (t) => {
    const folder = temporaryDirectory();
    t.teardown(() => removeDirectory(folder));
    if (current !== null) writeFileSync(`${folder}/current`, current);
    const reader = openSearchReader({ folder, comingMsMax: 300_000 });
    t.teardown(() => reader.close());
    const asked = Promise.all([
      reader.search({ text: '', sort: 'relevance', page: { limit: 1, cursor: null } }),
      reader.suggest('x', null, 1),
    ]);
    const writer = await openSearchWriter({ folder });
    t.teardown(() => writer.close());
    const [page, suggested] = await asked;
    t.deepEqual([page.hits, suggested], [[], []]);
  });

test('Q5: a search whose index does not come is told so in time', async (t) => {
  const folder = temporaryDirectory();
  t.teardown(() => removeDirectory(folder));
  const reader = openSearchReader({ folder, comingMsMax: 200 });
  const missing = { code: 'index-not-there' };
  await t.throwsAsync(reader.suggest('x', null, 1), missing);
  const many = Array.from({ length: 257 }, () => reader.suggest('x', null, 1));
  await t.throwsAsync(many.pop()!, { ...missing, message: /too many/ });
  // What still waits ends with the reader.
  await reader.close();
  for (const one of many) await t.throwsAsync(one, missing);
});
