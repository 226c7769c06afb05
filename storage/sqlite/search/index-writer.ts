// Writes documents into a search index: each at its place, and with what it is found by, unless
// that is deferred.

import type { Database } from 'better-sqlite3';
import type {
  SearchChange,
  SearchDocument,
  SearchKey,
  SearchPosition,
} from '../../ports/search-index.ts';
import { staticRank, TYPE_CODES } from '../../search/index-tokens.ts';
import { DeferredMatches } from './deferred-matches.ts';
import { MatchWriter, type Placed } from './match-writer.ts';
import { Placement } from './placement.ts';
import {
  DOCUMENT_COLUMNS,
  type DocumentRow,
  documentOf,
  rankOf,
  rowOf,
  UNLISTED_FROM,
  UNLISTED_RANK,
  valuesOf,
} from './search-schema.ts';

export class IndexWriter {
  readonly deferred: DeferredMatches;
  readonly #placement: Placement;
  readonly #matches: MatchWriter;
  readonly #find;
  readonly #insert;
  readonly #update;
  readonly #remove;
  readonly #move;

  constructor(database: Database) {
    this.#placement = new Placement(database);
    this.#matches = new MatchWriter(database);
    this.deferred = new DeferredMatches(database, this.#matches);
    this.#find = database.prepare<[number, string], DocumentRow>(
      'select * from documents where type = ? and id = ?',
    );
    // By position: looking sixteen names up takes a third of the time of an insertion.
    this.#insert = database.prepare<DocumentRow[keyof DocumentRow][]>(
      `insert into documents (${DOCUMENT_COLUMNS.join(', ')})
       values (${DOCUMENT_COLUMNS.map(() => '?').join(', ')})`,
    );
    // Of a document that keeps its place only this may be another.
    this.#update = database.prepare<[DocumentRow]>(
      `update documents set source = @source, version = @version, product_id = @product_id,
         starts_at = @starts_at, created_at = @created_at, popularity = @popularity
       where place = @place`,
    );
    this.#remove = database.prepare<[number]>('delete from documents where place = ?');
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
    placed.sort((a, b) => a.place - b.place);
    for (const one of placed) this.#matches.add(one);
    this.#matches.store();
    this.#placement.store();
    for (const position of positions) this.#move.run(position);
  }

  rolledBack(): void {
    this.#matches.rolledBack();
    this.deferred.rolledBack();
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
    if (row !== undefined) this.#takeOut(row);
    const place = this.#placement.place(rank);
    this.#insert.run(...valuesOf(rowOf(document, place)));
    if (place < this.deferred.below) placed.push({ place, document });
  }

  #takeOut(row: DocumentRow): void {
    this.#remove.run(row.place);
    if (row.place >= UNLISTED_FROM) return;
    this.#placement.leave(row.place);
    if (row.place < this.deferred.below)
      this.#matches.remove({ place: row.place, document: documentOf(row) });
  }

  #stored({ type, id }: SearchKey): DocumentRow | undefined {
    return this.#find.get(TYPE_CODES.indexOf(type), id);
  }
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
