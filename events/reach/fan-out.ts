// One step of a fan-out: a page of people, and to each of their targets (browsers, an address) one
// message. What a service has not taken in the time of the page (page-sending.ts) delays nobody,
// and is tried again (fan-out-cursor.ts). A step that is done again after a crash repeats at most
// its page.

import type { Clock } from '../../actors/clock.ts';
import type { Job, JobProgress } from '../../contracts/jobs.ts';
import type { JobStep } from '../jobs/job.ts';
import type { PushResult } from '../push/push-sender.ts';
import {
  afterOwnPage,
  afterPage,
  afterRetries,
  type CursorChange,
  type FanOutCursor,
  isDone,
  nameOf,
  nextWork,
  parseCursor,
  type Retry,
} from './fan-out-cursor.ts';
import { type PageSent, PageSending, type SilenceBounds } from './page-sending.ts';
import type { ReachCounts } from './reach-counts.ts';
import { MAIL_SERVICE, OTHERS, serviceFilter } from './service-places.ts';

/** Who may have to be told. */
export interface Candidate {
  readonly userId: string;
  /** Of the job's own list, where each is told something else. */
  readonly item?: number;
}

/** One message to one place. */
export interface Target extends Candidate {
  /** Names it among the user's targets. */
  readonly key: string;
  /** For the counts. */
  readonly channel: 'push' | 'mail';
  /** Who carries it, such as the origin of a push service. */
  readonly service: string;
  /**
   * Never rejects because of the service. `end`: the page's time is over; it resolves soon, or once
   * it knows whether the message was taken. `stop`: this process ends, and it resolves soon.
   */
  send(end: AbortSignal, stop: AbortSignal): Promise<PushResult>;
}

export interface Walk {
  /** For one page of all services. */
  readonly pageMs: number;
  /** Messages to one service under way at once. */
  readonly inFlightMax: number;
  /** Errors: `store-unavailable`. */
  page(at: string | null): Promise<{
    readonly candidates: readonly Candidate[];
    readonly next: string | null;
  }>;
  /** Who wants it, and is to get it now. Errors: `store-unavailable`. */
  targets(candidates: readonly Candidate[]): Promise<readonly Target[]>;
  /** The target has ended. Errors: `store-unavailable`. */
  gone(target: Target): Promise<void>;
  /** When the page with this number may be sent at the earliest; 0 for at once. */
  pageDueAt(page: number): number;
  /** Of the event, for the lag. */
  readonly at: number;
}

export interface FanOutOptions {
  readonly clock: Clock;
  readonly counts: ReachCounts;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

/** A service that is behind holds up nobody, so it gets more than a page's time. */
const OWN_PAGE_SHARE = 4;
/**
 * Of an unknown service, in the main pass. What is cut may have gone, and comes again, so where
 * nobody waits there is time for a slow one. It is enough for its circuit breaker to hear of it
 * (events/push/push-service.ts).
 */
const SILENCE: SilenceBounds = { afterKnownMs: 1_000, aloneMs: 5_000 };

export class FanOut {
  readonly #options: FanOutOptions;
  #hasPushed = false;

  constructor(options: FanOutOptions) {
    this.#options = options;
  }

  /** Errors: `store-unavailable`. */
  async step(job: Job, walk: Walk, signal: AbortSignal): Promise<JobStep> {
    const { clock, random = Math.random } = this.#options;
    const cursor = parseCursor(job.cursor);
    const now = clock.now();
    const pageDueAt = walk.pageDueAt(cursor.pages);
    const work = nextWork(cursor, now, pageDueAt);
    const moment = () => ({ now: clock.now(), random });
    if (work.type === 'done') return stepOf(cursor, job.progress, {}, 0);
    if (work.type === 'wait') return stepOf(cursor, job.progress, {}, work.untilMs - now);
    // Whoever is behind holds up nobody, so there is more than a page's time, until the main pass.
    const aheadMs = cursor.isOver ? Infinity : pageDueAt - now;
    const ownMs = Math.min(walk.pageMs * OWN_PAGE_SHARE, aheadMs);
    if (work.type === 'retries') {
      const { retries } = work;
      const sent = await this.#sendRetries(walk, retries, ownMs, signal);
      return this.#stepAfter(job, afterRetries(cursor, retries, sent, moment()), sent);
    }
    const { behind } = work;
    const { candidates, next } = await walk.page(work.at);
    const isFor = serviceFilter(cursor.behind, behind);
    const all = candidates.length === 0 ? [] : await walk.targets(candidates);
    const targets = all.filter(({ service }) => isFor(service));
    const isShort = behind?.service === OTHERS;
    const passMs = isShort ? Math.min(walk.pageMs, ownMs) : ownMs;
    const pageMs = behind === null ? walk.pageMs : passMs;
    const silence = behind === null ? SILENCE : null;
    const sent = await this.#send(walk, targets, { pageMs, silence }, signal);
    const result = { ...sent, next };
    const change =
      behind === null
        ? afterPage(cursor, result, moment())
        : afterOwnPage(cursor, behind, result, moment());
    return this.#stepAfter(job, change, sent);
  }

  #stepAfter(job: Job, change: CursorChange, { counted }: PageSent): JobStep {
    const { cursor, givenUp, servicesGivenUp } = change;
    const all = {
      ...counted,
      ...(givenUp > 0 && { 'given-up': givenUp }),
      ...(servicesGivenUp > 0 && { 'given-up-service': servicesGivenUp }),
    };
    return stepOf(cursor, job.progress, all, 0);
  }

  async #sendRetries(
    walk: Walk,
    retries: readonly Retry[],
    pageMs: number,
    signal: AbortSignal,
  ): Promise<PageSent> {
    const names = new Set(retries.map(nameOf));
    const targets = await walk.targets(
      [...new Map(retries.map((one) => [`${one.item ?? ''} ${one.userId}`, one])).values()].map(
        ({ userId, item }) => ({ userId, ...(item !== undefined && { item }) }),
      ),
    );
    const due = targets.filter((target) => names.has(nameOf(target)));
    const silence = { afterKnownMs: SILENCE.afterKnownMs, aloneMs: walk.pageMs };
    return await this.#send(walk, due, { pageMs, silence }, signal);
  }

  async #send(
    walk: Walk,
    targets: readonly Target[],
    times: { readonly pageMs: number; readonly silence: SilenceBounds | null },
    stop: AbortSignal,
  ): Promise<PageSent> {
    // The first push of a process may wait for what sends it to start, not for its service.
    const silence = this.#hasPushed ? times.silence : null;
    const sending = new PageSending({ ...this.#options, ...times, silence, walk, stop });
    const sent = await sending.send(targets);
    this.#hasPushed ||= [...sent.took].some((service) => service !== MAIL_SERVICE);
    return sent;
  }
}

/** `sent` counts as done, all else under its own name. */
function stepOf(
  cursor: FanOutCursor,
  before: JobProgress,
  counted: Readonly<Record<string, number>>,
  pauseMs: number,
): JobStep {
  const refused = { ...before.refused };
  let { done } = before;
  for (const [outcome, number] of Object.entries(counted)) {
    if (outcome === 'sent') done += number;
    else refused[outcome] = (refused[outcome] ?? 0) + number;
  }
  const isLast = isDone(cursor);
  return {
    cursor: isLast ? null : JSON.stringify(cursor),
    progress: { ...before, done, refused, left: isLast ? 0 : null },
    isLast,
    ...(pauseMs > 0 && { pauseMs: Math.ceil(pauseMs) }),
  };
}
