// The clock and the pause of commands that poll. Tests replace both.

import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

export interface Pace {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Rejects if the command is interrupted before or during the pause. */
  pause(ms: number): Promise<void>;
}

export function realPace(interrupted?: AbortSignal): Pace {
  return {
    now: () => performance.now(),
    pause: (ms) => delay(ms, undefined, interrupted === undefined ? {} : { signal: interrupted }),
  };
}

/**
 * One Ctrl-C may arrive twice: from the terminal, and from the launcher, which forwards signals.
 */
const SAME_PRESS_MS = 500;

/** Returns a signal that the first Ctrl-C aborts. A second Ctrl-C ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  let abortedAt = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      abortedAt = performance.now();
      controller.abort();
    } else if (performance.now() - abortedAt > SAME_PRESS_MS) {
      process.exit(128 + constants.signals[signal]);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}
