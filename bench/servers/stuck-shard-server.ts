// `livedrops start` on SQLite, where SIGUSR2 makes the appends of one shard hang for a while, as a
// store may that is slow for one shard only. BENCH_STUCK_SHARD is the shard, and BENCH_STUCK_MS
// says for how long.

import { setTimeout as delay } from 'node:timers/promises';
import { start } from '../../operator/start.ts';
import { SqliteJournal } from '../../storage/sqlite/journal/journal-sqlite.ts';

const shard = Number(process.env['BENCH_STUCK_SHARD']);
const holdMs = Number(process.env['BENCH_STUCK_MS']);
let held: Promise<unknown> = Promise.resolve();

// oxlint-disable-next-line typescript/unbound-method -- It is called with its journal below.
const { append } = SqliteJournal.prototype;
SqliteJournal.prototype.append = async function (...args): Promise<void> {
  if (args[0] === shard) await held;
  return await append.apply(this, args);
};
process.on('SIGUSR2', () => {
  held = delay(holdMs);
});
await start();
