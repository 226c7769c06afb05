// The audit log port (X5): one log of what operators and creators changed, in the order of its
// sequences. An entry never changes once it is there, so that others can copy the log or hash it.
//
// A change is announced with `begin` before it is made and told with `finish` afterwards, so that a
// crash in between leaves a trace. Both are durable when they resolve.

import type { AuditEntry, AuditFilter, NewAuditEntry } from '../../contracts/audit.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';

export interface BegunChange {
  readonly id: string;
  /** As it is to be recorded, had nobody finished it. */
  readonly entry: NewAuditEntry;
}

export interface AuditLog {
  /** Gets the next sequence. Durable when it resolves. Errors: `store-unavailable`. */
  append(entry: NewAuditEntry): Promise<AuditEntry>;

  /** Resolves to the id of the begun change. Errors: `store-unavailable`. */
  begin(entry: NewAuditEntry): Promise<string>;

  /**
   * Appends the entry in the place of the begun change, in one atomic step. Null: it is no longer
   * begun, and nothing was appended. Errors: `store-unavailable`.
   */
  finish(id: string, entry: NewAuditEntry): Promise<AuditEntry | null>;

  /** Of a change that was not made. Idempotent. Errors: `store-unavailable`. */
  discard(id: string): Promise<void>;

  /** Begun before that time, in any order. Errors: `store-unavailable`. */
  listBegun(before: number, limit: number): Promise<BegunChange[]>;

  /**
   * Newest first. A page ends early, and may be empty, where few of many entries match: its cursor
   * goes on. Errors: `invalid-cursor`, `store-unavailable`.
   */
  list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>>;

  /**
   * At most `limit` entries from `sequence` on, in rising sequence; without gaps, but for entries
   * that were trimmed at the beginning. Errors: `store-unavailable`.
   */
  readFrom(sequence: number, limit: number): Promise<AuditEntry[]>;

  /** The sequence of the newest entry; 0 for none. Errors: `store-unavailable`. */
  newest(): Promise<number>;

  /**
   * Removes the oldest entries that are from before that time, at most `limit`, and never the
   * newest one. Resolves to how many it removed. Errors: `store-unavailable`.
   */
  trim(before: number, limit: number): Promise<number>;
}
