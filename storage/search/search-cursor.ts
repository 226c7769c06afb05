// Cursors of search pages. A cursor belongs to one query with its filters and sort: a position of
// another query would show hits in an order that nobody asked for.

import { fnv1a } from '../../domain/ids.ts';
import { InvalidCursorError } from '../ports/page.ts';
import type { SearchFilter } from '../../contracts/search.ts';

const CURSOR_LENGTH_MAX = 512;
const SECOND_SEED = 0x9747b28c;

export class SearchCursor {
  readonly #query: string;

  constructor(query: SearchFilter) {
    const { text, type, status, creatorId, currency, amountMin, amountMax, sort } = query;
    const asked = [text, type, status, creatorId, currency, amountMin, amountMax, sort];
    const key = JSON.stringify(asked.map((one) => one ?? null));
    this.#query = `${fnv1a(key).toString(36)}.${fnv1a(key, SECOND_SEED).toString(36)}`;
  }

  encode(position: readonly number[]): string {
    return Buffer.from(`${this.#query}.${position.join('.')}`).toString('base64url');
  }

  /**
   * The numbers that were encoded; null for the first page. Errors: `invalid-cursor`.
   */
  decode(cursor: string | null): number[] | null {
    if (cursor === null) return null;
    const written = cursor.length > CURSOR_LENGTH_MAX ? '' : decoded(cursor);
    const position = written.startsWith(`${this.#query}.`)
      ? written
          .slice(this.#query.length + 1)
          .split('.')
          .map(Number)
      : [];
    const isWhole =
      position.length > 0 && position.every((one) => Number.isSafeInteger(one) && one >= 0);
    if (!isWhole || this.encode(position) !== cursor)
      throw new InvalidCursorError('the cursor does not belong to this search');
    return position;
  }
}

function decoded(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString('utf8');
}
