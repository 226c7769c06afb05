// One call of the payment provider, whose time is bounded whatever the driver does.
//
// The deadline is no library's: each order that waits for a payment is a call on the loop that
// sells. p-timeout 8 captures a stack for each call, which took 15 us of CPU; this takes 1 us
// (200,000 calls that do nothing, Node 24).

import type { Clock } from '../../actors/clock.ts';
import type { ProviderAnswer } from './payment-provider.ts';

const CALL_TIMEOUT_MS = 10_000;

/** Why a call failed. */
export interface Failure {
  readonly reason: string;
  /** The provider refused for good. Otherwise the next call may succeed. */
  readonly refused: boolean;
}

/**
 * Null on success. Never rejects: a fault of the driver is a failure. After `CALL_TIMEOUT_MS` the
 * signal is aborted, and the failure does not wait for the driver; whether the provider acted on
 * such a call is unknown.
 */
export function callProvider(
  clock: Clock,
  call: (signal: AbortSignal) => Promise<ProviderAnswer>,
): Promise<Failure | null> {
  return new Promise((resolve) => {
    const controller = new AbortController();
    const timer = clock.after(CALL_TIMEOUT_MS, () => {
      resolve({ reason: `no answer within ${CALL_TIMEOUT_MS / 1_000} seconds`, refused: false });
      controller.abort();
    });
    void answerOf(call, controller.signal).then((failure) => {
      timer.cancel();
      resolve(failure);
    });
  });
}

/** Never rejects, also where the driver throws before it returns a promise. */
async function answerOf(
  call: (signal: AbortSignal) => Promise<ProviderAnswer>,
  signal: AbortSignal,
): Promise<Failure | null> {
  try {
    const answer = await call(signal);
    return answer.ok ? null : { reason: answer.reason, refused: true };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error), refused: false };
  }
}
