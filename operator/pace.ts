// Time for commands that look again and again: real, or a test's.

import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

export interface Pace {
  /** Milliseconds that never go back. */
  now(): number;
  /** Rejects when the command is interrupted meanwhile, or was before. */
  pause(ms: number): Promise<void>;
}

export function realPace(interrupted?: AbortSignal): Pace {
  return {
    now: () => performance.now(),
    pause: (ms) => delay(ms, undefined, interrupted === undefined ? {} : { signal: interrupted }),
  };
}

/**
 * The same Ctrl-C may come twice: from the terminal, and from the launcher, which hands its signals
 * on.
 */
const SAME_PRESS_MS = 500;

/** Aborted by the first Ctrl-C; another one ends the process at once. */
export function untilInterrupted(): AbortSignal {
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
