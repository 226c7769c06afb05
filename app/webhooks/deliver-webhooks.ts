// The job that calls one webhook: a step sends some of the deliveries that are due, and stores what
// became of them at once. So a crash repeats one step's calls at most, with the same webhook-id.
//
// An endpoint that fails costs little: after some failures in a row one delivery at a time is
// tried, at growing intervals, until one is taken. Drops and event types of which nothing has
// failed lately do not wait for that: it may be others that the endpoint does not take. One that
// takes nothing for 24 hours, or says that it is gone, is disabled, and its creator has a mail.

import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import type { Tracing } from '../../actors/tracing/tracing.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { Delivery, Webhook, WebhookEnd } from '../../contracts/webhooks.ts';
import { backoffMs } from '../../events/backoff.ts';
import type { JobStep } from '../../events/jobs/job.ts';
import type { JobHandler } from '../../events/jobs/job-handler.ts';
import type { OutboundClient } from '../../events/outbound/outbound-client.ts';
import {
  attempted,
  type AttemptOutcome,
  dueGroups,
  FINISHED_KEPT_MS,
  FINISHED_MAX,
  givenUp,
  nextDueAt,
} from '../../events/webhooks/webhook-delivery.ts';
import { WEBHOOK_JOB_KIND, type WebhookJobParams } from '../../events/webhooks/webhook-jobs.ts';
import {
  type FinishedBounds,
  roomKeyOf,
  WAITING_MAX,
  type WebhookStore,
} from '../../storage/ports/webhooks.ts';
import { callWebhook } from './webhook-call.ts';
import type { WebhookMeter } from './webhook-meter.ts';

/** Webhooks that a process calls at once. */
const WEBHOOKS_AT_ONCE_MAX = 32;
/** Calls of one webhook at once. */
const CALLS_AT_ONCE_MAX = 8;
/** Calls of a process at once. */
export const WEBHOOK_CALLS_MAX = WEBHOOKS_AT_ONCE_MAX * CALLS_AT_ONCE_MAX;
/** Deliveries of one step: what a crash repeats at most. */
const CALLS_OF_STEP_MAX = 32;
/** No call begins later in a step, so that a slow endpoint's steps end. */
const STEP_CALLS_MS = 5_000;
/** After this time the job lets others have their turn. */
const TURN_MS = 2_000;
const TURN_PAUSE_MS = 1;
/** Between two looks where nothing waits; the job is woken when something comes. */
const IDLE_PAUSE_MS = 60_000;
/** Failures in a row from which on one delivery at a time is tried. */
const FAILURES_MAX = 5;
const PROBE_BACKOFF = { firstMs: 5_000, maxMs: 10 * 60_000 } as const;
/** Room keys whose failures are remembered; those past it are tried one at a time as well. */
const FAILING_KEYS_MAX = 64;

/** Where the job is, between two steps. */
interface Cursor {
  /** In a row. */
  readonly failures: number;
  /** When an endpoint took a delivery last; 0: never. */
  readonly takenAt: number;
  /** Nothing is sent before, at the endpoint's wish. */
  readonly restsUntil: number;
  /** What is of room keys that fail is not sent before, because the endpoint fails. */
  readonly probesAt?: number;
  /** Room keys of which the last call failed. */
  readonly failing?: readonly string[];
}

const FRESH: Cursor = { failures: 0, takenAt: 0, restsUntil: 0 };

export interface DeliverWebhooksOptions {
  readonly webhooks: WebhookStore;
  readonly outbound: Pick<OutboundClient, 'call'>;
  /** Tells the webhook's creator that it was disabled, once. */
  readonly notify: (webhook: Webhook) => Promise<void>;
  readonly meter: WebhookMeter;
  /** Null, or absent: calls have no spans. */
  readonly tracing?: Tracing | null;
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

export class DeliverWebhooksHandler implements JobHandler {
  readonly kind = WEBHOOK_JOB_KIND;
  readonly concurrency = WEBHOOKS_AT_ONCE_MAX;
  /** It waits for endpoints. */
  readonly rests = false;
  readonly #options: DeliverWebhooksOptions;
  /** When the present turn of each job that runs here began, by the monotonic clock. */
  readonly #turns = new Map<string, number>();

  constructor(options: DeliverWebhooksOptions) {
    this.#options = options;
  }

  left(jobId: string): void {
    this.#turns.delete(jobId);
  }

  async step(job: Job, signal: AbortSignal): Promise<JobStep> {
    const { webhooks, meter, clock } = this.#options;
    const { webhookId, generation } = job.params as WebhookJobParams;
    const webhook = await webhooks.find(webhookId);
    if (webhook === null || webhook.generation !== generation) {
      meter.left(webhookId);
      return over(job);
    }
    if (!webhook.enabled) return await this.#close(job, webhook);
    const cursor = job.cursor === null ? FRESH : (JSON.parse(job.cursor) as Cursor);
    const waiting = await webhooks.waiting(webhookId, WAITING_MAX * 2);
    const now = clock.now();
    meter.waits(webhookId, waiting[0]?.occurredAt ?? null);
    if (waiting.length === 0) return await this.#idle(job, webhookId, cursor);
    const open = openOf(waiting, cursor, now);
    const probesAt = open.length < waiting.length ? (cursor.probesAt ?? 0) : Infinity;
    const begins = Math.max(Math.min(nextDueAt(open) ?? Infinity, probesAt), cursor.restsUntil);
    if (begins > now) return stepOf(job, cursor, 0, begins - now);
    const countMax = isFailing(cursor) ? 1 : this.#countMax(webhook);
    const groups = dueGroups(open, now, countMax);
    const began = clock.monotonic();
    const changed = await this.#send(webhook, groups, signal);
    const next = await this.#settle(webhook, cursor, changed);
    await this.#keepRate(webhook, changed.length, began, signal);
    const sent = changed.filter(({ outcome }) => outcome.isSent).length;
    return stepOf(job, next, sent, this.#isTurnOver(job.id) ? TURN_PAUSE_MS : 0);
  }

  #countMax({ ratePerSecond }: Webhook): number {
    return Math.min(CALLS_OF_STEP_MAX, ratePerSecond);
  }

  /** What was called, with the outcomes; what the signal cut off is not among them. */
  async #send(
    webhook: Webhook,
    groups: readonly (readonly Delivery[])[],
    signal: AbortSignal,
  ): Promise<Called[]> {
    const { webhooks, clock } = this.#options;
    const ids = groups.flat().map(({ id }) => id);
    const texts = await webhooks.bodies(webhook.id, ids);
    const bodies = new Map(ids.map((id, i) => [id, texts[i]]));
    const until = clock.monotonic() + STEP_CALLS_MS;
    const called: Called[] = [];
    const left = [...groups];
    const callOne = async (delivery: Delivery): Promise<boolean> => {
      const body = bodies.get(delivery.id) ?? null;
      if (signal.aborted || clock.monotonic() >= until || body === null) return false;
      const call = { webhook, messageId: delivery.messageId, body };
      const outcome = await callWebhook(this.#callOptions(), call, signal);
      if (outcome === null) return false;
      called.push({ delivery, outcome });
      return outcome.isSent;
    };
    const callGroups = async (): Promise<void> => {
      for (let group = left.shift(); group !== undefined; group = left.shift())
        // In its key's order: what follows a failure waits for it.
        for (const delivery of group) if (!(await callOne(delivery))) break;
    };
    await Promise.all(Array.from({ length: CALLS_AT_ONCE_MAX }, callGroups));
    return called;
  }

  #callOptions() {
    const { outbound, clock, tracing = null } = this.#options;
    return { outbound, tracing, now: () => clock.now(), monotonic: () => clock.monotonic() };
  }

  async #settle(webhook: Webhook, cursor: Cursor, called: readonly Called[]): Promise<Cursor> {
    const { webhooks, meter, clock, random = Math.random } = this.#options;
    const now = clock.now();
    const results = called.map(({ delivery, outcome }) => attempted(delivery, outcome, random()));
    for (const { delivery, outcome } of called) meter.called(outcome, now - delivery.occurredAt);
    await webhooks.settle(webhook.id, results, this.#bounds());
    let { failures, takenAt, restsUntil, probesAt = 0 } = cursor;
    const failing = new Set(cursor.failing);
    for (const { delivery, outcome } of called) {
      failures = outcome.isSent ? 0 : failures + 1;
      if (outcome.isSent) takenAt = now;
      restsUntil = Math.max(restsUntil, now + (outcome.retryAfterMs ?? 0));
      const key = roomKeyOf(delivery);
      if (outcome.isSent) failing.delete(key);
      else if (failing.size < FAILING_KEYS_MAX) failing.add(key);
    }
    if (failures >= FAILURES_MAX) {
      const failuresMore = failures - FAILURES_MAX + 1;
      const waitMs = Math.ceil(backoffMs(failuresMore, { ...PROBE_BACKOFF, random }));
      probesAt = Math.max(probesAt, now + waitMs);
    }
    if (called.some(({ outcome }) => outcome.isGone)) await this.#disable(webhook, 'gone');
    const expired = results.some(
      ({ state, triedSince }) => state === 'failed' && takenAt < (triedSince ?? 0),
    );
    if (expired) await this.#disable(webhook, 'failing');
    return { failures, takenAt, restsUntil, probesAt, failing: [...failing] };
  }

  /** One that somebody changed meanwhile is looked at again by the next step. */
  async #disable(webhook: Webhook, disabledReason: WebhookEnd): Promise<void> {
    const { webhooks, clock, log } = this.#options;
    const stored = await webhooks.find(webhook.id);
    if (stored === null || !stored.enabled || stored.generation !== webhook.generation) return;
    const disabled: Webhook = {
      ...stored,
      enabled: false,
      disabledReason,
      disabledAt: clock.now(),
      noticeIsDue: true,
      revision: stored.revision + 1,
    };
    if (await webhooks.replace(disabled, 'close'))
      log.info({ webhookId: webhook.id, reason: disabledReason }, 'a webhook was disabled');
  }

  /** Of one that is disabled: what waits is given up, its creator is told, and the job is over. */
  async #close(job: Job, webhook: Webhook): Promise<JobStep> {
    const { webhooks, meter, notify, clock } = this.#options;
    const waiting = await webhooks.waiting(webhook.id, CALLS_OF_STEP_MAX * 4);
    if (waiting.length > 0) {
      const now = clock.now();
      await webhooks.settle(
        webhook.id,
        waiting.map((delivery) => givenUp(delivery, now)),
        this.#bounds(),
      );
      return stepOf(job, FRESH, 0, 0);
    }
    if (webhook.noticeIsDue) {
      await notify(webhook);
      const told = { ...webhook, noticeIsDue: false, revision: webhook.revision + 1 };
      await webhooks.replace(told, 'keep');
      return stepOf(job, FRESH, 0, 0);
    }
    meter.left(webhook.id);
    return over(job);
  }

  async #idle(job: Job, webhookId: string, cursor: Cursor): Promise<JobStep> {
    await this.#options.webhooks.settle(webhookId, [], this.#bounds());
    return stepOf(job, cursor, 0, IDLE_PAUSE_MS);
  }

  #bounds(): FinishedBounds {
    return { keptMax: FINISHED_MAX, before: this.#options.clock.now() - FINISHED_KEPT_MS };
  }

  /** Rests until so many calls are within the webhook's rate. */
  async #keepRate(
    { ratePerSecond }: Webhook,
    calls: number,
    began: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    const restMs = (calls / ratePerSecond) * 1_000 - (clock.monotonic() - began);
    if (restMs <= 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = clock.after(restMs, end);
      signal.addEventListener('abort', end);
    });
  }

  #isTurnOver(jobId: string): boolean {
    const now = this.#options.clock.monotonic();
    const began = this.#turns.get(jobId) ?? now;
    this.#turns.set(jobId, began);
    return now - began >= TURN_MS;
  }
}

function isFailing({ failures }: Cursor): boolean {
  return failures >= FAILURES_MAX;
}

/** What may be sent before the next probe: all, or what is of room keys that have not failed. */
function openOf(waiting: readonly Delivery[], cursor: Cursor, now: number): readonly Delivery[] {
  const { probesAt = 0, failing = [] } = cursor;
  if (!isFailing(cursor) || probesAt <= now) return waiting;
  const held = new Set(failing);
  return waiting.filter((delivery) => !held.has(roomKeyOf(delivery)));
}

interface Called {
  readonly delivery: Delivery;
  readonly outcome: AttemptOutcome;
}

function stepOf(job: Job, cursor: Cursor, sent: number, pauseMs: number): JobStep {
  const progress = { done: job.progress.done + sent, refused: {}, left: null };
  return { cursor: JSON.stringify(cursor), progress, isLast: false, pauseMs };
}

function over(job: Job): JobStep {
  return { cursor: null, progress: { ...job.progress, left: 0 }, isLast: true };
}
