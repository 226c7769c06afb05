import test from 'ava';
import type { Outcome } from '../../../contracts/refusals.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import { Fences } from '../../../gateway/cache/fences.ts';
import { type CacheRules, type Fill, ReadCache } from '../../../gateway/cache/read-cache.ts';
import { flush, ManualClock } from '../../actors/manual-clock.ts';

const RULES: CacheRules = {
  freshMs: 1_000,
  staleMs: 1_000,
  faultAgeMaxMs: 10_000,
  missMs: 200,
  bytesMax: 100_000,
  hearsAll: true,
};

function setUp(rules: Partial<CacheRules> = {}) {
  const clock = new ManualClock(0);
  const fences = new Fences();
  const drifts: string[] = [];
  const cache = new ReadCache<string>({
    rules: { ...RULES, ...rules },
    fences,
    clock,
    random: () => 0,
    isSame: Object.is,
    onDrift: (key) => void drifts.push(key),
  });
  const waiting: ((found: Outcome<Fill<string>>) => void)[] = [];
  const faults: ((fault: Error) => void)[] = [];
  const store = { loads: 0, isHeld: false, answer: (): Outcome<Fill<string>> => fill('first') };
  const read = (key = 'k', tags = [`tag:${key}`]) =>
    cache.read({
      key,
      tags,
      load: () => {
        store.loads += 1;
        if (!store.isHeld) return Promise.resolve(store.answer());
        return new Promise((resolve, reject) => {
          waiting.push(resolve);
          faults.push(reject);
        });
      },
    });
  return { clock, fences, cache, store, read, waiting, faults, drifts };
}

function fill(value: string, more: Partial<Fill<string>> = {}): Outcome<Fill<string>> {
  return success({ value, bytes: 2 * value.length, ...more });
}

const valueOf = ({ outcome }: { outcome: Outcome<string> }) => (outcome.ok ? outcome.value : null);

test('C2: 10,000 readers of a cold key, and of one that ended, are one load each', async (t) => {
  const { clock, store, read, waiting } = setUp({ staleMs: 0 });
  store.isHeld = true;
  const crowd = () => Promise.all(Array.from({ length: 10_000 }, () => read()));
  const cold = crowd();
  t.is(store.loads, 1);
  waiting[0]!(fill('first'));
  t.true((await cold).every((one) => valueOf(one) === 'first'));
  await clock.advance(RULES.freshMs);
  const expired = crowd();
  t.is(store.loads, 2);
  waiting[1]!(fill('second'));
  const served = (await expired).map((one) => `${one.served} ${valueOf(one)}`);
  t.deepEqual([...new Set(served)].toSorted(), ['collapsed second', 'miss second']);
});

test('C2: an entry that ended is shown while one load goes on behind it', async (t) => {
  const { clock, store, read, waiting } = setUp();
  await read();
  await clock.advance(RULES.freshMs);
  store.isHeld = true;
  const [one, other] = await Promise.all([read(), read()]);
  t.deepEqual([one.served, other.served, valueOf(one)], ['stale', 'stale', 'first']);
  t.is(store.loads, 2);
  waiting[0]!(fill('second'));
  await flush();
  const next = await read();
  t.deepEqual([next.served, valueOf(next)], ['hit', 'second']);
});

test('C2: while the store is away, what is there is shown up to its bound, and no longer', async (t) => {
  const { clock, store, read, cache } = setUp();
  await read();
  store.answer = () => refusal('unavailable');
  await clock.advance(5_000);
  t.deepEqual([(await read()).served, (await read()).served], ['stale', 'stale']);
  t.is(store.loads, 2, 'the second did not ask again');
  await clock.advance(RULES.faultAgeMaxMs);
  t.like(await read(), { outcome: { ok: false, code: 'unavailable' } });
  store.answer = () => {
    throw new Error('lost');
  };
  await t.throwsAsync(read(), { message: 'lost' });
  t.is(cache.counts().faults, 3);
});

test('C2: a load that hangs keeps nobody who can be shown something', async (t) => {
  const { clock, store, read, faults } = setUp();
  await read();
  await clock.advance(3_000);
  store.isHeld = true;
  const reader = read();
  await clock.advance(500);
  t.is((await reader).served, 'stale');
  faults[0]!(new Error('late'));
  await flush();
  t.is(clock.timerCount, 0);
});

test('C3: what a change outdated is not shown when the load fails', async (t) => {
  const { clock, fences, store, read, faults } = setUp();
  await read();
  await clock.advance(3_000);
  store.isHeld = true;
  const reader = read();
  fences.raise('tag:k', null);
  faults[0]!(new Error('lost'));
  await t.throwsAsync(reader, { message: 'lost' });
});

test('C2: nobody joins a load that hangs', async (t) => {
  const { clock, store, read, waiting } = setUp();
  store.isHeld = true;
  const first = read();
  await clock.advance(500);
  const second = read();
  waiting[1]!(fill('second'));
  t.is(valueOf(await second), 'second');
  waiting[0]!(fill('first'));
  t.is(valueOf(await first), 'first');
  t.is(valueOf(await read()), 'second');
});

test('C2: that there is nothing is remembered, shortly', async (t) => {
  const { clock, store, read } = setUp();
  store.answer = () => refusal('not-found');
  await read();
  t.like(await read(), { served: 'hit', outcome: { ok: false, code: 'not-found' } });
  await clock.advance(RULES.missMs);
  store.answer = () => fill('made');
  t.is(valueOf(await read()), 'made');
});

test('C2: fresh times are spread', async (t) => {
  const clock = new ManualClock(0);
  let chance = 0;
  const random = () => (chance = (chance + 0.37) % 1);
  const cache = new ReadCache<string>({
    rules: RULES,
    fences: new Fences(),
    clock,
    random,
    isSame: Object.is,
  });
  const times = new Set<number>();
  for (let i = 0; i < 20; i++) {
    const load = () => Promise.resolve(fill('x'));
    times.add((await cache.read({ key: String(i), tags: [], load })).ttlMs);
  }
  t.true(times.size > 10);
  for (const ttlMs of times) t.true(ttlMs >= 800 && ttlMs <= RULES.freshMs);
});

test('C3: a fill that began before a change never hides it, and no reader from after gets it', async (t) => {
  const { fences, store, read, waiting } = setUp();
  store.isHeld = true;
  const before = read();
  fences.raise('tag:k', null);
  const after = read();
  waiting[0]!(fill('old'));
  t.is(valueOf(await before), 'old');
  await flush();
  waiting[1]!(fill('new'));
  t.is(valueOf(await after), 'new');
  t.is(valueOf(await read()), 'new');
});

test('C3: a tag that only the load knows is a fence, too', async (t) => {
  const { fences, store, read, waiting } = setUp();
  store.isHeld = true;
  const before = read();
  fences.raise('creator:c', null);
  waiting[0]!(fill('old', { tags: ['creator:c'] }));
  await before;
  const after = read();
  t.is(store.loads, 2);
  waiting[1]!(fill('new', { tags: ['creator:c'] }));
  t.is(valueOf(await after), 'new');
});

test('C3: what has the version of a change already stays', async (t) => {
  const { fences, store, read } = setUp();
  store.answer = () => fill('second', { version: 2 });
  await read();
  fences.raise('tag:k', 2);
  t.is((await read()).served, 'hit');
  fences.raise('tag:k', 3);
  t.is((await read()).served, 'miss');
});

test('C3: what is gone does not come back with a late word of its last version', async (t) => {
  const { fences, store, read } = setUp();
  store.answer = () => fill('third', { version: 3 });
  await read();
  fences.raise('tag:k', null);
  fences.raise('tag:k', 3);
  store.answer = () => refusal('not-found');
  t.like(await read(), { outcome: { ok: false, code: 'not-found' } });
});

test('C3: after a gap everything is read again, nothing is shown because the store is away', async (t) => {
  const { fences, store, read } = setUp();
  await read();
  fences.raiseAll();
  store.answer = () => refusal('unavailable');
  t.like(await read(), { outcome: { ok: false, code: 'unavailable' } });
});

test('C3: fences beyond their bound make all that is older outdated', (t) => {
  const fences = new Fences({ tagsMax: 2 });
  const old = { tags: ['other'], version: null, beganAt: fences.position };
  for (const tag of ['a', 'b']) fences.raise(tag, null);
  t.true(fences.isCurrent(old));
  fences.raise('c', null);
  t.false(fences.isCurrent(old));
  t.true(fences.isCurrent({ ...old, beganAt: fences.position }));
});

test('C2: bytes are bounded, what was used last stays, and what is too large is not stored', async (t) => {
  const { cache, store, read } = setUp({ bytesMax: 10_000 });
  store.answer = () => fill('x'.repeat(100));
  for (let i = 0; i < 30; i++) {
    await read(`k${i}`);
    await read('k0');
  }
  const counts = cache.counts();
  t.true(counts.bytes <= 10_000);
  t.is(counts.entries + counts.evictions, 30);
  t.true(counts.evictions > 0);
  t.is((await read('k0')).served, 'hit');
  store.answer = () => fill('x'.repeat(5_000));
  await read('large');
  t.is((await read('large')).served, 'miss');
});

test('C5: what is outdated can be taken out at once', async (t) => {
  const { cache, fences, read } = setUp();
  await read('a');
  await read('b');
  fences.raise('tag:a', null);
  t.is(cache.removeOutdated(), 1);
  t.is(cache.counts().entries, 1);
});

test('L3: a load that finds a change of which nothing was heard mends it and is told', async (t) => {
  const { clock, store, read, cache, drifts } = setUp();
  await read();
  store.answer = () => fill('second');
  await clock.advance(RULES.freshMs);
  t.is(valueOf(await read()), 'first', 'shown while it is loaded again');
  await flush();
  t.is(valueOf(await read()), 'second');
  t.is(cache.counts().drifted, 0, 'a message may be on its way');
  await clock.advance(1_000);
  t.is(cache.counts().drifted, 1);
  t.deepEqual(drifts, ['k']);
});

test('L3: what is gone, or is there, without a message has drifted as well', async (t) => {
  const { clock, store, read, cache } = setUp();
  await read();
  store.answer = () => refusal('not-found');
  await clock.advance(RULES.freshMs + RULES.staleMs);
  await read();
  await clock.advance(RULES.missMs);
  store.answer = () => fill('again');
  await read();
  await clock.advance(1_000);
  t.is(cache.counts().drifted, 2);
});

test('L3: what was heard of, be it a moment later, and what is the same, is no drift', async (t) => {
  const { clock, fences, store, read, cache } = setUp();
  await read();
  await clock.advance(RULES.freshMs);
  await read();
  await flush();
  store.answer = () => fill('second');
  await clock.advance(RULES.freshMs);
  await read();
  await flush();
  await clock.advance(900);
  fences.raise('tag:k', null);
  await clock.advance(10_000);
  t.is(cache.counts().drifted, 0);
  store.answer = () => fill('third');
  fences.raise('tag:k', null);
  t.is(valueOf(await read()), 'third');
  store.answer = () => refusal('unavailable');
  await clock.advance(RULES.freshMs);
  await read();
  await clock.advance(10_000);
  t.is(cache.counts().drifted, 0, 'a store that is away has changed nothing');
});

test('L3: a kind whose changes come by no message is not compared', async (t) => {
  const { clock, store, read, cache, drifts } = setUp({ hearsAll: false });
  await read();
  store.answer = () => fill('second');
  await clock.advance(RULES.freshMs + RULES.staleMs);
  await read();
  await clock.advance(10_000);
  t.is(cache.counts().drifted, undefined);
  t.deepEqual(drifts, []);
});
