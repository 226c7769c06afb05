// Attempts parked refunds again: those that are due by themselves, and those that an operator wants
// attempted. Every node with actors runs one of these on the same store, which lets one node begin
// each attempt. After a crash during an attempt the refund becomes due again, and the provider may
// be called twice: it is idempotent.

import type { Clock, Timer } from '../../actors/clock.ts';
import type { ParkedRefund } from '../../contracts/refunds.ts';
import type { AuditLog } from '../../storage/ports/audit-log.ts';
import type { ParkedRefunds } from '../../storage/ports/parked-refunds.ts';
import type { WarningLog } from '../warning-log.ts';
import {
  attemptBegun,
  attemptFailed,
  attemptSucceeded,
  type FailedAttempt,
  parkedCall,
} from './parked-refund.ts';
import type { PaymentProvider } from './payment-provider.ts';
import { callProvider } from './provider-call.ts';
import { RecordedAttempt } from './refund-record.ts';

export interface ParkedRefundRetriesOptions {
  readonly provider: PaymentProvider;
  readonly parkedRefunds: ParkedRefunds;
  readonly auditLog: Pick<AuditLog, 'append' | 'begin' | 'finish'>;
  readonly clock: Clock;
  readonly log: WarningLog;
  /** From 0 up to 1, for the delays between two attempts. */
  readonly random?: () => number;
}

/** Refunds of the whole store that are not made, by state. */
export interface UnmadeRefunds {
  readonly parked: number;
  readonly retrying: number;
}

/** An operator's retry begins after so long at the latest. */
const POLL_INTERVAL_MS = 1_000;
/** Few, since what is parked is in no hurry and new calls come first. */
const CONCURRENCY = 4;
/** How often a result is stored anew where an operator changed the refund at the same moment. */
const STORE_TRIES_MAX = 5;

export class ParkedRefundRetries {
  readonly #options: ParkedRefundRetriesOptions;
  #timer: Timer | null = null;
  #polling: Promise<void> = Promise.resolve();
  #unmade: UnmadeRefunds | null = null;
  #stopped = false;

  constructor(options: ParkedRefundRetriesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#pollLater(0);
  }

  /** Finishes the attempts in progress. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#polling;
  }

  /** As of the last poll; null before the first one. */
  unmade(): UnmadeRefunds | null {
    return this.#unmade;
  }

  #pollLater(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#polling = this.#poll();
    });
  }

  /** Never rejects. */
  async #poll(): Promise<void> {
    const { parkedRefunds, clock, log } = this.#options;
    let attempted = 0;
    try {
      const due = await parkedRefunds.due(clock.now(), CONCURRENCY);
      await Promise.all(due.map((refund) => this.#attempt(refund)));
      attempted = due.length;
      const [parked, retrying] = await Promise.all([
        parkedRefunds.count('parked'),
        parkedRefunds.count('retrying'),
      ]);
      this.#unmade = { parked, retrying };
    } catch (error) {
      log.warn({ err: error }, 'parked refunds could not be read or stored');
      attempted = 0;
    }
    this.#pollLater(attempted === CONCURRENCY ? 0 : POLL_INTERVAL_MS);
  }

  async #attempt(refund: ParkedRefund): Promise<void> {
    const { provider, parkedRefunds, auditLog, clock, log } = this.#options;
    await provider.prepared?.turn();
    const begun = attemptBegun(refund, clock.now());
    // Another node began it, or an operator dismissed it.
    if (!(await parkedRefunds.replace(begun))) return;
    const recorded = await RecordedAttempt.begin(auditLog, begun, clock.now());
    const failure = await callProvider(clock, (signal) =>
      provider.refund(parkedCall(refund), signal),
    );
    await recorded.finish(failure, log);
    if (failure === null) return await this.#storeSuccess(begun);
    log.warn({ refundId: refund.id, ...failure }, 'a parked refund was not made again');
    const { random = Math.random } = this.#options;
    const attempt: FailedAttempt = { ...failure, at: clock.now(), random: random() };
    // Not stored where an operator dismissed it meanwhile: the dismissal stays.
    await parkedRefunds.replace(attemptFailed(begun, attempt));
  }

  async #storeSuccess(begun: ParkedRefund): Promise<void> {
    const { parkedRefunds, clock } = this.#options;
    let stored: ParkedRefund | null = begun;
    for (let tries = 0; tries < STORE_TRIES_MAX && stored !== null; tries++) {
      if (await parkedRefunds.replace(attemptSucceeded(stored, clock.now()))) return;
      stored = await parkedRefunds.find(begun.id);
    }
  }
}
