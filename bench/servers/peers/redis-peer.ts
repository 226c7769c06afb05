// Peers that keep their drops in one Redis beside them, on a Unix socket. It has the same
// configuration as in a LiveDrops cluster.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OrderPeer } from './order-peer.ts';
import { peerVersion } from './packages.ts';
import { findRedis, present, versionOf } from './programs.ts';

const CONFIGURATION = fileURLToPath(new URL('../../../deploy/redis.conf', import.meta.url));

export interface RedisPeerOptions {
  readonly key: string;
  readonly label: string;
  /** What takes the requests, with its version; `Fastify 5.12.8`. */
  readonly front: () => string;
  /** In `bench/peers/orders`. */
  readonly script: string;
}

export class RedisPeer extends OrderPeer {
  readonly key: string;
  readonly label: string;
  readonly #options: RedisPeerOptions;

  constructor(options: RedisPeerOptions) {
    super();
    this.#options = options;
    this.key = options.key;
    this.label = options.label;
  }

  get about(): string {
    return (
      `${this.#options.front()} and ioredis ${peerVersion('ioredis')}: a Lua script for ` +
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
    return this.runScript(this.#options.script, [socket]);
  }
}
