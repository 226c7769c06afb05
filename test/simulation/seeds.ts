// Plays seeds until one breaks a rule, or does not end.

import { Worker } from 'node:worker_threads';
import type { SeedMessage, SeedsToPlay } from './seeds-thread.ts';
import type { SeedReport } from './simulate.ts';

const THREAD = new URL('./seeds-thread.ts', import.meta.url);
/** A seed takes a tenth of a second, and thousands of those where it is made short. */
const SEED_MAX_MS = 5 * 60_000;

export interface FoundSeed extends SeedReport {
  readonly seed: number;
}

/** The first seed with findings; null where no rule is broken. */
export function playSeeds(
  seeds: SeedsToPlay,
  onPlayed: (seed: number) => void = () => undefined,
): Promise<FoundSeed | null> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(THREAD, { workerData: seeds });
    let playing = seeds.first;
    let found: FoundSeed | null = null;
    const silence = setTimeout(() => {
      found = { seed: playing, findings: ['it did not end within five minutes'], steps: [] };
      void thread.terminate();
    }, SEED_MAX_MS);
    thread.on('message', ({ seed, report }: SeedMessage) => {
      silence.refresh();
      playing = seed;
      if (report === null) return;
      if (report.findings.length > 0) found = { seed, ...report };
      onPlayed(seed);
    });
    thread.on('error', (error) => {
      clearTimeout(silence);
      reject(new Error(`seed ${playing} failed`, { cause: error }));
    });
    thread.on('exit', () => {
      clearTimeout(silence);
      resolve(found);
    });
  });
}
