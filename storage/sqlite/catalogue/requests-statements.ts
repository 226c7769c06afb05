// The statements of the catalogue's thread for kept answers to requests (H11). `once` wraps the
// effect of a handler, so the answer is kept in the transaction of the effect.

import type { Database } from 'better-sqlite3';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import {
  type Answered,
  type Kept,
  type NoRoom,
  REQUEST_BOUNDS,
  REQUEST_OVERHEAD_BYTES,
  type RequestBounds,
} from '../../ports/requests.ts';

/** `request_bytes` has the sum of each caller, and of all under the empty name. */
export const REQUESTS_SCHEMA = `
  create table requests (
    id text primary key,
    fingerprint text not null,
    caller_id text not null,
    ends_at integer not null,
    bytes integer not null,
    value text not null
  ) strict, without rowid;
  create index requests_by_end on requests (ends_at, id);
  create table request_bytes (
    caller_id text primary key,
    bytes integer not null
  ) strict, without rowid;
`;

/** Ended answers removed with each kept one: more than one, so that a rush is forgotten again. */
const REMOVED_WITH_EACH = 8;
const ALL = '';

interface RequestRow {
  id: string;
  fingerprint: string;
  caller_id: string;
  ends_at: number;
  bytes: number;
  value: string;
}

/** Keeps the answer of `effect`, unless that is a refusal or one is kept already. */
export type Once = <T>(
  request: KeyedRequest,
  effect: () => T,
  isRefusal?: (value: T) => boolean,
) => Answered<T>;

/** A refused effect, for `once`. */
export function isNull(value: unknown): boolean {
  return value === null;
}

export function requestStatements(database: Database) {
  const find = database.prepare<[string], RequestRow>('select * from requests where id = ?');
  const ended = database.prepare<[number, number], RequestRow>(
    'select * from requests where ends_at <= ? order by ends_at limit ?',
  );
  const firstEnd = database.prepare<[], number | null>('select min(ends_at) from requests').pluck();
  const insert = database.prepare(`
    insert into requests (id, fingerprint, caller_id, ends_at, bytes, value)
    values (?, ?, ?, ?, ?, ?)`);
  const remove = database.prepare('delete from requests where id = ?');
  const bytesOf = database
    .prepare<[string], number>('select bytes from request_bytes where caller_id = ?')
    .pluck();
  const addBytes = database.prepare(`
    insert into request_bytes (caller_id, bytes) values (?, ?)
    on conflict do update set bytes = bytes + excluded.bytes`);
  const removeEmpty = database.prepare(
    'delete from request_bytes where caller_id = ? and bytes = 0',
  );
  let bounds = REQUEST_BOUNDS;

  const count = (callerId: string, bytes: number): void => {
    addBytes.run(callerId, bytes);
    addBytes.run(ALL, bytes);
    if (bytes < 0) removeEmpty.run(callerId);
  };
  const forget = ({ id, caller_id: callerId, bytes }: RequestRow): void => {
    remove.run(id);
    count(callerId, -bytes);
  };
  const findKept = (id: string, now: number): RequestRow | null => {
    const row = find.get(id);
    if (row === undefined) return null;
    if (row.ends_at > now) return row;
    forget(row);
    return null;
  };
  const noRoom = (callerId: string, now: number): NoRoom | null => {
    const isCallerFull = (bytesOf.get(callerId) ?? 0) >= bounds.callerBytesMax;
    if (!isCallerFull && (bytesOf.get(ALL) ?? 0) < bounds.bytesMax) return null;
    const end = firstEnd.get() ?? now;
    return { result: 'no-room', ofCaller: isCallerFull, retryAfterMs: Math.max(1, end - now) };
  };

  const once: Once = (request, effect, isRefusal = () => false) => {
    const { id, fingerprint, callerId } = request;
    const now = Date.now();
    for (const row of ended.all(now, REMOVED_WITH_EACH)) forget(row);
    const kept = findKept(id, now);
    if (kept !== null) return answerOf(kept, fingerprint);
    const full = noRoom(callerId, now);
    if (full !== null) return full;
    const value = effect();
    if (!isRefusal(value)) {
      const text = JSON.stringify(value);
      const bytes = text.length + REQUEST_OVERHEAD_BYTES;
      insert.run(id, fingerprint, callerId, now + bounds.lifetimeMs, bytes, text);
      count(callerId, bytes);
    }
    return { result: 'new', value };
  };

  return {
    once,
    handlers: {
      findRequest({ id, fingerprint }: KeyedRequest): Kept<unknown> | null {
        const kept = findKept(id, Date.now());
        return kept === null ? null : answerOf(kept, fingerprint);
      },

      keepRequest: (request: KeyedRequest, value: string): Answered<string> =>
        once(request, () => value),

      removeRequest({ id }: KeyedRequest, value: unknown): boolean {
        const row = findKept(id, Date.now());
        if (row === null || row.value !== JSON.stringify(value)) return false;
        forget(row);
        return true;
      },

      /** For tests. */
      boundRequests(given: Partial<RequestBounds>): void {
        bounds = { ...REQUEST_BOUNDS, ...given };
      },
    },
  };
}

function answerOf<T>(kept: RequestRow, fingerprint: string): Kept<T> {
  if (kept.fingerprint !== fingerprint) return { result: 'reused' };
  return { result: 'repeated', value: JSON.parse(kept.value) as T };
}
