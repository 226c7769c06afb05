// Sends one page of a fan-out. Services are sent to side by side, each within the time of the page:
// what one has not taken by then is kept, with whether it was sent. A service that nobody knows and
// that says nothing is not waited for that long.

import pLimit from 'p-limit';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { PushResult } from '../push/push-sender.ts';
import type { Target, Walk } from './fan-out.ts';
import type { Failure, SendResult } from './fan-out-cursor.ts';
import { MAIL_DEFERRED } from './news-mails.ts';
import type { ReachCounts } from './reach-counts.ts';
import { isKnown } from './service-places.ts';

/** Failures of one service within a page, in a row, from which no more is sent to it. */
const STALL_AFTER = 8;
const RETRY_AFTER_MS = 2_000;
/** Answers about one target, which say nothing of its service. */
const OF_ONE: readonly (string | undefined)[] = ['status-429', MAIL_DEFERRED];

export interface PageSendingOptions {
  readonly clock: Clock;
  readonly counts: ReachCounts;
  readonly walk: Walk;
  readonly pageMs: number;
  /** An unknown service that answers nothing for so long has ended its page. Null: no bound. */
  readonly silence: SilenceBounds | null;
  /** This process ends, or no longer has the job. */
  readonly stop: AbortSignal;
}

/** In milliseconds. */
export interface SilenceBounds {
  /** Once the known services of the page are done, and wait for it. */
  readonly afterKnownMs: number;
  /** Where the page is for unknown services only. */
  readonly aloneMs: number;
}

export interface PageSent extends SendResult {
  /** What needs no other try, by outcome. */
  readonly counted: Readonly<Record<string, number>>;
}

/** What a page's messages to one service share. */
interface ServicePage {
  readonly service: string;
  readonly end: AbortSignal;
  /** The service has answered. */
  heard(): void;
  /** Failures in a row. */
  inRow: number;
  /** The least time until it is asked again. */
  waitMs: number;
}

export class PageSending {
  readonly #options: PageSendingOptions;
  readonly #counted: Record<string, number> = {};
  readonly #failures: Failure[] = [];
  readonly #took = new Set<string>();
  readonly #stalled = new Map<string, number>();
  readonly #end = new AbortController();
  #fault: { readonly error: unknown } | null = null;

  constructor(options: PageSendingOptions) {
    this.#options = options;
  }

  /**
   * Once. Nothing is under way any more when it ends, or fails. Errors: `store-unavailable`, with
   * which the page ends.
   */
  async send(targets: readonly Target[]): Promise<PageSent> {
    const { clock, pageMs, stop } = this.#options;
    const abort = () => this.#end.abort();
    const timer = clock.after(pageMs, abort);
    stop.addEventListener('abort', abort);
    if (stop.aborted) abort();
    try {
      const byService = [...Map.groupBy(targets, ({ service }) => service)];
      const known = byService.filter(([service]) => isKnown(service));
      const others = byService.filter(([service]) => !isKnown(service));
      const knownDone = Promise.all(
        known.map(([name, some]) => this.#toService(name, some, this.#end.signal)),
      );
      const silenceMs =
        known.length > 0 ? this.#options.silence?.afterKnownMs : this.#options.silence?.aloneMs;
      await Promise.all([
        knownDone,
        ...others.map(([name, some]) => this.#toOther(name, some, knownDone, silenceMs ?? null)),
      ]);
    } finally {
      timer.cancel();
      stop.removeEventListener('abort', abort);
    }
    if (this.#fault !== null) throw this.#fault.error;
    return {
      counted: this.#counted,
      failures: this.#failures,
      took: this.#took,
      stalled: this.#stalled,
      isStopped: stop.aborted,
    };
  }

  async #toService(
    service: string,
    targets: readonly Target[],
    end: AbortSignal,
    heard: () => void = () => undefined,
  ): Promise<void> {
    const limit = pLimit(this.#options.walk.inFlightMax);
    const page: ServicePage = { service, end, heard, inRow: 0, waitMs: 0 };
    await Promise.all(targets.map((target) => limit(() => this.#sendOne(target, page))));
  }

  /** Until the end of the page, or until nothing was heard for too long after `since`. */
  async #toOther(
    service: string,
    targets: readonly Target[],
    since: Promise<unknown>,
    silenceMs: number | null,
  ): Promise<void> {
    const { clock } = this.#options;
    const silence = new AbortController();
    const end = AbortSignal.any([silence.signal, this.#end.signal]);
    let timer: Timer | null = null;
    let isOver = false;
    const restart = () => {
      timer?.cancel();
      if (silenceMs !== null && !isOver) timer = clock.after(silenceMs, () => silence.abort());
    };
    void since.then(restart);
    await this.#toService(service, targets, end, () => timer !== null && restart());
    isOver = true;
    restart();
  }

  /** Never rejects: others are under way, and are waited for. */
  async #sendOne(target: Target, page: ServicePage): Promise<void> {
    const { clock, counts, walk, stop } = this.#options;
    if (page.end.aborted && !stop.aborted) this.#stall(page);
    if (page.end.aborted || this.#stalled.has(page.service))
      return this.#keep(target, page.waitMs, false);
    try {
      const result = await target.send(page.end, stop);
      page.heard();
      counts.sent(target.channel, result, clock.now() - walk.at);
      this.#judge(target, result, page);
      if (result.outcome === 'gone') await walk.gone(target);
    } catch (error) {
      this.#fault ??= { error };
      this.#end.abort();
    }
  }

  #judge(target: Target, result: PushResult, page: ServicePage): void {
    const { outcome, retryAfterMs, reason } = result;
    if (outcome === 'sent' || outcome === 'gone' || outcome === 'too-large') {
      page.inRow = 0;
      this.#took.add(page.service);
      this.#count(outcome);
      return;
    }
    // Ended by this page's time: the service may take it later.
    const isLate = outcome === 'failed' && page.end.aborted;
    if (outcome === 'failed' && retryAfterMs === undefined && !isLate)
      return this.#count(reason ?? 'failed');
    const isStopped = isLate && this.#options.stop.aborted;
    const isOfOne = OF_ONE.includes(reason);
    const hasNoRoom = outcome === 'rate-limited' && !isOfOne;
    const waitMs = retryAfterMs ?? RETRY_AFTER_MS;
    this.#keep(target, waitMs, !hasNoRoom && !isStopped);
    if (isOfOne || isStopped) return;
    page.inRow += 1;
    page.waitMs = Math.max(page.waitMs, waitMs);
    if (isLate || hasNoRoom || page.inRow >= STALL_AFTER) this.#stall(page);
  }

  #stall({ service, waitMs }: ServicePage): void {
    this.#stalled.set(service, waitMs);
  }

  #keep({ userId, key, item, service }: Target, retryAfterMs: number, isSent: boolean): void {
    const of = { userId, key, ...(item !== undefined && { item }), service };
    this.#failures.push({ ...of, isSent, retryAfterMs });
  }

  #count(outcome: string): void {
    this.#counted[outcome] = (this.#counted[outcome] ?? 0) + 1;
  }
}
