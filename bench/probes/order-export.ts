// What an export of one very large drop takes, on SQLite:
//   node bench/probes/order-export.ts [orders] [csv|ndjson]
// One process seals the drop. Another exports it as a server does, in a thread, and prints seconds,
// MiB of text, CPU time of the whole process, how much its resident set grew at most, and the
// longest CPU time of its main thread between two of its turns, which no load of the machine
// lengthens.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../composition/config.ts';
import { ExportThreads } from '../../composition/export-threads.ts';
import type { ExportFormat } from '../../contracts/orders.ts';
import { sealDrop } from '../../storage/formats/sealed-drop.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { soldDrop } from '../load/sold-drop.ts';

const DROP_ID = 'd_large';
const MIB = 2 ** 20;
const SAMPLE_MS = 50;

const [orders = '1000000', format = 'csv', step = '', directory = ''] = process.argv.slice(2);
if (step === '') runBoth();
else if (step === 'seal') await seal();
else await measureExport();

function runBoth(): void {
  const made = mkdtempSync(join(tmpdir(), 'livedrops-bench-'));
  try {
    for (const one of ['seal', 'export'])
      spawnSync(process.execPath, [import.meta.filename, orders, format, one, made], {
        stdio: 'inherit',
      });
  } finally {
    rmSync(made, { recursive: true });
  }
}

async function seal(): Promise<void> {
  const stores = await openSqliteStores({ directory });
  const { snapshots } = stores;
  const state = soldDrop(DROP_ID, Number(orders));
  const { version } = state;
  await sealDrop({ snapshots, state, version, sequence: 0, pause: async () => undefined });
  await stores.close();
}

async function measureExport(): Promise<void> {
  const stores = await openSqliteStores({ directory });
  const { shardCount } = stores;
  const config = loadConfig({ LIVEDROPS_DATA: directory, LIVEDROPS_ARCHIVE: 'off' });
  const threads = new ExportThreads({ config, shardCount, readDetails: async () => new Map() });
  const startRss = process.memoryUsage.rss();
  let rss = startRss;
  let longestMs = 0;
  const turns = setInterval(() => {
    rss = Math.max(rss, process.memoryUsage.rss());
  }, SAMPLE_MS);
  const startCpu = process.cpuUsage();
  const start = performance.now();
  const opened = (await threads.open(DROP_ID, format as ExportFormat))!;
  const openedMs = performance.now() - start;
  let characters = 0;
  let before = process.threadCpuUsage();
  for await (const chunk of opened.chunks) {
    characters += Buffer.byteLength(chunk);
    const { user, system } = process.threadCpuUsage(before);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    before = process.threadCpuUsage();
  }
  opened.close();
  clearInterval(turns);
  const { user, system } = process.cpuUsage(startCpu);
  const figures = [
    `${opened.orders} orders as ${format}: ${((performance.now() - start) / 1000).toFixed(1)} s`,
    `the first after ${(openedMs / 1000).toFixed(1)} s`,
    `${(characters / MIB).toFixed(0)} MiB`,
    `CPU ${((user + system) / 1e6).toFixed(1)} s`,
    `resident set + ${((rss - startRss) / MIB).toFixed(0)} MiB`,
    `longest turn of the main thread ${longestMs.toFixed(1)} ms`,
  ];
  process.stdout.write(`${figures.join(', ')}\n`);
  await stores.close();
}
