// `livedrops start` on SQLite, where SIGUSR2 makes the appends of one shard hang for a while, as a
// store may that is slow for one shard only. BENCH_STUCK_SHARD is the shard, and BENCH_STUCK_MS
// says for how long. Each line of input is answered by a line (JSON): how long the turns of the
// event loop took since the last one.

import { setTimeout as delay } from 'node:timers/promises';
import { start } from '../../operator/start.ts';
import { TurnTimes } from '../load/turn-times.ts';
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
const turns = new TurnTimes();
process.stdin.on('data', () => process.stdout.write(`${JSON.stringify(turns.take())}\n`));
await start();
