// Writes the tokens of documents (`index-tokens.ts`). They go to the database as bytes, because to
// join them as strings took longer than all else that is done for a document. The words of ASCII
// texts never become strings: they are copied from the bytes of the text.

import type { SearchDocument } from '../ports/search-index.ts';
import { AsciiWords } from './ascii-words.ts';
import {
  CREATOR_PREFIX,
  currencyToken,
  FINE_STEPS,
  fineStep,
  PREFIX_SCOPES,
  PREFIX_TOKEN_LENGTHS,
  SCOPES,
  type Scope,
  statusToken,
  typeToken,
  WHOLE_NAME_PREFIX,
} from './index-tokens.ts';
import { fieldWords, searchedTexts } from './match.ts';
import { wholeOf } from './query-terms.ts';
import { HASH_LENGTH, TextHash } from './text-hash.ts';
import { JOINED_PARTS_MAX, WORD_LENGTH_MAX } from './words.ts';

const SPACE = 0x20;
/** Bytes that are there at first; a document takes some 500. */
const TOKENS_BYTES = 16_384;
/** Bytes of a UTF-16 unit in UTF-8, at most. */
const UNIT_BYTES_MAX = 3;
/** Of all tokens of one word: the word in two scopes, and its beginnings. */
const WORD_TOKENS_BYTES_MAX = (2 + WORD_LENGTH_MAX) * (2 + PREFIX_TOKEN_LENGTHS.length);
const NAME = 0;
const ANY_SCOPE = codeOf('d');
const SCOPE_CODES = SCOPES.map(codeOf);
const PREFIX_SCOPE_CODES = PREFIX_SCOPES.map((scope) => (scope === null ? null : codeOf(scope)));

/** What of a document is in its tokens. */
export type TokenSource = Pick<
  SearchDocument,
  'type' | 'name' | 'description' | 'creatorId' | 'creatorName' | 'status' | 'currency' | 'amount'
>;

export class TokenWriter {
  #bytes = Buffer.allocUnsafeSlow(TOKENS_BYTES);
  #length = 0;
  readonly #ascii = new AsciiWords();
  readonly #joined = Buffer.alloc(WORD_LENGTH_MAX);
  readonly #hash = new TextHash();

  /** UTF-8, with a space between; some twice. Valid until the next call. `block` is a token. */
  write(document: TokenSource, block: string): Uint8Array {
    this.#length = 0;
    this.#add('', block);
    for (const [field, text] of searchedTexts(document).entries()) {
      if (this.#ascii.read(text)) this.#addAscii(field);
      else this.#addText(text, field);
    }
    this.#addFilters(document);
    return this.#bytes.subarray(0, this.#length);
  }

  #addAscii(field: number): void {
    const { bytes, starts, ends, isLast, parts } = this.#ascii;
    const wholeName = field === NAME ? this.#hash : null;
    wholeName?.begin();
    let first = 0;
    for (let part = 0; part < parts; part++) {
      const start = starts[part]!;
      const end = Math.min(ends[part]!, start + WORD_LENGTH_MAX);
      this.#addBytes(field, bytes, start, end);
      if (isLast[part] === 0) continue;
      if (wholeName !== null && first > 0) wholeName.add(SPACE);
      if (part > first) this.#addJoined(field, first, part);
      else if (wholeName !== null) for (let at = start; at < end; at++) wholeName.add(bytes[at]!);
      first = part + 1;
    }
    if (wholeName !== null) this.#addHash(WHOLE_NAME_PREFIX);
  }

  /** The parts of a chunk, written as one word. */
  #addJoined(field: number, first: number, last: number): void {
    const { bytes, starts, ends } = this.#ascii;
    const joined = this.#joined;
    let length = 0;
    for (let part = first; part <= Math.min(last, first + JOINED_PARTS_MAX - 1); part++) {
      for (let at = starts[part]!; at < ends[part]! && length < WORD_LENGTH_MAX; at++)
        joined[length++] = bytes[at]!;
    }
    this.#addBytes(field, joined, 0, length);
    if (field === NAME) for (let at = 0; at < length; at++) this.#hash.add(joined[at]!);
  }

  /** All tokens of the word that is in `word` from `start` on. */
  #addBytes(field: number, word: Uint8Array, start: number, end: number): void {
    let at = this.#reserve(WORD_TOKENS_BYTES_MAX);
    const bytes = this.#bytes;
    const scope = SCOPE_CODES[field]!;
    if (scope !== ANY_SCOPE) at = copyToken(bytes, at, scope, word, start, end);
    at = copyToken(bytes, at, ANY_SCOPE, word, start, end);
    const prefixScope = PREFIX_SCOPE_CODES[field]!;
    if (prefixScope !== null) {
      for (const length of PREFIX_TOKEN_LENGTHS) {
        if (start + length > end) break;
        at = copyToken(bytes, at, prefixScope, word, start, start + length);
      }
    }
    this.#length = at;
  }

  #addText(text: string, field: number): void {
    const { words, chunks } = fieldWords(text);
    const scope = SCOPES[field]!;
    const prefixScope = PREFIX_SCOPES[field]!;
    for (const { text: word, isRun } of words) {
      if (isRun) {
        this.#addRun(word, scope);
        continue;
      }
      if (scope !== 'd') this.#add(scope, word);
      this.#add('d', word);
      if (prefixScope === null) continue;
      for (const length of PREFIX_TOKEN_LENGTHS)
        if (length <= word.length) this.#add(prefixScope, word, length);
    }
    if (field === NAME) this.#addHashOf(WHOLE_NAME_PREFIX, wholeOf(chunks));
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
    this.#addHashOf(CREATOR_PREFIX, creatorId);
    if (status !== null) this.#add('', statusToken(status));
    if (currency !== null) this.#add('', currencyToken(currency));
    if (amount === null) return;
    const step = fineStep(amount);
    this.#add('', `ff${step}`);
    this.#add('', `fg${Math.floor(step / FINE_STEPS)}`);
  }

  #addHashOf(prefix: string, text: string): void {
    this.#hash.begin();
    this.#hash.addText(text);
    this.#addHash(prefix);
  }

  /** Of what was added to the hash. */
  #addHash(prefix: string): void {
    this.#add('', prefix);
    const at = this.#reserve(HASH_LENGTH);
    this.#hash.write(this.#bytes, at);
    this.#length = at + HASH_LENGTH;
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

function codeOf(scope: string): number {
  return scope.charCodeAt(0);
}

/** Where the next one is written. */
function copyToken(
  bytes: Uint8Array,
  to: number,
  scope: number,
  word: Uint8Array,
  start: number,
  end: number,
): number {
  bytes[to++] = SPACE;
  bytes[to++] = scope;
  for (let from = start; from < end; from++) bytes[to++] = word[from]!;
  return to;
}
