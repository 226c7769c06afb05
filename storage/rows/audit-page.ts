// Pages of the audit log, the same for every driver: entries are read backwards in chunks, and the
// filter picks. A page costs so many entries at most, however few of them match.

import { setImmediate } from 'node:timers/promises';
import type { AuditEntry, AuditFilter } from '../../contracts/audit.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import { decodeCursor, encodeCursor } from '../formats/cursor.ts';

/** Entries read at a time; others have their turn between two reads. */
const CHUNK = 250;
/** Entries that one page looks at. */
const LOOKED_AT_MAX = 5_000;
/** Sequences follow the clocks of several nodes, which differ by seconds at most. */
const CLOCKS_DIFFER_MS = 60_000;

/** The next entries below the sequence, newest first; fewer than `limit` only at the end. */
export type ReadBelow = (sequence: number, limit: number) => Promise<readonly AuditEntry[]>;

/** Errors: `invalid-cursor`, and those of `readBelow`. */
export async function readAuditPage(
  readBelow: ReadBelow,
  filter: AuditFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<AuditEntry>> {
  let { time: below } = decodeCursor('audit', cursor);
  const items: AuditEntry[] = [];
  // A page of all entries needs no more than this.
  let chunk = Math.min(CHUNK, limit + 1);
  for (let looked = 0; looked < LOOKED_AT_MAX; looked += chunk) {
    if (looked > 0) {
      await setImmediate();
      chunk = Math.min(CHUNK, LOOKED_AT_MAX - looked);
    }
    const entries = await readBelow(below, chunk);
    for (const entry of entries) {
      if (entry.at < (filter.from ?? 0) - CLOCKS_DIFFER_MS) return { items, nextCursor: null };
      if (matches(entry, filter)) {
        if (items.length === limit) return { items, nextCursor: cursorAt(below) };
        items.push(entry);
      }
      below = entry.sequence;
    }
    if (entries.length < chunk) return { items, nextCursor: null };
  }
  return { items, nextCursor: cursorAt(below) };
}

function cursorAt(below: number): string {
  return encodeCursor('audit', { time: below, id: '' });
}

function matches(entry: AuditEntry, filter: AuditFilter): boolean {
  const { creatorId, actor, action, target, from = -Infinity, to = Infinity } = filter;
  if (creatorId !== undefined && entry.creatorId !== creatorId) return false;
  if (actor !== undefined && entry.actor.id !== actor && entry.actor.keyId !== actor) return false;
  if (action !== undefined && entry.action !== action) return false;
  if (target !== undefined && entry.target?.id !== target) return false;
  return entry.at >= from && entry.at < to;
}
