// The audit log's upkeep, every minute on each node with the services: changes that nobody told the
// end of are recorded as unknown, and entries past the retention are removed, in small portions.
// Nodes that do it at the same time do no harm.

import type { Clock } from '../../actors/clock.ts';
import type { AuditLog } from '../../storage/ports/audit-log.ts';

const INTERVAL_MS = 60_000;
/** No change takes so long: gateways wait for seconds. */
const BEGUN_AGE_MS_MIN = 5 * 60_000;
const BEGUN_AT_ONCE_MAX = 200;
const TRIMMED_AT_ONCE_MAX = 500;
/** Portions of one round. */
const PORTIONS_MAX = 20;
const DAY_MS = 24 * 60 * 60 * 1_000;

export interface AuditUpkeepOptions {
  readonly auditLog: Pick<AuditLog, 'listBegun' | 'finish' | 'trim'>;
  readonly retentionDays: number;
  readonly clock: Clock;
  readonly onFault: (fault: unknown) => void;
}

export class AuditUpkeep {
  readonly #options: AuditUpkeepOptions;
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> = Promise.resolve();

  constructor(options: AuditUpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.#next(), INTERVAL_MS);
    this.#next();
  }

  /** Resolves when the present round has ended. Idempotent. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#round;
  }

  #next(): void {
    this.#round = this.#round.then(() => this.run()).catch(this.#options.onFault);
  }

  /** One round. Errors: `store-unavailable`. */
  async run(): Promise<void> {
    const { auditLog, retentionDays, clock } = this.#options;
    const now = clock.now();
    for (const { id, entry } of await auditLog.listBegun(now - BEGUN_AGE_MS_MIN, BEGUN_AT_ONCE_MAX))
      await auditLog.finish(id, entry);
    for (let portion = 0; portion < PORTIONS_MAX; portion++) {
      const removed = await auditLog.trim(now - retentionDays * DAY_MS, TRIMMED_AT_ONCE_MAX);
      if (removed === 0) return;
    }
  }
}
