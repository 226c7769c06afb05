// What is looked for is found: known products of a seeded catalogue, by their names, by pieces of
// them, and mistyped.

import test from 'ava';
import { randomNumbers } from '../../bench/load/random.ts';
import { SearchCatalogue } from '../../bench/load/search-catalogue.ts';
import { SearchQuestions } from '../../bench/load/search-questions.ts';
import { open } from '../../storage/sqlite/search/search-writer-program.ts';
import { Searcher } from '../../storage/sqlite/search/searcher.ts';
import { openReaderDatabase } from '../../storage/sqlite/thread/database.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const PRODUCTS = 6_000;
const LOOKED_FOR = 200;
const SHOWN = 10;
/** Of mistyped words. */
const RECALL_MIN = 0.95;

const folder = temporaryDirectory();
const file = `${folder}/index.db`;
const questions = new SearchQuestions(new SearchCatalogue(), PRODUCTS);

test.before(() => {
  const { database, handlers } = open({ file, walBytesMax: 1 << 26, pageCountMax: 0 });
  for (let first = 0; first < PRODUCTS; first += 2_000) {
    const upserts = Array.from({ length: 2_000 }, (_, n) => questions.product(first + n));
    database.transaction(() => handlers.apply({ upserts }))();
  }
  database.close();
});
test.after.always(() => removeDirectory(folder));

function withSearch(use: (search: (text: string) => string[]) => void): void {
  const database = openReaderDatabase(file);
  const searcher = new Searcher(database);
  use((text) => {
    const page = { limit: SHOWN, cursor: null };
    return searcher
      .page({ text, sort: 'relevance', page })
      .hits.map(({ document }) => document.name);
  });
  database.close();
}

test('Q1: a known product is the first by its name, and among the first by pieces of it', (t) => {
  const random = randomNumbers(3);
  withSearch((search) => {
    for (let number = 0; number < LOOKED_FOR; number++) {
      const { name } = questions.product(Math.floor(random() * PRODUCTS));
      const words = name.split(' ');
      t.is(search(name.toLowerCase())[0], name);
      t.true(search(`${words[0]} ${words[2]}`).includes(name), `${words[0]} ${words[2]}`);
      t.true(search(`${words[3]} ${words[0]}`).includes(name), `${words[3]} ${words[0]}`);
      const unfinished = `${words[1]} ${words[3]} ${words[0]!.slice(0, 5)}`;
      t.true(search(unfinished).includes(name), unfinished);
    }
  });
});

test('Q2: nearly every mistyped word finds what was meant among the first ten', (t) => {
  withSearch((search) => {
    for (const typos of [questions.seededTypos(400), questions.misspellings().slice(0, 400)]) {
      const found = typos.filter(({ wrong, right }) =>
        search(wrong).some((name) =>
          name
            .toLowerCase()
            .split(' ')
            .some((word) => right.includes(word)),
        ),
      );
      t.log(`${found.length} of ${typos.length}`);
      t.true(found.length / typos.length >= RECALL_MIN);
    }
  });
});
