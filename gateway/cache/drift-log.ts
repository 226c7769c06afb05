// Logs cached bodies that had changed without a message (L3): one line in a while, however many.

import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import type { PublicReadsOptions } from './public-reads.ts';

const LINE_INTERVAL_MS = 10_000;

export function driftLog(
  log: Pick<Logger, 'warn'>,
  clock: Pick<Clock, 'monotonic'>,
): NonNullable<PublicReadsOptions['onDrift']> {
  let loggedAt = -Infinity;
  let more = 0;
  return (kind, key) => {
    const now = clock.monotonic();
    if (now - loggedAt < LINE_INTERVAL_MS) {
      more += 1;
      return;
    }
    log.warn({ kind, key, more }, 'a cached read had changed, and no message told of it');
    loggedAt = now;
    more = 0;
  };
}
