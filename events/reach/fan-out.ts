// One step of a fan-out: a page of people, and to each of their targets (browsers, an address) one
// message. Services are sent to side by side, each within the time of the page: what one has not
// taken by then delays nobody, and is tried again (fan-out-cursor.ts). A step that is done again
// after a crash repeats at most its page.

import pLimit from 'p-limit';
import type { Clock } from '../../actors/clock.ts';
import type { Job, JobProgress } from '../../contracts/jobs.ts';
import type { JobStep } from '../jobs/job.ts';
import type { PushResult } from '../push/push-sender.ts';
import {
  afterOwnPage,
  afterPage,
  afterRetries,
  type Behind,
  type CursorChange,
  type Failure,
  type FanOutCursor,
  nameOf,
  nextWork,
  parseCursor,
  type Retry,
} from './fan-out-cursor.ts';
import type { ReachCounts } from './reach-counts.ts';

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
  /** Never rejects because of the service. With an aborted signal it resolves soon. */
  send(signal: AbortSignal): Promise<PushResult>;
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
/** Failures of one service within a page, in a row, from which no more is sent to it. */
const STALL_AFTER = 8;
/** Bursts within it are not spread. */
const SPREAD_GRAIN_MS = 1_000;
const RETRY_AFTER_MS = 2_000;

interface Sent {
  readonly failures: readonly Failure[];
  readonly took: ReadonlySet<string>;
  readonly stalled: ReadonlySet<string>;
  readonly counted: Readonly<Record<string, number>>;
}

export class FanOut {
  readonly #options: FanOutOptions;

  constructor(options: FanOutOptions) {
    this.#options = options;
  }

  /** Errors: `store-unavailable`. */
  async step(job: Job, walk: Walk, signal: AbortSignal): Promise<JobStep> {
    const { clock, random = Math.random } = this.#options;
    const cursor = parseCursor(job.cursor);
    const now = clock.now();
    const work = nextWork(cursor, now);
    const moment = () => ({ now: clock.now(), random });
    if (work.type === 'done') return stepOf(cursor, job.progress, {}, 0);
    if (work.type === 'wait') return stepOf(cursor, job.progress, {}, work.untilMs - now);
    if (work.type === 'retries') {
      const { retries } = work;
      const sent = await this.#sendRetries(walk, retries, signal);
      const change = afterRetries(cursor, retries, sent.failures, moment());
      return this.#stepAfter(job, change, sent);
    }
    const { behind } = work;
    if (behind === null) {
      const aheadMs = walk.pageDueAt(cursor.pages) - now;
      if (aheadMs > SPREAD_GRAIN_MS) return stepOf(cursor, job.progress, {}, aheadMs);
    }
    const { candidates, next } = await walk.page(work.at);
    const isFor = serviceFilter(cursor, behind);
    const all = candidates.length === 0 ? [] : await walk.targets(candidates);
    const targets = all.filter(({ service }) => isFor(service));
    const pageMs = behind === null ? walk.pageMs : walk.pageMs * OWN_PAGE_SHARE;
    const sent = await this.#send(walk, targets, pageMs, signal);
    const result = { ...sent, next };
    const change =
      behind === null
        ? afterPage(cursor, result, moment())
        : afterOwnPage(cursor, behind, result, moment());
    return this.#stepAfter(job, change, sent);
  }

  #stepAfter(job: Job, { cursor, givenUp }: CursorChange, { counted }: Sent): JobStep {
    const all = givenUp > 0 ? { ...counted, 'given-up': givenUp } : counted;
    return stepOf(cursor, job.progress, all, 0);
  }

  async #sendRetries(walk: Walk, retries: readonly Retry[], signal: AbortSignal): Promise<Sent> {
    const names = new Set(retries.map(nameOf));
    const targets = await walk.targets(
      [...new Map(retries.map((one) => [`${one.item ?? ''} ${one.userId}`, one])).values()].map(
        ({ userId, item }) => ({ userId, ...(item !== undefined && { item }) }),
      ),
    );
    const due = targets.filter((target) => names.has(nameOf(target)));
    return await this.#send(walk, due, walk.pageMs * OWN_PAGE_SHARE, signal);
  }

  async #send(
    walk: Walk,
    targets: readonly Target[],
    pageMs: number,
    signal: AbortSignal,
  ): Promise<Sent> {
    const { clock, counts } = this.#options;
    const counted: Record<string, number> = {};
    const failures: Failure[] = [];
    const took = new Set<string>();
    const stalled = new Set<string>();
    const end = new AbortController();
    const abort = () => end.abort();
    const timer = clock.after(pageMs, abort);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    const count = (outcome: string) => {
      counted[outcome] = (counted[outcome] ?? 0) + 1;
    };
    const toService = async (service: string, ofService: readonly Target[]): Promise<void> => {
      const limit = pLimit(walk.inFlightMax);
      let inRow = 0;
      let waitMs = 0;
      const sendOne = async (target: Target): Promise<void> => {
        const isHeld = end.signal.aborted || stalled.has(service);
        const result: PushResult = isHeld
          ? { outcome: 'rate-limited', retryAfterMs: waitMs }
          : await target.send(end.signal);
        const { outcome, retryAfterMs, reason } = result;
        if (!isHeld) counts.sent(target.channel, result, clock.now() - walk.at);
        if (outcome === 'sent' || outcome === 'gone' || outcome === 'too-large') {
          inRow = 0;
          took.add(service);
          count(outcome);
          if (outcome === 'gone') await walk.gone(target);
          return;
        }
        // Ended by this page's time: the service may take it later.
        const isLate = outcome === 'failed' && end.signal.aborted;
        if (outcome === 'failed' && retryAfterMs === undefined && !isLate) {
          count(reason ?? 'failed');
          return;
        }
        inRow += 1;
        waitMs = Math.max(waitMs, retryAfterMs ?? RETRY_AFTER_MS);
        if (isLate || outcome === 'rate-limited' || inRow >= STALL_AFTER) stalled.add(service);
        const { userId, key, item } = target;
        failures.push({
          userId,
          key,
          ...(item !== undefined && { item }),
          service,
          retryAfterMs: waitMs,
        });
      };
      await Promise.all(ofService.map((target) => limit(sendOne, target)));
    };
    try {
      const byService = Map.groupBy(targets, ({ service }) => service);
      await Promise.all(Array.from(byService, ([name, some]) => toService(name, some)));
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', abort);
    }
    return { failures, took, stalled, counted };
  }
}

/** The main pass is for all that are not behind, a service's own pass for that one. */
function serviceFilter(cursor: FanOutCursor, own: Behind | null): (service: string) => boolean {
  if (own !== null) return (service) => service === own.service;
  const behind = new Set(cursor.behind.map(({ service }) => service));
  return (service) => !behind.has(service);
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
  const isLast = nextWork(cursor, Number.MAX_SAFE_INTEGER).type === 'done';
  return {
    cursor: isLast ? null : JSON.stringify(cursor),
    progress: { ...before, done, refused, left: isLast ? 0 : null },
    isLast,
    ...(pauseMs > 0 && { pauseMs: Math.ceil(pauseMs) }),
  };
}
