// The alternatives to LiveDrops that sell a drop, for comparison.

import type { OrderServer } from './order-server.ts';
import { DurableObjectsPeer } from './peers/durable-objects-peer.ts';
import { peerVersion } from './peers/packages.ts';
import { PostgresPeer } from './peers/postgres-peer.ts';
import { RedisPeer } from './peers/redis-peer.ts';

/** Returns the peers, not yet started. */
export function orderPeers(): OrderServer[] {
  return [
    new RedisPeer({
      key: 'uws-redis',
      label: 'uWebSockets.js + Redis Lua',
      front: () => 'uWebSockets.js 20',
      script: 'uws-redis.mjs',
    }),
    new RedisPeer({
      key: 'fastify-redis',
      label: 'Fastify + Redis Lua',
      front: () => `Fastify ${peerVersion('fastify')}`,
      script: 'fastify-redis.mjs',
    }),
    new PostgresPeer(),
    new DurableObjectsPeer(),
  ];
}
