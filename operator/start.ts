// `livedrops start`: serves until told to stop. The first signal stops in order: shards go to other
// nodes where there are any, and what was admitted is answered first. The second one does not wait.

import { constants } from 'node:os';
import { loadConfig } from '../composition/config.ts';
import { type EndWish, startServer } from '../composition/server.ts';

/** A stop that takes longer than this is given up: supervisors of one server kill after ten seconds or more. */
const STOP_TIMEOUT_MS = 9_000;
/** A node of a cluster hands its shards over first. */
const CLUSTER_STOP_TIMEOUT_MS = 30_000;
/** `EX_TEMPFAIL` of sysexits.h: whoever supervises this process is to start it again. */
export const EXIT_RESTART = 75;
const EXIT_FAILED = 1;

export async function start(): Promise<void> {
  const config = loadConfig();
  let wished: (wish: EndWish) => void = () => undefined;
  const wish = new Promise<EndWish>((resolve) => {
    wished = resolve;
  });
  const server = await startServer(config, wished);
  process.stdout.write(`LiveDrops ready on ${server.url}\n`);
  const reason = await Promise.race([firstSignal(), wish]);
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
    process.stderr.write(`livedrops: not stopped after ${timeoutMs} ms, giving up\n`);
    process.exit(EXIT_FAILED);
  }, timeoutMs);
  await server.stop();
  clearTimeout(timeout);
  // Everything that lasts is on disk and closed; a timer that somebody forgot must not hold us.
  process.exit(reason === 'restart' ? EXIT_RESTART : 0);
}

function firstSignal(): Promise<'signal'> {
  return new Promise((resolve) => {
    let told = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (told) process.exit(128 + constants.signals[signal]);
      told = true;
      resolve('signal');
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
