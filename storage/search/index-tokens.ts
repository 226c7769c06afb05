// The tokens under which a document is in an inverted index that knows no fields and no positions:
// each token says in its first letter what it is. A word has a token for its field (`n` the name,
// `m` the creator's name) and one for any field (`d`). Beginnings of words have tokens in names
// only (`p`, `q`), because descriptions have most words, and there short beginnings say little.
// Scripts without spaces have tokens for each character and each pair of neighbours, instead of
// words of a dictionary (Intl.Segmenter), which divides a query otherwise than the same characters
// in a text, and takes longer.

import type { SearchDocument } from '../ports/search-index.ts';
import { type FieldWords, POPULARITY_CLASS_MAX, popularityClass } from './match.ts';
import { wholeOf } from './query-terms.ts';

export type Scope = 'n' | 'm' | 'd';
/** By field of `FIELDS`: the scope of its words, and of their beginnings. */
const SCOPES: readonly Scope[] = ['n', 'm', 'd'];
const PREFIX_SCOPES = ['p', 'q', null] as const;

/** Longer beginnings of words are completed from the vocabulary. */
export const PREFIX_TOKEN_LENGTH_MAX = 4;
/** Steps of a price token: an eighth of a doubling, or a whole one. */
const FINE_STEPS = 8;
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

/** For `text` of at most `PREFIX_TOKEN_LENGTH_MAX`. */
export function prefixToken(scope: 'n' | 'm', text: string): string {
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

const SPACE = 0x20;
/** Bytes that are there at first; a document takes some 500. */
const TOKENS_BYTES = 16_384;
/** Bytes of a UTF-16 unit in UTF-8, at most. */
const UNIT_BYTES_MAX = 3;

/** What of a document is in its tokens. */
export type TokenSource = Pick<
  SearchDocument,
  'type' | 'name' | 'description' | 'creatorId' | 'creatorName' | 'status' | 'currency' | 'amount'
>;

/**
 * Writes the tokens of documents. They go to the database as bytes, because to join them as strings
 * took longer than all else that is done for a document.
 */
export class TokenWriter {
  #bytes = Buffer.allocUnsafeSlow(TOKENS_BYTES);
  #length = 0;

  /**
   * UTF-8, with a space between; some twice. Valid until the next call. `fields` are
   * `documentWords(document)`, `block` is another token.
   */
  write(document: TokenSource, fields: readonly FieldWords[], block: string): Uint8Array {
    this.#length = 0;
    this.#add('', block);
    this.#add('', wholeNameToken(wholeOf(fields[0]!.chunks)));
    for (const [field, { words }] of fields.entries()) {
      const scope = SCOPES[field]!;
      const prefixScope = PREFIX_SCOPES[field]!;
      for (const { text, isRun } of words) {
        if (isRun) {
          this.#addRun(text, scope);
          continue;
        }
        if (scope !== 'd') this.#add(scope, text);
        this.#add('d', text);
        if (prefixScope === null) continue;
        const longest = Math.min(PREFIX_TOKEN_LENGTH_MAX, text.length - 1);
        for (let length = 1; length <= longest; length++) this.#add(prefixScope, text, length);
      }
    }
    this.#addFilters(document);
    return this.#bytes.subarray(0, this.#length);
  }

  #addRun(text: string, scope: Scope): void {
    let before = '';
    for (const character of text) {
      for (const one of scope === 'd' ? 'd' : `${scope}d`) {
        this.#add(one, character);
        if (before !== '') this.#add(one, before + character);
      }
      before = character;
    }
  }

  #addFilters({ type, status, creatorId, currency, amount }: TokenSource): void {
    this.#add('', typeToken(type));
    this.#add('', creatorToken(creatorId));
    if (status !== null) this.#add('', statusToken(status));
    if (currency !== null) this.#add('', currencyToken(currency));
    if (amount === null) return;
    const step = fineStep(amount);
    this.#add('', `ff${step}`);
    this.#add('', `fg${Math.floor(step / FINE_STEPS)}`);
  }

  /** `scope` is a letter or nothing; of `text` the first `length` UTF-16 units. */
  #add(scope: string, text: string, length = text.length): void {
    let at = this.#reserve(2 + length * UNIT_BYTES_MAX);
    const bytes = this.#bytes;
    bytes[at++] = SPACE;
    if (scope !== '') bytes[at++] = scope.charCodeAt(0);
    const start = at;
    for (let unit = 0; unit < length; unit++) {
      const code = text.charCodeAt(unit);
      if (code > 0x7f) {
        this.#length = start + bytes.write(text.slice(0, length), start);
        return;
      }
      bytes[at++] = code;
    }
    this.#length = at;
  }

  /** Where the next bytes are written. */
  #reserve(bytes: number): number {
    const least = this.#length + bytes;
    if (least > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * least);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    return this.#length;
  }
}

const HASH_DIGITS = '0123456789abcdefghijklmnopqrstuv';
const HASH_DIGITS_EACH = 6;

/** 60 bits as text: whatever is compared by it is compared itself afterwards. */
function hashText(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let at = 0; at < text.length; at++) {
    low = Math.imul(low ^ text.charCodeAt(at), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(at), 0x5bd1e995);
    high ^= high >>> 15;
  }
  let digits = '';
  for (let digit = 0; digit < HASH_DIGITS_EACH; digit++) {
    digits += HASH_DIGITS[(low >>> (5 * digit)) & 31]! + HASH_DIGITS[(high >>> (5 * digit)) & 31]!;
  }
  return digits;
}

/** The better a document by its popularity alone, the lower; at most `RANK_MAX`. */
export function staticRank(popularity: number): number {
  return RANK_MAX - Math.floor(popularityClass(popularity) / CLASSES_PER_RANK);
}

/** Two doublings of popularity: most changes of it leave the document where it is. */
const CLASSES_PER_RANK = 4;
const RANK_MAX = Math.floor(POPULARITY_CLASS_MAX / CLASSES_PER_RANK);
