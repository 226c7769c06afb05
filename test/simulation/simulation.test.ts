// Random faults on a simulated cluster while people order, pay, cancel, pause, amend and read
// through every node (decision 043). The seeds are always the same; `npm run simulate` has others.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import { play, simulate, simulateSeed } from './simulate.ts';
import { type Step, steps } from './steps.ts';

const GROUPS = 2;
const SEEDS_PER_GROUP = 10;
const SIMULATE = fileURLToPath(new URL('main.ts', import.meta.url));

for (let group = 0; group < GROUPS; group++) {
  const first = 1 + group * SEEDS_PER_GROUP;
  const last = first + SEEDS_PER_GROUP - 1;
  test.serial(
    'S1, O2, O3, O6, O11, O12a, D8, D9, P4, N11, H11, J4, W1, W2, W4, W6: ' +
      `seeds ${first} to ${last} break no rule`,
    async (t) => {
      for (let seed = first; seed <= last; seed++) {
        const { findings } = await simulateSeed(seed, { shrink: false });
        t.deepEqual(findings, [], `npm run simulate -- --seeds 1 --seed ${seed}`);
      }
    },
  );
}

test.serial('a seed makes the same history each time', async (t) => {
  const [history] = fc.sample(steps, { seed: 1, numRuns: 1 });
  const first = await play(history!);
  const second = await play(history!);
  t.true(first.clients.asked.length > 100);
  t.deepEqual(second.clients.asked, first.clients.asked);
  t.deepEqual([...second.provider.refunds], [...first.provider.refunds]);
});

test.serial(
  'W3, W6: a shard that came back serves, however late an earlier move of it ends',
  async (t) => {
    // A slow store keeps node c from preparing the shards of a, which loses them to b meanwhile.
    const history: Step[] = [
      { kind: 'pause', node: 1 },
      { kind: 'store-slow', node: 2, delayMs: 8_000 },
      { kind: 'time', ms: 964 },
      { kind: 'stores-away' },
      { kind: 'time', ms: 3_339 },
    ];
    t.deepEqual(await simulate(history), []);
  },
);

test.serial('npm run simulate plays a seed', async (t) => {
  const args = [SIMULATE, '--seeds', '1', '--seed', '1'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  t.is(stdout, 'seeds 1 to 1\n1 of 1 seeds: 0 findings\n');
});
