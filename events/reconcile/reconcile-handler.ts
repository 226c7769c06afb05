// Compares what is derived with its truth in calm moments, mends what differs, tells of it and
// counts it (L3). Each kind is a standing job: its lease has one node at a time do it, its cursor
// is where the next step goes on whatever crashes, and its progress is what operators see. A job
// whose pass is over waits for the next one. It is upkeep of the node that runs it, so it gives way
// to sales (`actors/upkeep.ts`).

import type { Logger } from 'pino';
import { UpkeepPace, type UpkeepShare } from '../../actors/upkeep.ts';
import type { Job, JobProgress } from '../../contracts/jobs.ts';
import type { ReconcileCount, ReconcileKind } from '../../contracts/reconcile.ts';
import type { Reconciled } from '../../storage/ports/reconciled.ts';
import type { JobStep } from '../jobs/job.ts';
import { type JobHandler, JobStepError } from '../jobs/job-handler.ts';
import type { Reconciler } from './reconciler.ts';

/** From the end of a pass to the next one. */
const PASS_INTERVAL_MS = 24 * 60 * 60_000;
/** Until the next try where what would be compared lags behind. */
const LAG_INTERVAL_MS = 60_000;

export interface ReconcileHandlerOptions {
  readonly reconcilers: readonly Reconciler[];
  readonly upkeep: UpkeepShare;
  readonly log: Logger;
}

export class ReconcileHandler implements JobHandler {
  readonly kind = 'reconcile';
  readonly concurrency = 1;
  readonly #reconcilers: ReadonlyMap<string, Reconciler>;
  readonly #pace: UpkeepPace;
  readonly #log: Logger;
  readonly #counts = new Map<ReconcileKind, { compared: number; mended: number }>();

  constructor({ reconcilers, upkeep, log }: ReconcileHandlerOptions) {
    this.#reconcilers = new Map(reconcilers.map((reconciler) => [reconciler.kind, reconciler]));
    this.#pace = new UpkeepPace(upkeep);
    this.#log = log;
    for (const { kind } of reconcilers) this.#counts.set(kind, { compared: 0, mended: 0 });
  }

  /** Of this node since its start. */
  counts(): ReconcileCount[] {
    return [...this.#counts].map(([kind, counts]) => ({ kind, ...counts }));
  }

  async step(job: Job, signal: AbortSignal): Promise<JobStep> {
    const { kind } = job.params as { kind: string };
    const reconciler = this.#reconcilers.get(kind);
    // A kind of a later version, which a node of that version takes up.
    if (reconciler === undefined)
      throw new JobStepError(`This node does not reconcile ${kind}.`, {
        retryAfterMs: LAG_INTERVAL_MS,
      });
    await this.#pace.giveWay(() => false);
    signal.throwIfAborted();
    const { cursor } = job;
    // Once this node stops, a pause gives nothing else its turn any more.
    const pause = async () => {
      signal.throwIfAborted();
      await this.#pace.pause();
      signal.throwIfAborted();
    };
    const found = await reconciler.step({ cursor, pause, signal });
    if (found === null)
      return { cursor, progress: job.progress, isLast: false, pauseMs: LAG_INTERVAL_MS };
    this.#count(reconciler.kind, found);
    const isOver = found.cursor === null;
    return {
      cursor: found.cursor,
      progress: added(cursor === null ? null : job.progress, found),
      isLast: false,
      pauseMs: isOver ? PASS_INTERVAL_MS : 0,
    };
  }

  /** Waits for the end of a sale end. */
  stop(): void {
    this.#pace.stop();
  }

  left(): void {
    this.#pace.rest();
  }

  #count(kind: ReconcileKind, { compared, mended, examples }: Reconciled): void {
    const counts = this.#counts.get(kind)!;
    counts.compared += compared;
    counts.mended += mended;
    if (mended > 0)
      this.#log.warn({ kind, mended, examples }, 'what differed from its truth was mended');
  }
}

/** `before`: of the pass that goes on; null: it begins. */
function added(before: JobProgress | null, { compared, mended, cursor }: Reconciled): JobProgress {
  return {
    done: (before?.done ?? 0) + compared,
    refused: {},
    left: cursor === null ? 0 : null,
    mended: (before?.mended ?? 0) + mended,
  };
}
