// The tokens under which a document is in an inverted index that knows no fields and no positions:
// each token says in its first letter what it is. A word has a token for its field (`n` the name,
// `m` the creator's name) and one for any field (`d`). Beginnings of words have tokens in names
// only (`p`, `q`), because descriptions have most words, and there short beginnings say little.
// Scripts without spaces have tokens for each character and each pair of neighbours, instead of
// words of a dictionary (Intl.Segmenter), which divides a query otherwise than the same characters
// in a text, and takes longer.

import type { SearchDocument } from '../ports/search-index.ts';
import { POPULARITY_CLASS_MAX, popularityClass } from './match.ts';
import { hashText } from './text-hash.ts';

export type Scope = 'n' | 'm' | 'd';
/** By field of `FIELDS`: the scope of its words, and of their beginnings. */
export const SCOPES: readonly Scope[] = ['n', 'm', 'd'];
export const PREFIX_SCOPES = ['p', 'q', null] as const;

/** Of tokens that are a hash behind it. */
export const WHOLE_NAME_PREFIX = 'w';
export const CREATOR_PREFIX = 'fc';

/**
 * Of beginnings that have tokens, also of words that are no longer. Those that are a letter shorter
 * are looked for as all of these that words have, longer ones as words. Tokens for every length up
 * to four would be half of all tokens of a document.
 */
export const PREFIX_TOKEN_LENGTHS: readonly number[] = [2, 4];
export const PREFIX_TOKEN_LENGTH_MAX = 4;
/** Steps of a price token: an eighth of a doubling, or a whole one. */
export const FINE_STEPS = 8;
/** A range of more fine steps is looked for in whole ones. */
const FINE_RANGE_MAX = 16;

export const TYPE_CODES = ['creator', 'drop', 'product'] as const;
export const STATUS_CODES = ['upcoming', 'live', 'ended', 'cancelled'] as const;

/** Of a piece of a run: each of the tokens has to be there. */
export function runTokens(scope: Scope, text: string): string[] {
  const characters = Array.from(text);
  if (characters.length === 1) return [scope + text];
  return characters.slice(1).map((character, index) => scope + characters[index]! + character);
}

/** For `text` of one of `PREFIX_TOKEN_LENGTHS`. */
export function prefixToken(scope: 'n' | 'm', text: string): string {
  return (scope === 'n' ? 'p' : 'q') + text;
}

export function wholeNameToken(wholeName: string): string {
  return WHOLE_NAME_PREFIX + hashText(wholeName);
}

export function typeToken(type: SearchDocument['type']): string {
  return `ft${TYPE_CODES.indexOf(type)}`;
}

export function statusToken(status: NonNullable<SearchDocument['status']>): string {
  return `fs${STATUS_CODES.indexOf(status)}`;
}

export function creatorToken(creatorId: string): string {
  return CREATOR_PREFIX + hashText(creatorId);
}

export function currencyToken(currency: string): string {
  return `fu${hashText(currency)}`;
}

/**
 * One of these tokens is in each document with an amount in the range; some documents that have one
 * are just outside of it.
 */
export function amountTokens(min: number, max: number): string[] {
  const [first, last] = [fineStep(min), fineStep(max)];
  if (last - first < FINE_RANGE_MAX)
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, step) => `ff${first + step}`);
  const [from, to] = [Math.floor(first / FINE_STEPS), Math.floor(last / FINE_STEPS)];
  return Array.from({ length: to - from + 1 }, (_, step) => `fg${from + step}`);
}

export function fineStep(amount: number): number {
  return Math.floor(FINE_STEPS * Math.log2(1 + Math.max(0, amount)));
}

/** The better a document by its popularity alone, the lower; at most `RANK_MAX`. */
export function staticRank(popularity: number): number {
  return RANK_MAX - Math.floor(popularityClass(popularity) / CLASSES_PER_RANK);
}

/** Two doublings of popularity: most changes of it leave the document where it is. */
const CLASSES_PER_RANK = 4;
const RANK_MAX = Math.floor(POPULARITY_CLASS_MAX / CLASSES_PER_RANK);
