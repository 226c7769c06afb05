// Hands the shards of this node over to the nodes that they are assigned to. Each departure is a
// move with the target's help (`actors/cluster/shard-move.ts`), or, when this node is cut off from
// the other nodes, a change of the placement record alone. Which shards this node holds, and which
// it claims, is in `actors/cluster/ownership.ts`.

import type { Logger } from 'pino';
import type { Placement, PlacementStore } from '../../storage/ports/placement.ts';
import type { Clock } from '../clock.ts';
import type { ShardHost } from '../shard/shard-host.ts';
import type { DeparturePlan } from './departure-plan.ts';
import type { Lease } from './lease.ts';
import type { MovePeers, NodeRun } from './move-protocol.ts';
import type { NodeSessionKeeper } from './node-session-keeper.ts';
import type { PlacementWatch } from './placement-watch.ts';
import { moveShard } from './shard-move.ts';

/** Shards that leave this node at the same time (W5). */
const MOVES_AT_ONCE = 4;
/**
 * A node that is cut off from the other nodes for this long transfers its shards by the placement
 * record alone, because it cannot ask any target.
 */
const CUT_OFF_TRANSFER_MS = 5_000;

/** A shard that this node holds, at this version of its placement record. */
export interface HeldShard {
  version: number;
  readonly departure: DeparturePlan;
}

export interface ShardDeparturesOptions {
  readonly self: NodeRun;
  readonly host: ShardHost;
  readonly lease: Lease;
  readonly watch: PlacementWatch;
  readonly placement: PlacementStore;
  readonly peers: MovePeers;
  readonly session: Pick<NodeSessionKeeper, 'leaving' | 'cutOffMs' | 'clockIsWrong'>;
  /** False once this node gave the shard up, also where it claimed the shard again since `held`. */
  readonly isHeld: (shard: number, held: HeldShard) => boolean;
  /** Stops serving the shard. */
  readonly giveUp: (shard: number) => void;
  /** Compares the placement with the assignment again, since a place among the moves is free. */
  readonly reconcile: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Departure {
  readonly shard: number;
  readonly held: HeldShard;
  /** The node that the shard is assigned to. */
  readonly to: string;
  readonly placement: Placement;
}

export class ShardDepartures {
  readonly #options: ShardDeparturesOptions;
  #underWay = 0;

  constructor(options: ShardDeparturesOptions) {
    this.#options = options;
  }

  /** Starts the departure if its time has come and fewer than `MOVES_AT_ONCE` are under way. */
  startIfDue(departure: Departure): void {
    const { host, clock, session } = this.#options;
    const { shard, held, to } = departure;
    const reason = this.#urgentReason(departure);
    if (!held.departure.isDue(clock.monotonic(), reason !== null)) return;
    if (this.#underWay >= MOVES_AT_ONCE || host.shards[shard]!.status !== 'serving') return;
    const { cutOffMs } = session;
    if (cutOffMs === 0) {
      void this.#move(departure, reason ?? `${to} should have it`);
      return;
    }
    if (cutOffMs <= CUT_OFF_TRANSFER_MS) return;
    const target = departure.placement.sessions.find(({ nodeId }) => nodeId === to);
    if (target !== undefined) void this.#transfer(departure, target);
  }

  /** Why the shard must leave at once; null if the other node is only the better place. */
  #urgentReason({ shard, to, placement }: Departure): string | null {
    const { self, session } = this.#options;
    if (placement.pins.get(shard) === to) return `pinned to ${to}`;
    if (session.leaving) return `${self.nodeId} is ending`;
    if (session.cutOffMs > 0) return `${self.nodeId} is cut off from the other nodes`;
    if (session.clockIsWrong) return `the clock of ${self.nodeId} is wrong`;
    return placement.drained.has(self.nodeId) ? `${self.nodeId} is drained` : null;
  }

  /** Never rejects. */
  async #move({ shard, held, to }: Departure, reason: string): Promise<void> {
    const { self, host, lease, watch, placement, peers, clock, log } = this.#options;
    this.#begin(held);
    const { version } = held;
    const outcome = await moveShard({
      shard: host.shards[shard]!,
      isHeld: () => this.#options.isHeld(shard, held),
      self,
      to,
      version,
      reason,
      peers,
      lease,
      placement,
      clock,
      log,
    });
    this.#end(held);
    const { record } = outcome;
    if (outcome.held) {
      held.version = outcome.version;
      held.departure.failed(clock.monotonic());
      log.warn({ move: record }, 'a shard was not moved');
    } else {
      if (outcome.taken) watch.ownerReported(shard, to, version + 1);
      this.#giveUp(shard, held);
    }
    try {
      await placement.recordMove(record);
    } catch (error) {
      log.warn({ err: error, move: record }, 'a move could not be recorded');
    }
    this.#options.reconcile();
  }

  /**
   * Writes the target into the placement record, after the last append to the journal. The target
   * finds the record at its next read of the placement and claims the shard. Never rejects.
   */
  async #transfer({ shard, held }: Departure, target: NodeRun): Promise<void> {
    const { self, host, placement, log } = this.#options;
    const to = target.nodeId;
    this.#begin(held);
    try {
      if ((await host.shards[shard]!.leave()) === null) return;
      const version = await placement.moveShard(shard, self, target, held.version);
      if (version === null)
        log.warn({ shard, to }, 'another node took a shard before it was transferred');
    } catch (error) {
      // The record may name this node or the target. The node that it names claims the shard.
      log.warn({ err: error, shard, to }, 'a shard was given up, but perhaps not transferred');
    } finally {
      this.#end(held);
    }
    this.#giveUp(shard, held);
  }

  #giveUp(shard: number, held: HeldShard): void {
    if (this.#options.isHeld(shard, held)) this.#options.giveUp(shard);
  }

  #begin(held: HeldShard): void {
    held.departure.begin();
    this.#underWay += 1;
  }

  #end(held: HeldShard): void {
    held.departure.end();
    this.#underWay -= 1;
  }
}
