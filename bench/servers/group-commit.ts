// The writer thread of the durable floor. For a number of orders it writes one row with as many
// bytes as they take in LiveDrops' journal, and answers when the row is on disk. The database has
// the settings of LiveDrops' journal (`storage/sqlite/thread/database.ts`).

import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { JOURNAL_BYTES_PER_ORDER } from './order-server.ts';

const database = new Database((workerData as { file: string }).file);
database.pragma('journal_mode = wal');
database.pragma('synchronous = full');
database.exec('create table entries (id integer primary key, bytes blob not null) strict');
const insert = database.prepare('insert into entries (bytes) values (?)');

parentPort!.on('message', (orders: number) => {
  insert.run(Buffer.alloc(orders * JOURNAL_BYTES_PER_ORDER, 'x'));
  parentPort!.postMessage(null);
});
