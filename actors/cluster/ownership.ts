// Which shards this node serves, kept in step with the placement. There is no coordinator: each
// node looks at the same placement, computes the same wanted owners, claims what it should have and
// nobody living holds, and hands over what another should have.
//
// A shard is held from the claim of its placement record, at a version, until the record goes to
// somebody else. Whatever goes wrong on the way, the next look finds a record whose holder is not
// alive, or this node's own record without the shard, and claims it.

import type { Logger } from 'pino';
import { wantedOwners } from '../../domain/placement.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type {
  NodeSession,
  Placement,
  PlacementStore,
  ShardPlacement,
} from '../../storage/ports/placement.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
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
import type { ShardHost } from '../shard/shard-host.ts';
import { moveShard } from './shard-move.ts';
import type { Moved } from '../shard/shard-reply.ts';

/** Moves under way from this node at the same time (W5). */
const MOVES_AT_ONCE = 4;
/**
 * A node cut off from the others gives them its shards after so long without asking, since nobody
 * can be asked.
 */
const CUT_OFF_GIVING_MS = 5_000;

interface Held {
  version: number;
  readonly departure: DeparturePlan;
}

export interface OwnershipOptions {
  readonly self: NodeRun;
  readonly weight: number;
  /** Where this node's gateway answers; null: nowhere. */
  readonly url: () => string | null;
  readonly host: ShardHost;
  readonly lease: SessionLease;
  readonly watch: PlacementWatch;
  readonly placement: PlacementStore;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly peers: MovePeers;
  /** Whether the other nodes can be reached at all. */
  readonly connected: () => boolean;
  readonly outstandingCommands: () => number;
  /** Another process runs under this node's id and came later: this one must end. */
  readonly onSessionLost: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Ownership implements ShardNode {
  readonly #options: OwnershipOptions;
  readonly #arrivals: ShardArrivals;
  readonly #session: NodeSessionKeeper;
  readonly #held = new Map<number, Held>();
  /** On their way to being held. */
  readonly #claims = new ClaimQueue({ claim: (claim) => this.#claim(claim) });
  #moves = 0;
  #stopped = false;
  #unlisten: () => void = () => undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(options: OwnershipOptions) {
    this.#options = options;
    this.#session = new NodeSessionKeeper({
      ...options,
      liveShards: () =>
        options.host.shards.filter(({ liveDropCount }) => liveDropCount > 0).map(({ id }) => id),
      onLapsed: (placement) => this.#giveUpTaken(placement),
      onLost: () => {
        for (const shard of this.#held.keys()) this.#giveUp(shard);
        options.onSessionLost();
      },
    });
    this.#arrivals = new ShardArrivals({
      ...options,
      serve: (shard, version, warm) => this.#serve(shard, version, warm),
      refusal: () => this.#refusal(),
    });
  }

  /** Makes the session and begins to claim. Errors: `store-unavailable`, `session-lost`. */
  async start(): Promise<void> {
    await this.#session.start();
    this.#unlisten = this.#options.watch.onChange(() => this.#reconcile());
    this.#options.peers.placementChanged();
    this.#options.watch.changed();
  }

  /**
   * Hands everything over to other nodes, as far as there are any; resolves when nothing is held or
   * nobody is left to take it, or when the store does not answer. Never rejects. Without a start it
   * does nothing: another process may run under this id.
   */
  async leave(): Promise<void> {
    if (!(await this.#session.leave())) return;
    this.#options.peers.placementChanged();
    if (this.#held.size === 0 || !this.#othersTakeShards()) return;
    await new Promise<void>((resolve) => {
      this.#whenEmpty.push(resolve);
      this.#options.watch.changed();
    });
  }

  /** Takes no more part. The host is to be stopped next, and only then the session to be ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten();
    this.#arrivals.stop();
    await this.#session.stop();
  }

  /** Lets others claim at once what this node held. */
  endSession(): Promise<void> {
    return this.#session.end();
  }

  away(shard: number): Moved {
    const { watch, self } = this.#options;
    const nodeId = watch.ownerOf(shard);
    const elsewhere = nodeId === self.nodeId ? null : nodeId;
    const version = elsewhere === null ? 0 : watch.versionOf(shard);
    return { ok: false, code: 'moved', shard, nodeId: elsewhere, version, executed: 'no' };
  }

  /**
   * The journal of a shard held here was claimed by somebody else. Where the record is still this
   * node's, it claims again.
   */
  fenced(shard: number): void {
    this.#giveUp(shard);
    this.#options.watch.changed();
  }

  warm(shard: number): Promise<MoveAnswer> {
    return this.#arrivals.warm(shard);
  }

  async takeOver(request: TakeOver): Promise<MoveAnswer> {
    const { shard } = request;
    if (this.#claims.isUnderWay(shard)) return 'it is claiming the shard already';
    return await this.#claims.during(shard, () => this.#arrivals.takeOver(request));
  }

  report(): NodeReport {
    const { self, lease, host, outstandingCommands } = this.#options;
    return {
      ...self,
      leaseMs: Math.round(lease.leftMs),
      outstandingCommands: outstandingCommands(),
      shards: host.report(),
    };
  }

  #giveUpTaken(placement: Placement): void {
    for (const [shard, held] of this.#held) {
      const record = placement.shards.get(shard);
      if (record === undefined || record.version !== held.version) this.#giveUp(shard);
    }
  }

  #giveUp(shard: number): void {
    this.#held.delete(shard);
    this.#options.host.abandon(shard);
    this.#tellWhenEmpty();
  }

  #tellWhenEmpty(): void {
    if (this.#held.size > 0 && this.#othersTakeShards()) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #refusal(): string | null {
    if (this.#session.leaving || this.#stopped) return 'it is ending';
    return this.#options.lease.valid() ? null : 'it has no lease';
  }

  /** Nodes that take shards, as the placement has them. */
  #takers(placement: Placement): NodeSession[] {
    return placement.sessions.filter(
      ({ nodeId, leaving }) => !leaving && !placement.drained.has(nodeId),
    );
  }

  #othersTakeShards(): boolean {
    const { watch, self } = this.#options;
    if (watch.placement === null) return false;
    return this.#takers(watch.placement).some(({ nodeId }) => nodeId !== self.nodeId);
  }

  #reconcile(): void {
    const { watch, lease, host, self } = this.#options;
    const { placement } = watch;
    if (this.#stopped || placement === null || !lease.valid()) return;
    const wanted = wantedOwners(host.shards.length, this.#takers(placement), placement.pins);
    const living = new Set(placement.sessions.map(runOf));
    const ownRun = runOf(self);
    const claims: ShardClaim[] = [];
    for (let shard = 0; shard < wanted.length; shard++) {
      const record = placement.shards.get(shard);
      const held = this.#held.get(shard);
      if (held !== undefined) this.#keepOrMove(shard, held, record, wanted[shard]!, placement);
      else if (!this.#claims.isUnderWay(shard)) {
        const own = record !== undefined && runOf(record) === ownRun;
        const free = record === undefined || !living.has(runOf(record));
        if (own || (free && wanted[shard] === self.nodeId))
          claims.push({ shard, expectedVersion: record?.version ?? 0 });
      }
    }
    this.#claims.replace(claims, placement);
    this.#tellWhenEmpty();
  }

  /** Never rejects: what could not be claimed is found again at the next look. */
  async #claim({ shard, expectedVersion }: ShardClaim): Promise<void> {
    const { placement, self, watch, log } = this.#options;
    if (this.#held.has(shard) || this.#refusal() !== null) return;
    try {
      const { nodeId, incarnation } = self;
      const version = await placement.claimShard(shard, nodeId, incarnation, expectedVersion);
      if (version === null) watch.doubt();
      else await this.#serve(shard, version, null);
    } catch (error) {
      log.warn({ err: error, shard }, 'a shard could not be claimed yet');
    }
  }

  async #serve(shard: number, version: number, warm: RecoveredShard | null): Promise<MoveAnswer> {
    const { host, watch, self, peers } = this.#options;
    this.#held.set(shard, { version, departure: new DeparturePlan() });
    const served = host.shards[shard]!.start({ warm, admitting: true });
    watch.learn(shard, self.nodeId, version);
    peers.placementChanged();
    await served;
    const { status, fault } = host.shards[shard]!;
    return status === 'serving' ? null : `it is ${status}${fault === null ? '' : `: ${fault}`}`;
  }

  #keepOrMove(
    shard: number,
    held: Held,
    record: ShardPlacement | undefined,
    wanted: string | null,
    placement: Placement,
  ): void {
    const { self, clock, host } = this.#options;
    const { departure } = held;
    if (departure.isUnderWay) return;
    // A record below the version held was read before this node had it.
    if (record !== undefined && record.version > held.version) return this.#giveUp(shard);
    if (wanted === null || wanted === self.nodeId) return departure.stay();
    const reason = this.#reasonToMove(shard, wanted, placement);
    if (!departure.isDue(clock.monotonic(), reason !== null) || this.#moves >= MOVES_AT_ONCE)
      return;
    if (host.shards[shard]!.status !== 'serving') return;
    const { cutOffMs } = this.#session;
    if (cutOffMs > 0) {
      if (cutOffMs > CUT_OFF_GIVING_MS) void this.#give(shard, held, wanted, placement);
      return;
    }
    void this.#move(shard, held, wanted, reason ?? `${wanted} should have it`);
  }

  /** Why it cannot wait; null where it is only a better place. */
  #reasonToMove(shard: number, wanted: string, placement: Placement): string | null {
    const { nodeId } = this.#options.self;
    if (placement.pins.get(shard) === wanted) return `pinned to ${wanted}`;
    if (this.#session.leaving) return `${nodeId} is ending`;
    if (this.#session.cutOffMs > 0) return `${nodeId} is cut off from the other nodes`;
    return placement.drained.has(nodeId) ? `${nodeId} is drained` : null;
  }

  /** Never rejects. */
  async #move(shard: number, held: Held, to: string, reason: string): Promise<void> {
    const { host, watch, placement, log } = this.#options;
    held.departure.begin();
    this.#moves += 1;
    const { version } = held;
    const outcome = await moveShard({
      ...this.#options,
      shard: host.shards[shard]!,
      to,
      version,
      reason,
    });
    held.departure.end();
    this.#moves -= 1;
    const { record } = outcome;
    if (!outcome.held) {
      if (outcome.taken) watch.learn(shard, to, version + 1);
      if (this.#held.get(shard) === held) this.#giveUp(shard);
    } else {
      held.version = outcome.version;
      held.departure.failed(this.#options.clock.monotonic());
      log.warn({ move: record }, 'a shard was not moved');
    }
    try {
      await placement.recordMove(record);
    } catch (error) {
      log.warn({ err: error, move: record }, 'a move could not be recorded');
    }
    this.#reconcile();
  }

  /**
   * Gives a shard without asking, since nobody can be asked: the record names the new owner, who
   * finds it there and claims. The journal is complete before.
   */
  async #give(shard: number, held: Held, to: string, seen: Placement): Promise<void> {
    const { host, placement, self, log } = this.#options;
    const target = seen.sessions.find(({ nodeId }) => nodeId === to);
    if (target === undefined) return;
    held.departure.begin();
    this.#moves += 1;
    try {
      if ((await host.shards[shard]!.leave()) === null) return;
      const given = await placement.moveShard(shard, self, target, held.version);
      if (given === null) log.warn({ shard, to }, 'a shard was taken before it could be given');
    } catch (error) {
      // Whether it was given is unknown, so nobody serves it here: whoever finds the record claims
      // it.
      log.warn({ err: error, shard, to }, 'a shard was given up, perhaps not given');
    } finally {
      held.departure.end();
      this.#moves -= 1;
    }
    if (this.#held.get(shard) === held) this.#giveUp(shard);
  }
}
