// Looks at the settings of the Redis servers again while the node runs. `CONFIG SET` changes them
// without a restart, and a failover brings up another server: what a start refuses may be true an
// hour later. It is told, in the log and in the metrics; the node goes on.

import type { Logger } from 'pino';
import type { RedisConnection } from './connection.ts';
import { weakSettings } from './server-checks.ts';

/** Five short commands for each master. */
const INTERVAL_MS = 60_000;

export interface RedisServerWatchOptions {
  readonly redis: RedisConnection;
  /** What was found, and accepted, at the start. */
  readonly found: readonly string[];
  readonly log: Logger;
  /** For tests. */
  readonly intervalMs?: number;
}

export class RedisServerWatch {
  readonly #options: RedisServerWatchOptions;
  #found: readonly string[];
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(options: RedisServerWatchOptions) {
    this.#options = options;
    this.#found = options.found;
  }

  /** Whether it could lose acknowledged orders, as of the last look. */
  get isWeak(): boolean {
    return this.#found.length > 0;
  }

  start(): void {
    const { intervalMs = INTERVAL_MS } = this.#options;
    this.#timer = setTimeout(() => void this.#look(), intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { redis, log } = this.#options;
    try {
      const found = await weakSettings(redis);
      for (const problem of found.filter((one) => !this.#found.includes(one)))
        log.error({ problem }, 'Redis may lose acknowledged orders');
      if (found.length === 0 && this.#found.length > 0)
        log.info('the settings of Redis are right again');
      this.#found = found;
    } catch {
      // It is away, which the session's renewal and the journal tell; what is known stays.
    }
    if (!this.#isStopped) this.start();
  }
}
