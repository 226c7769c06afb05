// The program of the thread that writes a search index. A change is one transaction: documents,
// what they are found by, and the positions that they came from.

import type { Database } from 'better-sqlite3';
import type {
  DocumentFilter,
  SearchChange,
  SearchDocument,
  SearchKey,
  SearchSize,
} from '../../ports/search-index.ts';
import { TYPE_CODES } from '../../search/index-tokens.ts';
import { openWriterDatabase, WalBound } from '../thread/database.ts';
import type { Program, ProgramOptions } from '../thread/program.ts';
import { IndexWriter } from './index-writer.ts';
import { type DocumentRow, documentOf, SEARCH_SCHEMA, UNLISTED_FROM } from './search-schema.ts';

/** No caller waits for a checkpoint here, and pages are written again and again. */
const CHECKPOINT_PAGES = 8_000;
/** For the indexes, which are written to in no order. */
const CACHE_KIBIBYTES = 65_536;
/** Leaves of the inverted index that one step of merging writes. */
const MERGE_LEAVES = 500;

export type SearchWriterHandlers = ReturnType<typeof open>['handlers'];

export function open(options: ProgramOptions) {
  const database = openWriterDatabase({
    ...options,
    // Whatever is lost in a power failure is made again, from the positions of then.
    synchronous: 'normal',
    migrations: [SEARCH_SCHEMA],
  });
  database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  database.pragma(`cache_size = -${CACHE_KIBIBYTES}`);
  const wal = new WalBound({ database, ...options });
  const index = new IndexWriter(database);
  const reader = new DocumentReader(database);
  const merge = database.prepare<[number]>(
    "insert into matches (matches, rank) values ('merge', ?)",
  );
  const changes = database.prepare<[], number>('select total_changes()').pluck();
  let isCheckpointDue = false;

  return {
    database,
    begin: 'begin immediate',
    committed() {
      if (isCheckpointDue) {
        isCheckpointDue = false;
        checkpoint(database);
      }
      wal.committed();
    },
    rolledBack() {
      isCheckpointDue = false;
      index.rolledBack();
    },
    hasLowPriority: true,
    handlers: {
      apply: (change: SearchChange): void => index.apply(change),

      position: (name: string, part: number): number => reader.position(name, part),

      find: (keys: readonly SearchKey[]): (SearchDocument | null)[] =>
        keys.map((key) => reader.find(key)),

      list(filter: DocumentFilter, after: SearchKey | null, limit: number): SearchDocument[] {
        if (filter.of === 'creator') index.deferred.makeIndex('documents_by_creator');
        if (filter.of === 'product') index.deferred.makeIndex('documents_by_product');
        return reader.list(filter, after, limit);
      },

      size: (): Omit<SearchSize, 'bytes'> => reader.size(),

      /** From now on documents are not found until they are indexed; see `DeferredMatches`. */
      defer: (): void => index.deferred.defer(),

      /**
       * The index is about to serve: all that was committed is on the disk when this is answered.
       * No reader may be there yet.
       */
      prepareToServe(): void {
        index.deferred.serve();
        // Not within a transaction.
        isCheckpointDue = true;
      },

      /** One step of indexing what was deferred. False where nothing is left to be done. */
      index: (documents?: number): boolean => index.deferred.step(documents),

      /**
       * One step of making one segment of all. False where nothing is left to be done. `isFirst`:
       * all segments take part; afterwards those that are being merged.
       */
      merge(isFirst: boolean): boolean {
        const before = changes.get()!;
        merge.run(isFirst ? -MERGE_LEAVES : MERGE_LEAVES);
        // Fewer than two rows were written: nothing was merged (documentation of FTS5, `merge`).
        return changes.get()! - before >= 2;
      },
    },
  } satisfies Program;
}

/** With `normal`, too, a checkpoint syncs the log, then the file (documentation of SQLite). */
function checkpoint(database: Database): void {
  const [row] = database.pragma('wal_checkpoint(truncate)') as [{ busy: number }];
  if (row.busy !== 0) throw new Error('the log of the search index is in use');
}

/** What the feed reads. */
class DocumentReader {
  readonly #position;
  readonly #find;
  readonly #lists;
  readonly #sizes;

  constructor(database: Database) {
    this.#position = database
      .prepare<[string, number], number>(
        'select sequence from positions where name = ? and part = ?',
      )
      .pluck();
    this.#find = database.prepare<[number, string], DocumentRow>(
      'select * from documents where type = ? and id = ?',
    );
    // Of one type by its ids alone: a row value with the type in it would read from the first id.
    const listOfType = (where: string) =>
      database.prepare<[number, number, string, number], DocumentRow>(
        `select * from documents where type = ? and ${where} and id > ? order by id limit ?`,
      );
    const list = (column: string) =>
      database.prepare<[string, number, string, number], DocumentRow>(
        `select * from documents where ${column} = ? and (type, id) > (?, ?)
         order by type, id limit ?`,
      );
    this.#lists = {
      type: listOfType('type = ?'),
      source: listOfType('source = ?'),
      creator: list('creator_id'),
      product: list('product_id'),
    };
    this.#sizes = {
      listed: database.prepare<[], number>('select ifnull(sum(documents), 0) from blocks').pluck(),
      unlisted: database
        .prepare<[number], number>('select count(*) from documents where place >= ?')
        .pluck(),
      words: database.prepare<[], number>('select ifnull(max(id), 0) from words').pluck(),
    };
  }

  position(name: string, part: number): number {
    return this.#position.get(name, part) ?? 0;
  }

  find({ type, id }: SearchKey): SearchDocument | null {
    const row = this.#find.get(TYPE_CODES.indexOf(type), id);
    return row === undefined ? null : documentOf(row);
  }

  list(filter: DocumentFilter, after: SearchKey | null, limit: number): SearchDocument[] {
    const lists = this.#lists;
    const type = after === null ? -1 : TYPE_CODES.indexOf(after.type);
    const id = after?.id ?? '';
    let rows: DocumentRow[];
    if (filter.of === 'creator') rows = lists.creator.all(filter.creatorId, type, id, limit);
    else if (filter.of === 'product') rows = lists.product.all(filter.productId, type, id, limit);
    else {
      const own = TYPE_CODES.indexOf(filter.type);
      if (type > own) return [];
      const value = filter.of === 'type' ? own : filter.source;
      rows = lists[filter.of].all(own, value, type < own ? '' : id, limit);
    }
    return rows.map(documentOf);
  }

  size(): Omit<SearchSize, 'bytes'> {
    const listed = this.#sizes.listed.get()!;
    const unlisted = this.#sizes.unlisted.get(UNLISTED_FROM)!;
    return { listed, stored: listed + unlisted, words: this.#sizes.words.get()! };
  }
}
