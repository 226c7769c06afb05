// The tokens under which a document is in an inverted index that knows no fields and no positions:
// each token says in its first letter what it is. Scopes contain one another, so that a word is
// looked for in a scope by one token: `n` the name, `m` the name or the creator's name, `d` any
// field. Scripts without spaces have tokens for each character and each pair of neighbours: in a
// million products that is as selective as words are, and unlike a dictionary's division
// (Intl.Segmenter, 5 times slower) it is the same in the query and the text, whatever is beside.

import type { SearchDocument } from '../ports/search-index.ts';
import { type FieldWords, POPULARITY_CLASS_MAX, popularityClass } from './match.ts';

export type Scope = 'n' | 'm' | 'd';
/** Of words and of beginnings of words, the scopes of a field of `FIELDS`. */
const SCOPES: readonly (readonly Scope[])[] = [['n', 'm', 'd'], ['m', 'd'], ['d']];
const PREFIX_SCOPES: readonly (readonly ('p' | 'q')[])[] = [['p', 'q'], ['q'], ['q']];

/** Longer beginnings of words are completed from the vocabulary. */
export const PREFIX_TOKEN_LENGTH_MAX = 4;
/** Steps of a price token: an eighth of a doubling, or a whole one. */
const FINE_STEPS = 8;
/** A range of more fine steps is looked for in whole ones. */
const FINE_RANGE_MAX = 16;

export const TYPE_CODES = ['creator', 'drop', 'product'] as const;
export const STATUS_CODES = ['upcoming', 'live', 'ended', 'cancelled'] as const;

/** Of a word, or of a piece of a run: each of the tokens has to be there. */
export function wordTokens(scope: Scope, text: string, isRun: boolean): string[] {
  if (!isRun) return [scope + text];
  const characters = Array.from(text);
  if (characters.length === 1) return [scope + text];
  return characters.slice(1).map((character, index) => scope + characters[index]! + character);
}

/** For `text` of at most `PREFIX_TOKEN_LENGTH_MAX`. */
export function prefixToken(scope: 'n' | 'd', text: string): string {
  return (scope === 'n' ? 'p' : 'q') + text;
}

export function wholeNameToken(wholeName: string): string {
  return `w${hashText(wholeName)}`;
}

export function typeToken(type: SearchDocument['type']): string {
  return `ft${TYPE_CODES.indexOf(type)}`;
}

export function statusToken(status: NonNullable<SearchDocument['status']>): string {
  return `fs${STATUS_CODES.indexOf(status)}`;
}

export function creatorToken(creatorId: string): string {
  return `fc${hashText(creatorId)}`;
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

function fineStep(amount: number): number {
  return Math.floor(FINE_STEPS * Math.log2(1 + Math.max(0, amount)));
}

export interface IndexedWords {
  readonly tokens: ReadonlySet<string>;
  /** The different words, without runs: what a vocabulary has of the document. */
  readonly vocabulary: ReadonlySet<string>;
}

/** `fields` are `documentWords(document)`, `wholeName` is `wholeNameOf(document.name)`. */
export function indexedWords(
  document: SearchDocument,
  fields: readonly FieldWords[],
  wholeName: string,
): IndexedWords {
  const tokens = new Set<string>();
  const vocabulary = new Set<string>();
  for (const [field, { words }] of fields.entries()) {
    for (const { text, isRun } of words) {
      if (isRun) {
        addRun(tokens, text, SCOPES[field]!);
        continue;
      }
      vocabulary.add(text);
      for (const scope of SCOPES[field]!) tokens.add(scope + text);
      const longest = Math.min(PREFIX_TOKEN_LENGTH_MAX, text.length - 1);
      for (let length = 1; length <= longest; length++) {
        const beginning = text.slice(0, length);
        for (const scope of PREFIX_SCOPES[field]!) tokens.add(scope + beginning);
      }
    }
  }
  tokens.add(wholeNameToken(wholeName));
  addFilters(tokens, document);
  return { tokens, vocabulary };
}

function addRun(tokens: Set<string>, text: string, scopes: readonly Scope[]): void {
  let before = '';
  for (const character of text) {
    for (const scope of scopes) {
      tokens.add(scope + character);
      if (before !== '') tokens.add(scope + before + character);
    }
    before = character;
  }
}

function addFilters(tokens: Set<string>, document: SearchDocument): void {
  const { type, status, creatorId, currency, amount } = document;
  tokens.add(typeToken(type));
  tokens.add(creatorToken(creatorId));
  if (status !== null) tokens.add(statusToken(status));
  if (currency !== null) tokens.add(currencyToken(currency));
  if (amount === null) return;
  const step = fineStep(amount);
  tokens.add(`ff${step}`);
  tokens.add(`fg${Math.floor(step / FINE_STEPS)}`);
}

/** 53 bits as text: whatever is compared by it is compared itself afterwards. */
function hashText(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let at = 0; at < text.length; at++) {
    low = Math.imul(low ^ text.charCodeAt(at), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(at), 0x5bd1e995);
    high ^= high >>> 15;
  }
  return ((high >>> 11) * 2 ** 32 + (low >>> 0)).toString(36);
}

/** The better a document by its popularity alone, the lower; at most `RANK_MAX`. */
export function staticRank(popularity: number): number {
  return RANK_MAX - Math.floor(popularityClass(popularity) / CLASSES_PER_RANK);
}

/** Two doublings of popularity: most changes of it leave the document where it is. */
const CLASSES_PER_RANK = 4;
const RANK_MAX = Math.floor(POPULARITY_CLASS_MAX / CLASSES_PER_RANK);
