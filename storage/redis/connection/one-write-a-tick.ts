// All commands that one turn of the event loop gives a connection leave in one write. The client
// writes each by itself, and the system call is the dearest part of a small command, here and in
// Redis: without this a page of followers reaches Redis in 8 reads instead of 2, and costs the node
// a fifth more CPU time; a change of follows costs a tenth more, here and in Redis (medians of runs
// in turns of both, with the load of `npm run bench -- followers`).
//
// Commands keep their order, their deadlines and their own answers, and leave when the turn ends,
// before anything else is heard of. (With the client's auto-pipelining they would share pipelines,
// which leave half a turn later and end only as a whole.)

import { Cluster, type Redis } from 'ioredis';

/** Also for each server of a Redis Cluster, and after each reconnection. To be called at once. */
export function writeOnceATick(connection: Redis | Cluster): void {
  if (connection instanceof Cluster) connection.on('+node', writeOnceATick);
  else connection.on('connect', () => corkTicks(connection.stream));
}

/**
 * The first write corks the stream until the callback that is running is through, and the promises
 * that it settled. A stream that ends meanwhile sends what it holds first; where it breaks, all its
 * commands fail as those do that were sent.
 */
function corkTicks(stream: Redis['stream']): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    stream.uncork();
  };
  stream.write = (...args: unknown[]): boolean => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      process.nextTick(uncork);
    }
    return write(...args);
  };
}
