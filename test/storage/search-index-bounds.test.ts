// What a search reads is bounded, whatever it asks of whatever index, by counting.

import test from 'ava';
import type { SearchSort } from '../../contracts/search.ts';
import type { SearchDocument, SearchHit } from '../../storage/ports/search-index.ts';
import type { SearchFilter } from '../../contracts/search.ts';
import { all, token } from '../../storage/search/expression.ts';
import { MatchReader } from '../../storage/sqlite/search/match-reader.ts';
import { open } from '../../storage/sqlite/search/search-writer-program.ts';
import { Searcher } from '../../storage/sqlite/search/searcher.ts';
import { openReaderDatabase } from '../../storage/sqlite/thread/database.ts';
import { searchDocument } from './search-documents.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const DOCUMENTS = 12_000;
/** Of one page: what may be begun, and the last window or step, which is finished. */
const POSTINGS_MAX = 500_000;
const COMPARED_MAX = 768;
const BLOCK_DOCUMENTS = 1_024;
const PIECES_DOCUMENTS = 60_000;
const COMMON = Array.from({ length: 10 }, (_, n) => `common${'abcdefghij'[n]}`);

const folder = temporaryDirectory();
const file = `${folder}/index.db`;

/** Each has all common words, and one of two that no other has beside the other. */
function document(number: number): SearchDocument {
  return searchDocument({
    name: `${COMMON.join(' ')} ${number % 2 === 0 ? 'alpha' : 'omega'}`,
    description: 'red shoe',
    popularity: number % 50,
    createdAt: number % 3,
  });
}

test.before(() => {
  const { database, handlers } = open({ file, walBytesMax: 1 << 26, pageCountMax: 0 });
  for (let first = 0; first < DOCUMENTS; first += 2_000) {
    const upserts = Array.from({ length: 2_000 }, (_, n) => document(first + n));
    database.transaction(() => handlers.apply({ upserts }))();
  }
  database.close();
});
test.after.always(() => removeDirectory(folder));

const HOSTILE: readonly string[] = [
  '',
  'c',
  'co',
  'common',
  'commona',
  'alpha omega',
  'omega alpha ',
  'zzz',
  'zzz commona',
  '*',
  [...COMMON, 'alpha', 'omega '].join(' '),
  [...COMMON, 'alpha', 'omeg'].join(' '),
  [...COMMON, 'alpha', 'omgea'].join(' '),
  COMMON.map((word) => word.replace('mm', 'nm')).join(' '),
  Array.from({ length: 200 }, (_, n) => COMMON[n % 10]).join(' '),
  Array.from({ length: 200 }, (_, n) => `word${n}`).join(' '),
];
const SORTS: readonly SearchSort[] = ['relevance', 'newest'];
const FILTERS: readonly Partial<SearchFilter>[] = [
  {},
  { status: 'live' },
  { type: 'product' },
  { creatorId: 'nobody' },
  { amountMin: 3, amountMax: 4 },
];

test('Q3: no page reads more than its bound, whatever is asked', (t) => {
  const database = openReaderDatabase(file);
  const searcher = new Searcher(database);
  for (const text of HOSTILE) {
    for (const sort of SORTS) {
      for (const filter of FILTERS) {
        const request = { text, sort, ...filter, page: { limit: 20, cursor: null } };
        const { work } = searcher.page({ ...request, withExplanations: true });
        const asked = JSON.stringify({ text, sort, ...filter });
        t.true(work!.postings <= POSTINGS_MAX, `${asked}: ${work!.postings} postings`);
        t.true(work!.documents <= COMPARED_MAX, `${asked}: ${work!.documents} documents`);
      }
    }
  }
  database.close();
});

test('Q3: a search whose work is used up goes on in the next page, and ends', (t) => {
  const database = openReaderDatabase(file);
  const searcher = new Searcher(database);
  const text = [...COMMON, 'alpha', 'omega '].join(' ');
  let cursor: string | null = null;
  let pages = 0;
  do {
    const page = { limit: 20, cursor };
    const { hits, nextCursor } = searcher.page({ text, sort: 'relevance', page });
    t.deepEqual(hits, []);
    cursor = nextCursor;
    pages += 1;
  } while (cursor !== null && pages < 100);
  t.true(pages > 1, 'one page would have read too much');
  t.true(pages < 100);
  database.close();
});

for (const sort of SORTS) {
  test(`Q3: a page costs the same at any depth, by ${sort}`, (t) => {
    const database = openReaderDatabase(file);
    const searcher = new Searcher(database);
    const seen = new Set<string>();
    const works: number[] = [];
    let cursor: string | null = null;
    do {
      const page = { limit: 100, cursor };
      const request = { text: 'commona', sort, page };
      const { hits, nextCursor, work } = searcher.page({ ...request, withExplanations: true });
      for (const { document: found } of hits) seen.add(found.id);
      works.push(work!.documents);
      cursor = nextCursor;
    } while (cursor !== null);
    t.is(seen.size, DOCUMENTS);
    t.true(Math.max(...works) <= 2 * Math.max(256, works[0]!));
    database.close();
  });
}

test('Q1: hits are newest first, each once, where they are more than are looked up one by one', (t) => {
  const database = openReaderDatabase(file);
  const searcher = new Searcher(database);
  const found: SearchHit['document'][] = [];
  let cursor: string | null = null;
  do {
    const page = { limit: 256, cursor };
    const { hits, nextCursor } = searcher.page({ text: 'alpha', sort: 'newest', page });
    for (const hit of hits) found.push(hit.document);
    cursor = nextCursor;
  } while (cursor !== null);
  t.is(new Set(found.map(({ id }) => id)).size, DOCUMENTS / 2);
  t.is(found.length, DOCUMENTS / 2);
  const times = found.map(({ createdAt }) => createdAt);
  t.deepEqual(
    times,
    times.toSorted((a, b) => b - a),
  );
  t.true(found.every(({ name }) => name.endsWith('alpha')));
  database.close();
});

/** Most have all pieces of a model number but one; some have that piece and not the others. */
function withPieces(number: number): SearchDocument {
  let name = 'fresh 1 y 9';
  if (number % 400 === 0) name = 'fresh z';
  else if (number % 100 === 1) name = 'fresh w';
  return searchDocument({ name, popularity: 9 });
}

test('Q1: a model number is on the first page, however many have pieces of it', (t) => {
  const own = temporaryDirectory();
  t.teardown(() => removeDirectory(own));
  const options = { file: `${own}/index.db`, walBytesMax: 1 << 26, pageCountMax: 0 };
  const { database: writer, handlers } = open(options);
  const write = (run: () => unknown) => writer.transaction(run)();
  write(() => handlers.defer());
  for (let first = 0; first < PIECES_DOCUMENTS; first += 4_000) {
    const upserts = Array.from({ length: 4_000 }, (_, n) => withPieces(first + n));
    write(() => handlers.apply({ upserts }));
  }
  // The least popular ones: in the last places.
  const models = ['fresh1z9', 'fresh1w9'].map((name) => searchDocument({ name, popularity: 0 }));
  write(() => handlers.apply({ upserts: models }));
  while (write(() => handlers.index()) === true);
  writer.close();
  const database = openReaderDatabase(options.file);
  const searcher = new Searcher(database);
  for (const { name: text, id } of models) {
    const page = { limit: 20, cursor: null };
    const request = { text, sort: 'relevance', page, withExplanations: true } as const;
    const { hits, work } = searcher.page(request);
    t.deepEqual(
      hits.map(({ document: found }) => found.id),
      [id],
    );
    t.true(work!.postings <= POSTINGS_MAX);
  }
  database.close();
});

test('Q3: a step for words that are never together reads no more than it says', (t) => {
  const database = openReaderDatabase(file);
  const matches = new MatchReader(database);
  matches.refresh();
  t.is(matches.documentCount, DOCUMENTS);
  // As costly as they can be told to be, so that they are looked for in steps.
  const expression = all([token('nalpha', 1e9), token('nomega', 1e9)]);
  const budget = { postings: 1, documents: 0, text: 0 };
  const { places, next } = matches.read(expression, 0, 10, budget);
  t.deepEqual(places, []);
  t.not(next, null, 'it stopped');
  const { postings } = matches.takeWork();
  const passed = database
    .prepare<[number], number>('select count(*) from documents where place < ?')
    .pluck()
    .get(next!)!;
  t.true(passed > 0 && passed <= BLOCK_DOCUMENTS * 32);
  t.true(postings >= passed, 'each document that was passed is in one of the two lists');
  database.close();
});
