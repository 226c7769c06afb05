// What every driver of the audit log must do (X5). The log is one for the whole store, so the tests
// run one after the other, and each looks at its own entries.

import test from 'ava';
import type { AuditEntry, AuditFilter, NewAuditEntry } from '../../../contracts/audit.ts';
import type { AuditLog } from '../../../storage/ports/audit-log.ts';
import { failsWith } from './errors.ts';

const FIRST = { limit: 100, cursor: null };

function entryOf(at: number, about: Partial<NewAuditEntry> = {}): NewAuditEntry {
  return {
    at,
    actor: { kind: 'api-key', id: 'ada', keyId: 'k_1' },
    action: 'products.change',
    target: { type: 'product', id: 'p_1' },
    creatorId: null,
    params: { dryRun: false, limit: 17, note: null },
    changes: [
      { field: 'name', before: 'old', after: 'new "ünïcode"' },
      { field: 'stock', before: null, after: 3 },
    ],
    outcome: 'done',
    result: 'Done.',
    address: '203.0.113.7',
    requestId: 'r-1',
    ...about,
  };
}

async function allOf(log: AuditLog, filter: AuditFilter, limit: number): Promise<AuditEntry[]> {
  const items: AuditEntry[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < 100; pages++) {
    const page = await log.list(filter, { limit, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === null) return items;
  }
  throw new Error('the list has no end');
}

export function auditLogContract(log: () => AuditLog): void {
  test.serial('X5: entries are listed as they were, newest first, to the last page', async (t) => {
    t.deepEqual(await log().list({}, FIRST), { items: [], nextCursor: null });
    t.is(await log().newest(), 0);
    const appended: AuditEntry[] = [];
    for (let at = 0; at < 7; at++) appended.push(await log().append(entryOf(at)));
    t.deepEqual(
      appended.map(({ sequence }) => sequence),
      [1, 2, 3, 4, 5, 6, 7],
    );
    t.deepEqual(await allOf(log(), {}, 3), appended.toReversed());
    t.is(await log().newest(), 7);
  });

  test.serial('X5: a page stays the same while entries are added', async (t) => {
    const first = await log().list({}, { limit: 2, cursor: null });
    const next = await log().list({}, { limit: 2, cursor: first.nextCursor });
    await log().append(entryOf(100));
    t.deepEqual(await log().list({}, { limit: 2, cursor: first.nextCursor }), next);
  });

  test.serial('X5: concurrent entries are all stored, without a gap', async (t) => {
    const adding = Array.from({ length: 20 }, (_, i) => log().append(entryOf(1_000 + i)));
    const sequences = (await Promise.all(adding)).map(({ sequence }) => sequence);
    const sorted = sequences.toSorted((a, b) => a - b);
    t.deepEqual(
      sorted,
      sorted.map((_, index) => sorted[0]! + index),
    );
  });

  test.serial('X5: the log is read in order from any sequence', async (t) => {
    const all = (await allOf(log(), {}, 100)).toReversed();
    t.deepEqual(await log().readFrom(1, 1_000), all);
    t.deepEqual(await log().readFrom(5, 3), all.slice(4, 7));
    t.deepEqual(await log().readFrom(all.length + 1, 3), []);
  });

  test.serial('X5: entries are found by who, what, when and whose', async (t) => {
    const [at, other] = [50_000, 60_000];
    const base = { creatorId: 'u_filter' };
    const one = await log().append(entryOf(at, base));
    const two = await log().append(
      entryOf(other, {
        ...base,
        actor: { kind: 'user', id: 'bob', keyId: null },
        action: 'drops.cancel',
        target: { type: 'drop', id: 'd_1' },
      }),
    );
    const found = async (filter: AuditFilter) => await allOf(log(), { ...base, ...filter }, 1);
    t.deepEqual(await found({}), [two, one]);
    t.deepEqual(await found({ actor: 'bob' }), [two]);
    t.deepEqual(await found({ actor: 'k_1' }), [one]);
    t.deepEqual(await found({ action: 'drops.cancel' }), [two]);
    t.deepEqual(await found({ target: 'p_1' }), [one]);
    t.deepEqual(await found({ from: other }), [two]);
    t.deepEqual(await found({ to: other }), [one]);
    t.deepEqual(await found({ from: at, to: other + 1, actor: 'nobody' }), []);
    t.deepEqual(await allOf(log(), { creatorId: 'u_none' }, 10), []);
  });

  test.serial('X5: a begun change is told once, by who finishes it', async (t) => {
    const begun = entryOf(2_000_000, { outcome: 'unknown', result: 'begun' });
    const id = await log().begin(begun);
    t.deepEqual(await log().listBegun(2_000_000, 10), []);
    t.deepEqual(await log().listBegun(2_000_001, 10), [{ id, entry: begun }]);
    const before = await log().readFrom(1, 1_000);
    const finished = await log().finish(id, entryOf(2_000_000, { creatorId: 'u_begun' }));
    t.deepEqual(await log().readFrom(1, 1_000), [...before, finished!]);
    t.is(await log().finish(id, begun), null);
    t.deepEqual(await log().readFrom(1, 1_000), [...before, finished!]);
    t.deepEqual(await allOf(log(), { creatorId: 'u_begun' }, 10), [finished!]);
    t.deepEqual(await log().listBegun(3_000_000, 10), []);
  });

  test.serial('X5: a change that was not made leaves nothing', async (t) => {
    const before = await log().readFrom(1, 1_000);
    const id = await log().begin(entryOf(2_000_000));
    await log().discard(id);
    await log().discard(id);
    t.is(await log().finish(id, entryOf(2_000_000)), null);
    t.deepEqual(await log().listBegun(3_000_000, 10), []);
    t.deepEqual(await log().readFrom(1, 1_000), before);
  });

  test.serial(
    'X5: a page looks at a bounded number of entries, and its cursor goes on',
    async (t) => {
      const rare = await log().append(entryOf(3_000_000, { action: 'rare' }));
      for (let done = 0; done < 5_100; done += 100)
        await Promise.all(Array.from({ length: 100 }, () => log().append(entryOf(3_000_000))));
      const page = await log().list({ action: 'rare' }, FIRST);
      t.deepEqual(page.items, []);
      t.not(page.nextCursor, null);
      t.deepEqual(await allOf(log(), { action: 'rare' }, 10), [rare]);
    },
  );

  test.serial('X5: old entries are trimmed in portions, the newest never', async (t) => {
    const before = await log().readFrom(1, 100);
    t.is(await log().trim(before[0]!.at, 10), 0);
    t.is(await log().trim(before[2]!.at + 1, 2), 2);
    t.deepEqual(await log().readFrom(1, 1), [before[2]!]);
    let rounds = 0;
    while ((await log().trim(Infinity, 2_000)) > 0) rounds += 1;
    t.true(rounds > 1);
    const left = await log().readFrom(1, 10);
    t.is(left.length, 1);
    t.is(await log().newest(), left[0]!.sequence);
    t.deepEqual(await allOf(log(), { creatorId: 'u_filter' }, 10), []);
    t.is((await log().append(entryOf(4_000_000))).sequence, left[0]!.sequence + 1);
  });

  test.serial('H3: a foreign cursor is refused', async (t) => {
    await failsWith(t, 'invalid-cursor', log().list({}, { limit: 2, cursor: 'nonsense' }));
  });
}
