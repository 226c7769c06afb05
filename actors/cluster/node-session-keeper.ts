// Keeps this node's session in the placement alive, and its lease with it. Whoever looks at the
// session learns whether the node is alive, about to end, or cut off from the others.

import type { Logger } from 'pino';
import { FEATURE_LEVEL } from '../../storage/ports/feature-level.ts';
import type { NodeSession, Placement, PlacementStore } from '../../storage/ports/placement.ts';
import type { Clock, Timer } from '../clock.ts';
import type { SessionLease } from './lease.ts';
import type { NodeRun } from './move-protocol.ts';

/** A session that is not renewed for so long is dead, and its shards are claimed by others (W3). */
export const SESSION_TTL_MS = 3_000;
const RENEW_INTERVAL_MS = 700;
/** A node cut off from the others asks them after so long to take its shards. */
const CUT_OFF_LEAVING_MS = 2_000;

export interface NodeSessionKeeperOptions {
  readonly self: NodeRun;
  readonly weight: number;
  /** Where this node's gateway answers; null: nowhere. */
  readonly url: () => string | null;
  readonly liveShards: () => readonly number[];
  readonly lease: SessionLease;
  readonly placement: PlacementStore;
  /** Whether the other nodes can be reached at all. */
  readonly connected: () => boolean;
  /**
   * The lease had run out, and begins again after this: what others took meanwhile is to be given
   * up.
   */
  readonly onLapsed: (placement: Placement) => void;
  /** Another process runs under this node's id and came later. Called once; the lease is over. */
  readonly onLost: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class NodeSessionKeeper {
  readonly #options: NodeSessionKeeperOptions;
  readonly #startedAt: number;
  #leaving = false;
  /** On the monotonic clock. */
  #cutOffSince: number | null = null;
  #timer: Timer | null = null;
  #renewing: Promise<void> | null = null;
  #failing = false;
  #state: 'new' | 'kept' | 'over' = 'new';

  constructor(options: NodeSessionKeeperOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  get leaving(): boolean {
    return this.#leaving;
  }
  /** For how long no other node could be reached, in milliseconds; 0: they can be. */
  get cutOffMs(): number {
    return this.#cutOffSince === null ? 0 : this.#options.clock.monotonic() - this.#cutOffSince;
  }

  /** Makes the session. Errors: `store-unavailable`, `session-lost`. */
  async start(): Promise<void> {
    await this.#renewOnce();
    this.#state = 'kept';
    this.#renewLater();
  }

  /**
   * Tells others that this node is about to end. False where there is no session to tell it by, or
   * the store does not answer.
   */
  async leave(): Promise<boolean> {
    if (this.#state !== 'kept') return false;
    this.#leaving = true;
    await this.#renewing;
    try {
      await this.#renewOnce();
      return true;
    } catch (error) {
      this.#options.log.warn({ err: error }, 'this node ends without handing its shards over');
      return false;
    }
  }

  /** Renews no more; the session lives on until `end`, or until it runs out. */
  async stop(): Promise<void> {
    this.#state = 'over';
    this.#timer?.cancel();
    await this.#renewing;
  }

  /** Ends the session at once. Errors: `store-unavailable`. */
  async end(): Promise<void> {
    const { lease, placement, self } = this.#options;
    lease.end();
    await placement.endSession(self.nodeId, self.incarnation);
  }

  #session(): NodeSession {
    const { self, weight, url, liveShards } = this.#options;
    return {
      ...self,
      weight,
      leaving: this.#leaving || this.cutOffMs > CUT_OFF_LEAVING_MS,
      startedAt: this.#startedAt,
      url: url(),
      liveShards: liveShards(),
      level: FEATURE_LEVEL,
    };
  }

  #renewLater(): void {
    if (this.#state !== 'kept') return;
    this.#timer = this.#options.clock.after(RENEW_INTERVAL_MS, () => {
      this.#renewing = this.#renew().finally(() => {
        this.#renewing = null;
        this.#renewLater();
      });
    });
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    const { clock, connected, log, onLost, lease } = this.#options;
    this.#cutOffSince = connected() ? null : (this.#cutOffSince ?? clock.monotonic());
    try {
      await this.#renewOnce();
      this.#failing = false;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'session-lost') {
        log.error({ err: error }, 'another process runs under the id of this node');
        this.#state = 'over';
        lease.end();
        onLost();
        return;
      }
      if (!this.#failing) log.warn({ err: error }, 'the session of this node cannot be renewed');
      this.#failing = true;
    }
  }

  async #renewOnce(): Promise<void> {
    const { lease, placement, log, onLapsed } = this.#options;
    const mark = lease.mark();
    await placement.renewSession(this.#session(), SESSION_TTL_MS);
    if (lease.renewed(mark, SESSION_TTL_MS)) return;
    onLapsed(await placement.load());
    lease.begin(mark, SESSION_TTL_MS);
    log.info('this node has a lease');
  }
}
