// Decides which shards this node serves. There is no coordinator: every node reads the same
// placement and computes the same assignment. A node claims a shard that is assigned to it and that
// no living node holds. It hands over a shard that is assigned to another node
// (`actors/cluster/shard-departures.ts`).
//
// A node holds a shard, at a version, from the claim of the placement record until another node
// takes the record. Whatever fails in between, a later read of the placement finds a record whose
// holder is dead, or a record of this node for a shard that it does not hold, and claims the shard.

import type { Logger } from 'pino';
import type { Journal } from '../../storage/ports/journal.ts';
import type { Placement, PlacementStore, ShardPlacement } from '../../storage/ports/placement.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import { assignmentOf, takersOf } from './assignment.ts';
import { ClaimQueue, type ShardClaim } from './claim-queue.ts';
import type { Clock } from '../clock.ts';
import { DeparturePlan } from './departure-plan.ts';
import type { SessionLease } from './lease.ts';
import type { MoveAnswer, MovePeers, NodeRun, ShardNode, TakeOver } from './move-protocol.ts';
import type { NodeReport } from '../node-report.ts';
import { NodeSessionKeeper } from './node-session-keeper.ts';
import { type PlacementWatch, runOf } from './placement-watch.ts';
import type { RecoveredShard } from '../shard/recovery.ts';
import { ShardArrivals } from './shard-arrivals.ts';
import { type HeldShard, ShardDepartures } from './shard-departures.ts';
import type { ShardHost } from '../shard/shard-host.ts';
import type { StoreClock } from './store-clock.ts';
import type { Moved } from '../shard/shard-reply.ts';

export interface OwnershipOptions {
  readonly self: NodeRun;
  readonly weight: number;
  /** The URL of this node's gateway; null without a gateway. */
  readonly url: () => string | null;
  readonly host: ShardHost;
  readonly lease: SessionLease;
  readonly watch: PlacementWatch;
  readonly placement: PlacementStore;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly peers: MovePeers;
  /** Whether this node can reach the other nodes. */
  readonly connected: () => boolean;
  readonly outstandingCommands: () => number;
  /** Another process started later under this node's id: this process must end. */
  readonly onSessionLost: () => void;
  readonly clock: Clock;
  readonly storeClock: StoreClock;
  readonly log: Logger;
}

export class Ownership implements ShardNode {
  readonly #self: NodeRun;
  readonly #host: ShardHost;
  readonly #lease: SessionLease;
  readonly #watch: PlacementWatch;
  readonly #placement: PlacementStore;
  readonly #peers: MovePeers;
  readonly #outstandingCommands: () => number;
  readonly #onSessionLost: () => void;
  readonly #log: Logger;
  readonly #session: NodeSessionKeeper;
  readonly #storeClock: StoreClock;
  readonly #arrivals: ShardArrivals;
  readonly #departures: ShardDepartures;
  readonly #held = new Map<number, HeldShard>();
  /** Shards that this node claims or takes over and does not hold yet. */
  readonly #claims = new ClaimQueue({ claim: (claim) => this.#claim(claim) });
  #stopped = false;
  #unsubscribe: () => void = () => undefined;
  #emptyWaiters: (() => void)[] = [];

  constructor(options: OwnershipOptions) {
    const { self, host, lease, watch, placement, journal, snapshots, peers, clock, log } = options;
    this.#self = self;
    this.#host = host;
    this.#lease = lease;
    this.#watch = watch;
    this.#placement = placement;
    this.#peers = peers;
    this.#outstandingCommands = options.outstandingCommands;
    this.#onSessionLost = options.onSessionLost;
    this.#log = log;
    this.#storeClock = options.storeClock;
    this.#session = new NodeSessionKeeper({
      self,
      weight: options.weight,
      url: options.url,
      liveShards: () => liveShardsOf(host),
      lease,
      placement,
      connected: options.connected,
      onLapsed: (current) => this.#giveUpTaken(current),
      onLost: () => this.#loseSession(),
      clock,
      storeClock: options.storeClock,
      log,
    });
    this.#arrivals = new ShardArrivals({
      self,
      journal,
      snapshots,
      placement,
      serve: (shard, version, warm) => this.#serve(shard, version, warm),
      refusal: () => this.#refusal(),
      clock,
    });
    this.#departures = new ShardDepartures({
      self,
      host,
      lease,
      watch,
      placement,
      peers,
      session: this.#session,
      isHeld: (shard, held) => this.#held.get(shard) === held,
      giveUp: (shard) => this.#giveUp(shard),
      reconcile: () => this.#reconcile(),
      clock,
      log,
    });
  }

  /**
   * Creates the session and starts to claim. Errors: `clock-skew`, `store-unavailable`,
   * `session-lost`.
   */
  async start(): Promise<void> {
    await this.#session.start();
    this.#unsubscribe = this.#watch.onChange(() => this.#reconcile());
    this.#peers.placementChanged();
    this.#watch.refreshNow();
  }

  /**
   * Hands all shards over to other nodes. Resolves when this node holds no shard, when no other
   * node takes shards or can be reached, or when the store does not answer. Then the others claim
   * what is left at the end of the session. Never rejects. Before `start` succeeded
   * it does nothing, because another process may run under this node's id.
   */
  async leave(): Promise<void> {
    if (!(await this.#session.leave())) return;
    this.#peers.placementChanged();
    if (!this.#canHandOver()) return;
    await new Promise<void>((resolve) => {
      this.#emptyWaiters.push(resolve);
      this.#watch.refreshNow();
    });
  }

  /**
   * Stops claims, moves and renewals. The caller then stops the host, and last ends the session.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.#arrivals.stop();
    await this.#session.stop();
  }

  /** Lets other nodes claim this node's shards at once. Errors: `store-unavailable`. */
  endSession(): Promise<void> {
    return this.#session.end();
  }

  /** The reply to a command for a shard that this node does not serve. */
  redirect(shard: number): Moved {
    const nodeId = this.#watch.ownerOf(shard);
    const elsewhere = nodeId === this.#self.nodeId ? null : nodeId;
    const version = elsewhere === null ? 0 : this.#watch.versionOf(shard);
    return { ok: false, code: 'moved', shard, nodeId: elsewhere, version, executed: 'no' };
  }

  /**
   * Another node claimed the journal of a shard that this node holds. If the record is still this
   * node's, this node claims the shard again.
   */
  fenced(shard: number): void {
    this.#giveUp(shard);
    this.#watch.refreshNow();
  }

  warm(shard: number): Promise<MoveAnswer> {
    return this.#arrivals.warm(shard);
  }

  async takeOver(request: TakeOver): Promise<MoveAnswer> {
    const { shard } = request;
    if (this.#claims.isUnderWay(shard)) return 'it is claiming the shard already';
    return await this.#claims.during(shard, () => this.#arrivals.takeOver(request));
  }

  /** This node's clock is too far from the store's time, so others should have its shards. */
  get clockIsWrong(): boolean {
    return this.#session.clockIsWrong;
  }

  report(): NodeReport {
    return {
      nodeId: this.#self.nodeId,
      incarnation: this.#self.incarnation,
      leaseMs: Math.round(this.#lease.leftMs),
      clockSkewMs: this.#storeClock.skewMs,
      outstandingCommands: this.#outstandingCommands(),
      shards: this.#host.report(),
    };
  }

  #loseSession(): void {
    for (const shard of this.#held.keys()) this.#giveUp(shard);
    this.#onSessionLost();
  }

  /** Gives up the held shards whose record another node changed. */
  #giveUpTaken(placement: Placement): void {
    for (const [shard, held] of this.#held) {
      const record = placement.shards.get(shard);
      if (record === undefined || record.version !== held.version) this.#giveUp(shard);
    }
  }

  #giveUp(shard: number): void {
    this.#held.delete(shard);
    this.#host.abandon(shard);
    this.#resolveEmptyWaiters();
  }

  #resolveEmptyWaiters(): void {
    if (this.#canHandOver()) return;
    for (const resolve of this.#emptyWaiters.splice(0)) resolve();
  }

  /** Why this node takes no shard now; null if it does. */
  #refusal(): string | null {
    if (this.#session.leaving || this.#stopped) return 'it is ending';
    return this.#lease.valid() ? null : 'it has no lease';
  }

  /** Whether there is a shard to hand over, and a node within reach to take it. */
  #canHandOver(): boolean {
    return this.#held.size > 0 && this.#session.cutOffMs === 0 && this.#othersTakeShards();
  }

  #othersTakeShards(): boolean {
    const { placement } = this.#watch;
    if (placement === null) return false;
    return takersOf(placement).some(({ nodeId }) => nodeId !== this.#self.nodeId);
  }

  /** Compares the placement with the assignment: plans claims, and hands shards over. */
  #reconcile(): void {
    const { placement } = this.#watch;
    if (this.#stopped || placement === null || !this.#lease.valid()) return;
    const shardCount = this.#host.shards.length;
    const assigned = assignmentOf(placement, shardCount);
    const livingRuns = new Set(placement.sessions.map(runOf));
    const ownRun = runOf(this.#self);
    const claims: ShardClaim[] = [];
    for (let shard = 0; shard < shardCount; shard++) {
      const record = placement.shards.get(shard);
      const held = this.#held.get(shard);
      if (held !== undefined) {
        this.#reconcileHeld({ shard, held, record, assignedTo: assigned[shard]!, placement });
      } else if (!this.#claims.isUnderWay(shard)) {
        const own = record !== undefined && runOf(record) === ownRun;
        const free = record === undefined || !livingRuns.has(runOf(record));
        if (own || (free && assigned[shard] === this.#self.nodeId))
          claims.push({ shard, expectedVersion: record?.version ?? 0 });
      }
    }
    this.#claims.replace(claims, placement);
    this.#resolveEmptyWaiters();
  }

  #reconcileHeld(options: {
    readonly shard: number;
    readonly held: HeldShard;
    readonly record: ShardPlacement | undefined;
    readonly assignedTo: string | null;
    readonly placement: Placement;
  }): void {
    const { shard, held, record, assignedTo, placement } = options;
    if (held.departure.isUnderWay) return;
    if (record !== undefined && record.version > held.version) return this.#giveUp(shard);
    // A lower record was read before this node claimed the shard, and so were pins and drains: by
    // those it would give back at once what a node with a newer copy gave to it, again and again.
    if (record === undefined || record.version < held.version) return;
    if (assignedTo === null || assignedTo === this.#self.nodeId) return held.departure.cancel();
    this.#departures.startIfDue({ shard, held, to: assignedTo, placement });
  }

  /** Never rejects: the next read of the placement finds a shard whose claim failed. */
  async #claim({ shard, expectedVersion }: ShardClaim): Promise<void> {
    if (this.#held.has(shard) || this.#refusal() !== null) return;
    try {
      const { nodeId, incarnation } = this.#self;
      const version = await this.#placement.claimShard(shard, nodeId, incarnation, expectedVersion);
      if (version === null) this.#watch.refreshSoon();
      else await this.#serve(shard, version, null);
    } catch (error) {
      this.#log.warn({ err: error, shard }, 'a shard could not be claimed yet');
    }
  }

  async #serve(shard: number, version: number, warm: RecoveredShard | null): Promise<MoveAnswer> {
    this.#held.set(shard, { version, departure: new DeparturePlan() });
    const served = this.#host.shards[shard]!.start({ warm, admitting: true });
    this.#watch.ownerReported(shard, this.#self.nodeId, version);
    this.#peers.placementChanged();
    await served;
    const { status, fault } = this.#host.shards[shard]!;
    return status === 'serving' ? null : `it is ${status}${fault === null ? '' : `: ${fault}`}`;
  }
}

function liveShardsOf(host: ShardHost): number[] {
  return host.shards.filter(({ liveDropCount }) => liveDropCount > 0).map(({ id }) => id);
}
