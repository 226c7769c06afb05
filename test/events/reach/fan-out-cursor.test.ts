// The position of a fan-out, against a model: whatever services do, nobody is missed, and nobody is
// told twice while there is room for failures.

import test from 'ava';
import fc from 'fast-check';
import {
  afterOwnPage,
  afterPage,
  afterRetries,
  type Failure,
  type FanOutCursor,
  nextWork,
  parseCursor,
  type SendResult,
} from '../../../events/reach/fan-out-cursor.ts';
import { RETRIES_MAX, serviceFilter } from '../../../events/reach/service-places.ts';

const GOOGLE = 'https://fcm.googleapis.com';
const MOZILLA = 'https://updates.push.services.mozilla.com';
const UNKNOWN = 'https://push.example';
const SERVICES = [GOOGLE, MOZILLA, UNKNOWN];

interface Run {
  readonly pages: number;
  /** Of one page for each service. */
  readonly size: number;
  /** Between two pages of the main pass. */
  readonly spreadMs: number;
  readonly services: readonly string[];
  /** How many of these a service takes. */
  readonly takes: (service: string, count: number) => number;
}

/** Runs a fan-out to its end. */
function fanOut({ pages, size, spreadMs, services, takes }: Run) {
  const told = new Map<string, number>();
  let now = 1_000;
  let isFull = false;
  let givenUp = 0;
  const ends = new Map<string, number>();
  const moment = () => ({ now, random: () => 0 });
  const serviceOf = (key: string) => key.split('|', 1)[0]!;
  const send = (keys: readonly string[]): SendResult => {
    const failures: Failure[] = [];
    const took = new Set<string>();
    const stalled = new Map<string, number>();
    for (const [service, of] of Map.groupBy(keys, serviceOf)) {
      const count = takes(service, of.length);
      for (const key of of.slice(0, count)) told.set(key, (told.get(key) ?? 0) + 1);
      if (count > 0) took.add(service);
      for (const key of of.slice(count))
        failures.push({ userId: key, key, service, isSent: true, retryAfterMs: 100 });
      if (of.length - count > 2) stalled.set(service, 100);
    }
    return { failures, took, stalled, isStopped: false };
  };
  let cursor: FanOutCursor = parseCursor(null);
  for (let steps = 0; ; steps++) {
    if (steps > 20_000) throw new Error('no end');
    cursor = JSON.parse(JSON.stringify(cursor)) as FanOutCursor;
    if (cursor.retries.length > RETRIES_MAX) throw new Error('too many retries');
    const work = nextWork(cursor, now, 1_000 + spreadMs * cursor.pages);
    if (work.type === 'done') break;
    if (work.type === 'wait') {
      if (work.untilMs <= now) throw new Error('a wait for nothing');
      now = work.untilMs;
      continue;
    }
    let change;
    if (work.type === 'retries') {
      const sent = send(work.retries.map(({ key }) => key));
      change = afterRetries(cursor, work.retries, sent, moment());
    } else {
      const page = Number(work.at ?? 0);
      const isFor = serviceFilter(cursor.behind, work.behind);
      const keys = services
        .filter(isFor)
        .flatMap((service) => Array.from({ length: size }, (_, i) => `${service}|${page}|${i}`));
      const result = { ...send(keys), next: page + 1 < pages ? String(page + 1) : null };
      if (cursor.retries.length + result.failures.length > RETRIES_MAX / 2) isFull = true;
      change =
        work.behind === null
          ? afterPage(cursor, result, moment())
          : afterOwnPage(cursor, work.behind, result, moment());
    }
    givenUp += change.givenUp;
    ({ cursor } = change);
    for (const service of services)
      if (keysTold(told, service) === pages * size && !ends.has(service)) ends.set(service, now);
  }
  return { told, isFull, givenUp, ends };
}

function keysTold(told: ReadonlyMap<string, number>, service: string): number {
  let count = 0;
  for (const key of told.keys()) if (key.startsWith(`${service}|`)) count += 1;
  return count;
}

const model = fc.record({
  pages: fc.integer({ min: 1, max: 6 }),
  size: fc.constantFrom(1, 3, 400),
  spreadMs: fc.constantFrom(0, 5_000, 60_000),
  /** For each attempt of a service: the share that it takes. */
  taken: fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }), {
    minLength: SERVICES.length,
    maxLength: SERVICES.length,
  }),
});

test('R1: whatever services do, all are told, and none twice where failures have room', (t) => {
  fc.assert(
    fc.property(model, ({ taken, ...run }) => {
      const attempts = SERVICES.map(() => 0);
      const { told, isFull, givenUp } = fanOut({
        ...run,
        services: SERVICES,
        takes(service, count) {
          const index = SERVICES.indexOf(service);
          const share = taken[index]![attempts[index]!] ?? 1;
          attempts[index]! += 1;
          return Math.floor(count * share);
        },
      });
      if (givenUp > 0) throw new Error('given up');
      const all = run.pages * run.size * SERVICES.length;
      if (told.size !== all) throw new Error(`${told.size} of ${all} were told`);
      if (!isFull && [...told.values()].some((count) => count > 1)) throw new Error('told twice');
    }),
    { numRuns: 100 },
  );
  t.pass();
});

test('R1: a hundred unknown services that take nothing cost a known one nothing', (t) => {
  const hostile = Array.from({ length: 100 }, (_, i) => `https://${i}.hostile.example`);
  let failing = 2;
  const { told, ends } = fanOut({
    pages: 20,
    size: 12,
    spreadMs: 0,
    services: [...hostile, MOZILLA, GOOGLE],
    takes: (service, count) => {
      if (service === MOZILLA) return count;
      return service === GOOGLE && failing-- <= 0 ? count : 0;
    },
  });
  t.is(keysTold(told, GOOGLE), 240);
  t.is(keysTold(told, MOZILLA), 240);
  t.true([...told.values()].every((count) => count === 1));
  t.is(ends.get(MOZILLA), 1_000, 'it never waits');
  t.true(ends.get(GOOGLE)! <= 10_000, `${ends.get(GOOGLE)} ms`);
});

test('R1: a service that is behind has its turn while the main pass waits, and stays behind it', (t) => {
  const waiting: FanOutCursor = {
    at: '2',
    pages: 2,
    isOver: false,
    behind: [
      { service: GOOGLE, at: '1', page: 1, attempts: 1, dueAt: 5_000 },
      { service: MOZILLA, at: '2', page: 2, attempts: 1, dueAt: 4_000 },
    ],
    retries: [],
  };
  t.deepEqual(nextWork(waiting, 4_500, 60_000), { type: 'wait', untilMs: 5_000 });
  t.like(nextWork(waiting, 5_000, 60_000), { type: 'page', at: '1' });
  t.like(nextWork(waiting, 59_000, 60_000), { type: 'page', at: '2', behind: null });
  const retry = { userId: 'u', key: 'k', attempts: 1, rounds: 1, dueAt: 3_000 };
  t.like(nextWork({ ...waiting, retries: [retry] }, 5_000, 60_000), { type: 'retries' });
});

test('R1: what was held back or stopped has not been tried', (t) => {
  const retry = { userId: 'u', key: 'k', attempts: 12, rounds: 12, dueAt: 0 };
  const cursor: FanOutCursor = { ...parseCursor(null), isOver: true, retries: [retry] };
  const moment = { now: 0, random: () => 0 };
  const after = (isSent: boolean, isStopped: boolean) => {
    const of = { userId: 'u', key: 'k', service: GOOGLE, isSent, retryAfterMs: 0 };
    const sent = { failures: [of], took: new Set<string>(), stalled: new Map(), isStopped };
    return afterRetries(cursor, [retry], sent, moment);
  };
  t.like(after(true, false), { givenUp: 1, cursor: { retries: [] } });
  t.like(after(false, false), { givenUp: 0, cursor: { retries: [{ attempts: 12, rounds: 13 }] } });
  t.deepEqual(after(true, true).cursor, cursor);
});

test('R1: a process that ends leaves a page whose rest has no room, and no service behind', (t) => {
  const cursor: FanOutCursor = { ...parseCursor(null), at: '3', pages: 3 };
  const moment = { now: 0, random: () => 0 };
  const unsent = (count: number) => ({
    failures: Array.from({ length: count }, (_, i) => ({
      userId: `u_${i}`,
      key: 'k',
      service: GOOGLE,
      isSent: false,
      retryAfterMs: 0,
    })),
    took: new Set([GOOGLE]),
    stalled: new Map<string, number>(),
    isStopped: true,
    next: '4',
  });
  t.deepEqual(afterPage(cursor, unsent(RETRIES_MAX + 1), moment).cursor, cursor);
  const change = afterPage(cursor, unsent(RETRIES_MAX), moment);
  t.like(change.cursor, { at: '4', behind: [] });
  t.true(change.cursor.retries.every(({ attempts }) => attempts === 0));
});
