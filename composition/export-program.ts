// The program of an export's thread (composition/export-threads.ts): reads a drop's orders from the
// stores, on a connection of its own, and makes one chunk of the file each time it is asked.

import { parentPort, workerData } from 'node:worker_threads';
import { KeptDrops } from '../events/replay/kept-drop.ts';
import { exportHead, exportOrders } from '../gateway/order-export.ts';
import type { StoredDrop } from '../storage/formats/stored-drop.ts';
import { openArchive, readsArchive } from './archive.ts';
import type { ExportData, FromExport } from './export-threads.ts';
import { createLog } from './node-core.ts';
import { lowerPriority, openJournals } from './off-loop-parts.ts';

/** About 100 KB of text. */
const ORDERS_PER_CHUNK = 512;

const { config, dropId, format, shardCount } = workerData as ExportData;
const log = createLog(config);
const port = parentPort!;
lowerPriority(log);
const reader = await openJournals(config, 'export', log);
try {
  const journal = readsArchive(reader.journal, openArchive(config));
  const keptDrops = new KeptDrops({ ...reader, journal, shardCount });
  const drop = await keptDrops.open(dropId);
  if (drop === null) send({ type: 'none' });
  else await serve(drop);
} catch (error) {
  log.warn({ err: error, dropId }, 'an export of orders failed');
  const { code = null, message } = error as Error & { code?: string };
  send({ type: 'failed', code, message });
}
await reader.close();

function send(message: FromExport): void {
  port.postMessage(message);
}

async function serve(drop: StoredDrop): Promise<void> {
  const { version } = drop;
  const head = { dropId, version, orders: drop.orders.size };
  send({ type: 'opened', ...head });
  await asked();
  send({ type: 'chunk', text: exportHead(format, head) });
  for (let segment = 0; segment < drop.segmentCount; segment++) {
    const orders = await drop.ordersOf(segment);
    for (let at = 0; at < orders.length; at += ORDERS_PER_CHUNK) {
      const some = orders.slice(at, at + ORDERS_PER_CHUNK);
      const text = exportOrders(format, some, config.paymentProvider);
      await asked();
      send({ type: 'chunk', text });
    }
  }
  await asked();
  send({ type: 'end' });
}

/** The reader wants the next chunk. */
function asked(): Promise<void> {
  return new Promise((resolve) => port.once('message', () => resolve()));
}
