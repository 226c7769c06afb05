// The program of the thread that writes a search index. A change is one transaction: documents,
// what they are found by, and the positions that they came from.

import type { Database } from 'better-sqlite3';
import type {
  DocumentFilter,
  SearchChange,
  SearchDocument,
  SearchKey,
  SearchPosition,
  SearchSize,
} from '../../ports/search-index.ts';
import { documentWords } from '../../search/match.ts';
import {
  type IndexedWords,
  indexedWords,
  staticRank,
  TYPE_CODES,
} from '../../search/index-tokens.ts';
import { openWriterDatabase, WalBound } from '../thread/database.ts';
import type { Program, ProgramOptions } from '../thread/program.ts';
import { Placement } from './placement.ts';
import {
  blockToken,
  type DocumentRow,
  documentOf,
  blockOf,
  rankOf,
  rowOf,
  SEARCH_SCHEMA,
  UNLISTED_FROM,
  UNLISTED_RANK,
} from './search-schema.ts';
import { VocabularyWriter } from './vocabulary.ts';

/** No caller waits for a checkpoint here, and pages are written again and again. */
const CHECKPOINT_PAGES = 8_000;
/** For the indexes, which are written to in no order. */
const CACHE_KIBIBYTES = 65_536;
/** Leaves of the inverted index that one step of merging writes. */
const MERGE_LEAVES = 500;

export type SearchWriterHandlers = ReturnType<typeof open>['handlers'];

/** A document that is to be in `matches`. */
interface Placed {
  readonly place: number;
  readonly tokens: string;
}

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

  return {
    database,
    begin: 'begin immediate',
    committed: () => wal.committed(),
    rolledBack: () => index.rolledBack(),
    hasLowPriority: true,
    handlers: {
      apply: (change: SearchChange): void => index.apply(change),

      position: (name: string, part: number): number => reader.position(name, part),

      find: (keys: readonly SearchKey[]): (SearchDocument | null)[] =>
        keys.map((key) => reader.find(key)),

      list: (filter: DocumentFilter, after: SearchKey | null, limit: number): SearchDocument[] =>
        reader.list(filter, after, limit),

      size: (): Omit<SearchSize, 'bytes'> => reader.size(),

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

class IndexWriter {
  readonly #placement: Placement;
  readonly #vocabulary: VocabularyWriter;
  readonly #find;
  readonly #insert;
  readonly #update;
  readonly #remove;
  readonly #insertMatch;
  readonly #removeMatch;
  readonly #move;

  constructor(database: Database) {
    this.#placement = new Placement(database);
    this.#vocabulary = new VocabularyWriter(database);
    this.#find = database.prepare<[number, string], DocumentRow>(
      'select * from documents where type = ? and id = ?',
    );
    const columns =
      'place, type, id, source, version, name, description, creator_id, creator_name, ' +
      'product_id, status, currency, amount, starts_at, created_at, popularity';
    this.#insert = database.prepare<[DocumentRow]>(
      `insert into documents (${columns})
       values (${columns.replaceAll(/\w+/g, (column) => `@${column}`)})`,
    );
    // Of a document that keeps its place only this may be another.
    this.#update = database.prepare<[DocumentRow]>(
      `update documents set source = @source, version = @version, product_id = @product_id,
         starts_at = @starts_at, created_at = @created_at, popularity = @popularity
       where place = @place`,
    );
    this.#remove = database.prepare<[number]>('delete from documents where place = ?');
    // A number is bound as a real one, which FTS5 takes for no row id, and then reads everything.
    this.#insertMatch = database.prepare<[number, string]>(
      'insert into matches (rowid, tokens) values (cast(? as integer), ?)',
    );
    this.#removeMatch = database.prepare<[number]>(
      'delete from matches where rowid = cast(? as integer)',
    );
    this.#move = database.prepare<[SearchPosition]>(`
      insert into positions (name, part, sequence) values (@name, @part, @sequence)
      on conflict do update set sequence = excluded.sequence`);
  }

  apply({ upserts = [], deletes = [], positions = [] }: SearchChange): void {
    const newest = new Map<string, SearchDocument>();
    for (const document of upserts) newest.set(`${document.type} ${document.id}`, document);
    const placed: Placed[] = [];
    for (const key of deletes) {
      const row = this.#stored(key);
      if (row !== undefined) this.#takeOut(row);
    }
    for (const document of newest.values()) this.#put(document, placed);
    // FTS5 writes a segment whenever a row id is not above the one before.
    placed.sort((a, b) => a.place - b.place);
    for (const { place, tokens } of placed)
      this.#insertMatch.run(place, `${tokens} ${blockToken(blockOf(place))}`);
    this.#vocabulary.store();
    this.#placement.store();
    for (const position of positions) this.#move.run(position);
  }

  rolledBack(): void {
    this.#vocabulary.forget();
    this.#placement.forget();
  }

  #put(document: SearchDocument, placed: Placed[]): void {
    const row = this.#stored(document);
    const rank = document.listed ? staticRank(document.popularity) : UNLISTED_RANK;
    if (
      row !== undefined &&
      rank === rankOf(row.place) &&
      isFoundAlike(documentOf(row), document)
    ) {
      const after = rowOf(document, row.place);
      if (!isEqual(row, after)) this.#update.run(after);
      return;
    }
    const words = document.listed ? wordsOf(document) : null;
    if (row !== undefined) this.#takeOut(row);
    const place = this.#placement.place(rank);
    this.#insert.run(rowOf(document, place));
    if (words === null) return;
    this.#vocabulary.change(words.vocabulary, 1);
    placed.push({ place, tokens: words.tokens });
  }

  #takeOut(row: DocumentRow): void {
    this.#remove.run(row.place);
    if (row.place >= UNLISTED_FROM) return;
    this.#removeMatch.run(row.place);
    this.#placement.leave(row.place);
    this.#vocabulary.change(wordsOf(documentOf(row)).vocabulary, -1);
  }

  #stored({ type, id }: SearchKey): DocumentRow | undefined {
    return this.#find.get(TYPE_CODES.indexOf(type), id);
  }
}

function wordsOf(document: SearchDocument): IndexedWords {
  return indexedWords(document, documentWords(document));
}

/** Whether all that is in the tokens is the same. */
function isFoundAlike(a: SearchDocument, b: SearchDocument): boolean {
  return (
    a.name === b.name &&
    a.creatorName === b.creatorName &&
    a.description === b.description &&
    a.creatorId === b.creatorId &&
    a.status === b.status &&
    a.currency === b.currency &&
    a.amount === b.amount
  );
}

function isEqual(a: DocumentRow, b: DocumentRow): boolean {
  for (const column of Object.keys(b) as (keyof DocumentRow)[])
    if (a[column] !== b[column]) return false;
  return true;
}
