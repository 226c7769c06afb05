// The two indexes that are measured: LiveDrops', through its port and threads, and bare FTS5 with
// the same texts, as one would write it.

import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { SearchDocument, SearchWork } from '../../storage/ports/search-index.ts';
import { openSearchReader } from '../../storage/sqlite/search/search-reader-sqlite.ts';
import { openSearchWriter } from '../../storage/sqlite/search/search-writer-sqlite.ts';

export const PAGE_LENGTH = 20;
/** Hits before a deep page. */
export const DEPTH = 10_000;
const WALK_LENGTH = 100;
/** Leaves of bare FTS5's index that one step of merging writes. */
const MERGE_LEAVES = 500;

/** What was read for a page, where it is counted. */
export type PageWork = SearchWork | null;

export interface SearchSubject {
  add(products: readonly SearchDocument[]): Promise<void>;
  /** Ends the build: from now on what is added is found, and all that was. */
  built(): Promise<void>;
  /** The names of the first page. */
  search(text: string): Promise<{ names: readonly string[]; work: PageWork }>;
  /** A way to read the page behind `DEPTH` hits, or as deep as there are hits. */
  deepPage(text: string): Promise<() => Promise<PageWork>>;
  bytes(): Promise<number>;
  close(): Promise<void>;
}

export async function openLiveDrops(folder: string): Promise<SearchSubject> {
  const writer = await openSearchWriter({ folder });
  const reader = openSearchReader({ folder });
  const page = (text: string, cursor: string | null, limit: number) =>
    reader.search({
      text,
      sort: 'relevance',
      page: { limit, cursor },
      withExplanations: true,
    });
  const rebuild = await writer.rebuild();
  let { feed } = rebuild;
  return {
    add: (products) => feed.apply({ upserts: products }),
    /** As the node's keeper does it: indexed, merged, and only then the one that serves. */
    async built() {
      while (await rebuild.finish());
      await rebuild.swapIn();
      ({ feed } = writer);
    },
    async search(text) {
      const { hits, work } = await page(text, null, PAGE_LENGTH);
      return { names: hits.map(({ document }) => document.name), work };
    },
    async deepPage(text) {
      let cursor: string | null = null;
      for (let passed = 0; passed < DEPTH; passed += WALK_LENGTH) {
        const { nextCursor }: { nextCursor: string | null } = await page(text, cursor, WALK_LENGTH);
        if (nextCursor === null) break;
        cursor = nextCursor;
      }
      return async () => (await page(text, cursor, PAGE_LENGTH)).work;
    },
    bytes: async () => (await writer.size()).bytes,
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
  const changes = database.prepare<[], number>('select total_changes()').pluck();
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
    /** As `optimize`, in steps, between which the process shows that it is alive. */
    async built() {
      for (let leaves = -MERGE_LEAVES; ; leaves = MERGE_LEAVES) {
        const before = changes.get()!;
        database.exec(`insert into words (words, rank) values ('merge', ${leaves})`);
        if (changes.get()! - before < 2) return;
        await setImmediate();
      }
    },
    search: async (text) => ({ names: find.all(matching(text), 0), work: null }),
    deepPage: async (text) => async () => {
      find.all(matching(text), DEPTH);
      return null;
    },
    bytes: async () => statSync(file).size,
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
