// The work of a search is bounded, whatever it asks: random queries in all scripts, of an index
// that is as unkind as can be, with words that are all near to each other, and long texts.

import test from 'ava';
import fc from 'fast-check';
import { SEARCH_TEXT_LENGTH_MAX } from '../../contracts/bounds.ts';
import { randomNumbers } from '../../bench/load/random.ts';
import type { SearchDocument } from '../../storage/ports/search-index.ts';
import { open } from '../../storage/sqlite/search/search-writer-program.ts';
import { Searcher } from '../../storage/sqlite/search/searcher.ts';
import { openReaderDatabase } from '../../storage/sqlite/thread/database.ts';
import { searchDrop } from './search-documents.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const DOCUMENTS = 1_500;
const POOL = 12_000;
const DESCRIPTION_WORDS = 240;
/** At 40 ns, about 15 us and 60 ns each (`Budget`) 43 ms, were all of it used up by one page. */
const POSTINGS_MAX = 500_000;
const DOCUMENTS_MAX = 520;
const TEXT_MAX = 250_000;
const RUNS = 250;

const folder = temporaryDirectory();
const file = `${folder}/index.db`;
const random = randomNumbers(17);
const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!;
const textOf = (letters: string, length: number) =>
  Array.from({ length }, () => pick(Array.from(letters))).join('');
const pool = Array.from({ length: POOL }, () => textOf('abcd', 3 + Math.floor(random() * 8)));
const HAN = '运动鞋限量版红色';
const THAI = 'รองเท้าวิ่ง';

function document(number: number): SearchDocument {
  const description = Array.from({ length: DESCRIPTION_WORDS }, () => pick(pool)).join(' ');
  return searchDrop({
    name: `${pick(pool)} common ${number % 2 === 0 ? 'alpha' : 'omega'} ${textOf(HAN, 9)}`,
    description: number % 3 === 0 ? textOf(`${HAN}${THAI}`, 1_500) : description,
    creatorName: pick(pool),
    creatorId: `u_${number % 7}`,
    amount: 1 + (number % 90_000),
    popularity: number % 50,
    createdAt: number % 3,
  });
}

test.before(() => {
  const { database, handlers } = open({ file, walBytesMax: 1 << 26, pageCountMax: 0 });
  const upserts = Array.from({ length: DOCUMENTS }, (_, number) => document(number));
  database.transaction(() => handlers.apply({ upserts }))();
  database.close();
});
test.after.always(() => removeDirectory(folder));

const word = fc.constantFrom(...pool.slice(0, 200));
const run = (letters: string) =>
  fc
    .array(fc.constantFrom(...Array.from(letters)), { minLength: 1, maxLength: 300 })
    .map((all) => all.join(''));
const piece = fc.oneof(
  word,
  fc.tuple(word, fc.integer({ min: 1, max: 5 })).map(([text, length]) => text.slice(0, length)),
  fc.tuple(word, fc.constantFrom('a', 'x')).map(([text, more]) => text + more),
  fc.constantFrom(
    'common',
    'alpha',
    'omega',
    'a',
    'ab',
    'cdab',
    '*',
    '"',
    '(',
    'zzzz',
    '🎉',
    "a'b",
  ),
  fc.array(word, { minLength: 2, maxLength: 60 }).map((all) => all.join('-')),
  run(HAN),
  run(THAI),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);
const queries = fc.record({
  text: fc
    .oneof(
      fc.array(piece, { maxLength: 3 }),
      fc.array(piece, { minLength: 12, maxLength: 14 }),
      fc.array(word, { minLength: 12, maxLength: 200 }),
    )
    .map((pieces) => pieces.join(' ').slice(0, SEARCH_TEXT_LENGTH_MAX)),
  sort: fc.constantFrom('relevance' as const, 'newest' as const, 'price' as const),
  status: fc.constantFrom(undefined, 'live' as const, 'ended' as const),
  creatorId: fc.constantFrom(undefined, undefined, 'u_3'),
  amountMin: fc.constantFrom(undefined, undefined, 70_000),
  limit: fc.constantFrom(20, 256),
});

test('Q3: what is counted of a search stays within its bound, whatever is asked', (t) => {
  const database = openReaderDatabase(file);
  const searcher = new Searcher(database);
  const most = { postings: 0, documents: 0, text: 0 };
  fc.assert(
    fc.property(queries, ({ limit, ...query }) => {
      let cursor: string | null = null;
      for (let pages = 0; pages < 2; pages++) {
        const request = { ...query, page: { limit, cursor }, withExplanations: true };
        const { work, nextCursor } = searcher.page(request);
        for (const unit of ['postings', 'documents', 'text'] as const)
          most[unit] = Math.max(most[unit], work![unit]);
        if (work!.postings > POSTINGS_MAX) return false;
        if (work!.documents > DOCUMENTS_MAX || work!.text > TEXT_MAX) return false;
        if (nextCursor === null) return true;
        cursor = nextCursor;
      }
      return true;
    }),
    { numRuns: RUNS },
  );
  t.log(most);
  t.true(most.postings > POSTINGS_MAX / 4 && most.text > TEXT_MAX / 4, 'the bounds were neared');
  database.close();
});
