// The contract of the search index on SQLite, and what is bounded there by time.

import test from 'ava';
import { searchIndexContract } from './contract/search-index.ts';
import { searchDocument } from './search-documents.ts';
import { openSearchIndex } from './search-index-sqlite.ts';

searchIndexContract((t) => openSearchIndex(t));

test('Q3: a result whose hits are far apart comes to its end, and says soon that it goes on', async (t) => {
  let now = 0;
  // Each step takes a second.
  const index = await openSearchIndex(t, () => (now += 1_000));
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
