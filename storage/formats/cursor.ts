// Cursors of all lists that run newest first: the end of a page as one opaque string. Every driver
// uses these, so a cursor is the same on every store. It is not signed: a made-up position only
// shows rows that the list shows anyway.

import { InvalidCursorError } from '../ports/page.ts';

export type ListName =
  | 'products'
  | 'drops'
  | 'drafts'
  | 'followers'
  | 'following'
  | 'orders'
  | 'drop-orders'
  | 'feed'
  | 'audit'
  | 'refunds'
  | 'payment-problems'
  | 'jobs'
  | 'contacts'
  | 'restrictions'
  | 'webhooks'
  | 'webhook-deliveries';

/** A position in a list that is ordered by time, then id, both descending. */
export interface ListPosition {
  /**
   * Milliseconds since the Unix epoch; in a list without times, such as a feed, the number of the
   * id.
   */
  readonly time: number;
  readonly id: string;
}

const CURSOR_LENGTH_MAX = 512;

/** The start of the first page: before every item. */
export const LIST_START: ListPosition = { time: Number.MAX_SAFE_INTEGER, id: '' };

export function encodeCursor(list: ListName, position: ListPosition): string {
  return Buffer.from(JSON.stringify([list, position.time, position.id])).toString('base64url');
}

/**
 * The position where the page starts. Throws `invalid-cursor` for text that `encodeCursor` did not
 * make for this list.
 */
export function decodeCursor(list: ListName, cursor: string | null): ListPosition {
  if (cursor === null) return LIST_START;
  const parts = cursor.length > CURSOR_LENGTH_MAX ? null : parse(cursor);
  if (!Array.isArray(parts) || parts.length !== 3) throw foreign();
  const [name, time, id] = parts as [unknown, unknown, unknown];
  if (name !== list || typeof id !== 'string') throw foreign();
  if (typeof time !== 'number' || !Number.isSafeInteger(time)) throw foreign();
  const position = { time, id };
  // One spelling for each position: decoding ignores characters that are not base64url.
  if (encodeCursor(list, position) !== cursor) throw foreign();
  return position;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return null; // The caller throws the same error for every text that is no position.
  }
}

function foreign(): InvalidCursorError {
  return new InvalidCursorError('the cursor does not belong to this list');
}
