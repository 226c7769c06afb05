// What people would sell a drop with instead of LiveDrops, to be measured beside it.

import type { OrderServer } from './order-server.ts';
import { DurableObjectsPeer } from './peers/durable-objects-peer.ts';
import { FastifyRedisPeer } from './peers/fastify-redis-peer.ts';
import { PostgresPeer } from './peers/postgres-peer.ts';

/** None of them runs yet. */
export function orderPeers(): OrderServer[] {
  return [new FastifyRedisPeer(), new PostgresPeer(), new DurableObjectsPeer()];
}
