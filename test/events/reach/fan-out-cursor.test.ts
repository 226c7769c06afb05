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
  RETRIES_MAX,
} from '../../../events/reach/fan-out-cursor.ts';

const SERVICES = ['a', 'b', 'c'];

const model = fc.record({
  pages: fc.integer({ min: 1, max: 6 }),
  /** Of one page for each service. */
  size: fc.constantFrom(1, 3, 400),
  /** For each attempt of a service: how many of its targets it takes. */
  taken: fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }), {
    minLength: SERVICES.length,
    maxLength: SERVICES.length,
  }),
});

test('R1: whatever services do, all are told, and none twice where failures have room', (t) => {
  fc.assert(
    fc.property(model, ({ pages, size, taken }) => {
      const told = new Map<string, number>();
      const attempts = SERVICES.map(() => 0);
      let now = 1_000;
      let isFull = false;
      const moment = () => ({ now, random: () => 0 });
      /** What a service takes of these, and what it does not. */
      const send = (service: string, keys: readonly string[]) => {
        const index = SERVICES.indexOf(service);
        const share = taken[index]![attempts[index]!] ?? 1;
        attempts[index]! += 1;
        const count = Math.floor(keys.length * share);
        for (const key of keys.slice(0, count)) told.set(key, (told.get(key) ?? 0) + 1);
        const failures: Failure[] = keys
          .slice(count)
          .map((key) => ({ userId: key, key, service, retryAfterMs: 100 }));
        return { failures, took: count > 0 };
      };
      const keysOf = (page: number, service: string) =>
        Array.from({ length: size }, (_, i) => `${service}-${page}-${i}`);
      let cursor: FanOutCursor = parseCursor(null);
      for (let steps = 0; steps < 1_000; steps++) {
        cursor = JSON.parse(JSON.stringify(cursor)) as FanOutCursor;
        if (cursor.retries.length > RETRIES_MAX) throw new Error('too many retries');
        const work = nextWork(cursor, now);
        if (work.type === 'done') break;
        if (work.type === 'wait') {
          now = work.untilMs;
          continue;
        }
        let change;
        if (work.type === 'retries') {
          const failures = [...Map.groupBy(work.retries, ({ key }) => key.slice(0, 1))].flatMap(
            ([service, some]) =>
              send(
                service,
                some.map(({ key }) => key),
              ).failures,
          );
          change = afterRetries(cursor, work.retries, failures, moment());
        } else {
          const page = Number(work.at ?? 0);
          const next = page + 1 < pages ? String(page + 1) : null;
          const behind = new Set(cursor.behind.map(({ service }) => service));
          const services =
            work.behind === null
              ? SERVICES.filter((service) => !behind.has(service))
              : [work.behind.service];
          const took = new Set<string>();
          const stalled = new Set<string>();
          const failures = services.flatMap((service) => {
            const sent = send(service, keysOf(page, service));
            if (sent.took) took.add(service);
            if (sent.failures.length > 2) stalled.add(service);
            return sent.failures;
          });
          if (cursor.retries.length + failures.length > RETRIES_MAX) isFull = true;
          const result = { next, failures, took, stalled };
          change =
            work.behind === null
              ? afterPage(cursor, result, moment())
              : afterOwnPage(cursor, work.behind, result, moment());
        }
        if (change.givenUp > 0) throw new Error('given up');
        ({ cursor } = change);
      }
      if (nextWork(cursor, now).type !== 'done') throw new Error('no end');
      if (told.size !== pages * size * SERVICES.length) throw new Error(`${told.size} were told`);
      if (!isFull && [...told.values()].some((count) => count > 1)) throw new Error('told twice');
    }),
    { numRuns: 150 },
  );
  t.pass();
});
