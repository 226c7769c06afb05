// The calls between nodes while a shard moves, and the report of a node about its shards. Plain
// data: it crosses the network. The moves themselves are in `actors/cluster/shard-move.ts` (the
// source) and `actors/cluster/shard-arrivals.ts` (the target).

import type { NodeReport } from '../node-report.ts';

/** One run of a node. */
export interface NodeRun {
  readonly nodeId: string;
  readonly incarnation: string;
}

export interface TakeOver {
  readonly shard: number;
  readonly from: NodeRun;
  /** The version of the source's placement record. A late target finds a higher version. */
  readonly version: number;
}

/** Null: done. Otherwise the reason why not, as one sentence for operators. */
export type MoveAnswer = string | null;

export interface MovePeers {
  /** Lets a node replay a shard into memory. Rejects if the node does not answer in time. */
  warm(nodeId: string, shard: number): Promise<MoveAnswer>;
  /**
   * Lets a node claim and serve a shard whose owner has ended admission. Rejects if the node does
   * not answer in time.
   */
  takeOver(nodeId: string, request: TakeOver): Promise<MoveAnswer>;
  /** Announces to all nodes that the placement changed; best effort. */
  placementChanged(): void;
}

export interface ShardNode {
  warm(shard: number): Promise<MoveAnswer>;
  takeOver(request: TakeOver): Promise<MoveAnswer>;
  report(): NodeReport;
}
