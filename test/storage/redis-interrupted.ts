// A process that stops in the middle of its work on Redis: its connection lets so many commands
// through, and then fails, or holds the next one up until told to go on.

import type { Command } from 'ioredis';
import type { RedisConnection } from '../../storage/redis/connection/connection.ts';

/** As after a crash: nothing past the first `commands` reaches Redis. */
export function diesAfter(redis: RedisConnection, commands: number): RedisConnection {
  let sent = 0;
  return interrupted(redis, (send) => {
    sent += 1;
    return sent <= commands ? send() : Promise.reject(new Error('Connection is closed.'));
  });
}

/** As when one command is lost on its way, the `nth`, and those behind it are not. */
export function loses(redis: RedisConnection, nth: number): RedisConnection {
  let sent = 0;
  return interrupted(redis, (send) => {
    sent += 1;
    return sent === nth ? Promise.reject(new Error('Command timed out')) : send();
  });
}

/**
 * As when the connection breaks before an answer: the `nth` command is executed, unknown to all.
 */
export function losesAnswerOf(redis: RedisConnection, nth: number): RedisConnection {
  let sent = 0;
  return interrupted(redis, async (send) => {
    sent += 1;
    const isLost = sent === nth;
    const answer = await send();
    if (isLost) throw new Error('Connection is closed.');
    return answer;
  });
}

/** As a process that is paused: what comes after the first `commands` waits for `resume`. */
export function pausesAfter(redis: RedisConnection, commands: number) {
  const resumed = Promise.withResolvers<void>();
  const paused = Promise.withResolvers<void>();
  let sent = 0;
  const connection = interrupted(redis, async (send) => {
    sent += 1;
    if (sent > commands) {
      paused.resolve();
      await resumed.promise;
    }
    return send();
  });
  return { connection, paused: paused.promise, resume: () => resumed.resolve() };
}

function interrupted(
  redis: RedisConnection,
  pass: (send: () => Promise<unknown>) => Promise<unknown>,
): RedisConnection {
  return new Proxy(redis, {
    get(target, name, receiver) {
      if (name !== 'sendCommand') return Reflect.get(target, name, receiver) as unknown;
      return (command: Command) => pass(async () => target.sendCommand(command));
    },
  });
}
