// What a document of the search index is known to be. Facts about it come from several streams, in
// any order: a drop before its product, a take-down before either. Each leaves a flag, and the
// flags of a document and of those that it belongs to decide whether it is found. They are kept in
// the document's `version`, below the version of what the document was made from.

import type { SearchDocument, SearchKey } from '../../storage/ports/search-index.ts';

/** What it says has come: a product, a creator's account, a drop's events. */
export const KNOWN = 1;
/** The product or the account was removed. */
export const GONE = 2;
/** Operators have taken it down. */
export const TAKEN_DOWN = 8;
/** The documents that belong to it do not have its present state yet. */
export const UNFOLLOWED = 4;

const FLAGS = 16;

export function has(document: SearchDocument, flag: number): boolean {
  return (document.version & flag) !== 0;
}

export function versionOf({ version }: SearchDocument): number {
  return Math.floor(version / FLAGS);
}

export function withState(
  document: SearchDocument,
  { version = versionOf(document), ...flags }: { readonly version?: number } & Flags,
): SearchDocument {
  let state = document.version % FLAGS;
  for (const [flag, name] of NAMED) {
    const isSet = flags[name];
    if (isSet !== undefined) state = isSet ? state | flag : state & ~flag;
  }
  return { ...document, version: version * FLAGS + state };
}

interface Flags {
  readonly isKnown?: boolean;
  readonly isGone?: boolean;
  readonly isUnfollowed?: boolean;
  readonly isTakenDown?: boolean;
}
const NAMED = [
  [KNOWN, 'isKnown'],
  [GONE, 'isGone'],
  [UNFOLLOWED, 'isUnfollowed'],
  [TAKEN_DOWN, 'isTakenDown'],
] as const satisfies readonly (readonly [number, keyof Flags])[];

/** Of what nothing is known yet but what it is called by. */
export function placeholder(key: SearchKey, creatorId: string): SearchDocument {
  return {
    ...key,
    listed: false,
    name: '',
    description: '',
    creatorId,
    creatorName: '',
    productId: null,
    status: null,
    currency: null,
    amount: null,
    startsAt: null,
    createdAt: 0,
    popularity: 0,
    source: NO_SOURCE,
    version: 0,
  };
}

/** Of a document that no bucket has brought yet. */
export const NO_SOURCE = -1;

/**
 * Of a drop that the stream has brought. In an index of an earlier version the source of a drop is
 * its shard, which no bucket's pass may take for its own.
 */
export function sourceOfDrops(bucket: number): number {
  return -2 - bucket;
}
