// What a gateway counts of drops, and how it is stored.

import test from 'ava';
import pino from 'pino';
import { GatewayAnalytics } from '../../gateway/analytics/gateway-analytics.ts';
import { MemoryAnalytics } from '../../storage/memory/analytics-memory.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import {
  type AccountedDrop,
  ALL,
  type AnalyticsStore,
  type CountedFlush,
  STEP_MS,
  subjectOfCreator,
  subjectOfDrop,
} from '../../storage/ports/analytics.ts';
import { flush as turn, ManualClock } from '../actors/manual-clock.ts';

const log = pino({ level: 'silent' });
const DROP: AccountedDrop = {
  id: 'd_1',
  creatorId: 'ann',
  productId: 'p_1',
  currency: 'EUR',
  unitAmount: 1,
  isInstant: true,
  stocked: 1,
  held: 0,
  sold: 0,
  orders: 0,
  version: 2,
  openedAt: null,
  soldOutAt: null,
};

async function open(change: Partial<AccountedDrop> = {}, dropsMax = 100) {
  const clock = new ManualClock(1_800_000_000_000);
  const store = new MemoryAnalytics();
  const drops = [{ ...DROP, openedAt: clock.now() - 1_000, ...change }];
  await store.exact(1).commit({ positions: [], drops, segments: [], amounts: [] });
  const started = (of: Pick<AnalyticsStore, 'generation' | 'exact' | 'count'> = store) => {
    const analytics = new GatewayAnalytics({ store: of, clock, log, dropsMax });
    analytics.start();
    return analytics;
  };
  const of = async (subject: string, step: 'second' | 'minute' | 'hour' | 'all' = 'all') => {
    const from = step === 'all' ? 0 : clock.now() - STEP_MS.hour;
    const sums = await store.sums(subject, step, from, clock.now() + STEP_MS.hour);
    return sums.at(-1)?.values ?? {};
  };
  const second = async () => {
    await clock.advance(1_000);
    await turn();
  };
  return { clock, store, started, of, second };
}

test('L2: views, tries, refusals and latency are stored each second, by drop and creator', async (t) => {
  const { started, of, second } = await open();
  const counts = started().countsOf('d_1');
  counts.viewed();
  counts.viewed();
  counts.answered('', 20);
  counts.answered('sold-out', 21);
  counts.answered('sold-out', 200);
  counts.answered('limit-exceeded', 501);
  t.deepEqual(await of(ALL), {});
  await second();
  const expected = {
    views: 2,
    tries: 4,
    'refused/sold-out': 2,
    'refused/limit-exceeded': 1,
    'latency/20': 1,
    'latency/200': 2,
    'latency/more': 1,
  };
  for (const subject of [ALL, subjectOfDrop('d_1'), subjectOfCreator('ann')])
    for (const step of ['minute', 'hour', 'all'] as const)
      t.deepEqual(await of(subject, step), expected);
  t.deepEqual(await of(subjectOfDrop('d_1'), 'second'), expected);
  t.deepEqual(await of(ALL, 'second'), {});
  counts.viewed();
  await second();
  t.like(await of(ALL), { views: 3, tries: 4 });
});

test('L2: a drop has sums of seconds from its opening on, for two minutes', async (t) => {
  for (const openedAt of [null, 0]) {
    const { started, of, second } = await open({ openedAt });
    started().countsOf('d_1').viewed();
    await second();
    t.deepEqual(await of(subjectOfDrop('d_1')), { views: 1 });
    t.deepEqual(await of(subjectOfDrop('d_1'), 'second'), {});
  }
});

test('L2: who watches is known, and the most of a minute at a gateway', async (t) => {
  const { started, of, second, store, clock } = await open();
  const analytics = started();
  const counts = analytics.countsOf('d_1');
  for (let i = 0; i < 3; i++) counts.joined();
  counts.left();
  await second();
  t.is(await store.watching('d_1', clock.now()), 2);
  t.like(await of(subjectOfDrop('d_1'), 'minute'), { streams: 3, watchersMax: 3 });
  for (let i = 0; i < 2; i++) counts.joined();
  await second();
  t.is(await store.watching('d_1', clock.now()), 4);
  t.like(await of(subjectOfDrop('d_1'), 'minute'), { streams: 5, watchersMax: 4 });
  for (let i = 0; i < 60; i++) await second();
  t.deepEqual(await of(subjectOfDrop('d_1'), 'minute'), { watchersMax: 4 }, 'they watch still');
  for (let i = 0; i < 4; i++) counts.left();
  await second();
  t.is(await store.watching('d_1', clock.now()), 0);
  const other = started().countsOf('d_1');
  other.joined();
  counts.joined();
  await second();
  t.is(await store.watching('d_1', clock.now()), 2, 'of two gateways');
  await analytics.stop();
});

test('L2: what could not be stored is stored once, later', async (t) => {
  const { started, of, second, store } = await open();
  let failures = 0;
  const failing = {
    generation: () => store.generation(),
    exact: (generation: number) => store.exact(generation),
    async count(flush: Parameters<AnalyticsStore['count']>[0]) {
      // The second one is stored, and its answer is lost.
      if (failures++ !== 0) await store.count(flush);
      if (failures <= 2) throw new StoreUnavailableError('away');
      return true;
    },
  };
  const analytics = started(failing);
  const counts = analytics.countsOf('d_1');
  counts.viewed();
  await second();
  t.deepEqual(await of(ALL), {});
  counts.viewed();
  await second();
  await second();
  await second();
  t.deepEqual(await of(ALL), { views: 2 });
  counts.viewed();
  await analytics.stop();
  t.deepEqual(await of(ALL), { views: 3 }, 'a gateway that stops stores what it has');
});

test('L2: drops beyond the bound are counted together', async (t) => {
  const { started, of, second } = await open({}, 2);
  const analytics = started();
  for (let i = 1; i <= 5; i++) analytics.countsOf(`d_${i}`).viewed();
  await second();
  t.deepEqual(await of(ALL), { views: 5 });
  t.deepEqual(await of(subjectOfDrop('d_2')), { views: 1 });
  t.deepEqual(await of(subjectOfDrop('d_3')), {});
  t.deepEqual(await of(subjectOfDrop('')), {});
});

test('L2: who leaves and comes back within the hour counts once in its most', async (t) => {
  const { started, of, second, clock } = await open();
  const analytics = started();
  const most = async (step: 'minute' | 'hour') =>
    (await of(subjectOfDrop('d_1'), step))['watchersMax'];
  for (let times = 0; times < 3; times++) {
    const counts = analytics.countsOf('d_1');
    counts.joined();
    await second();
    counts.left();
    for (let i = 0; i < 3; i++) await second();
  }
  t.deepEqual([await most('minute'), await most('hour')], [1, 1]);
  const [two, hour] = [analytics.countsOf('d_1'), STEP_MS.hour];
  two.joined();
  two.joined();
  await second();
  t.deepEqual([await most('minute'), await most('hour')], [2, 2]);
  two.left();
  two.left();
  await second();
  await clock.advance(hour - (clock.now() % hour) + 1_000);
  await turn();
  analytics.countsOf('d_1').joined();
  await second();
  t.is(await most('hour'), 1, 'each hour has its own');
  await analytics.stop();
});

test('L2: a drop that is first touched while a flush looks drops up is credited', async (t) => {
  const { started, of, second, store } = await open();
  let asked = 0;
  const slow: Pick<AnalyticsStore, 'generation' | 'exact' | 'count'> = {
    generation() {
      if (asked++ === 0) analytics.countsOf('d_1').viewed();
      return store.generation();
    },
    exact: (generation) => store.exact(generation),
    count: (flush) => store.count(flush),
  };
  const analytics = started(slow);
  analytics.countsOf('d_2').viewed();
  await second();
  await second();
  t.deepEqual(await of(ALL), { views: 2 });
  t.deepEqual(await of(subjectOfDrop('d_1')), { views: 1 });
  t.deepEqual(await of(subjectOfCreator('ann')), { views: 1 });
  await analytics.stop();
});

test('L2: what many drops count is stored in portions, and each counts once', async (t) => {
  const { started, of, store } = await open({}, 1_000);
  const flushes: CountedFlush[] = [];
  let failures = 0;
  const failing: Pick<AnalyticsStore, 'generation' | 'exact' | 'count'> = {
    generation: () => store.generation(),
    exact: (generation) => store.exact(generation),
    async count(flush) {
      flushes.push(flush);
      const isStored = await store.count(flush);
      // The second portion is stored, and its answer is lost.
      if (flush.flush === 2 && failures++ === 0) throw new StoreUnavailableError('away');
      return isStored;
    },
  };
  const analytics = started(failing);
  for (let i = 1; i <= 1_000; i++) analytics.countsOf(`d_${i}`).viewed();
  analytics.countsOf('d_1').joined();
  await analytics.flush();
  await analytics.stop();
  t.deepEqual(
    flushes.map(({ flush, watching }) => [flush, watching?.length ?? null]),
    [
      [1, null],
      [2, null],
      [2, null],
      [3, 1],
      [4, 1],
    ],
  );
  t.true(flushes.every(({ amounts }) => amounts.length <= 1_500));
  t.like(await of(ALL), { views: 1_000, streams: 1 });
  t.like(await of(subjectOfDrop('d_1000')), { views: 1 });
});

test('L2: a gateway that stops stores what waits, and what was counted since', async (t) => {
  const { started, of, second, store } = await open();
  let failures = 0;
  const failing: Pick<AnalyticsStore, 'generation' | 'exact' | 'count'> = {
    generation: () => store.generation(),
    exact: (generation) => store.exact(generation),
    count: async (flush) => {
      if (failures++ === 0) throw new StoreUnavailableError('away');
      return await store.count(flush);
    },
  };
  const analytics = started(failing);
  const counts = analytics.countsOf('d_1');
  counts.viewed();
  await second();
  counts.viewed();
  await analytics.stop();
  t.deepEqual(await of(ALL), { views: 2 });
});
