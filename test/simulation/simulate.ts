// One history, or the one that a seed makes, from its beginning to the findings.

import fc from 'fast-check';
import { checkConsumers } from './check-consumers.ts';
import { checkJournals } from './check-journals.ts';
import { History } from './history.ts';
import { type Step, steps as anySteps } from './steps.ts';

/** Shrinking ends then with the shortest history found so far. */
const SHRINK_RUNS_MAX = 1_000;

export async function play(steps: readonly Step[]): Promise<History> {
  const history = new History();
  await history.begin();
  for (const step of steps) await history.make(step);
  await history.heal();
  await history.readAll();
  return history;
}

/** One sentence for each rule that the history broke. */
export async function simulate(steps: readonly Step[]): Promise<string[]> {
  const history = await play(steps);
  const { drops, findings } = await checkJournals(history);
  const consumers = await checkConsumers(history, drops);
  return [
    ...history.clients.findings,
    ...history.lateDrops.findings,
    ...findings,
    ...consumers,
    ...history.findings,
    ...history.cluster.findings,
  ];
}

export interface SeedReport {
  readonly findings: readonly string[];
  /** The history with these findings. */
  readonly steps: readonly Step[];
}

/** `shrink` false: the history as the seed makes it. */
export async function simulateSeed(
  seed: number,
  { shrink }: { readonly shrink: boolean },
): Promise<SeedReport> {
  const [steps] = fc.sample(anySteps, { seed, numRuns: 1 });
  const findings = await simulate(steps!);
  const report = { findings, steps: steps! };
  return shrink && findings.length > 0 ? await shortened(report) : report;
}

/**
 * Leaves out steps as long as something is found: first halves, then ever smaller pieces. Shrinking
 * as fast-check does it tries single numbers too, and leaves a hundred steps after minutes.
 */
async function shortened(report: SeedReport): Promise<SeedReport> {
  let shortest = report;
  let runs = 0;
  for (let size = Math.ceil(report.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    let at = 0;
    while (at < shortest.steps.length && runs < SHRINK_RUNS_MAX) {
      const steps = shortest.steps.toSpliced(at, size);
      const findings = await simulate(steps);
      runs += 1;
      if (findings.length > 0) shortest = { findings, steps };
      else at += size;
    }
  }
  return shortest;
}
