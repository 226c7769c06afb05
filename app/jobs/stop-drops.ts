// Stops the drops of what is taken down, or of a creator who is suspended (A11): pauses those that
// are live or upcoming, or cancels all, which refunds everything. It looks at them twice, because a
// drop may be on its way for some seconds when it is decided. It ends early once that is restored,
// lifted, or decided anew.

import type { Clock } from '../../actors/clock.ts';
import type { CommandRouter } from '../../actors/command-router.ts';
import type { Caller } from '../../contracts/commands.ts';
import type { DropStatus } from '../../contracts/drops.ts';
import type { Job, JobProgress } from '../../contracts/jobs.ts';
import type { Restriction, RestrictionKey } from '../../contracts/restrictions.ts';
import type { JobStep } from '../../events/jobs/job.ts';
import { type JobHandler, JobStepError } from '../../events/jobs/job-handler.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { RestrictionStore } from '../../storage/ports/restrictions.ts';
import { standingOf, takeDownOf } from '../selling-rules.ts';
import { isRestrictionPresent } from './present-restriction.ts';

export const STOP_DROPS = 'stop-drops';
/** Drops of one step. */
const DROPS_PER_STEP = 16;
const RETRY_AFTER_MS = 1_000;
/** Longer than a command waits for its owner (`WAIT_MAX_MS` of the router) with its answer. */
const SETTLE_MS = 15_000;

const PAUSED: readonly DropStatus[] = ['live', 'upcoming'];
const CANCELLED: readonly DropStatus[] = ['live', 'upcoming', 'ended'];
const ROUNDS = 2;
const NONE_DONE: JobProgress = { done: 0, refused: {}, left: null };

/** One of the three ids is given. */
export interface StopDropsParams {
  readonly creatorId?: string;
  readonly productId?: string;
  readonly dropId?: string;
  readonly cancel: boolean;
  readonly caller: Caller;
  /** Why they stop; absent in jobs of earlier versions. */
  readonly restriction?: RestrictionKey & Pick<Restriction, 'since'>;
}

export interface StopDropsOptions {
  readonly catalogue: Pick<Catalogue, 'listDrops'>;
  readonly restrictions: Pick<RestrictionStore, 'find'>;
  readonly router: CommandRouter;
  readonly clock: Pick<Clock, 'now'>;
}

export class StopDropsHandler implements JobHandler {
  readonly kind = STOP_DROPS;
  readonly concurrency = 2;
  readonly #options: StopDropsOptions;

  constructor(options: StopDropsOptions) {
    this.#options = options;
  }

  /**
   * The cursor is the round, the status and the page of its drops; of a single drop the round. A
   * pause is sent even where the row of the drop says it is paused: the row may be older than a
   * resume, and a pause twice is a success. Only the others count as progress.
   */
  async step(job: Job): Promise<JobStep> {
    const params = job.params as StopDropsParams;
    const { dropId } = params;
    if (!(await this.#isRestricted(params)))
      return { cursor: null, progress: { ...job.progress, left: 0 }, isLast: true };
    const [round = '1', at = '0', page = ''] = (job.cursor ?? '').split(' ').filter(Boolean);
    if (dropId !== undefined) {
      // One drop counts once: as the last round leaves it.
      const progress = counted(NONE_DONE, [await this.#stop(dropId, params)]);
      return roundEnd(round, '', progress);
    }
    const statuses = params.cancel ? CANCELLED : PAUSED;
    const { items, nextCursor } = await this.#list(params, statuses[Number(at)]!, page);
    const codes = await Promise.all(items.map(({ id }) => this.#stop(id, params)));
    const isCounted = (i: number): boolean => params.cancel || items[i]!.paused !== true;
    const progress = counted(
      job.progress,
      codes.filter((_, i) => isCounted(i)),
    );
    if (nextCursor !== null)
      return { cursor: `${round} ${at} ${nextCursor}`, progress, isLast: false };
    const next = Number(at) + 1;
    if (next < statuses.length) return { cursor: `${round} ${next}`, progress, isLast: false };
    return roundEnd(round, ' 0', progress);
  }

  async #isRestricted(params: StopDropsParams): Promise<boolean> {
    const { restrictions, clock } = this.#options;
    const since = params.restriction?.since;
    for (const key of keysOf(params))
      if (await isRestrictionPresent(restrictions, key, since, clock.now())) return true;
    return false;
  }

  async #list({ creatorId, productId }: StopDropsParams, status: DropStatus, cursor: string) {
    const filter = {
      status,
      withUnlisted: true,
      ...(creatorId !== undefined && { creatorId }),
      ...(productId !== undefined && { productId }),
    };
    const page = { limit: DROPS_PER_STEP, cursor: cursor === '' ? null : cursor };
    return await this.#options.catalogue.listDrops(filter, page);
  }

  /** `ok`, or the code of the refusal. */
  async #stop(dropId: string, { cancel, caller }: StopDropsParams): Promise<string> {
    const { router } = this.#options;
    const reply = cancel
      ? await router.send({ type: 'cancel-drop', dropId, caller, alsoEnded: true })
      : await router.send({ type: 'pause-drop', dropId, caller, extendHolds: false, reason: null });
    if (reply.ok) return 'ok';
    if (reply.code === 'unavailable' || reply.code === 'overloaded')
      throw new JobStepError('A drop cannot be reached.', { retryAfterMs: RETRY_AFTER_MS });
    return reply.code;
  }
}

/** A job of an earlier version does not say whether its creator is suspended or taken down. */
function keysOf(params: StopDropsParams): readonly RestrictionKey[] {
  const { restriction, creatorId, productId, dropId } = params;
  if (restriction !== undefined) return [restriction];
  if (dropId !== undefined) return [takeDownOf('drop', dropId)];
  if (productId !== undefined) return [takeDownOf('product', productId)];
  return [takeDownOf('creator', creatorId!), standingOf('suspended', creatorId!)];
}

/** `start`: what follows the number of a round in its first cursor. */
function roundEnd(round: string, start: string, progress: JobProgress): JobStep {
  if (Number(round) < ROUNDS) {
    const cursor = `${Number(round) + 1}${start}`;
    return { cursor, progress, isLast: false, pauseMs: SETTLE_MS };
  }
  return { cursor: null, progress: { ...progress, left: 0 }, isLast: true };
}

function counted(before: JobProgress, codes: readonly string[]): JobProgress {
  const refused = { ...before.refused };
  let { done } = before;
  for (const code of codes) {
    if (code === 'ok') done += 1;
    else refused[code] = (refused[code] ?? 0) + 1;
  }
  return { done, refused, left: null };
}
