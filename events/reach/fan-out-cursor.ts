// Where a fan-out is. Its main pass walks all pages once. A service that does not take what it is
// sent falls behind: the main pass goes on without it, and a pass of its own follows from there, so
// nothing is kept of who is still to be told but a position. Single failures are in a bounded list.
// Services of unknown makers have a small share of both, and the most of them one pass together.

import { backoffMs } from '../backoff.ts';
import {
  alone,
  hasPlace,
  isKnown,
  OTHERS,
  RETRIES_MAX,
  roomFor,
  roundsMax,
} from './service-places.ts';

/** Of one target, sent to its service. */
const TARGET_ATTEMPTS_MAX = 12;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 5 * 60_000;
/** A page that is due within it is due. */
const SPREAD_GRAIN_MS = 1_000;

/** One target to try again. */
export interface Retry {
  readonly userId: string;
  /** Which of the user's targets: see `Target.key`. */
  readonly key: string;
  /** Of the page, where candidates have items. */
  readonly item?: number;
  /** Times that it was sent. */
  readonly attempts: number;
  /** As `attempts`, with the times that its service had no room for it. */
  readonly rounds: number;
  /** Its service is an unknown one. */
  readonly isOther?: true;
  /** Milliseconds since the Unix epoch. */
  readonly dueAt: number;
}

/** A service's own pass. */
export interface Behind {
  /** `OTHERS`: all unknown services but those in `except`. */
  readonly service: string;
  readonly except?: readonly string[];
  /** The page that is next; null for the first. */
  readonly at: string | null;
  /** Its number, from 0. */
  readonly page: number;
  /** In a row, without anything that it took. */
  readonly attempts: number;
  readonly dueAt: number;
}

export interface FanOutCursor {
  /** The main pass: the page that is next. */
  readonly at: string | null;
  readonly pages: number;
  readonly isOver: boolean;
  readonly behind: readonly Behind[];
  readonly retries: readonly Retry[];
}

export type Work =
  | { readonly type: 'page'; readonly at: string | null; readonly behind: Behind | null }
  | { readonly type: 'retries'; readonly retries: readonly Retry[] }
  | { readonly type: 'wait'; readonly untilMs: number }
  | { readonly type: 'done' };

const BEGINNING: FanOutCursor = { at: null, pages: 0, isOver: false, behind: [], retries: [] };

export function parseCursor(text: string | null): FanOutCursor {
  return text === null ? BEGINNING : (JSON.parse(text) as FanOutCursor);
}

export function isDone({ isOver, behind, retries }: FanOutCursor): boolean {
  return isOver && behind.length === 0 && retries.length === 0;
}

/**
 * The main pass first: whoever is behind holds up nobody. While it waits for its next page, which
 * is due at `pageDueAt`, the others have their turn, but no pass comes up with it.
 */
export function nextWork(cursor: FanOutCursor, now: number, pageDueAt: number): Work {
  const { at, pages, isOver, behind, retries } = cursor;
  if (isDone(cursor)) return { type: 'done' };
  if (!isOver && pageDueAt - now <= SPREAD_GRAIN_MS) return { type: 'page', at, behind: null };
  const passes = behind.filter(({ page }) => isOver || page < pages);
  const due = retries.filter(({ dueAt }) => dueAt <= now);
  const [pass] = passes.filter(({ dueAt }) => dueAt <= now).toSorted(byTurn);
  const retryDueAt = Math.min(...due.map(({ dueAt }) => dueAt));
  if (pass !== undefined && pass.dueAt <= retryDueAt)
    return { type: 'page', at: pass.at, behind: pass };
  if (due.length > 0) return { type: 'retries', retries: due };
  const waits = [...retries, ...passes].map(({ dueAt }) => dueAt);
  return { type: 'wait', untilMs: Math.min(...waits, isOver ? Infinity : pageDueAt) };
}

/** A target that a service did not take, and that may be tried again. */
export interface Failure {
  readonly userId: string;
  readonly key: string;
  readonly item?: number;
  readonly service: string;
  /** False: it was held back, since its service took no more or the time was over. */
  readonly isSent: boolean;
  /** The least time to wait, in milliseconds. */
  readonly retryAfterMs: number;
}

/** What was sent of a page, or of retries. */
export interface SendResult {
  readonly failures: readonly Failure[];
  /** Services that took something of it. */
  readonly took: ReadonlySet<string>;
  /**
   * Services that did not keep up, and the least time to leave each alone, in milliseconds: what
   * follows is for a pass of their own.
   */
  readonly stalled: ReadonlyMap<string, number>;
  /** This process ends: failures say nothing of services. */
  readonly isStopped: boolean;
}

export interface PageResult extends SendResult {
  /** The page after it; null where it was the last one. */
  readonly next: string | null;
}

export interface CursorChange {
  readonly cursor: FanOutCursor;
  /** Targets that are given up, by how many. */
  readonly givenUp: number;
  /** Services that are given up with all later pages, by how many. */
  readonly servicesGivenUp: number;
}

interface Moment {
  readonly now: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** After a page of the main pass. */
export function afterPage(cursor: FanOutCursor, result: PageResult, moment: Moment): CursorChange {
  const { failures, stalled, next } = result;
  if (isLeft(cursor, result)) return changeTo(cursor);
  const behind = [...cursor.behind];
  const retries = [...cursor.retries];
  let givenUp = 0;
  for (const [service, failed] of Map.groupBy(failures, (failure) => failure.service)) {
    const fits = failed.length <= roomFor(retries, service);
    if (fits) retries.push(...failed.map((failure) => retryOf(failure, undefined, moment)));
    if ((fits && next === null) || (fits && !stalled.has(service))) continue;
    const dueAt = dueAfter(1, stalled.get(service) ?? 0, moment);
    const pass = { attempts: 1, dueAt };
    if (hasPlace(behind, service)) {
      // Where its failures have no room, its pass begins with this page, and repeats what it took.
      const from = fits
        ? { at: next, page: cursor.pages + 1 }
        : { at: cursor.at, page: cursor.pages };
      behind.push({ service, ...from, ...pass });
      continue;
    }
    // What the others took of this page is not repeated for one of them.
    if (!fits) givenUp += failed.length;
    if (isKnown(service) || next === null || behind.some((one) => one.service === OTHERS)) continue;
    const except = alone(behind).map((one) => one.service);
    behind.push({ service: OTHERS, except, at: next, page: cursor.pages + 1, ...pass });
  }
  const isOver = next === null;
  const pages = cursor.pages + 1;
  return changeTo({ at: next, pages, isOver, behind, retries }, givenUp);
}

/** After a page of a service's own pass. */
export function afterOwnPage(
  cursor: FanOutCursor,
  own: Behind,
  result: PageResult,
  moment: Moment,
): CursorChange {
  const { failures, next, took, stalled, isStopped } = result;
  if (isLeft(cursor, result)) return changeTo(cursor);
  const others = cursor.behind.filter(({ service }) => service !== own.service);
  const room = roomFor(cursor.retries, own.service);
  const isTogether = own.service === OTHERS;
  // Without a success in it the page is tried again as a whole: nothing of it would be repeated.
  // Unknown services that go together do not wait for one of them.
  const isRefused = failures.length > room || (stalled.size > 0 && took.size === 0);
  const stays = failures.length > 0 && isRefused && !isTogether && !isStopped;
  const attempts = stays ? own.attempts + 1 : 0;
  if (attempts > roundsMax(own.service))
    return changeTo({ ...cursor, behind: others }, failures.length, 1);
  const kept = stays ? [] : failures.slice(0, room);
  const retries = [
    ...cursor.retries,
    ...kept.map((failure) => retryOf(failure, undefined, moment)),
  ];
  const from = stays ? {} : { at: next, page: own.page + 1 };
  const wait = isTogether ? 0 : Math.max(0, ...stalled.values());
  const isHeld = stays || (stalled.size > 0 && !isTogether);
  const dueAt = isHeld ? dueAfter(attempts, wait, moment) : moment.now;
  const isOver = !stays && next === null;
  const behind = isOver ? others : [...others, { ...own, ...from, attempts, dueAt }];
  const givenUp = stays ? 0 : failures.length - kept.length;
  return changeTo({ ...cursor, behind, retries }, givenUp);
}

/** After `tried` were tried again. */
export function afterRetries(
  cursor: FanOutCursor,
  tried: readonly Retry[],
  { failures, isStopped }: SendResult,
  moment: Moment,
): CursorChange {
  const done = new Set(tried);
  const triedAs = new Map(tried.map((retry) => [nameOf(retry), retry]));
  const retries = cursor.retries.filter((retry) => !done.has(retry));
  let givenUp = 0;
  // What was held back is first in the next round.
  for (const failure of failures.toSorted((a, b) => Number(a.isSent) - Number(b.isSent))) {
    const before = triedAs.get(nameOf(failure));
    const retry = isStopped && before ? before : retryOf(failure, before, moment);
    const isLast =
      retry.attempts > TARGET_ATTEMPTS_MAX || retry.rounds > roundsMax(failure.service);
    if (isLast) givenUp += 1;
    else retries.push(retry);
  }
  return changeTo({ ...cursor, retries }, givenUp);
}

export function nameOf({ userId, key, item }: Pick<Retry, 'userId' | 'key' | 'item'>): string {
  return `${item ?? ''} ${key} ${userId}`;
}

function changeTo(cursor: FanOutCursor, givenUp = 0, servicesGivenUp = 0): CursorChange {
  return { cursor, givenUp, servicesGivenUp };
}

/** The page is done again, by whoever runs the job next: what is not sent of it has no room. */
function isLeft({ retries }: FanOutCursor, { failures, took, isStopped }: PageResult): boolean {
  if (!isStopped || failures.length === 0) return false;
  const others = failures.filter(({ service }) => !isKnown(service)).length;
  return (
    took.size === 0 ||
    retries.length + failures.length > RETRIES_MAX ||
    others > roomFor(retries, OTHERS)
  );
}

/** Known services first. */
function byTurn(a: Behind, b: Behind): number {
  return Number(isKnown(b.service)) - Number(isKnown(a.service)) || a.dueAt - b.dueAt;
}

function retryOf(failure: Failure, before: Retry | undefined, moment: Moment): Retry {
  const { userId, key, item, service, isSent, retryAfterMs } = failure;
  const attempts = (before?.attempts ?? 0) + (isSent ? 1 : 0);
  const rounds = (before?.rounds ?? 0) + 1;
  return {
    userId,
    key,
    ...(item !== undefined && { item }),
    attempts,
    rounds,
    ...(!isKnown(service) && { isOther: true as const }),
    dueAt: dueAfter(rounds, retryAfterMs, moment),
  };
}

function dueAfter(rounds: number, waitMs: number, { now, random }: Moment): number {
  const backoff = { firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random };
  return now + Math.ceil(Math.max(waitMs, backoffMs(Math.max(1, rounds), backoff)));
}
