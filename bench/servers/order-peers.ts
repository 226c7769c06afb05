// The alternatives to LiveDrops that sell a drop, for comparison.

import type { OrderServer } from './order-server.ts';
import { DurableObjectsPeer } from './peers/durable-objects-peer.ts';
import { FastifyRedisPeer } from './peers/fastify-redis-peer.ts';
import { PostgresPeer } from './peers/postgres-peer.ts';

/** Returns the peers, not yet started. */
export function orderPeers(): OrderServer[] {
  return [new FastifyRedisPeer(), new PostgresPeer(), new DurableObjectsPeer()];
}
