// One history, or the one that a seed makes, from its beginning to the findings.

import fc from 'fast-check';
import { checkConsumers } from './check-consumers.ts';
import { checkJournals } from './check-journals.ts';
import { History } from './history.ts';
import { type Step, steps as anySteps } from './steps.ts';

/** Shrinking ends with the shortest history found so far. */
const SHRINK_TIME_MAX_MS = 120_000;

export async function play(steps: readonly Step[]): Promise<History> {
  const history = new History();
  await history.begin();
  for (const step of steps) await history.make(step);
  await history.heal();
  await history.readAll();
  return history;
}

/** One sentence for each rule that the history broke. */
async function simulate(steps: readonly Step[]): Promise<string[]> {
  const history = await play(steps);
  const { drops, findings } = await checkJournals(history);
  const consumers = await checkConsumers(history, drops);
  return [
    ...history.clients.findings,
    ...history.lateDrops.findings,
    ...findings,
    ...consumers,
    ...history.findings,
  ];
}

export interface SeedReport {
  readonly findings: readonly string[];
  /** The history with these findings: the shortest one that was found, where it was shrunk. */
  readonly steps: readonly Step[];
}

/** `shrink` false: the history as the seed makes it. */
export async function simulateSeed(
  seed: number,
  { shrink }: { readonly shrink: boolean },
): Promise<SeedReport> {
  let findings: string[] = [];
  const property = fc.asyncProperty(anySteps, async (steps) => {
    const found = await simulate(steps);
    if (found.length === 0) return;
    findings = found;
    throw new Error(found[0]);
  });
  const result = await fc.check(property, {
    seed,
    numRuns: 1,
    endOnFailure: !shrink,
    ...(shrink && { interruptAfterTimeLimit: SHRINK_TIME_MAX_MS }),
  });
  return { findings, steps: result.counterexample?.[0] ?? [] };
}
