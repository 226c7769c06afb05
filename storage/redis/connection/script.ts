// A Lua script, run by its digest, and sent in full to a server that does not know it. All keys of
// one run share a hash tag, so that it also runs on a Redis Cluster.

import { createHash } from 'node:crypto';
import { Command } from 'ioredis';
import { unavailable, type RedisConnection } from './connection.ts';

export type ScriptArgument = string | number | Buffer;

const AS_TEXT = { replyEncoding: 'utf8' } as const;
const AS_BYTES = {};

export class Script {
  readonly lua: string;
  readonly #digest: string;

  constructor(lua: string) {
    this.lua = lua;
    this.#digest = createHash('sha1').update(lua).digest('hex');
  }

  /** Text answers as strings. Errors: `store-unavailable`. */
  run(
    redis: RedisConnection,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    return this.#run(redis, keys, args, AS_TEXT);
  }

  /** Text answers as bytes. Errors: `store-unavailable`. */
  runForBytes(
    redis: RedisConnection,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    return this.#run(redis, keys, args, AS_BYTES);
  }

  // Commands are built here, because the client's methods copy the arguments twice more.
  async #run(
    redis: RedisConnection,
    keys: readonly string[],
    args: readonly ScriptArgument[],
    options: typeof AS_TEXT | typeof AS_BYTES,
  ): Promise<unknown> {
    try {
      const known = [this.#digest, keys.length, ...keys, ...args];
      return await redis.sendCommand(new Command('evalsha', known, options));
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) {
        throw unavailable(error);
      }
    }
    try {
      // A server that does not know the script has not run it.
      const whole = [this.lua, keys.length, ...keys, ...args];
      return await redis.sendCommand(new Command('eval', whole, options));
    } catch (error) {
      throw unavailable(error);
    }
  }
}
