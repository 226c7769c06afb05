// What an actors node tells about itself when it is asked (X1). Plain data: it crosses the network.

import type { ShardStatus } from './shard/shard.ts';

export interface ShardReport {
  readonly shard: number;
  readonly status: ShardStatus;
  /** Why the shard is damaged; null otherwise. */
  readonly fault: string | null;
  readonly epoch: number;
  readonly sequence: number;
  /** Commands in its mailbox. */
  readonly waiting: number;
  /** Drops in memory, and those of them that are live. */
  readonly drops: number;
  readonly liveDrops: number;
  /** Orders placed a second, over the last few seconds. */
  readonly ordersPerSecond: number;
  /** Events that are durable and not yet taken by every consumer. */
  readonly relayLag: number;
}

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
