// Measures what the ledger's thread costs beside a sale, for each journal entry: CPU microseconds
// of that thread and of the thread pool, which writes tiles where the thread does not. Entries are
// appended at a fixed rate, and each window ends when all of them are signed. 4,500 bytes are an
// entry of some 30 orders. Run, on Linux:
// node_modules/.bin/node bench/probes/ledger-thread.ts [entries a second] [bytes] [seconds]

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SaleMeter } from '../../actors/sale-meter.ts';
import { loadConfig } from '../../composition/config.ts';
import { createLedgerThread } from '../../composition/ledger.ts';
import { createLog } from '../../composition/log.ts';
import { shardTree } from '../../events/ledger/leaves.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';

const [perSecond = 400, bytes = 4_500, seconds = 10] = process.argv.slice(2).map(Number);
const SHARD = 3;
const WINDOWS = 3;
const WARM_UP_SECONDS = 5;
const TURN_MS = 5;
const THREADS = ['ledger', 'libuv-worker'];

/** CPU microseconds of all threads of this process with that name. */
function cpuMicrosOf(name: string): number {
  const tasks = '/proc/self/task';
  return readdirSync(tasks)
    .filter((task) => readFileSync(`${tasks}/${task}/comm`, 'utf8').trim() === name)
    .map((task) => readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ', 1)[0])
    .reduce((sum, nanoseconds) => sum + Number(nanoseconds) / 1_000, 0);
}

const directory = mkdtempSync(join(tmpdir(), 'livedrops-bench-'));
const config = loadConfig({
  LIVEDROPS_DATA: directory,
  LIVEDROPS_AUTH_SECRET: randomBytes(32).toString('base64'),
  LIVEDROPS_LOG: 'warn',
});
const stores = await openSqliteStores({ directory });
const { journal, ledger } = stores;
const { shardCount } = stores;
const meter = new SaleMeter();
const thread = createLedgerThread({ config, shardCount, stores, meter, log: createLog(config) })!;
const entry = randomBytes(bytes);
const { epoch } = await journal.claim(SHARD, 'bench');
let sequence = 0;

/** Answers how many entries it appended; all of them are signed then. */
async function sell(duration: number): Promise<number> {
  const before = sequence;
  const beganAt = performance.now();
  for (let elapsed = 0; elapsed < duration; elapsed = (performance.now() - beganAt) / 1_000) {
    const due = before + elapsed * perSecond;
    const appends: Promise<void>[] = [];
    while (sequence < due) appends.push(journal.append(SHARD, epoch, ++sequence, entry));
    // The thread takes it for a sale.
    meter.addCommands(1);
    await Promise.all(appends);
    await pause(TURN_MS);
  }
  while ((await ledger.tree(shardTree(SHARD)))?.size !== sequence) await pause(100);
  return sequence - before;
}

try {
  thread.start();
  await sell(WARM_UP_SECONDS);
  for (let window = 0; window < WINDOWS; window++) {
    const before = THREADS.map(cpuMicrosOf);
    const entries = await sell(seconds);
    const costs = THREADS.map((name, i) => {
      return `${name} ${((cpuMicrosOf(name) - before[i]!) / entries).toFixed(1)}`;
    });
    process.stdout.write(`${entries} entries, CPU µs of each: ${costs.join(', ')}\n`);
  }
} finally {
  await thread.stop();
  await stores.close();
  rmSync(directory, { recursive: true, force: true });
}
