// What an actors node tells about itself when it is asked (X1). Plain data: it crosses the network.

import type { ShardReport } from '../contracts/operator.ts';

export interface NodeReport {
  readonly nodeId: string;
  readonly incarnation: string;
  /** Milliseconds the lease is still good for; null where there are no leases (one node alone). */
  readonly leaseMs: number | null;
  /** Commands handed over by this node's gateway and not yet answered. */
  readonly outstandingCommands: number;
  /** Only those that this node serves or is taking or giving. */
  readonly shards: readonly ShardReport[];
}
