// A worker of the scenario `push`, in a process: it writes a crowd of followers into a directory,
// or tells the whole of one that a drop has started, by the jobs and the sending side of a node.
// Each input line is a `PushWalkerJob`, each output line but the first its result, as JSON: of
// `fill` an empty object, of `walk` a `PushWalkResult`. Usage: push-walker.ts DIRECTORY

import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { SaleMeter } from '../../actors/sale-meter.ts';
import { loadConfig } from '../../composition/config.ts';
import { createPush } from '../../composition/push.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import {
  fillReachedCrowd,
  type ReachedCrowd,
  walkReachedCrowd,
  type WalkResult,
} from '../load/reached-crowd.ts';

export type PushWalkerJob =
  | ({ readonly what: 'fill' } & Omit<ReachedCrowd, 'keyId'>)
  /** `number`: of this walk of the directory's crowd. */
  | { readonly what: 'walk'; readonly number: number };

export interface PushWalkResult extends WalkResult {
  /** At the most during the walk, beyond what the process had before its first one, in bytes. */
  readonly memory: number;
}

const MEMORY_INTERVAL_MS = 50;

const [directory = ''] = process.argv.slice(2);
const config = loadConfig({
  LIVEDROPS_DATA: directory,
  LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
  LIVEDROPS_LOG: 'warn',
});
const stores = await openSqliteStores({ directory });
const push = createPush({
  config,
  stores,
  meter: new SaleMeter(),
  clock: systemClock,
  log: pino({ level: 'warn' }, process.stderr),
});
const { keyId } = await push.keys.present();
const memoryBefore = process.memoryUsage.rss();
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  void run(JSON.parse(line) as PushWalkerJob).then((result) =>
    process.stdout.write(`${JSON.stringify(result)}\n`),
  );
});
lines.on('close', () => process.exit());
process.on('SIGTERM', () => void stop());
process.stdout.write('ready\n');

async function run(job: PushWalkerJob): Promise<PushWalkResult | object> {
  if (job.what === 'fill') {
    await fillReachedCrowd(stores, { ...job, keyId });
    return {};
  }
  let memory = 0;
  const watch = setInterval(() => {
    memory = Math.max(memory, process.memoryUsage.rss() - memoryBefore);
  }, MEMORY_INTERVAL_MS);
  const result = await walkReachedCrowd(stores, push.sender, job.number);
  clearInterval(watch);
  return { ...result, memory };
}

async function stop(): Promise<void> {
  await push.stop();
  await stores.close();
  process.exit();
}
