// The report of a node with actors about itself (X1). Plain data: it crosses the network.

import type { ShardReport } from '../contracts/operator.ts';

export interface NodeReport {
  readonly nodeId: string;
  readonly incarnation: string;
  /** Milliseconds until the lease ends; null on a single node, which has no lease. */
  readonly leaseMs: number | null;
  /** This machine's clock less the store's; null on a single node. */
  readonly clockSkewMs: number | null;
  /** Commands that this node's gateway submitted and that are not answered yet. */
  readonly outstandingCommands: number;
  /** Only the shards that this node serves, takes over or hands over. */
  readonly shards: readonly ShardReport[];
}
