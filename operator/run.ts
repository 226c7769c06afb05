// Runs of verifications and rebuilds as commands see them: with progress on stderr, and cancelled
// by Ctrl-C.

import type { RunContext } from '../actors/run-context.ts';
import { CancelledError } from '../actors/runs.ts';
import type { RunReport } from '../contracts/operator.ts';
import type { NewRun } from '../sdk/api.ts';
import type { OperatorApi } from './api-client.ts';
import { interruptSignal } from './pace.ts';
import { ProgressLine } from './run-progress.ts';

/** As of a process that ended by SIGINT. */
const INTERRUPTED_EXIT_CODE = 130;

/**
 * The report of the work. Null if Ctrl-C cancelled it, which is told, or somebody else. Errors:
 * those of the work.
 */
export async function withProgress<T>(work: (run: RunContext) => Promise<T>): Promise<T | null> {
  const line = new ProgressLine({ output: process.stderr, now: () => performance.now() });
  try {
    return await work({ signal: interruptSignal(), progress: line.show });
  } catch (error) {
    if (!(error instanceof CancelledError) && (error as Error).name !== 'AbortError') throw error;
    line.clear();
    const why = error instanceof CancelledError ? `: ${error.message}` : '';
    process.stderr.write(`livedrops: cancelled${why}\n`);
    process.exitCode = INTERRUPTED_EXIT_CODE;
    return null;
  } finally {
    line.clear();
  }
}

/** Lets the server do it. Errors: `ApiError`; `CancelledError`. */
export async function runOnServer(
  api: OperatorApi,
  request: NewRun,
  { signal, progress }: RunContext,
): Promise<RunReport> {
  const end = await api.run(request, { signal, progress });
  if (end.type === 'cancelled') throw new CancelledError(end.reason);
  return end.report;
}
