// Plays seeds one after another, on a thread of its own: a history that loops without an end could
// be stopped by nobody on its own thread.

import { parentPort, workerData } from 'node:worker_threads';
import { MUTATIONS } from './mutations.ts';
import { type SeedReport, simulateSeed } from './simulate.ts';

export interface SeedsToPlay {
  readonly first: number;
  readonly count: number;
  readonly shrink: boolean;
  /** The name of one of `MUTATIONS`. */
  readonly mutation: string | null;
}

/** `report` is null as the seed begins. */
export interface SeedMessage {
  readonly seed: number;
  readonly report: SeedReport | null;
}

const { first, count, shrink, mutation } = workerData as SeedsToPlay;
const takeOut = MUTATIONS.find(({ name }) => name === mutation)?.putIn();
for (let seed = first; seed < first + count; seed++) {
  tell({ seed, report: null });
  const report = await simulateSeed(seed, { shrink });
  tell({ seed, report });
  if (report.findings.length > 0) break;
}
takeOut?.();

function tell(message: SeedMessage): void {
  parentPort!.postMessage(message);
}
