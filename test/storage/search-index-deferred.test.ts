// An index that is made anew has its documents first, and what they are found by at the end.

import test from 'ava';
import { open } from '../../storage/sqlite/search/search-writer-program.ts';
import { Searcher } from '../../storage/sqlite/search/searcher.ts';
import { openReaderDatabase } from '../../storage/sqlite/thread/database.ts';
import { COLOURS, searchChange } from './search-changes.ts';
import { searchDrop } from './search-documents.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const CHANGES_BEFORE = 60;
const STEP_DOCUMENTS = 40;
const LIMIT = 100;
const QUERIES = [...COLOURS, 'shoe', 'sho', 'hoe', 'grene', 'shoe 17', 'changed 3 times', ''];
const SORTS = ['relevance', 'newest'] as const;

function openIndex(file: string) {
  return open({ file, walBytesMax: 1 << 26, pageCountMax: 0 });
}

/** What each query finds, in its order. */
function found(file: string): Record<string, string[]> {
  const database = openReaderDatabase(file);
  const searcher = new Searcher(database);
  const all: Record<string, string[]> = {};
  for (const text of QUERIES) {
    for (const sort of SORTS) {
      const page = { limit: LIMIT, cursor: null };
      const { hits } = searcher.page({ text, sort, page });
      all[`${text} ${sort}`] = hits.map(({ document }) => document.id);
    }
  }
  database.close();
  return all;
}

test('Q4: what was deferred is found in the end, whatever changed between the steps', (t) => {
  const folder = temporaryDirectory();
  t.teardown(() => removeDirectory(folder));
  const file = `${folder}/index.db`;
  const plainFile = `${folder}/plain.db`;
  const plain = openIndex(plainFile);
  let index = openIndex(file);
  let number = 0;
  const apply = () => {
    const change = searchChange(++number);
    for (const { database, handlers } of [plain, index])
      database.transaction(() => handlers.apply(change))();
  };
  index.database.transaction(() => index.handlers.defer())();
  for (let before = 0; before < CHANGES_BEFORE; before++) apply();
  const matches = index.database.prepare<[], number>('select count(*) from matches').pluck();
  const words = index.database.prepare<[], number>('select count(*) from words').pluck();
  t.deepEqual([matches.get(), words.get()], [0, 0], 'only documents were written');
  let steps = 0;
  for (let hasMore = true; hasMore; steps++) {
    const step = index.database.transaction(() => index.handlers.index(STEP_DOCUMENTS));
    if (steps === 2) {
      // A step that is rolled back, and then a process that ends.
      const failing = index.database.transaction(() => {
        index.handlers.index(STEP_DOCUMENTS);
        throw new Error('the disk is full');
      });
      t.throws(failing, { message: 'the disk is full' });
      index.rolledBack();
      index.database.close();
      index = openIndex(file);
      continue;
    }
    hasMore = step();
    apply();
  }
  t.true(steps > 4, 'changes came between several steps');
  apply();
  t.false(index.handlers.index(), 'nothing is left');
  const expected = found(plainFile);
  t.true(Object.values(expected).every(({ length }) => length > 0));
  t.deepEqual(found(file), expected);
  const counts = 'select word, documents from words where documents <> 0 order by word';
  t.deepEqual(index.database.prepare(counts).all(), plain.database.prepare(counts).all());
  index.database.close();
  plain.database.close();
});

test('Q4: what is deferred is listed by its creator and product, and has all indexes in the end', (t) => {
  const folder = temporaryDirectory();
  t.teardown(() => removeDirectory(folder));
  const plain = openIndex(`${folder}/plain.db`);
  const index = openIndex(`${folder}/index.db`);
  const indexes = ({ database }: typeof plain) =>
    database
      .prepare<[], string>("select name from sqlite_schema where type = 'index' order by name")
      .pluck()
      .all();
  index.database.transaction(() => index.handlers.defer())();
  t.true(indexes(index).length < indexes(plain).length);
  const drop = searchDrop({ creatorId: 'u_1', productId: 'p_1' });
  const listed = () =>
    [
      index.handlers.list({ of: 'creator', creatorId: 'u_1' }, null, 10),
      index.handlers.list({ of: 'product', productId: 'p_1' }, null, 10),
    ].map((list) => list.map(({ id }) => id));
  index.database.transaction(() => index.handlers.apply({ upserts: [drop] }))();
  const failing = index.database.transaction(() => {
    t.deepEqual(listed(), [[drop.id], [drop.id]]);
    throw new Error('the disk is full');
  });
  t.throws(failing, { message: 'the disk is full' });
  index.rolledBack();
  t.false(indexes(index).includes('documents_by_creator'));
  index.database.transaction(() => t.deepEqual(listed(), [[drop.id], [drop.id]]))();
  t.true(indexes(index).includes('documents_by_creator'));
  while (index.database.transaction(() => index.handlers.index())());
  t.deepEqual(indexes(index), indexes(plain));
  index.database.close();
  plain.database.close();
});

test('Q4: words that an earlier version had counted before all documents came are counted anew', (t) => {
  const folder = temporaryDirectory();
  t.teardown(() => removeDirectory(folder));
  const file = `${folder}/index.db`;
  let { database, handlers } = openIndex(file);
  database.transaction(() => handlers.defer())();
  for (let number = 1; number <= 10; number++)
    database.transaction(() => handlers.apply(searchChange(number)))();
  database.transaction(() => handlers.index(STEP_DOCUMENTS))();
  database.exec("insert into words (word, documents) values ('shoe', 7), ('wrong', 1)");
  database.close();
  ({ database, handlers } = openIndex(file));
  while (database.transaction(() => handlers.index())());
  const words = database.prepare<[], { word: string; documents: number }>('select * from words');
  const counts = new Map(words.all().map(({ word, documents }) => [word, documents]));
  const listed = 'select count(*) from matches';
  t.is(counts.get('shoe'), database.prepare<[], number>(listed).pluck().get());
  t.false(counts.has('wrong'));
  database.close();
});

test('Q4: an index that has documents does not begin to defer', (t) => {
  const folder = temporaryDirectory();
  t.teardown(() => removeDirectory(folder));
  const { database, handlers } = openIndex(`${folder}/index.db`);
  database.transaction(() => handlers.apply(searchChange(1)))();
  const matches = database.prepare<[], number>('select count(*) from matches').pluck();
  const before = matches.get()!;
  database.transaction(() => handlers.defer())();
  database.transaction(() => handlers.apply(searchChange(2)))();
  t.true(matches.get()! > before);
  database.close();
});
