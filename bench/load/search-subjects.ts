// The two indexes that are measured: LiveDrops', through its port and threads, and bare FTS5 with
// the same texts, as one would write it.

import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { SearchDocument } from '../../storage/ports/search-index.ts';
import { openSearchReader } from '../../storage/sqlite/search/search-reader-sqlite.ts';
import { openSearchWriter } from '../../storage/sqlite/search/search-writer-sqlite.ts';

export const PAGE_LENGTH = 20;
/** Hits before a deep page. */
export const DEPTH = 10_000;
const WALK_LENGTH = 100;

export interface SearchSubject {
  add(products: readonly SearchDocument[]): Promise<void>;
  /** The names of the first page. */
  search(text: string): Promise<readonly string[]>;
  /** A way to read the page behind `DEPTH` hits, or as deep as there are hits. */
  deepPage(text: string): Promise<() => Promise<unknown>>;
  bytes(): number;
  close(): Promise<void>;
}

export async function openLiveDrops(folder: string): Promise<SearchSubject> {
  const writer = await openSearchWriter({ folder });
  const reader = openSearchReader({ folder });
  const page = (text: string, cursor: string | null, limit: number) =>
    reader.search({ text, sort: 'relevance', page: { limit, cursor } });
  return {
    add: (products) => writer.feed.apply({ upserts: products }),
    async search(text) {
      const { hits } = await page(text, null, PAGE_LENGTH);
      return hits.map(({ document }) => document.name);
    },
    async deepPage(text) {
      let cursor: string | null = null;
      for (let passed = 0; passed < DEPTH; passed += WALK_LENGTH) {
        const { nextCursor }: { nextCursor: string | null } = await page(text, cursor, WALK_LENGTH);
        if (nextCursor === null) break;
        cursor = nextCursor;
      }
      return () => page(text, cursor, PAGE_LENGTH);
    },
    bytes: () => statSync(`${folder}/search-1.db`).size,
    async close() {
      await reader.close();
      await writer.close();
    },
  };
}

export async function openBareFts5(folder: string): Promise<SearchSubject> {
  const file = `${folder}/bare.db`;
  const database = new Database(file);
  database.pragma('journal_mode = wal');
  database.pragma('synchronous = normal');
  database.exec(`
    create table products (number integer primary key, name text, creator text, description text);
    create virtual table words using fts5(
      name, creator, description, content = products, content_rowid = number
    )`);
  const insert = database.prepare(
    'insert into products (name, creator, description) values (?, ?, ?)',
  );
  const index = database.prepare(
    'insert into words (rowid, name, creator, description) values (?, ?, ?, ?)',
  );
  const find = database
    .prepare<[string, number], string>(
      `select name from words where words match ? order by rank limit ${PAGE_LENGTH} offset ?`,
    )
    .pluck();
  return {
    async add(products) {
      database.transaction(() => {
        for (const { name, creatorName, description } of products) {
          const { lastInsertRowid } = insert.run(name, creatorName, description);
          index.run(lastInsertRowid, name, creatorName, description);
        }
      })();
    },
    search: async (text) => find.all(matching(text), 0),
    deepPage: async (text) => async () => find.all(matching(text), DEPTH),
    bytes: () => statSync(file).size,
    async close() {
      database.close();
    },
  };
}

/** All words, the last one as a beginning. */
function matching(text: string): string {
  return `${text
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => `"${word}"`)
    .join(' AND ')}*`;
}
