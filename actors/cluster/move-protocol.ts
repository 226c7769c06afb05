// What two nodes say to each other while a shard moves, and what a node can be asked about its
// shards. Plain data: it crosses the network. The moves themselves: `actors/cluster/shard-move.ts`
// (the source) and `actors/cluster/shard-arrivals.ts` (the target).

import type { NodeReport } from '../node-report.ts';

/** One run of a node. */
export interface NodeRun {
  readonly nodeId: string;
  readonly incarnation: string;
}

export interface TakeOver {
  readonly shard: number;
  readonly from: NodeRun;
  /** Of the source's placement record: a target that comes too late finds another. */
  readonly version: number;
}

/** Null: done. Otherwise one sentence on why not, for operators. */
export type MoveAnswer = string | null;

export interface MovePeers {
  /** Asks a node to prepare its memory of a shard. Rejects where it does not answer in time. */
  warm(nodeId: string, shard: number): Promise<MoveAnswer>;
  /**
   * Asks a node to claim and serve a shard whose owner has ended admission. Rejects where it does
   * not answer in time.
   */
  takeOver(nodeId: string, request: TakeOver): Promise<MoveAnswer>;
  /** Tells everybody that the placement changed; best effort. */
  placementChanged(): void;
}

export interface ShardNode {
  warm(shard: number): Promise<MoveAnswer>;
  takeOver(request: TakeOver): Promise<MoveAnswer>;
  report(): NodeReport;
}
