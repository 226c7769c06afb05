// Renews this node's session in the placement, and the lease with it. The session shows the other
// nodes whether this node is alive, or must give its shards up: it is about to end, is cut off, or
// its clock is wrong.

import type { Logger } from 'pino';
import { FEATURE_LEVEL } from '../../storage/ports/feature-level.ts';
import type { NodeSession, Placement, PlacementStore } from '../../storage/ports/placement.ts';
import type { Clock, Timer } from '../clock.ts';
import type { SessionLease } from './lease.ts';
import type { NodeRun } from './move-protocol.ts';
import type { StoreClock } from './store-clock.ts';

/** A session ends when it is not renewed for this long: others claim its shards (W3). */
export const SESSION_TTL_MS = 3_000;
const RENEW_INTERVAL_MS = 700;
/** A node that is cut off for this long marks itself as leaving. */
const CUT_OFF_LEAVING_MS = 2_000;

export interface NodeSessionKeeperOptions {
  readonly self: NodeRun;
  readonly weight: number;
  /** The URL of this node's gateway; null without a gateway. */
  readonly url: () => string | null;
  readonly liveShards: () => readonly number[];
  readonly lease: SessionLease;
  readonly placement: PlacementStore;
  /** Whether this node can reach the other nodes. */
  readonly connected: () => boolean;
  /**
   * Called before an ended lease begins again: the node must give up the shards that others took
   * meanwhile.
   */
  readonly onLapsed: (placement: Placement) => void;
  /** Another process started later under this node's id. Called once, after the lease ended. */
  readonly onLost: () => void;
  readonly clock: Clock;
  /** Each renewal reads the store's time for it. */
  readonly storeClock: StoreClock;
  readonly log: Logger;
}

export class NodeSessionKeeper {
  readonly #options: NodeSessionKeeperOptions;
  #startedAt = 0;
  #leaving = false;
  /** Monotonic time; null while this node reaches the others. */
  #cutOffSince: number | null = null;
  #timer: Timer | null = null;
  #renewing: Promise<void> | null = null;
  #failing = false;
  #clockIsWrong = false;
  #state: 'new' | 'active' | 'ended' = 'new';

  constructor(options: NodeSessionKeeperOptions) {
    this.#options = options;
  }

  get leaving(): boolean {
    return this.#leaving;
  }
  /** For how many milliseconds this node has not reached the others; 0 if it reaches them. */
  get cutOffMs(): number {
    return this.#cutOffSince === null ? 0 : this.#options.clock.monotonic() - this.#cutOffSince;
  }

  /** Whether this node's clock is too far from the store's time, as of the last renewal. */
  get clockIsWrong(): boolean {
    return this.#clockIsWrong;
  }

  /** Creates the session. Errors: `clock-skew`, `store-unavailable`, `session-lost`. */
  async start(): Promise<void> {
    const { placement, storeClock } = this.#options;
    await storeClock.check(() => placement.time());
    // By the store's clock: of two runs the later one began later, whatever their machines' clocks.
    this.#startedAt = await placement.time();
    await this.#renewOnce();
    this.#state = 'active';
    this.#scheduleRenewal();
  }

  /** Marks this node as leaving. False without a session, or if the store does not answer. */
  async leave(): Promise<boolean> {
    if (this.#state !== 'active') return false;
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

  /** Stops the renewals. The session lives until `end`, or for its remaining time. */
  async stop(): Promise<void> {
    this.#state = 'ended';
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
    const mustLeave = this.#leaving || this.cutOffMs > CUT_OFF_LEAVING_MS;
    return {
      nodeId: self.nodeId,
      incarnation: self.incarnation,
      weight,
      leaving: mustLeave || this.#clockIsWrong,
      clockIsWrong: this.#clockIsWrong && !mustLeave,
      startedAt: this.#startedAt,
      url: url(),
      liveShards: liveShards(),
      level: FEATURE_LEVEL,
    };
  }

  #scheduleRenewal(): void {
    if (this.#state !== 'active') return;
    this.#timer = this.#options.clock.after(RENEW_INTERVAL_MS, () => {
      this.#renewing = this.#renew().finally(() => {
        this.#renewing = null;
        this.#scheduleRenewal();
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
        this.#state = 'ended';
        lease.end();
        onLost();
        return;
      }
      if (!this.#failing) log.warn({ err: error }, 'the session of this node cannot be renewed');
      this.#failing = true;
    }
  }

  async #renewOnce(): Promise<void> {
    const { lease, placement, storeClock, log, onLapsed } = this.#options;
    const mark = lease.mark();
    await storeClock.measure(() => placement.renewSession(this.#session(), SESSION_TTL_MS));
    this.#checkClock();
    if (lease.renewed(mark, SESSION_TTL_MS)) return;
    onLapsed(await placement.load());
    lease.begin(mark, SESSION_TTL_MS);
    log.info('this node has a lease');
  }

  /** The next renewal tells the other nodes. */
  #checkClock(): void {
    const { storeClock, log } = this.#options;
    const { excessiveSkewMs, skewMs } = storeClock;
    if ((excessiveSkewMs !== null) === this.#clockIsWrong) return;
    this.#clockIsWrong = excessiveSkewMs !== null;
    if (this.#clockIsWrong)
      log.error(
        { skewMs },
        "this node's clock is wrong by the store's time: it gives its shards up",
      );
    else log.info({ skewMs }, "this node's clock is right again: it takes shards");
  }
}
