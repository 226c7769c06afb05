// Jobs that tell a creator's followers of a drop (R1, R2): by push that it started, has few units
// left or has units again, and by mail that it was announced. One job for each event walks over the
// followers; where they are very many there are some jobs, each for a part of them. A job ends
// early once what it says is no longer so.

import type { CommandRouter } from '../../actors/command-router.ts';
import type { Clock } from '../../actors/clock.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { Job } from '../../contracts/jobs.ts';
import { fnv1a } from '../../domain/ids.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { FollowStore } from '../../storage/ports/follows.ts';
import type { JobStep } from '../jobs/job.ts';
import { type JobHandler, JobStepError } from '../jobs/job-handler.ts';
import type { RestrictionSet } from '../restriction-set.ts';
import type { PushUrgency } from '../push/push-sender.ts';
import type { Candidate, FanOut, Target, Walk } from './fan-out.ts';
import type { DropNews, DropNewsType } from './news.ts';
import type { People } from './people.ts';
import { topicOf, ttlSecondsUntil } from './push-form.ts';
import type { UnderWay } from './under-way.ts';

/** Followers of one page. */
export const FOLLOWERS_PER_PAGE = 1_000;
const MAILS_PER_PAGE = 100;
const PUSH_PAGE_MS = 5_000;
const MAIL_PAGE_MS = 30_000;
const PUSHES_IN_FLIGHT_MAX = 128;
const MAILS_IN_FLIGHT_MAX = 4;
const RETRY_AFTER_MS = 1_000;

/** The params of a job. */
export interface DropJobParams extends DropNews {
  /** Of the followers this job tells those of one part, from 0. */
  readonly part: number;
  readonly parts: number;
  /** When it was queued. */
  readonly followers: number;
  /** From the event on. */
  readonly spreadMs: number;
}

export interface DropHandlerOptions {
  readonly fanOut: FanOut;
  readonly people: People;
  readonly follows: Pick<FollowStore, 'listFollowers'>;
  readonly catalogue: Pick<Catalogue, 'findProduct'>;
  readonly router: CommandRouter;
  readonly hidden: Pick<RestrictionSet, 'isHidden'>;
  readonly underWay: UnderWay;
  readonly publicUrl: () => string;
  readonly clock: Clock;
}

type Targets = (candidates: readonly Candidate[]) => Promise<readonly Target[]>;

abstract class DropHandler implements JobHandler {
  abstract readonly kind: 'push-drop' | 'mail-drop';
  abstract readonly concurrency: number;
  readonly rests = false;
  protected readonly options: DropHandlerOptions;

  constructor(options: DropHandlerOptions) {
    this.options = options;
  }

  /** Errors: `store-unavailable`; JobStepError where the drop cannot be reached. */
  async step(job: Job, signal: AbortSignal): Promise<JobStep> {
    const { catalogue, fanOut, underWay } = this.options;
    const params = job.params as DropJobParams;
    underWay.began(job.id, params.at);
    const drop = await this.#dropOf(params);
    if (drop === null || !isSo(params.type, drop)) return mootStep(job);
    const product = await catalogue.findProduct(drop.productId);
    const walk = this.walk(params, drop, product?.name ?? '');
    return await fanOut.step(job, walk, signal);
  }

  left(jobId: string): void {
    this.options.underWay.ended(jobId);
  }

  protected abstract walk(params: DropJobParams, drop: DropView, name: string): Walk;

  /** Pages of this job's part of the followers, newest first. */
  protected pages(params: DropJobParams, size: number): Walk['page'] {
    const { creatorId, part, parts } = params;
    return async (at) => {
      const candidates: Candidate[] = [];
      let cursor = at;
      // As many pages of all followers as there are parts make one of this part.
      for (let i = 0; i < parts; i++) {
        const page = { limit: size, cursor };
        const { items, nextCursor } = await this.options.follows.listFollowers(creatorId, page);
        for (const { userId } of items)
          if (fnv1a(userId) % parts === part) candidates.push({ userId });
        cursor = nextCursor;
        if (cursor === null) break;
      }
      return { candidates, next: cursor };
    };
  }

  /** Null: there is none to be seen. */
  async #dropOf({ dropId }: DropJobParams): Promise<DropView | null> {
    const { router, hidden } = this.options;
    const reply = await router.send({ type: 'get-drop', dropId });
    if (reply.ok) return hidden.isHidden(reply.value) ? null : reply.value;
    if (reply.code === 'not-found') return null;
    throw new JobStepError('The drop cannot be reached.', { retryAfterMs: RETRY_AFTER_MS });
  }
}

export class PushDropHandler extends DropHandler {
  readonly kind = 'push-drop';
  readonly concurrency = 4;

  protected walk(params: DropJobParams, drop: DropView, name: string): Walk {
    const { people, publicUrl, clock } = this.options;
    const { type, at, followers, spreadMs, parts } = params;
    const { id: dropId, creatorId, endsAt } = drop;
    const url = `${publicUrl()}/drops/${dropId}`;
    const content = { type, at, dropId, creatorId, name, url, endsAt } as const;
    const message = {
      ttlSeconds: ttlSecondsUntil(endsAt, clock.now()),
      topic: topicOf(dropId),
      urgency: URGENCY[type as PushedDropNews],
    };
    const wish = { content: content as typeof content & { type: PushedDropNews }, message };
    const targets: Targets = (candidates) => people.pushTargets(candidates, () => wish);
    const pages = Math.max(1, Math.ceil(followers / (FOLLOWERS_PER_PAGE * parts)));
    return {
      at,
      pageMs: PUSH_PAGE_MS,
      inFlightMax: PUSHES_IN_FLIGHT_MAX,
      page: this.pages(params, FOLLOWERS_PER_PAGE),
      targets,
      gone: (target) => people.gone(target),
      pageDueAt: (page) => at + (spreadMs * Math.min(page, pages)) / pages,
    };
  }
}

export class MailDropHandler extends DropHandler {
  readonly kind = 'mail-drop';
  readonly concurrency = 1;

  protected walk(params: DropJobParams, drop: DropView, name: string): Walk {
    const { people, publicUrl } = this.options;
    const { at, place } = params;
    const link = `${publicUrl()}/drops/${drop.id}`;
    const wish = { type: 'drop-announced', name, link, place } as const;
    return {
      at,
      pageMs: MAIL_PAGE_MS,
      inFlightMax: MAILS_IN_FLIGHT_MAX,
      page: this.pages(params, MAILS_PER_PAGE),
      targets: (candidates) => people.mailTargets(candidates, () => wish, drop.creatorId),
      gone: async () => undefined,
      pageDueAt: () => 0,
    };
  }
}

type PushedDropNews = Exclude<DropNewsType, 'drop-announced'>;

/** RFC 8030, 5.3: a started drop is worth waking a device for. */
const URGENCY: Readonly<Record<PushedDropNews, PushUrgency>> = {
  'drop-started': 'high',
  'low-stock': 'normal',
  'back-in-stock': 'high',
};

/** Whether what is to be told is so still. */
function isSo(type: DropNewsType, { status, free, paused }: DropView): boolean {
  if (type === 'drop-announced') return status === 'upcoming' || status === 'live';
  return status === 'live' && free > 0 && paused !== true;
}

function mootStep({ progress }: Job): JobStep {
  const refused = { ...progress.refused, moot: 1 };
  return { cursor: null, progress: { ...progress, refused, left: 0 }, isLast: true };
}
