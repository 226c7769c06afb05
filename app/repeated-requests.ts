// What a use case does with a request that carries an Idempotency-Key (H11). Where the effect is
// one step of a store, the store keeps the answer in that step, and only its outcome is made here.
// Where there are several steps, `InSteps` notes that the first try is under way.

import { randomUUID } from 'node:crypto';
import type { Outcome } from '../contracts/refusals.ts';
import type { KeyedRequest } from '../contracts/requests.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Answered, RequestLog } from '../storage/ports/requests.ts';

/** A try that has not ended by then died: the next one begins anew. */
const TRY_MAX_MS = 30_000;
/** For who asks while another try is under way. */
const RETRY_AFTER_MS = 1_000;
const TOO_MANY = 'Too many requests with keys are remembered; without a key it is not refused.';

export function outcomeOf<T>(answered: Answered<T>): Outcome<T> {
  switch (answered.result) {
    case 'new':
      return success(answered.value);
    case 'repeated':
      return { ok: true, value: answered.value, replayed: true };
    case 'reused':
      return refusal('idempotency-key-reused');
    case 'no-room': {
      const { ofCaller, retryAfterMs } = answered;
      return { ...refusal(ofCaller ? 'rate-limited' : 'overloaded', TOO_MANY), retryAfterMs };
    }
  }
}

export interface InStepsOptions {
  readonly requests: RequestLog;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** What is kept: who tries, and until when at most; or the answer. */
type Progress = { readonly by: string; readonly until: number } | { readonly answer: unknown };

/**
 * For work of several steps that is safe to begin anew: what was done is answered again, and two
 * tries are never under way at once. A crash between the last step and the note of its answer makes
 * the next try begin anew.
 */
export class InSteps {
  readonly #requests: RequestLog;
  readonly #now: () => number;

  constructor({ requests, now }: InStepsOptions) {
    this.#requests = requests;
    this.#now = now;
  }

  /** Answers must be plain data. A refusal is not kept. Errors: those of `work`. */
  async run<T>(
    request: KeyedRequest | undefined,
    work: () => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    if (request === undefined) return await work();
    const now = this.#now();
    const mine = textOf({ by: randomUUID(), until: now + TRY_MAX_MS });
    const begun = await this.#requests.keep(request, mine);
    if (begun.result === 'repeated') {
      const progress = JSON.parse(begun.value) as Progress;
      if ('answer' in progress) return { ok: true, value: progress.answer as T, replayed: true };
      const isDead = progress.until <= now;
      if (!isDead || !(await this.#requests.replace(request, begun.value, mine)))
        return { ...refusal('request-in-progress'), retryAfterMs: RETRY_AFTER_MS };
    } else if (begun.result !== 'new') return outcomeOf(begun as Answered<T>);
    return await this.#finish(request, mine, work);
  }

  async #finish<T>(
    request: KeyedRequest,
    mine: string,
    work: () => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    let outcome: Outcome<T>;
    try {
      outcome = await work();
    } catch (fault) {
      await this.#note(request, mine, null);
      throw fault;
    }
    await this.#note(request, mine, outcome.ok ? textOf({ answer: outcome.value }) : null);
    return outcome;
  }

  /**
   * The work is done: where its note fails, the next try begins anew once this one's time is up.
   */
  async #note(request: KeyedRequest, mine: string, kept: string | null): Promise<void> {
    try {
      await this.#requests.replace(request, mine, kept);
    } catch (error) {
      if ((error as { code?: unknown } | null)?.code !== 'store-unavailable') throw error;
    }
  }
}

function textOf(progress: Progress): string {
  return JSON.stringify(progress);
}
