// How much of the audit log a page reads, and what it leaves of the event loop.

import test from 'ava';
import type { AuditEntry } from '../../contracts/audit.ts';
import { readAuditPage } from '../../storage/rows/audit-page.ts';

/** Entries from the newest down, and the sizes of the reads. */
function log(count: number) {
  const reads: number[] = [];
  const readBelow = async (below: number, limit: number): Promise<AuditEntry[]> => {
    reads.push(limit);
    const newest = Math.min(count, below - 1);
    return Array.from({ length: Math.min(limit, newest) }, (_, i) => entryOf(newest - i));
  };
  return { reads, readBelow };
}

function entryOf(sequence: number): AuditEntry {
  return {
    sequence,
    at: sequence,
    actor: { kind: 'operator', id: 'olga', keyId: null },
    action: 'drain',
    target: null,
    creatorId: null,
    params: {},
    changes: [],
    outcome: 'done',
    result: 'Done.',
    address: null,
    requestId: null,
  };
}

test('X5: a page of all entries reads one more than it shows', async (t) => {
  const { reads, readBelow } = log(1_000);
  const page = await readAuditPage(readBelow, {}, { limit: 1, cursor: null });
  t.deepEqual(reads, [2]);
  t.is(page.items[0]!.sequence, 1_000);
  const next = await readAuditPage(readBelow, {}, { limit: 3, cursor: page.nextCursor });
  t.deepEqual(
    next.items.map(({ sequence }) => sequence),
    [999, 998, 997],
  );
});

test('X5: others have their turn between two reads of a page that finds nothing', async (t) => {
  const { reads, readBelow } = log(10_000);
  let turns = 0;
  let isOver = false;
  const other = () => {
    if (isOver) return;
    turns += 1;
    setImmediate(other);
  };
  setImmediate(other);
  const page = await readAuditPage(readBelow, { action: 'rare' }, { limit: 1, cursor: null });
  isOver = true;
  t.deepEqual(page.items, []);
  t.not(page.nextCursor, null);
  t.true(reads.length >= 20, `${reads.length} reads`);
  t.true(turns >= reads.length - 2, `${turns} turns, ${reads.length} reads`);
});
