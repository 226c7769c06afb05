// `livedrops start`: runs a server until a signal stops it. After the first signal the server hands
// its shards to other nodes, if there are any, and answers the admitted requests. A second signal
// ends the process at once.

import { constants } from 'node:os';
import { loadConfig } from '../composition/config.ts';
import { type EndReason, startServer } from '../composition/server.ts';
import { collectWithoutHelpers } from './one-core.ts';

/**
 * After this time the process ends without a clean stop: the supervisor of a single server sends
 * SIGKILL after ten seconds or more.
 */
const STOP_TIMEOUT_MS = 9_000;
/** Longer, since a node of a cluster hands its shards over first. */
const CLUSTER_STOP_TIMEOUT_MS = 30_000;
/** `EX_TEMPFAIL` of sysexits.h: asks the supervisor to start the process again. */
export const EXIT_RESTART = 75;
const EXIT_FAILED = 1;

export async function start(): Promise<void> {
  collectWithoutHelpers();
  const config = loadConfig();
  let requestEnd: (endRequested: EndReason) => void = () => undefined;
  const endRequest = new Promise<EndReason>((resolve) => {
    requestEnd = resolve;
  });
  const server = await startServer(config, requestEnd);
  process.stdout.write(`LiveDrops ready on ${server.url}\n`);
  const reason = await Promise.race([firstSignal(), endRequest]);
  if (reason === 'replaced') {
    process.stderr.write(`livedrops: another process runs as node ${config.nodeId}\n`);
    process.exit(EXIT_FAILED);
  }
  if (reason === 'too-new') {
    process.stderr.write('livedrops: the store has data that only a newer version reads\n');
    process.exit(EXIT_FAILED);
  }
  const timeoutMs = config.natsUrl === null ? STOP_TIMEOUT_MS : CLUSTER_STOP_TIMEOUT_MS;
  const timeout = setTimeout(() => {
    process.stderr.write(`livedrops: the stop took more than ${timeoutMs} ms; ending now\n`);
    process.exit(EXIT_FAILED);
  }, timeoutMs);
  await server.stop();
  clearTimeout(timeout);
  // All stored data is on disk and closed. A leftover timer must not hold the process.
  if (reason === 'thread-died') process.exit(EXIT_FAILED);
  process.exit(reason === 'restart' ? EXIT_RESTART : 0);
}

function firstSignal(): Promise<'signal'> {
  return new Promise((resolve) => {
    let signalled = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (signalled) process.exit(128 + constants.signals[signal]);
      signalled = true;
      resolve('signal');
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
