// The placement port: which nodes are alive, which node serves which shard, and which shards and
// nodes operators have pinned or drained. There is no coordinator: every node reads the placement,
// and writes it by compare-and-set. The placement gives liveness only. The journal's epoch gives
// safety (W1): if two nodes both believe that they own a shard, only one of them can write it.

import type { MoveRecord } from '../../contracts/operator.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Answered, RequestLog } from './requests.ts';

/** One run of one node. It lives for as long as the node renews it. */
export interface NodeSession {
  readonly nodeId: string;
  /**
   * Unique for each start of a node, so that a restarted node differs from its earlier run.
   */
  readonly incarnation: string;
  /** Share of the shards relative to other nodes; above 0. */
  readonly weight: number;
  /** The node hands its shards over: it is about to end, is cut off, or its clock is wrong. */
  readonly leaving: boolean;
  /**
   * The node's clock is too far from the store's time, and that is the only reason why it is
   * leaving. False for nodes of level 1 and below.
   */
  readonly clockIsWrong: boolean;
  readonly startedAt: number;
  /** The URL of the node's gateway; null without a gateway. */
  readonly url: string | null;
  /**
   * Shards with a live drop, at most `LIVE_SHARDS_MAX`: claimed first when the node is lost (W3).
   */
  readonly liveShards: readonly number[];
  /** The feature level that the node reads; 0 for a node that announces none. */
  readonly level: number;
}

export const LIVE_SHARDS_MAX = 256;

/** How long a session that expired without `endSession` is listed as lost. */
export const LOST_SESSION_RETENTION_MS = 3_600_000;
/** Past this number the earliest lost sessions are removed when a node starts. */
export const LOST_SESSIONS_MAX = 128;

export interface ShardPlacement {
  readonly shard: number;
  /** The node that serves the shard, or was the last to serve it. */
  readonly nodeId: string;
  readonly incarnation: string;
  /**
   * Grows by one at each change of the record. Of two records of a shard, the one with the higher
   * version is newer.
   */
  readonly version: number;
}

export interface Placement {
  /** The sessions of living nodes. */
  readonly sessions: readonly NodeSession[];
  /**
   * The last state of sessions that expired without `endSession`; without nodes that started again.
   */
  readonly lost: readonly NodeSession[];
  /** By shard; without shards that no node ever claimed. */
  readonly shards: ReadonlyMap<number, ShardPlacement>;
  /** By shard, the node that an operator pinned it to. A pin overrides the assignment. */
  readonly pins: ReadonlyMap<number, string>;
  /** Ids of nodes that take no shards, because an operator drained them. */
  readonly drained: ReadonlySet<string>;
  /** The feature level that the store has reached. */
  readonly level: number;
}

/** What operators change. */
export interface PlacementChange {
  /** Pins to set; `nodeId` null removes the pin. */
  readonly pins?: readonly { readonly shard: number; readonly nodeId: string | null }[];
  readonly drained?: { readonly nodeId: string; readonly drained: boolean };
}

/** Records of moves; past this number the oldest are removed. */
export const MOVES_RETAINED_MAX = 1000;

/**
 * Another run of a node with the same id holds the session. This run must stop serving.
 */
export class SessionLostError extends Error {
  readonly code = 'session-lost';
}

export interface PlacementStore {
  /** Kept answers to requests about the placement. */
  readonly requests: RequestLog;
  /** The whole placement at one moment. Errors: `store-unavailable`. */
  load(): Promise<Placement>;
  /** The store's clock, in milliseconds since the Unix epoch. Errors: `store-unavailable`. */
  time(): Promise<number>;

  /**
   * Creates or renews the session. It lives for `ttlMs` from the moment when the store handles the
   * call. A living session of the same node id with a later `startedAt` (or an equal one and a
   * greater `incarnation`) is not replaced. Live shards past `LIVE_SHARDS_MAX` are left out.
   * Resolves to the store's time of that moment, in milliseconds since the Unix epoch. Errors:
   * `session-lost` if the living session is not replaced; `store-unavailable`.
   */
  renewSession(session: NodeSession, ttlMs: number): Promise<number>;
  /** Ends the session at once if it is this run's. Idempotent. */
  endSession(nodeId: string, incarnation: string): Promise<void>;

  /**
   * Claims a shard and resolves to the new version. Resolves to null, and changes nothing, if the
   * record is not at `expectedVersion` (0: no record), if the session of `nodeId` and `incarnation`
   * does not live, or if the session of the present holder's run lives and is not the caller's own.
   */
  claimShard(
    shard: number,
    nodeId: string,
    incarnation: string,
    expectedVersion: number,
  ): Promise<number | null>;
  /**
   * Moves a shard from its holder to another living session in one step, and resolves to the new
   * version. Resolves to null, and changes nothing, if `from` does not hold the shard at
   * `expectedVersion`, if `to` is the same run, or if the session of `to` does not live.
   */
  moveShard(
    shard: number,
    from: { nodeId: string; incarnation: string },
    to: { nodeId: string; incarnation: string },
    expectedVersion: number,
  ): Promise<number | null>;

  /** One atomic step, durable when it resolves. Errors: `store-unavailable`. */
  change(change: PlacementChange): Promise<void>;
  /**
   * As `change`, at most once for the request: the same step keeps the answer (H11). Errors:
   * `store-unavailable`.
   */
  changeOnce(
    request: KeyedRequest,
    change: PlacementChange,
    answer: string,
  ): Promise<Answered<string>>;

  /** Durable when it resolves. */
  recordMove(record: MoveRecord): Promise<void>;
  /** Newest first, at most `limit`. */
  listMoves(limit: number): Promise<MoveRecord[]>;

  /**
   * Stores the number of shards at the first call ever, and in the same step the feature level that
   * the new store begins with: no node of a lower one can have written to it. Resolves to the
   * stored number. Errors: `store-unavailable`.
   */
  fixShardCount(shardCount: number, levelOfNewStore?: number): Promise<number>;

  /**
   * Raises the feature level of the store, and ignores a level that is not higher. Durable when it
   * resolves. Resolves to the level of the store. From level 1 on, a node of level 0 (commit
   * 9994b20) is refused at its start, because it finds a number of shards that differs from its
   * own. Errors: `store-unavailable`.
   */
  raiseLevel(level: number): Promise<number>;
}
