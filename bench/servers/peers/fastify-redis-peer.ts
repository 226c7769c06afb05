// Fastify and Redis: two processes connected by a Unix socket. Redis has the same configuration as
// in a LiveDrops cluster.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OrderPeer } from './order-peer.ts';
import { peerVersion } from './packages.ts';
import { findRedis, present, versionOf } from './programs.ts';

const CONFIGURATION = fileURLToPath(new URL('../../../deploy/redis.conf', import.meta.url));

export class FastifyRedisPeer extends OrderPeer {
  readonly key = 'fastify-redis';
  readonly label = 'Fastify + Redis Lua';

  get about(): string {
    return (
      `Fastify ${peerVersion('fastify')} and ioredis ${peerVersion('ioredis')}: a Lua script for ` +
      'each order, and one pipeline for the orders of one turn of the event loop; ' +
      `Redis ${versionOf(findRedis())} with appendfsync always, which syncs once for all it ` +
      'has read, before it answers any.'
    );
  }

  protected async launch(directory: string): Promise<string> {
    const socket = join(directory, 'redis.sock');
    await this.run({
      program: present(findRedis(), 'redis-server'),
      args: [CONFIGURATION, '--port', '0', '--unixsocket', socket, '--dir', directory],
      ready: /Ready to accept connections|ready to accept connections at/,
    });
    return this.runScript('fastify-redis.mjs', [socket]);
  }
}
