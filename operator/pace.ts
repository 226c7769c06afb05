// Time for commands that look again and again: real, or a test's.

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

/** Aborted by the first Ctrl-C; the second one ends the process as always. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort());
  }
  return controller.signal;
}
