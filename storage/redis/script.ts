// A Lua script, run by its digest, and sent once to each server that does not know it. All keys of
// one run are in one hash tag, so that it runs the same on a Redis Cluster.

import { createHash } from 'node:crypto';
import { unavailable, type RedisConnection } from './connection.ts';

type Argument = string | number | Buffer;

export class Script {
  readonly #lua: string;
  readonly #digest: string;

  constructor(lua: string) {
    this.#lua = lua;
    this.#digest = createHash('sha1').update(lua).digest('hex');
  }

  /** Text answers as strings. Errors: `store-unavailable`. */
  run(
    redis: RedisConnection,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<unknown> {
    return this.#run(keys, args, (command, rest) => redis.call(command, rest));
  }

  /** Text answers as bytes. Errors: `store-unavailable`. */
  runForBytes(
    redis: RedisConnection,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<unknown> {
    return this.#run(keys, args, (command, rest) => redis.callBuffer(command, rest));
  }

  async #run(
    keys: readonly string[],
    args: readonly Argument[],
    call: (command: string, rest: Argument[]) => Promise<unknown>,
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args];
    try {
      try {
        return await call('EVALSHA', [this.#digest, ...rest]);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        // A server that does not know the script has not run it.
        return await call('EVAL', [this.#lua, ...rest]);
      }
    } catch (error) {
      throw unavailable(error);
    }
  }
}
