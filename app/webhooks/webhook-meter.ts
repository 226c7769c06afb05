// What this process sent to webhooks, and how all webhooks do, for metrics.

import type { AttemptOutcome } from '../../events/webhooks/webhook-delivery.ts';
import type { WebhookCounts, WebhookStore } from '../../storage/ports/webhooks.ts';

/** A webhook whose job has not run here for so long is called by another node, if at all. */
const HERE_MAX_MS = 15 * 60_000;
/** The counts of the store are at most so old, the next time that they are read. */
const COUNTS_AGE_MAX_MS = 10_000;
const LAG_BOUNDS_MS = [
  100, 250, 500, 1_000, 2_500, 5_000, 15_000, 60_000, 600_000, 3_600_000, 86_400_000,
] as const;

export interface WebhookSample {
  /** Of the whole store, some seconds old; null before they were read. */
  readonly counts: WebhookCounts | null;
  /** Calls that were taken. */
  readonly sent: number;
  /** Calls that failed, by why. */
  readonly failed: Readonly<Record<string, number>>;
  /** The age of the oldest event that waits to be sent by this process, in milliseconds. */
  readonly oldestMs: number;
  /** From an event to the call that was taken. The last count has all longer ones. */
  readonly lag: {
    readonly boundsMs: readonly number[];
    readonly counts: readonly number[];
    readonly sumMs: number;
  };
}

export interface WebhookMeterOptions {
  readonly webhooks: Pick<WebhookStore, 'counts'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly monotonic: () => number;
}

export class WebhookMeter {
  readonly #options: WebhookMeterOptions;
  #sent = 0;
  /** Reasons are of a fixed set. */
  readonly #failed = new Map<string, number>();
  readonly #lagCounts: number[] = Array.from({ length: LAG_BOUNDS_MS.length + 1 }, () => 0);
  #lagSumMs = 0;
  /** By webhook that this process calls: when the oldest waiting event happened, seen when. */
  readonly #oldest = new Map<string, { readonly occurredAt: number; readonly seenAt: number }>();
  #counts: WebhookCounts | null = null;
  #countedAt = -Infinity;

  constructor(options: WebhookMeterOptions) {
    this.#options = options;
  }

  called({ isSent, attempt }: AttemptOutcome, lagMs: number): void {
    if (!isSent) {
      const reason = attempt.reason ?? 'other';
      this.#failed.set(reason, (this.#failed.get(reason) ?? 0) + 1);
      return;
    }
    this.#sent += 1;
    this.#lagSumMs += Math.max(lagMs, 0);
    const bucket = LAG_BOUNDS_MS.findIndex((bound) => lagMs <= bound);
    this.#lagCounts[bucket < 0 ? LAG_BOUNDS_MS.length : bucket]! += 1;
  }

  /** When the oldest event happened that waits for the webhook; null: none waits. */
  waits(webhookId: string, occurredAt: number | null): void {
    if (occurredAt === null) this.left(webhookId);
    else this.#oldest.set(webhookId, { occurredAt, seenAt: this.#options.monotonic() });
  }

  /** The webhook is not called any more. */
  left(webhookId: string): void {
    this.#oldest.delete(webhookId);
  }

  sample(): WebhookSample {
    this.#countSoon();
    const { now, monotonic } = this.#options;
    const [at, present] = [now(), monotonic()];
    let oldestMs = 0;
    for (const [webhookId, { occurredAt, seenAt }] of this.#oldest) {
      if (present - seenAt > HERE_MAX_MS) this.#oldest.delete(webhookId);
      else oldestMs = Math.max(oldestMs, at - occurredAt);
    }
    return {
      counts: this.#counts,
      sent: this.#sent,
      failed: Object.fromEntries(this.#failed),
      oldestMs,
      lag: { boundsMs: LAG_BOUNDS_MS, counts: [...this.#lagCounts], sumMs: this.#lagSumMs },
    };
  }

  /** The store is counted when somebody reads the metrics, for whoever reads them next. */
  #countSoon(): void {
    const { webhooks, monotonic } = this.#options;
    if (monotonic() - this.#countedAt < COUNTS_AGE_MAX_MS) return;
    this.#countedAt = monotonic();
    webhooks.counts().then(
      (counts) => {
        this.#counts = counts;
      },
      () => {
        // They stay as they were, and are read again later.
      },
    );
  }
}
