// What the walk of a fan-out costs besides sending: followers and where they are reached are read
// from SQLite, page by page, by the jobs of one event, and a sender takes all at once.
//   node bench/probes/reach-walk.ts [followers] [share with a browser]
// Prints followers a second, CPU for each follower and each message, and by how much the memory of
// the process grew.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { fillReachedCrowd, walkReachedCrowd } from '../load/reached-crowd.ts';

const MEMORY_INTERVAL_MS = 50;
const MEGABYTE = 1e6;
const ORIGINS = ['https://push.example.com'];

const [followers = 100_000, share = 0.3] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), 'livedrops-reach-walk-'));
const stores = await openSqliteStores({ directory });
try {
  const subscriptions = Math.round(followers * share);
  await fillReachedCrowd(stores, { followers, subscriptions, origins: ORIGINS, keyId: 'k_1' });
  await walk();
} finally {
  await stores.close();
  rmSync(directory, { recursive: true, force: true });
}

async function walk(): Promise<void> {
  const rssBefore = process.memoryUsage.rss();
  let rss = rssBefore;
  const watch = setInterval(() => {
    rss = Math.max(rss, process.memoryUsage.rss());
  }, MEMORY_INTERVAL_MS);
  const cpu = process.cpuUsage();
  const taken = { send: async () => ({ outcome: 'sent' }) as const };
  const { messages, seconds } = await walkReachedCrowd(stores, taken, 1);
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(watch);
  console.log(
    `${followers} followers, ${messages} messages: ${Math.round(followers / seconds)} followers ` +
      `and ${Math.round(messages / seconds)} messages a second; CPU ` +
      `${((user + system) / followers).toFixed(1)} us a follower, ` +
      `${((user + system) / messages).toFixed(1)} us a message; ` +
      `${Math.round((rss - rssBefore) / MEGABYTE)} MB more memory`,
  );
}
