// Spans that wait to be sent: in bounded number, in batches of bounded size, one batch at a time.
// What fails is counted and gone; nobody waits for it and nothing is tried again but by the
// exporter itself.

import pTimeout from 'p-timeout';
import type { Logger } from 'pino';
import type { Clock, Timer } from '../clock.ts';
import type { FinishedSpan } from './span.ts';

/**
 * A request to the receiver costs as much as some hundred spans. Encoding a batch takes the loop
 * two or three milliseconds.
 */
const BATCH_MAX = 512;
/** The longest wait of a batch that is not full. */
const DELAY_MS = 1_000;
/** Between two log lines about failures. */
const LOG_INTERVAL_MS = 60_000;

export interface SpanExporter {
  /** Rejects where the spans were not taken. Ends within a bound of its own. */
  send(spans: readonly FinishedSpan[]): Promise<void>;
  stop(): Promise<void>;
}

export interface SpanQueueSample {
  readonly waiting: number;
  /** Since the start. */
  readonly sent: number;
  /** The receiver did not take them. */
  readonly failed: number;
  /** The queue was full, or the process ended. */
  readonly dropped: number;
}

export class SpanQueue {
  readonly #options: {
    readonly exporter: SpanExporter;
    readonly countMax: number;
    readonly clock: Clock;
    readonly log: Pick<Logger, 'warn'>;
  };
  #waiting: FinishedSpan[] = [];
  #timer: Timer | null = null;
  #sending: Promise<void> | null = null;
  #sent = 0;
  #failed = 0;
  #dropped = 0;
  #loggedAt = -Infinity;

  constructor(options: {
    readonly exporter: SpanExporter;
    readonly countMax: number;
    readonly clock: Clock;
    readonly log: Pick<Logger, 'warn'>;
  }) {
    this.#options = options;
  }

  get room(): number {
    return this.#options.countMax - this.#waiting.length;
  }

  add(span: FinishedSpan): void {
    if (this.room <= 0) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(span);
    if (this.#sending !== null) return;
    if (this.#waiting.length >= BATCH_MAX) this.#begin();
    else this.#timer ??= this.#options.clock.after(DELAY_MS, () => this.#begin());
  }

  sample(): SpanQueueSample {
    const waiting = this.#waiting.length;
    return { waiting, sent: this.#sent, failed: this.#failed, dropped: this.#dropped };
  }

  /** Sends what waits and ends the exporter, for `maxMs` at most; the rest is dropped. */
  async stop(maxMs: number): Promise<void> {
    const ended = this.#sendAll().then(() => this.#options.exporter.stop());
    await pTimeout(ended, { milliseconds: maxMs, fallback: () => undefined });
    this.#timer?.cancel();
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0 || this.#sending !== null) {
      if (this.#sending === null) this.#begin();
      await this.#sending;
    }
  }

  #begin(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#sending !== null || this.#waiting.length === 0) return;
    const spans = this.#waiting.splice(0, BATCH_MAX);
    this.#sending = this.#send(spans).finally(() => {
      this.#sending = null;
      if (this.#waiting.length >= BATCH_MAX) this.#begin();
      else if (this.#waiting.length > 0)
        this.#timer ??= this.#options.clock.after(DELAY_MS, () => this.#begin());
    });
  }

  /** Never rejects. */
  async #send(spans: readonly FinishedSpan[]): Promise<void> {
    const { exporter, clock, log } = this.#options;
    try {
      await exporter.send(spans);
      this.#sent += spans.length;
    } catch (error) {
      this.#failed += spans.length;
      if (clock.monotonic() - this.#loggedAt < LOG_INTERVAL_MS) return;
      this.#loggedAt = clock.monotonic();
      log.warn({ err: error, failed: this.#failed }, 'spans could not be sent');
    }
  }
}
