// What the studio says of a drop before it is announced, and the times that it shows.

import test from 'ava';
import { type Announcement, findingsOf } from '../../web/studio/schedule/checks.ts';
import { zonedText, zoneNames } from '../../web/studio/schedule/zones.ts';
import { fullSteps, rangeQuery, stepMsOf } from '../../web/studio/analytics/range.ts';

const NOW = Date.parse('2026-12-01T12:00:00Z');
const HOUR = 3_600_000;
const RIGHT: Announcement = {
  startsAt: NOW + HOUR,
  endsAt: NOW + 2 * HOUR,
  isNow: false,
  units: 100,
  limit: 1,
  price: '129',
  amount: 12_900,
  currency: 'EUR',
  hasPicture: true,
  hasText: true,
};

function found(changes: Partial<Announcement>): readonly string[] {
  return findingsOf({ ...RIGHT, ...changes }, NOW).map(({ key }) => key);
}

test('U2: a drop that is right has nothing said of it, and each fault is named', (t) => {
  t.deepEqual(found({}), []);
  t.deepEqual(found({ isNow: true, startsAt: NOW - HOUR }), [], 'at once has no start to be past');
  t.deepEqual(found({ isNow: true, endsAt: NOW }), ['fault.endsFirst']);
  const faults: readonly (readonly [Partial<Announcement>, string])[] = [
    [{ startsAt: NaN }, 'fault.noTime'],
    [{ startsAt: NOW }, 'fault.startsPast'],
    [{ endsAt: NOW + HOUR }, 'fault.endsFirst'],
    [{ endsAt: NOW + 400 * 24 * HOUR }, 'fault.tooFar'],
    [{ units: 0 }, 'fault.units'],
    [{ limit: 1_001 }, 'fault.limit'],
    [{ currency: 'XXX', amount: null }, 'fault.currency'],
    [{ price: '', amount: null }, 'fault.noPrice'],
    [{ price: '12.345', amount: null }, 'fault.price'],
    [{ price: '9999999999', amount: 999_999_999_900 }, 'fault.priceMost'],
  ];
  for (const [changes, key] of faults) {
    const all = findingsOf({ ...RIGHT, ...changes }, NOW);
    t.like(
      all.find((one) => one.key === key),
      { isFault: true },
      key,
    );
  }
});

test('U2: what may be meant so is a hint, and stands in the way of nothing', (t) => {
  const hints: readonly (readonly [Partial<Announcement>, string])[] = [
    [{ hasPicture: false }, 'hint.noPicture'],
    [{ hasText: false }, 'hint.noText'],
    [{ price: '0', amount: 0 }, 'hint.free'],
    [{ startsAt: NOW + 60_000 }, 'hint.soon'],
    [{ endsAt: NOW + 10 * 24 * HOUR }, 'hint.long'],
    [{ units: 5, limit: 5 }, 'hint.oneTakesAll'],
  ];
  for (const [changes, key] of hints)
    t.deepEqual(findingsOf({ ...RIGHT, ...changes }, NOW), [
      { key, isFault: false } as ReturnType<typeof findingsOf>[number],
    ]);
});

test('U2: a moment is shown in the zone that was chosen, on its day there', (t) => {
  t.true(zoneNames().includes('UTC'));
  t.regex(zonedText(NOW, 'UTC', 'en'), /Tue, Dec 1.*12:00\sPM UTC/u);
  t.regex(zonedText(NOW, 'Asia/Tokyo', 'en'), /9:00\sPM/u);
  t.regex(zonedText(Date.parse('2026-12-01T22:00:00Z'), 'Europe/Berlin', 'de'), /Di.*1\..*23:00/u);
  t.regex(zonedText(Date.parse('2026-12-01T23:30:00Z'), 'Europe/Berlin', 'de'), /Mi.*2\..*00:30/u);
});

test('U2, L2: a stretch of time has steps that one answer holds, the newest of it', (t) => {
  for (const name of ['hour', 'day', 'week', 'month'] as const) {
    const { step, from, to } = rangeQuery(name, NOW);
    const steps = (Date.parse(to!) - Date.parse(from!)) / stepMsOf(step);
    t.true(steps <= 1_498, name);
    t.is(step, name === 'week' || name === 'month' ? 'hour' : 'minute');
  }
  t.deepEqual(rangeQuery('opening', NOW), { step: 'second' });
  const drop = (days: number, hours: number) => {
    const start = NOW - days * 24 * HOUR;
    const end = new Date(start + hours * HOUR).toISOString();
    return { startsAt: new Date(start).toISOString(), endsAt: end };
  };
  t.like(rangeQuery('whole', NOW, drop(1, 3)), { step: 'minute' });
  t.is(rangeQuery('whole', NOW, drop(60, 3)).step, 'hour', 'minutes are gone by then');
  t.is(rangeQuery('whole', NOW, drop(20, 300)).step, 'hour');
});

test('U2, L2: charts have the steps in which nothing happened, too', (t) => {
  const point = { at: '2026-12-01T12:01:00.000Z' } as Parameters<
    typeof fullSteps
  >[0]['points'][number];
  const { times, points } = fullSteps({
    step: 'minute',
    from: '2026-12-01T12:00:00.000Z',
    to: '2026-12-01T12:03:00.000Z',
    points: [point],
  });
  t.deepEqual(times, [NOW, NOW + 60_000, NOW + 120_000]);
  t.deepEqual(points, [null, point, null]);
});
