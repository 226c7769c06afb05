// `livedrops start`: serves until told to stop. The first signal stops in order: what was admitted
// is answered first. The second one does not wait.

import { constants } from 'node:os';
import { loadConfig } from '../composition/config.ts';
import { startEmbedded } from '../composition/embedded.ts';

/** A stop that takes longer than this is given up: supervisors kill after ten seconds or more. */
const STOP_TIMEOUT_MS = 9_000;

export async function start(): Promise<void> {
  const server = await startEmbedded(loadConfig());
  process.stdout.write(`LiveDrops ready on ${server.url}\n`);
  await firstSignal();
  const timeout = setTimeout(() => {
    process.stderr.write(`livedrops: not stopped after ${STOP_TIMEOUT_MS} ms, giving up\n`);
    process.exit(1);
  }, STOP_TIMEOUT_MS);
  await server.stop();
  clearTimeout(timeout);
  // Everything that lasts is on disk and closed; a timer that somebody forgot must not hold us.
  process.exit(0);
}

function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (told) process.exit(128 + constants.signals[signal]);
      told = true;
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
