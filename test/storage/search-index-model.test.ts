// The search index on SQLite beside its definition: on any documents it finds the same as the
// driver in memory, which compares all of them, in the same order.

import test from 'ava';
import fc from 'fast-check';
import { MemorySearchIndex } from '../../storage/memory/search-index-memory.ts';
import type { SearchDocument, SearchKey } from '../../storage/ports/search-index.ts';
import type { SearchFilter } from '../../contracts/search.ts';
import type { SearchIndex } from './contract/search-index.ts';
import { searchDocument } from './search-documents.ts';
import { openSearchIndex } from './search-index-sqlite.ts';

const WORDS = [
  'aurora',
  'auroras',
  'aurra',
  'run',
  'runner',
  'runners',
  'runer',
  'forerunner',
  'red',
  'rod',
  'shoe',
  'schuhe',
  'laufschuhe',
  'lauf',
  'AJ-1',
  'aj1',
  'AJ',
  '1',
  '12',
  't-shirt',
  'tshirt',
  "men's",
  'Mütze',
  'muetze',
  '鞋',
  '运动鞋',
  '动',
  '🎉',
  'sneakers',
  'sneaker',
  'snaekers',
  'sweatshirt',
  'sweatshrit',
  'shirt',
  'a',
  'ab',
  'abc',
  'abcd',
  'abcde',
];

const words = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(...WORDS), { minLength, maxLength }).map((all) => all.join(' '));
const documents = fc.record({
  id: fc.integer({ min: 1, max: 24 }).map(String),
  listed: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  type: fc.constantFrom('product' as const, 'drop' as const),
  name: words(1, 4),
  creatorName: words(0, 1),
  description: words(0, 5),
  status: fc.constantFrom(null, 'live' as const, 'ended' as const),
  amount: fc.constantFrom(null, 100, 5_000, 100_000),
  popularity: fc.constantFrom(0, 1, 9, 200, 100_000),
  startsAt: fc.constantFrom(null, 5, 9),
});
const changes = fc.array(
  fc.record({ upserts: fc.array(documents, { maxLength: 12 }), deleted: fc.integer({ max: 30 }) }),
  { minLength: 1, maxLength: 4 },
);
const beginning = fc
  .tuple(fc.constantFrom(...WORDS), fc.integer({ min: 1, max: 9 }))
  .map(([word, length]) => word.slice(0, length));
const queries = fc.record({
  text: fc.oneof(
    words(0, 3),
    fc.tuple(words(0, 2), beginning).map((all) => all.join(' ').trim()),
  ),
  status: fc.constantFrom(undefined, undefined, 'live' as const),
  type: fc.constantFrom(undefined, undefined, 'drop' as const),
  amountMin: fc.constantFrom(undefined, undefined, 101),
});

async function ids(index: SearchIndex, query: SearchFilter, limit: number) {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await index.search({ ...query, page: { limit, cursor } });
    found.push(...page.hits.map(({ document: { type, id } }) => `${type} ${id}`));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return found;
}

test('Q1, Q2: on SQLite the same is found as by comparing everything, in the same order', async (t) => {
  t.timeout(120_000);
  const sqlite = await openSearchIndex(t);
  await fc.assert(
    fc.asyncProperty(
      changes,
      fc.array(queries, { minLength: 6, maxLength: 6 }),
      async (applied, asked) => {
        const memory = new MemorySearchIndex();
        const all = (await Promise.all(
          (['product', 'drop'] as const).map((type) =>
            sqlite.feed.list({ of: 'type', type }, null, 100),
          ),
        )) satisfies (readonly SearchDocument[])[];
        await sqlite.feed.apply({ deletes: all.flat() });
        for (const { upserts, deleted } of applied) {
          const keys: SearchKey[] = [
            { type: 'product', id: String(deleted) },
            { type: 'drop', id: String(deleted) },
          ];
          const change = {
            upserts: upserts.map((one) => searchDocument(one)),
            deletes: keys.filter((key) =>
              upserts.every(({ type, id }) => type !== key.type || id !== key.id),
            ),
          };
          await sqlite.feed.apply(change);
          await memory.feed.apply(change);
        }
        for (const [number, query] of asked.entries()) {
          const request: SearchFilter = { ...query, sort: 'relevance' };
          const expected = await ids(memory, request, 100);
          t.deepEqual(
            await ids(sqlite, request, number % 2 === 0 ? 100 : 3),
            expected,
            JSON.stringify(request),
          );
        }
      },
    ),
    { numRuns: 40 },
  );
});
