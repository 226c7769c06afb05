// Who is banned, as a node knows it: told over the bus, read from the store, changed and lifted.

import test, { type ExecutionContext } from 'ava';
import { RESTRICTIONS_TOPIC } from '../../actors/live-bus.ts';
import type { Restriction, RestrictionChange } from '../../contracts/restrictions.ts';
import { RestrictionSet } from '../../events/restriction-set.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { LossyBus, ManualClock } from '../gateway/live/live-harness.ts';

const BOUNDS = { ofScopeMax: 10_000, max: 10_000 };
/** Of a page, as nodes read them. */
const PAGE_LENGTH = 2_000;
const READS_MAX = 20;

function setUp(t: ExecutionContext, { liftedRestrictionsMax = 100, spentMax = 100 } = {}) {
  const { restrictions } = memoryStores({ liftedRestrictionsMax });
  /** Positions of the pages that were read, and what happens before a page is read. */
  const reads: number[] = [];
  const between: { beforePage?: (after: number) => Promise<void> } = {};
  const changes = async (after: number, limit: number) => {
    if (reads.push(after) > READS_MAX) throw new Error('the reads never end');
    await between.beforePage?.(after);
    return await restrictions.changes(after, limit);
  };
  const clock = new ManualClock();
  const bus = new LossyBus();
  const log = { warn: () => undefined };
  const set = new RestrictionSet({ bus, restrictions: { changes }, clock, log, spentMax });
  t.teardown(() => set.stop());
  const tell = (change: RestrictionChange | null) => {
    if (change === null) throw new Error('nothing changed');
    bus.publish(RESTRICTIONS_TOPIC, { type: 'restriction', change });
    return change;
  };
  const key = (subject: string, scope = '') => ({ kind: 'ban', scope, subject }) as const;
  const ban = async (subject: string, scope = '', change: Partial<Restriction> = {}) => {
    const made = { reason: null, since: clock.now(), until: null, by: 'o', ...change };
    return tell(await restrictions.put({ ...key(subject, scope), ...made }, BOUNDS, clock.now()));
  };
  const lift = async (subject: string, scope = '') =>
    tell(await restrictions.lift(key(subject, scope)));
  return { set, bus, clock, ban, lift, tell, reads, between };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('A9: bans from before the start and from the bus count, until they are lifted', async (t) => {
  const { set, ban, lift } = setUp(t);
  t.true(set.isEmpty);
  await ban('u_before');
  t.is(set.banOf('u_before', 'c'), 'not-banned');
  await set.start();
  t.is(set.banOf('u_before', 'c'), 'banned');
  await ban('u_after');
  t.false(set.isEmpty);
  t.deepEqual(
    ['u_before', 'u_after', 'u_other'].map((id) => set.banOf(id, null)),
    ['banned', 'banned', 'not-banned'],
  );
  await lift('u_after');
  t.is(set.banOf('u_after', 'c'), 'not-banned');
});

test('A9: a creator’s ban counts for that creator’s drops only', async (t) => {
  const { set, ban, lift } = setUp(t);
  await set.start();
  await ban('u', 'c_1');
  await ban('u', 'c_2');
  t.deepEqual(
    ['c_1', 'c_2', 'c_3', null].map((creator) => set.banOf('u', creator)),
    ['banned', 'banned', 'not-banned', 'creator-needed'],
  );
  await lift('u', 'c_1');
  t.deepEqual([set.banOf('u', 'c_1'), set.banOf('u', 'c_2')], ['not-banned', 'banned']);
  await ban('u');
  t.deepEqual([set.banOf('u', 'c_1'), set.banOf('u', null)], ['banned', 'banned']);
});

test('A9: a ban ends at its time, by itself', async (t) => {
  const { set, clock, ban } = setUp(t);
  await set.start();
  await ban('u', '', { until: clock.now() + 1_000 });
  clock.advance(999);
  t.is(set.banOf('u', 'c'), 'banned');
  clock.advance(1);
  t.is(set.banOf('u', 'c'), 'not-banned');
});

test('A9: what the bus lost is read after the gap, lifts too', async (t) => {
  const { set, bus, ban, lift } = setUp(t);
  await ban('u_old');
  await set.start();
  bus.losing = true;
  await ban('u_lost');
  await lift('u_old');
  t.deepEqual([set.banOf('u_lost', 'c'), set.banOf('u_old', 'c')], ['not-banned', 'banned']);
  bus.reportGap();
  await turns();
  t.deepEqual([set.banOf('u_lost', 'c'), set.banOf('u_old', 'c')], ['banned', 'not-banned']);
});

test('A9: where lifts are listed no more, all bans are read anew', async (t) => {
  const { set, bus, ban, lift } = setUp(t, { liftedRestrictionsMax: 1 });
  for (const id of ['u_1', 'u_2', 'u_3', 'u_stays']) await ban(id);
  await set.start();
  bus.losing = true;
  for (const id of ['u_1', 'u_2', 'u_3']) await lift(id);
  bus.reportGap();
  await turns();
  t.deepEqual(
    ['u_1', 'u_2', 'u_3', 'u_stays'].map((id) => set.banOf(id, 'c')),
    ['not-banned', 'not-banned', 'not-banned', 'banned'],
  );
});

/** A page of bans and one more, with lifts that are listed no more behind them. */
async function twoPages(t: ExecutionContext) {
  const parts = setUp(t, { liftedRestrictionsMax: 1 });
  for (let i = 0; i <= PAGE_LENGTH + 3; i++) await parts.ban(`u_${i}`);
  for (const i of [0, 1, 2]) await parts.lift(`u_${i}`);
  return parts;
}

test('A9: a node reads all pages, though lifts are listed no more', async (t) => {
  const { set, reads } = await twoPages(t);
  await set.start();
  t.deepEqual([reads.length, set.size], [2, PAGE_LENGTH + 2]);
  t.deepEqual(
    ['u_2', 'u_3', `u_${PAGE_LENGTH + 3}`].map((id) => set.banOf(id, 'c')),
    ['not-banned', 'banned', 'banned'],
  );
});

test('A9: a lift from before a read that is evicted meanwhile does not begin it anew', async (t) => {
  const { set, reads, between, bus, lift } = await twoPages(t);
  bus.losing = true;
  between.beforePage = async (after) => {
    if (after > 0) await lift('u_3');
  };
  await set.start();
  t.is(reads.length, 2);
  t.is(set.banOf('u_3', 'c'), 'not-banned');
});

test('A9: a lift from within a read that is listed no more begins it anew', async (t) => {
  const { set, reads, between, bus, lift } = await twoPages(t);
  bus.losing = true;
  between.beforePage = async (after) => {
    if (after === 0) return;
    delete between.beforePage;
    await lift('u_3');
    await lift('u_4');
  };
  await set.start();
  t.deepEqual(
    reads.map((after) => after > 0),
    [false, true, false, true],
  );
  t.deepEqual(
    ['u_3', 'u_4', 'u_5'].map((id) => set.banOf(id, 'c')),
    ['not-banned', 'not-banned', 'banned'],
  );
});

test('A9: a node that began without any ban misses no lift either', async (t) => {
  const { set, bus, ban, lift } = setUp(t, { liftedRestrictionsMax: 1 });
  await set.start();
  for (const id of ['u_1', 'u_2', 'u_stays']) await ban(id);
  bus.losing = true;
  for (const id of ['u_1', 'u_2']) await lift(id);
  bus.reportGap();
  await turns();
  t.deepEqual(
    ['u_1', 'u_2', 'u_stays'].map((id) => set.banOf(id, 'c')),
    ['not-banned', 'not-banned', 'banned'],
  );
});

test('A9: of two changes the later one counts, in whatever order they come', async (t) => {
  const { set, bus, ban, lift, tell } = setUp(t);
  await set.start();
  bus.losing = true;
  const banned = await ban('u');
  const lifted = await lift('u');
  bus.losing = false;
  tell(lifted);
  tell(banned);
  t.is(set.banOf('u', 'c'), 'not-banned');
});

test('A9: lifted bans do not fill the memory', async (t) => {
  const { set, tell } = setUp(t, { spentMax: 1_000 });
  await set.start();
  const key = { kind: 'ban', scope: '', until: null } as const;
  tell({ ...key, subject: 'u_stays', isLifted: false, sequence: 1 });
  for (let i = 0; i < 3_000; i++) {
    const sequence = 2 + i;
    tell({ ...key, subject: `u_${i}`, isLifted: true, sequence });
  }
  t.is(set.banOf('u_stays', 'c'), 'banned');
  t.true(set.size <= 2_001, `${set.size} subjects`);
});

test('A9: bans that ended by themselves do not fill the memory', async (t) => {
  const { set, clock, tell } = setUp(t, { spentMax: 1_000 });
  await set.start();
  const key = { kind: 'ban', scope: '', isLifted: false } as const;
  tell({ ...key, subject: 'u_stays', until: null, sequence: 1 });
  for (let i = 0; i < 3_000; i++) {
    tell({ ...key, subject: `u_${i}`, until: clock.now() + 1, sequence: 2 + i });
    clock.advance(1);
  }
  t.is(set.banOf('u_stays', 'c'), 'banned');
  t.true(set.size <= 2_001, `${set.size} subjects`);
});

test('A9: a ban that has not ended is in memory, however many have an end', async (t) => {
  const { set, clock, tell } = setUp(t, { spentMax: 1_000 });
  await set.start();
  const until = clock.now() + 1_000;
  for (let i = 0; i < 3_000; i++) {
    const subject = `u_${i}`;
    tell({ kind: 'ban', scope: '', isLifted: false, subject, until, sequence: 1 + i });
  }
  t.deepEqual([set.size, set.banOf('u_0', 'c')], [3_000, 'banned']);
});

test('A11: a drop is hidden with itself, its product or its creator, and shown when all are', async (t) => {
  const { set, tell } = setUp(t);
  await set.start();
  let heard = 0;
  const unsubscribe = set.onTakeDown(() => (heard += 1));
  const drop = { id: 'd', productId: 'p', creatorId: 'c' };
  let sequence = 0;
  const change = (scope: string, subject: string, isLifted: boolean) => {
    sequence += 1;
    tell({ kind: 'take-down', scope, subject, until: null, isLifted, sequence });
  };
  t.false(set.isHidden(drop));
  for (const [scope, subject] of Object.entries({ drop: 'd', product: 'p', creator: 'c' })) {
    change(scope, subject, false);
    t.true(set.isHidden(drop), scope);
    t.is(set.isHidden({ productId: 'p', creatorId: 'c' }), scope !== 'drop', scope);
    t.is(set.isHidden({ creatorId: 'c' }), scope === 'creator', scope);
    change(scope, subject, true);
    t.false(set.isHidden(drop), scope);
  }
  t.is(heard, 6);
  unsubscribe();
  // A product of the same id is another thing.
  change('product', 'd', false);
  t.deepEqual([set.isHidden(drop), heard], [false, 6]);
});
