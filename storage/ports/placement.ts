// The placement port: which node is alive, which node serves which shard, and what operators want.
// There is no coordinator: nodes write here by compare-and-set, and everybody reads. It gives
// liveness only. Safety is the journal's epoch (W1): two nodes that both believe in a shard cannot
// both write it.

import type { MoveRecord } from '../../contracts/operator.ts';

/** One run of one node, kept alive by renewing. */
export interface NodeSession {
  readonly nodeId: string;
  /**
   * Unique for each start of a node, so that a node that starts again is not taken for its earlier
   * run.
   */
  readonly incarnation: string;
  /** Share of the shards relative to other nodes; above 0. */
  readonly weight: number;
  /** It is about to end and wants to hand over what it has. */
  readonly leaving: boolean;
  readonly startedAt: number;
  /** Where its gateway answers; null where it has none. */
  readonly url: string | null;
  /**
   * Shards with a live drop, at most `LIVE_SHARDS_MAX`: served again first when the node is lost
   * (W3).
   */
  readonly liveShards: readonly number[];
  /** The feature level that it reads; 0 where it announces none. */
  readonly level: number;
}

export const LIVE_SHARDS_MAX = 256;

/** How long a session that ran out without being ended is known as lost. */
export const LOST_SESSION_RETENTION_MS = 3_600_000;
/** Of more lost sessions, those that ran out first are forgotten when a node starts. */
export const LOST_SESSIONS_MAX = 128;

export interface ShardPlacement {
  readonly shard: number;
  /** The node that serves it, or was the last to. */
  readonly nodeId: string;
  readonly incarnation: string;
  /**
   * Grows by one at each change of the record: of two placements of a shard the higher is the
   * newer.
   */
  readonly version: number;
}

export interface Placement {
  /** Nodes whose session lives. */
  readonly sessions: readonly NodeSession[];
  /**
   * Nodes whose session ran out without being ended, as they last were; a node that started again
   * is not among them.
   */
  readonly lost: readonly NodeSession[];
  /** By shard; a shard that nobody ever claimed is missing. */
  readonly shards: ReadonlyMap<number, ShardPlacement>;
  /** Shard to node id: where an operator wants it, whoever else would. */
  readonly pins: ReadonlyMap<number, string>;
  /** Node ids that an operator wants empty. */
  readonly drained: ReadonlySet<string>;
  /** The feature level that the store has reached. */
  readonly level: number;
}

/** Moves kept, newest first; older ones are forgotten. */
export const MOVES_RETAINED_MAX = 1000;

/**
 * Another run of a node with the same id holds the session. Whoever gets this must stop serving.
 */
export class SessionLostError extends Error {
  readonly code = 'session-lost';
}

export interface PlacementStore {
  /** Everything at one moment. Errors: `store-unavailable`. */
  load(): Promise<Placement>;

  /**
   * Makes or renews the session; it lives for `ttlMs` from when the store handles this. A living
   * session of the same node id with a later `startedAt` (of equal ones, the greater `incarnation`)
   * is not replaced. Live shards past `LIVE_SHARDS_MAX` are left out. Errors: `session-lost` when
   * it is not replaced; `store-unavailable`.
   */
  renewSession(session: NodeSession, ttlMs: number): Promise<void>;
  /** Ends the session at once, where it is this run's. Idempotent. */
  endSession(nodeId: string, incarnation: string): Promise<void>;

  /**
   * Takes a shard: only from version `expectedVersion` (0: no record), only while the session of
   * `nodeId` and `incarnation` lives, and only where its holder's session (that very run) does not
   * live or is the caller's own. Resolves to the new version, or null.
   */
  claimShard(
    shard: number,
    nodeId: string,
    incarnation: string,
    expectedVersion: number,
  ): Promise<number | null>;
  /**
   * Gives a shard from its holder to another living session, in one step, from `expectedVersion`.
   * The caller names both ends, so that a source can give and, to roll back, take back. Resolves to
   * the new version, or null.
   */
  moveShard(
    shard: number,
    from: { nodeId: string; incarnation: string },
    to: { nodeId: string; incarnation: string },
    expectedVersion: number,
  ): Promise<number | null>;

  /** Durable when it resolves, as are the next two. `nodeId` null takes the pin away. */
  setPin(shard: number, nodeId: string | null): Promise<void>;
  setDrained(nodeId: string, drained: boolean): Promise<void>;

  recordMove(record: MoveRecord): Promise<void>;
  /** Newest first, at most `limit`. */
  listMoves(limit: number): Promise<MoveRecord[]>;

  /** Fixes the number of shards at the first call, ever; resolves to the number that is fixed. */
  fixShardCount(shardCount: number): Promise<number>;

  /**
   * Raises the feature level that the store has reached; a level that is not higher changes
   * nothing. Durable when it resolves. Resolves to the level reached. From level 1 on, a node of
   * level 0 (commit 9994b20) is refused at its start: it finds another number of shards than its
   * own. Errors: `store-unavailable`.
   */
  raiseLevel(level: number): Promise<number>;
}
