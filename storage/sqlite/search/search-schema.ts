// The tables of a search index.
//
// A document's place says where it stands among all: documents are in the order of their places by
// popularity, then the one placed last first. It is the row id in `matches`, so that whoever reads
// what matches in that order may stop early and has the best. A document that changes gets another
// place. Places are divided into blocks, and each document has its block's token: a query for a
// token and a block costs at most the block, whatever the token. Documents that are not listed have
// places behind all others, and no row in `matches`.

import type { DropStatus } from '../../../contracts/drops.ts';
import type { SearchDocument } from '../../ports/search-index.ts';
import { STATUS_CODES, TYPE_CODES } from '../../search/index-tokens.ts';

/** Places of one rank. */
const RANK_PLACES = 2 ** 40;
/** The rank of what is not listed: behind all others. */
export const UNLISTED_RANK = 32;
export const UNLISTED_FROM = UNLISTED_RANK * RANK_PLACES;
/** Of a document's place, in statements; with this the indexes of sorts are used. */
export const LISTED = `place < ${UNLISTED_FROM}`;

/**
 * Of the tables and of what is in them: folding, tokens, ranks. An index of another format is made
 * anew.
 */
export const SEARCH_FORMAT = 5;

/** By name; what pages by a date or price are read by, and nothing else. */
const SORT_INDEXES = {
  documents_by_creation: `create index if not exists documents_by_creation
    on documents (created_at, place) where ${LISTED}`,
  documents_by_start: `create index if not exists documents_by_start
    on documents (starts_at, place) where starts_at is not null and ${LISTED}`,
  documents_by_amount: `create index if not exists documents_by_amount
    on documents (amount, place) where amount is not null and ${LISTED}`,
} as const;

/** What the feed lists documents by, where one changes others. */
const LIST_INDEXES = {
  documents_by_creator: `create index if not exists documents_by_creator
    on documents (creator_id, type, id)`,
  documents_by_product: `create index if not exists documents_by_product
    on documents (product_id, type, id) where product_id is not null`,
} as const;

/** Those that an index has, which is being made, from its end on, or when they are needed. */
export const DEFERRED_INDEXES = { ...SORT_INDEXES, ...LIST_INDEXES } as const;
export type ListIndex = keyof typeof LIST_INDEXES;

export const SEARCH_SCHEMA = `
  create virtual table matches using fts5(
    tokens, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
  );
  -- Bytes in memory before they are written as a segment: about those of one change.
  insert into matches (matches, rank) values ('hashsize', 1048576);
  create table documents (
    place integer primary key,
    type integer not null,
    id text not null,
    source integer not null,
    version integer not null,
    name text not null,
    description text not null,
    creator_id text not null,
    creator_name text not null,
    product_id text,
    status integer,
    currency text,
    amount integer,
    starts_at integer,
    created_at integer not null,
    popularity real not null
  ) strict;
  create unique index documents_by_key on documents (type, id);
  create index documents_by_source on documents (source, type, id);
  ${Object.values(DEFERRED_INDEXES).join(';\n')};
  -- One row: where a new index is not searched yet, places from here on are not in 'matches'.
  create table indexed (below integer not null) strict;
  insert into indexed values (${UNLISTED_FROM});
  create table ranks (rank integer primary key, placed integer not null) strict;
  create table blocks (block integer primary key, documents integer not null) strict;
  -- Every different word, with the number of listed documents that have it.
  create table words (
    id integer primary key, word text not null unique, documents integer not null
  ) strict;
  -- The words of letters, by each of their endings but themselves.
  create table word_endings (
    ending text not null, word integer not null, primary key (ending, word)
  ) strict, without rowid;
  -- The same, by hashes of what is left after deletions ('storage/search/deletions.ts').
  create table word_deletions (hash_and_word integer primary key) strict;
  create table positions (
    name text not null, part integer not null, sequence integer not null,
    primary key (name, part)
  ) strict, without rowid;
`;

export interface DocumentRow {
  readonly place: number;
  readonly type: number;
  readonly id: string;
  readonly source: number;
  readonly version: number;
  readonly name: string;
  readonly description: string;
  readonly creator_id: string;
  readonly creator_name: string;
  readonly product_id: string | null;
  readonly status: number | null;
  readonly currency: string | null;
  readonly amount: number | null;
  readonly starts_at: number | null;
  readonly created_at: number;
  readonly popularity: number;
}

export const DOCUMENT_COLUMNS = [
  'place',
  'type',
  'id',
  'source',
  'version',
  'name',
  'description',
  'creator_id',
  'creator_name',
  'product_id',
  'status',
  'currency',
  'amount',
  'starts_at',
  'created_at',
  'popularity',
] as const satisfies readonly (keyof DocumentRow)[];

/** In the order of `DOCUMENT_COLUMNS`. */
export function valuesOf(row: DocumentRow): DocumentRow[keyof DocumentRow][] {
  return [
    row.place,
    row.type,
    row.id,
    row.source,
    row.version,
    row.name,
    row.description,
    row.creator_id,
    row.creator_name,
    row.product_id,
    row.status,
    row.currency,
    row.amount,
    row.starts_at,
    row.created_at,
    row.popularity,
  ];
}

/**
 * Places of a block: few enough that one may be read whole for a query of very many words, each of
 * which is in all of its documents.
 */
export const BLOCK_PLACES = 2 ** 10;
const RANK_BLOCKS = RANK_PLACES / BLOCK_PLACES;

/** Ids of words are below this. */
const WORD_IDS = 2 ** 29;

/** Of a hash of a word's deletions and the id of the word; with id 0 the first of the hash. */
export function deletionKey(hash: number, wordId: number): number {
  return hash * WORD_IDS + wordId;
}

/** The place of the document that is placed in a rank as number `placed`, from 0. */
export function placeOf(rank: number, placed: number): number {
  return (rank + 1) * RANK_PLACES - 1 - placed;
}

export function rankOf(place: number): number {
  return Math.floor(place / RANK_PLACES);
}

/** Blocks are in the order of their places. */
export function blockOf(place: number): number {
  return Math.floor(place / BLOCK_PLACES);
}

/** Blocks are counted from the end of their rank, so that the numbers stay short. */
export function blockToken(block: number): string {
  const rank = Math.floor(block / RANK_BLOCKS);
  return `b${rank.toString(36)}x${((rank + 1) * RANK_BLOCKS - 1 - block).toString(36)}`;
}

export function documentOf(row: DocumentRow): SearchDocument {
  return {
    type: TYPE_CODES[row.type]!,
    id: row.id,
    listed: row.place < UNLISTED_FROM,
    name: row.name,
    description: row.description,
    creatorId: row.creator_id,
    creatorName: row.creator_name,
    productId: row.product_id,
    status: row.status === null ? null : (STATUS_CODES[row.status]! satisfies DropStatus),
    currency: row.currency,
    amount: row.amount,
    startsAt: row.starts_at,
    createdAt: row.created_at,
    popularity: row.popularity,
    source: row.source,
    version: row.version,
  };
}

export function rowOf(document: SearchDocument, place: number): DocumentRow {
  return {
    place,
    type: TYPE_CODES.indexOf(document.type),
    id: document.id,
    source: document.source,
    version: document.version,
    name: document.name,
    description: document.description,
    creator_id: document.creatorId,
    creator_name: document.creatorName,
    product_id: document.productId,
    status: document.status === null ? null : STATUS_CODES.indexOf(document.status),
    currency: document.currency,
    amount: document.amount,
    starts_at: document.startsAt,
    created_at: document.createdAt,
    popularity: document.popularity,
  };
}
