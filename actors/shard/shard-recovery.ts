// How a shard gets its journal and its memory: one try, and how long to wait for the next. What is read and replayed is in
// `actors/shard/recovery.ts`; when to try at all is the shard's.

import type { Logger } from 'pino';
import { CorruptError, type Journal, StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock } from '../clock.ts';
import type { Lease } from '../cluster/lease.ts';
import { continueRecovery, type RecoveredShard, recoverShard } from './recovery.ts';

const DELAY_FIRST_MS = 50;
const DELAY_MAX_MS = 2000;

/** The journal is this node's at `epoch`, and memory has all that is in it. */
export interface ClaimedShard {
  readonly epoch: number;
  readonly recovered: RecoveredShard;
}

export interface ShardRecoveryOptions {
  readonly id: number;
  readonly owner: string;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ShardRecovery {
  readonly #options: ShardRecoveryOptions;
  #delayMs = DELAY_FIRST_MS;

  constructor(options: ShardRecoveryOptions) {
    this.#options = options;
  }

  /**
   * Claims the journal, which fences whoever had it, and rebuilds memory; `warm` is taken over and changed, also by a try that fails.
   * Errors: `store-unavailable`, also without a lease; those of `isDamage`.
   */
  async attempt(warm: RecoveredShard | null): Promise<ClaimedShard> {
    const { id, owner, journal, snapshots, lease } = this.#options;
    if (!lease.valid()) throw new StoreUnavailableError('this node has no lease');
    const { epoch, lastSequence } = await journal.claim(id, owner);
    const options = { shard: id, journal, snapshots, lastSequence };
    const recovered =
      warm === null ? await recoverShard(options) : await continueRecovery(warm, options);
    this.#delayMs = DELAY_FIRST_MS;
    return { epoch, recovered };
  }

  /** Resolves when the next try is due: after a failure that follows another, later. */
  async waitAfter(error: unknown): Promise<void> {
    const { id, clock, log } = this.#options;
    const delayMs = this.#delayMs;
    // Once for each outage: every shard tries again and again while the store is down.
    log[delayMs === DELAY_FIRST_MS ? 'warn' : 'debug'](
      { shard: id, reason: (error as Error).message },
      'a shard could not be claimed and replayed yet',
    );
    this.#delayMs = Math.min(delayMs * 2, DELAY_MAX_MS);
    await new Promise<void>((resolve) => clock.after(delayMs, resolve));
  }
}

/** What is stored is not what was written, or cannot be applied (J5): another try finds the same. */
export function isDamage(error: unknown): error is Error {
  return error instanceof CorruptError || (error as { code?: unknown }).code === 'invariant';
}
