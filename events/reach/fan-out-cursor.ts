// Where a fan-out is. Its main pass walks all pages once. A service that does not take what it is
// sent falls behind: the main pass goes on without it, and a pass of its own follows from there, so
// nothing is kept of who is still to be told but a position. Single failures are in a bounded list.

import { backoffMs } from '../backoff.ts';

/** Services that are behind, at once. */
export const BEHIND_MAX = 16;
/** Single failures that are tried again. */
export const RETRIES_MAX = 1_000;
/** Of one target. */
export const TARGET_ATTEMPTS_MAX = 12;
/** Attempts of a service that is behind, in a row, without anything that it took. */
export const SERVICE_ATTEMPTS_MAX = 12;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 5 * 60_000;

/** One target to try again. */
export interface Retry {
  readonly userId: string;
  /** Which of the user's targets: see `Target.key`. */
  readonly key: string;
  /** Of the page, where candidates have items. */
  readonly item?: number;
  readonly attempts: number;
  /** Milliseconds since the Unix epoch. */
  readonly dueAt: number;
}

/** A service's own pass. */
export interface Behind {
  readonly service: string;
  /** The page that is next; null for the first. */
  readonly at: string | null;
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

/** The main pass first: whoever is behind holds up nobody. */
export function nextWork(cursor: FanOutCursor, now: number): Work {
  const { at, isOver, behind, retries } = cursor;
  if (!isOver) return { type: 'page', at, behind: null };
  const due = retries.filter(({ dueAt }) => dueAt <= now);
  if (due.length > 0) return { type: 'retries', retries: due };
  const [first] = behind.toSorted((a, b) => a.dueAt - b.dueAt);
  if (first !== undefined && first.dueAt <= now)
    return { type: 'page', at: first.at, behind: first };
  const waits = [...retries, ...behind].map(({ dueAt }) => dueAt);
  return waits.length === 0 ? { type: 'done' } : { type: 'wait', untilMs: Math.min(...waits) };
}

/** A target that a service did not take, and that may be tried again. */
export interface Failure {
  readonly userId: string;
  readonly key: string;
  readonly item?: number;
  readonly service: string;
  /** The least time to wait, in milliseconds. */
  readonly retryAfterMs: number;
}

/** What a page came to. */
export interface PageResult {
  /** The page after it; null where it was the last one. */
  readonly next: string | null;
  readonly failures: readonly Failure[];
  /** Services that took something of it. */
  readonly took: ReadonlySet<string>;
  /** Services that did not keep up: what follows is for a pass of their own. */
  readonly stalled: ReadonlySet<string>;
}

export interface CursorChange {
  readonly cursor: FanOutCursor;
  /** Targets that are given up, by how many. */
  readonly givenUp: number;
}

interface Moment {
  readonly now: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** After a page of the main pass. */
export function afterPage(cursor: FanOutCursor, result: PageResult, moment: Moment): CursorChange {
  const { failures, stalled, next } = result;
  const behind = [...cursor.behind];
  const retries = [...cursor.retries];
  let givenUp = 0;
  for (const [service, failed] of Map.groupBy(failures, (failure) => failure.service)) {
    const fits = retries.length + failed.length <= RETRIES_MAX;
    const falls = stalled.has(service) || !fits;
    if (fits) retries.push(...failed.map((failure) => retryOf(failure, 1, moment)));
    if (!falls || (fits && next === null)) continue;
    if (behind.length >= BEHIND_MAX) {
      if (!fits) givenUp += failed.length;
      continue;
    }
    // Where its failures have no room, its pass begins with this page, and repeats what it took.
    const wait = Math.max(...failed.map(({ retryAfterMs }) => retryAfterMs));
    const at = fits ? next : cursor.at;
    behind.push({ service, at, attempts: 1, dueAt: dueAfter(1, wait, moment) });
  }
  const isOver = next === null;
  return {
    cursor: { at: next, pages: cursor.pages + 1, isOver, behind, retries },
    givenUp,
  };
}

/** After a page of a service's own pass. */
export function afterOwnPage(
  cursor: FanOutCursor,
  own: Behind,
  result: PageResult,
  moment: Moment,
): CursorChange {
  const { failures, next, took } = result;
  const others = cursor.behind.filter(({ service }) => service !== own.service);
  const attempts = took.has(own.service) || failures.length === 0 ? 0 : own.attempts + 1;
  if (attempts > SERVICE_ATTEMPTS_MAX)
    return { cursor: { ...cursor, behind: others }, givenUp: failures.length };
  const fits = cursor.retries.length + failures.length <= RETRIES_MAX;
  const wait = Math.max(0, ...failures.map(({ retryAfterMs }) => retryAfterMs));
  const dueAt = failures.length === 0 ? moment.now : dueAfter(attempts, wait, moment);
  // Without a success in it the page is tried again as a whole: nothing of it would be repeated.
  const stays = failures.length > 0 && (!fits || !took.has(own.service));
  const retries = stays
    ? cursor.retries
    : [...cursor.retries, ...failures.map((failure) => retryOf(failure, 1, moment))];
  const at = stays ? own.at : next;
  const isOver = !stays && next === null;
  const behind = isOver ? others : [...others, { ...own, at, attempts, dueAt }];
  return { cursor: { ...cursor, behind, retries }, givenUp: 0 };
}

/** After `tried` were tried again. */
export function afterRetries(
  cursor: FanOutCursor,
  tried: readonly Retry[],
  failures: readonly Failure[],
  moment: Moment,
): CursorChange {
  const done = new Set(tried);
  const attemptsOf = new Map(tried.map((retry) => [nameOf(retry), retry.attempts]));
  const retries = cursor.retries.filter((retry) => !done.has(retry));
  let givenUp = 0;
  for (const failure of failures) {
    const attempts = (attemptsOf.get(nameOf(failure)) ?? 0) + 1;
    if (attempts > TARGET_ATTEMPTS_MAX) givenUp += 1;
    else retries.push(retryOf(failure, attempts, moment));
  }
  return { cursor: { ...cursor, retries }, givenUp };
}

export function nameOf({ userId, key, item }: Pick<Retry, 'userId' | 'key' | 'item'>): string {
  return `${item ?? ''} ${key} ${userId}`;
}

function retryOf(failure: Failure, attempts: number, moment: Moment): Retry {
  const { userId, key, item, retryAfterMs } = failure;
  const dueAt = dueAfter(attempts, retryAfterMs, moment);
  return { userId, key, ...(item !== undefined && { item }), attempts, dueAt };
}

function dueAfter(attempts: number, waitMs: number, { now, random }: Moment): number {
  const backoff = { firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random };
  return now + Math.ceil(Math.max(waitMs, backoffMs(Math.max(1, attempts), backoff)));
}
