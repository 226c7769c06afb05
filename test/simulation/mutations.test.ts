// Faults that are put into the product are found by the simulation, within few seeds.

import test from 'ava';
import { MUTATIONS } from './mutations.ts';
import { simulateSeed } from './simulate.ts';

const SEED_FIRST = 1;
const SEEDS_MAX = 40;

for (const { name, what, putIn } of MUTATIONS) {
  test.serial(`the simulation finds the mutation ${name}: ${what}`, async (t) => {
    const takeOut = putIn();
    let found: string | undefined;
    let tried = 0;
    try {
      while (found === undefined && tried < SEEDS_MAX) {
        const { findings } = await simulateSeed(SEED_FIRST + tried, { shrink: false });
        tried += 1;
        [found] = findings;
      }
    } finally {
      takeOut();
    }
    t.truthy(found, `${SEEDS_MAX} seeds found nothing`);
    t.log(`after ${tried} seeds: ${found}`);
  });
}
