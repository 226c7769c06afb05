// Two gateways over one store, with random reads, slow fills, failing stores, changes, and messages
// that are late, doubled or lost. Each read is compared with a model: never older than the last
// invalidation that its gateway had heard of, never older than the bound on staleness.

import test from 'ava';
import * as fc from 'fast-check';
import { refusal, success } from '../../../domain/refusal.ts';
import { Fences } from '../../../gateway/cache/fences.ts';
import { type CacheRules, ReadCache } from '../../../gateway/cache/read-cache.ts';
import { flush, ManualClock } from '../../actors/manual-clock.ts';

const RULES: CacheRules = {
  freshMs: 400,
  staleMs: 400,
  faultAgeMaxMs: 2_000,
  missMs: 200,
  bytesMax: 100_000,
  hearsAll: true,
};
const KEYS = ['a', 'b', 'c'] as const;
type Key = (typeof KEYS)[number];

const gateway = fc.integer({ min: 0, max: 1 });
const key = fc.constantFrom(...KEYS);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('read' as const), gateway, key }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      key,
      tellsVersion: fc.boolean(),
      /** By gateway. */
      told: fc.array(fc.constantFrom('now', 'late', 'twice', 'lost'), {
        minLength: 2,
        maxLength: 2,
      }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('store-answers' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('store-fails' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('late-messages' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('gap' as const), gateway }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.integer({ min: 1, max: 700 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class Model {
  readonly clock = new ManualClock(0);
  /** By key: when each version began to be the newest. Version 0 is the first. */
  readonly versions = new Map<Key, number[]>(KEYS.map((one) => [one, [0]]));
  readonly gateways = [0, 1].map(() => {
    const fences = new Fences({ tagsMax: 3 });
    const random = () => 0.5;
    return {
      fences,
      cache: new ReadCache<number>({
        rules: RULES,
        fences,
        clock: this.clock,
        random,
        isSame: Object.is,
      }),
      /** The newest version of each key that this gateway has heard of. */
      heard: new Map<Key, number>(),
    };
  });
  readonly problems: string[] = [];
  readonly reads: Promise<void>[] = [];
  readonly served: Record<string, number>;
  #waiting: (() => void)[] = [];
  #late: (() => void)[] = [];
  #failing = false;

  constructor(served: Record<string, number>) {
    this.served = served;
  }

  async take(action: Step): Promise<void> {
    if (action.do === 'read') this.#read(action.gateway, action.key);
    else if (action.do === 'change') this.#change(action);
    else if (action.do === 'advance') await this.clock.advance(action.ms);
    else if (action.do === 'gap') this.#gap(action.gateway);
    else if (action.do === 'late-messages') for (const tell of this.#late.splice(0)) tell();
    else this.#answer(action.do === 'store-fails');
    await flush();
  }

  async end(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      this.#answer(false);
      await this.clock.advance(10);
    }
    await Promise.all(this.reads);
  }

  #newest(one: Key): number {
    return this.versions.get(one)!.length - 1;
  }

  #read(index: number, one: Key): void {
    const { cache, heard } = this.gateways[index]!;
    const least = heard.get(one) ?? 0;
    const askedAt = this.clock.monotonic();
    const load = async () => {
      // The store is read when the load begins, and answers when the test says so.
      const version = this.#newest(one);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      if (this.#failing) return refusal('unavailable');
      return success({ value: version, bytes: 100, version, tags: [`more:${one}`] });
    };
    const read = async () => {
      const { outcome, served, ageMs } = await cache.read({ key: one, tags: [one], load });
      if (!outcome.ok) return;
      this.served[served] = (this.served[served] ?? 0) + 1;
      const version = outcome.value;
      if (version < least) this.problems.push(`${one} ${version} after ${least} was heard`);
      const replacedAt = this.versions.get(one)![version + 1] ?? Infinity;
      const { freshMs, staleMs, faultAgeMaxMs } = RULES;
      // A load may be joined for half a second, which is less than both.
      const bound = served === 'stale' ? faultAgeMaxMs : freshMs + staleMs;
      const isOwnLoad = served === 'miss' || served === 'collapsed';
      const since = isOwnLoad ? askedAt - replacedAt : this.clock.monotonic() - replacedAt;
      if (since >= bound) this.problems.push(`${one} was shown ${since} ms after its end`);
      if (served === 'hit' && ageMs >= freshMs) this.problems.push(`a hit of ${ageMs} ms`);
    };
    this.reads.push(read());
  }

  #change({ key: one, tellsVersion, told }: Step & { do: 'change' }): void {
    this.versions.get(one)!.push(this.clock.monotonic());
    const version = this.#newest(one);
    for (const [index, how] of told.entries()) {
      const { fences, heard } = this.gateways[index]!;
      const tell = () => {
        fences.raise(tellsVersion ? one : `more:${one}`, tellsVersion ? version : null);
        heard.set(one, Math.max(heard.get(one) ?? 0, version));
      };
      if (how === 'now' || how === 'twice') tell();
      if (how === 'late' || how === 'twice') this.#late.push(tell);
    }
  }

  #gap(index: number): void {
    const { fences, heard } = this.gateways[index]!;
    fences.raiseAll();
    for (const one of KEYS) heard.set(one, this.#newest(one));
  }

  #answer(failing: boolean): void {
    this.#failing = failing;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

test('C3: no read is older than an invalidation heard before it, or than the bound', async (t) => {
  const served: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
      const model = new Model(served);
      for (const action of steps) await model.take(action);
      await model.end();
      t.deepEqual(model.problems, []);
    }),
    { numRuns: 200 },
  );
  // Otherwise the test would show little.
  for (const how of ['hit', 'stale', 'miss', 'collapsed']) t.true((served[how] ?? 0) > 20, how);
});
