// What every driver of the restrictions must do. Tests run one after the other, because all
// restrictions have one sequence.

import test from 'ava';
import type { Restriction, RestrictionChange } from '../../../contracts/restrictions.ts';
import type { EntityChange } from '../../../contracts/changes.ts';
import type { ChangeStream } from '../../../storage/ports/change-stream.ts';
import type { RestrictionStore } from '../../../storage/ports/restrictions.ts';
import { failsWith } from './errors.ts';

/** To be given to the driver. */
export const LIFTED_MAX = 3;
const MANY = { ofScopeMax: 1_000, max: 1_000 };
const NOW = 1_000;

function ban(scope: string, subject: string, change: Partial<Restriction> = {}): Restriction {
  const ended = { reason: null, since: 100, until: null };
  return { kind: 'ban', scope, subject, ...ended, by: 'operator-1', ...change };
}

interface TestedStores {
  readonly restrictions: RestrictionStore;
  readonly changes: ChangeStream;
}

export function restrictionsContract(stores: () => TestedStores): void {
  const store = (): RestrictionStore => stores().restrictions;

  /** What the change stream says of the creators, in the order of the records. */
  async function recordsOf(creatorId: string): Promise<EntityChange[]> {
    const { changes } = stores();
    const found: EntityChange[] = [];
    for (let bucket = 0; bucket < changes.bucketCount; bucket++) {
      let { trimmed: position } = await changes.head(bucket);
      for (;;) {
        const records = await changes.read(bucket, position, 500);
        if (records.length === 0) break;
        position = records.at(-1)!.sequence;
        found.push(...records.map(({ change }) => change));
      }
    }
    return found.filter((change) => 'creatorId' in change && change.creatorId === creatorId);
  }

  /** What a full pass has of the creator. */
  async function passOf(creatorId: string): Promise<EntityChange[]> {
    const { changes } = stores();
    const found: EntityChange[] = [];
    for (let bucket = 0; bucket < changes.bucketCount; bucket++) {
      let cursor: string | null = null;
      do {
        const page = await changes.scan(bucket, cursor, 2);
        found.push(...page.changes);
        cursor = page.nextCursor;
      } while (cursor !== null);
    }
    return found.filter((change) => 'creatorId' in change && change.creatorId === creatorId);
  }

  async function end(): Promise<number> {
    for (let position = 0; ; ) {
      const page = await store().changes(position, 100);
      if (page.changes.length === 0) return position;
      position = page.position;
    }
  }

  async function listed(scope: string, limit: number): Promise<Restriction[][]> {
    const pages: Restriction[][] = [];
    let cursor: string | null = null;
    do {
      const page = await store().list({ kind: 'ban', scope }, { limit, cursor });
      pages.push([...page.items]);
      cursor = page.nextCursor;
    } while (cursor !== null && pages.length < 20);
    return pages;
  }

  test.serial('A9: a ban is found as it was stored, in its own scope only', async (t) => {
    const stored = ban('c:1', 'u_find', { reason: 'bots', until: 5_000 });
    const change = await store().put(stored, MANY, NOW);
    t.like(change, { kind: 'ban', scope: 'c:1', subject: 'u_find', until: 5_000, isLifted: false });
    t.deepEqual(await store().find(stored), stored);
    t.is(await store().find(ban('', 'u_find')), null);
    t.is(await store().find(ban('c:1', 'u_other')), null);
    const everywhere = ban('', 'u_find', { by: 'operator-2' });
    t.true((await store().put(everywhere, MANY, NOW))!.sequence > change!.sequence);
    t.deepEqual([await store().find(stored), await store().find(everywhere)], [stored, everywhere]);
  });

  test.serial('A9: another ban of the same user replaces the first one', async (t) => {
    await store().put(ban('c_again', 'ann', { reason: 'first', until: 9_000 }), MANY, NOW);
    const later = ban('c_again', 'ann', { since: 200 });
    await store().put(later, MANY, NOW);
    t.deepEqual(await listed('c_again', 10), [[later]]);
    // Its first end is no end of it any more.
    await store().put(ban('c_again', 'bob'), MANY, 9_000);
    t.deepEqual(await store().find(later), later);
  });

  test.serial('A9: a scope is listed newest first, page by page, and no other one', async (t) => {
    const bans = Array.from({ length: 23 }, (_, i) =>
      ban('c_list', `user-${i}`, { since: i >> 1 }),
    );
    for (const one of bans) await store().put(one, MANY, NOW);
    await store().put(ban('c_list2', 'user-1'), MANY, NOW);
    const expected = bans.toSorted((a, b) => b.since - a.since || (a.subject < b.subject ? 1 : -1));
    const pages = await listed('c_list', 5);
    t.deepEqual([pages.length, pages.flat()], [5, expected]);
    t.deepEqual(await listed('c_nobody', 5), [[]]);
    const page = { limit: 2, cursor: 'x' };
    await failsWith(t, 'invalid-cursor', store().list({ kind: 'ban', scope: 'c_list' }, page));
  });

  test.serial(
    'A9: bans are bounded, of a creator and in all; one that is there changes',
    async (t) => {
      const [one, two] = [ban('c_full', 'one'), ban('c_full', 'two')];
      const bounds = { ofScopeMax: 1, max: 1_000 };
      t.not(await store().put(one, bounds, NOW), null);
      t.is(await store().put(two, bounds, NOW), null);
      t.is(await store().put(ban('c_other', 'two'), { ofScopeMax: 10, max: 1 }, NOW), null);
      const approved = { ...ban('', 'c_full'), kind: 'approved' } as const;
      t.not(await store().put(approved, { ofScopeMax: 10, max: 1 }, NOW), null, 'another kind');
      t.deepEqual([await store().find(two), await listed('c_other', 5)], [null, [[]]]);
      const changed = ban('c_full', 'one', { reason: 'why' });
      t.not(await store().put(changed, bounds, NOW), null);
      await store().lift(changed);
      t.not(await store().put(two, bounds, NOW), null);
    },
  );

  test.serial('A9: bans that have ended make room, and are removed', async (t) => {
    const bounds = { ofScopeMax: 1, max: 1_000 };
    const short = ban('c_ends', 'short', { until: 2_000 });
    await store().put(short, bounds, 1_999);
    t.is(await store().put(ban('c_ends', 'next'), bounds, 1_999), null);
    t.not(await store().put(ban('c_ends', 'next'), bounds, 2_000), null);
    t.is(await store().find(short), null);
    t.is((await listed('c_ends', 5)).flat().length, 1);
  });

  test.serial('A9: what changed behind a position is read in order, lifts too', async (t) => {
    const from = await end();
    const [one, two] = [ban('c_changes', 'one', { until: 7_000 }), ban('c_changes', 'two')];
    const first = await store().put(one, MANY, NOW);
    const second = await store().put(two, MANY, NOW);
    const lift = await store().lift(one);
    t.like(lift, { scope: 'c_changes', subject: 'one', until: null, isLifted: true });
    t.is(await store().lift(one), null);
    t.is(await store().find(one), null);
    t.deepEqual(await store().changes(from, 10), {
      changes: [second, lift] as RestrictionChange[],
      position: lift!.sequence,
      newest: lift!.sequence,
      trimmed: 0,
    });
    t.deepEqual((await store().changes(from, 1)).changes, [second]);
    t.true(first!.sequence < second!.sequence);
    t.deepEqual(await store().changes(lift!.sequence, 10), {
      changes: [],
      position: lift!.sequence,
      newest: lift!.sequence,
      trimmed: 0,
    });
  });

  test.serial(
    'A9: whoever is behind lifts that are not listed any more learns of it',
    async (t) => {
      const bans = Array.from({ length: LIFTED_MAX + 1 }, (_, i) => ban('c_lifts', `user-${i}`));
      for (const one of bans) await store().put(one, MANY, NOW);
      const from = await end();
      const lifts: number[] = [];
      for (const one of bans) lifts.push((await store().lift(one))!.sequence);
      const { changes, ...page } = await store().changes(from, 10);
      t.deepEqual(page, { position: lifts.at(-1)!, newest: lifts.at(-1)!, trimmed: lifts[0]! });
      t.deepEqual(
        changes.map(({ sequence }) => sequence),
        lifts.slice(1),
      );
    },
  );

  test.serial('A9: a read from the beginning has every page, lifts evicted or not', async (t) => {
    const bans = Array.from({ length: LIFTED_MAX + 4 }, (_, i) => ban('c_pages', `user-${i}`));
    const kept: number[] = [];
    for (const one of bans.slice(0, 3)) kept.push((await store().put(one, MANY, NOW))!.sequence);
    for (const one of bans.slice(3)) await store().put(one, MANY, NOW);
    for (const one of bans.slice(3)) kept.push((await store().lift(one))!.sequence);
    const { newest, trimmed } = await store().changes(0, 1);
    const sequences: number[] = [];
    for (let position = 0; ; ) {
      const page = await store().changes(position, 1);
      t.deepEqual([page.newest, page.trimmed], [newest, trimmed]);
      if (page.changes.length === 0) break;
      sequences.push(page.changes[0]!.sequence);
      position = page.position;
    }
    t.true(kept[2]! < trimmed && newest === kept.at(-1));
    t.deepEqual(
      sequences.filter((sequence) => sequence >= kept[0]!),
      kept.toSpliced(3, 1),
    );
  });

  test.serial(
    'C1, A11: take-downs and standings are in the change stream, bans are not',
    async (t) => {
      const creatorId = 'c_stream';
      const hidden = {
        ...ban('product', 'p_stream', { since: 300 }),
        kind: 'take-down',
        creatorId,
      } as const;
      const suspended = { ...ban('', creatorId, { since: 400 }), kind: 'suspended' } as const;
      await store().put(hidden, MANY, NOW);
      await store().put(suspended, MANY, NOW);
      await store().put(ban(creatorId, 'ann'), MANY, NOW);
      const takeDown = { kind: 'take-down', of: 'product', id: 'p_stream', creatorId } as const;
      const standing = { kind: 'seller', creatorId, standing: 'suspended' } as const;
      t.deepEqual((await passOf(creatorId)).toSorted(byKind), [
        { ...standing, since: 400 },
        { ...takeDown, since: 300 },
      ]);
      await store().lift(hidden);
      t.is(await store().lift(hidden), null);
      t.deepEqual(await passOf(creatorId), [{ ...standing, since: 400 }]);
      t.deepEqual((await recordsOf(creatorId)).toSorted(byKind), [
        { ...standing, since: 400 },
        { ...takeDown, since: 300 },
        { ...takeDown, since: null },
      ]);
    },
  );
}

/** Of one kind in the order of the records. */
function byKind(a: EntityChange, b: EntityChange): number {
  return a.kind < b.kind ? -1 : Number(a.kind > b.kind);
}
