// Long work on behalf of operators (verify, rebuild): one run of each kind at a time, each with its
// progress, and each ended soon when somebody cancels it or nobody follows it any more.

import { randomUUID } from 'node:crypto';
import type { RunEnd, RunKind, RunProgress, RunReport, RunState } from '../contracts/operator.ts';
import type { Clock, Timer } from './clock.ts';
import type { RunContext } from './run-context.ts';

/** A run that nobody follows for so long is cancelled: its client is gone. */
export const UNFOLLOWED_MAX_MS = 5_000;
/** The end of a run is told for so long. */
const END_KEPT_MS = 60_000;

/** The reason of an aborted run's signal. */
export class CancelledError extends Error {
  readonly code = 'cancelled';
}

/** One of `RunEnd`, and the fault itself where the run failed. */
export interface Ended {
  readonly end: RunEnd;
  readonly fault: unknown;
}

interface Run {
  readonly id: string;
  readonly kind: RunKind;
  readonly startedBy: string;
  readonly startedAt: number;
  readonly aborter: AbortController;
  progress: RunProgress | null;
  ended: Ended | null;
  unfollowed: Timer | null;
  readonly done: Promise<Ended>;
}

export interface NewRun {
  readonly kind: RunKind;
  /** An operator's id. */
  readonly startedBy: string;
  /** Absent: a new one. */
  readonly id?: string;
  /** Resolves to the report. */
  readonly work: (run: RunContext) => Promise<RunReport>;
}

export interface RunsOptions {
  readonly clock: Clock;
  readonly unfollowedMaxMs?: number;
}

export class Runs {
  readonly #clock: Clock;
  readonly #unfollowedMaxMs: number;
  readonly #runs = new Map<string, Run>();

  constructor(options: RunsOptions) {
    this.#clock = options.clock;
    this.#unfollowedMaxMs = options.unfollowedMaxMs ?? UNFOLLOWED_MAX_MS;
  }

  /** Null while another run of the kind is under way. The caller must follow the run. */
  begin({ kind, startedBy, id = randomUUID(), work }: NewRun): RunState | null {
    for (const run of this.#runs.values()) if (run.kind === kind && !run.ended) return null;
    const aborter = new AbortController();
    const { promise, resolve } = Promise.withResolvers<Ended>();
    const run: Run = {
      id,
      kind,
      startedBy,
      startedAt: this.#clock.now(),
      aborter,
      progress: null,
      ended: null,
      unfollowed: null,
      done: promise,
    };
    this.#runs.set(id, run);
    this.#followed(run);
    const context: RunContext = {
      signal: aborter.signal,
      progress(progress) {
        run.progress = progress;
      },
    };
    void work(context)
      .then((report): Ended => ({ end: { type: 'report', report }, fault: null }), endOf)
      .then((ended) => {
        run.ended = ended;
        run.unfollowed?.cancel();
        this.#clock.after(END_KEPT_MS, () => this.#runs.delete(id));
        resolve(ended);
      });
    return stateOf(run);
  }

  /** Null for a run that is unknown here. The next call is due within `unfollowedMaxMs`. */
  follow(id: string): RunState | null {
    const run = this.#runs.get(id);
    if (run === undefined) return null;
    this.#followed(run);
    return stateOf(run);
  }

  /** The end of a run that is known here. Waiting for the end does not follow the run. */
  ended(id: string): Promise<Ended> {
    return this.#runs.get(id)!.done;
  }

  /** False for a run that is unknown here or has ended. */
  cancel(id: string): boolean {
    const run = this.#runs.get(id);
    if (run === undefined || run.ended) return false;
    run.aborter.abort(new CancelledError('an operator cancelled it'));
    return true;
  }

  /** For the end of this node. */
  cancelAll(): void {
    for (const run of this.#runs.values())
      if (!run.ended) run.aborter.abort(new CancelledError('its node ends'));
  }

  /** Those under way. */
  list(): RunState[] {
    return [...this.#runs.values()].filter(({ ended }) => ended === null).map(stateOf);
  }

  #followed(run: Run): void {
    run.unfollowed?.cancel();
    if (run.ended) return;
    run.unfollowed = this.#clock.after(this.#unfollowedMaxMs, () =>
      run.aborter.abort(new CancelledError('nobody follows it any more')),
    );
  }
}

function endOf(fault: unknown): Ended {
  if (fault instanceof CancelledError)
    return { end: { type: 'cancelled', reason: fault.message }, fault };
  const code = (fault as { code?: unknown } | null)?.code;
  return {
    end: { type: 'failed', code: code === 'store-unavailable' ? 'unavailable' : 'internal' },
    fault,
  };
}

function stateOf({ id, kind, startedBy, startedAt, progress, ended }: Run): RunState {
  return { id, kind, startedBy, startedAt, progress, end: ended?.end ?? null };
}
