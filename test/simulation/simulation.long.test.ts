// Seeds that nobody has tried before, and the shortest history of a finding.

import { randomInt } from 'node:crypto';
import test from 'ava';
import { MUTATIONS } from './mutations.ts';
import { playSeeds } from './seeds.ts';
import { simulateSeed } from './simulate.ts';

const SEEDS = 500;
const SEED_MAX = 2 ** 31 - 1;
const TIMEOUT_MS = 600_000;

test.serial('no seed of five hundred new ones breaks a rule under faults', async (t) => {
  t.timeout(TIMEOUT_MS);
  const first = randomInt(1, SEED_MAX - SEEDS);
  t.log(`seeds ${first} to ${first + SEEDS - 1}`);
  const found = await playSeeds({ first, count: SEEDS, shrink: false, mutation: null });
  t.deepEqual(found?.findings ?? [], [], `npm run simulate -- --seeds 1 --seed ${found?.seed}`);
});

test.serial('a finding is told with a history that is shorter than the seed’s own', async (t) => {
  t.timeout(TIMEOUT_MS);
  const takeOut = MUTATIONS.find(({ name }) => name === 'lost-timer')!.putIn();
  try {
    for (let seed = 1; ; seed++) {
      const { findings, steps } = await simulateSeed(seed, { shrink: false });
      if (findings.length === 0) continue;
      const shrunk = await simulateSeed(seed, { shrink: true });
      t.true(shrunk.findings.length > 0);
      t.true(shrunk.steps.length < steps.length / 4, `${shrunk.steps.length} of ${steps.length}`);
      return;
    }
  } finally {
    takeOut();
  }
});
