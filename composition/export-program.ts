// The program of an export's thread (composition/export-threads.ts): reads a drop's orders from the
// stores, on a connection of its own, and makes one chunk of the file each time it is asked.

import { parentPort, workerData } from 'node:worker_threads';
import { KeptDrops } from '../events/replay/kept-drop.ts';
import type { OrderDetails } from '../contracts/order-details.ts';
import type { OrderView } from '../contracts/orders.ts';
import { SEGMENT_LENGTH } from '../domain/text-index.ts';
import { type Details, exportHead, exportOrders } from '../gateway/order-export.ts';
import type { StoredDrop } from '../storage/formats/stored-drop.ts';
import { openArchive, readsArchive } from './archive.ts';
import type { ExportData, FromExport, ToExport } from './export-threads.ts';
import { createLog } from './log.ts';
import { lowerPriority, openJournals } from './off-loop-parts.ts';

/** About 100 KB of text. */
const ORDERS_PER_CHUNK = 512;
/** Asked for at once: the main thread decrypts them in a millisecond or two. */
const DETAILS_AT_ONCE = 64;

const { config, dropId, format, shardCount, after, withDetails } = workerData as ExportData;
const log = createLog(config);
const port = parentPort!;
/** Chunks that the reader has asked for. */
let wanted = 0;
let onWanted = (): void => undefined;
let onDetails = (_details: Details): void => undefined;
port.on('message', (message: ToExport) => {
  if (message !== 'next') return onDetails(new Map(message.details));
  wanted += 1;
  onWanted();
});
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
port.close();

function send(message: FromExport): void {
  port.postMessage(message);
}

async function serve(drop: StoredDrop): Promise<void> {
  const { version } = drop;
  const head = { dropId, version, orders: drop.orders.size };
  const begin = after?.version === version ? after.orders : null;
  let done = begin ?? 0;
  send({ type: 'opened', version, orders: head.orders, at: done });
  if (begin === null) {
    await asked();
    send({ type: 'chunk', text: exportHead(format, head), at: 0 });
  }
  const first = Math.floor(done / SEGMENT_LENGTH);
  for (let segment = first; segment < drop.segmentCount; segment++) {
    const orders = await drop.ordersOf(segment);
    const from = segment === first ? done % SEGMENT_LENGTH : 0;
    for (let at = from; at < orders.length; at += ORDERS_PER_CHUNK) {
      const some = orders.slice(at, at + ORDERS_PER_CHUNK);
      const details = await detailsOf(some);
      const text = exportOrders(format, some, details, config.paymentProvider);
      done += some.length;
      await asked();
      send({ type: 'chunk', text, at: done });
    }
  }
  await asked();
  send({ type: 'end' });
}

/** Resolves when the reader wants the next chunk. */
async function asked(): Promise<void> {
  if (wanted === 0)
    await new Promise<void>((resolve) => {
      onWanted = resolve;
    });
  wanted -= 1;
}

/** What the buyers said of where their orders go, as far as it is not erased. */
async function detailsOf(orders: readonly OrderView[]): Promise<Details> {
  if (!withDetails) return new Map();
  const ids = orders.filter(({ hasDetails }) => hasDetails === true).map(({ id }) => id);
  const all = new Map<string, OrderDetails>();
  for (let at = 0; at < ids.length; at += DETAILS_AT_ONCE) {
    const orderIds = ids.slice(at, at + DETAILS_AT_ONCE);
    const some = await new Promise<Details>((resolve) => {
      onDetails = resolve;
      send({ type: 'details', orderIds });
    });
    for (const [id, details] of some) all.set(id, details);
  }
  return all;
}
