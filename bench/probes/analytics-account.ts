// What the account of the journals for analytics costs an order: `node
// bench/probes/analytics-account.ts [orders] [orders an entry]`. Entries of one hot drop in which
// every order has another buyer are decoded, accounted and stored in SQLite, as its thread does
// beside a sale. CPU time of that thread and of the whole process, with the thread that writes.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Account } from '../../events/analytics/account.ts';
import { decodeEntry, encodeEntry } from '../../storage/formats/entry.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';

const ROUNDS = 3;
const ORDERS_PER_FLUSH = 3_000;
const ORDERS_PER_MS = 6;
const START = 1_800_000_000_000;

const orders = Number(process.argv[2] ?? 200_000);
const ordersPerEntry = Number(process.argv[3] ?? 40);

const terms = {
  id: 'd_1',
  productId: 'p_1',
  creatorId: 'c_1',
  startsAt: START,
  endsAt: START + 3_600_000,
  unitAmount: 100,
  currency: 'EUR',
  limitPerUser: 1,
  holdSeconds: 60,
  payment: 'instant',
} as const;
const created = { type: 'drop-created', terms, stock: orders } as const;
const entries = [entryOf(1, START, 0, [created, { type: 'drop-opened' }])];
for (let placed = 0; placed < orders; placed += ordersPerEntry) {
  const events = Array.from({ length: Math.min(ordersPerEntry, orders - placed) }, () => ({
    type: 'order-placed' as const,
    userId: `u_${randomUUID()}`,
    key: randomUUID(),
    quantity: 1,
  }));
  const time = START + Math.floor(placed / ORDERS_PER_MS);
  entries.push(entryOf(entries.length + 1, time, placed + 2, events));
}

const directory = mkdtempSync(join(tmpdir(), 'livedrops-analytics-'));
const stores = await openSqliteStores({ directory });
const { analytics } = stores;
try {
  for (let round = 1; round <= ROUNDS; round++) {
    const account = await Account.open({ store: analytics.exact(await analytics.begin()) });
    const [thread, whole] = [process.threadCpuUsage(), process.cpuUsage()];
    for (const [i, bytes] of entries.entries()) {
      await account.add(decodeEntry(bytes, 0, i + 1));
      if (account.waiting >= ORDERS_PER_FLUSH) await account.flush();
    }
    await account.flush();
    const own = perOrder(process.threadCpuUsage(thread));
    const all = perOrder(process.cpuUsage(whole));
    process.stdout.write(`${own} CPU us an order, ${all} with the writer\n`);
  }
} finally {
  await stores.close();
  rmSync(directory, { recursive: true });
}

function entryOf(
  sequence: number,
  time: number,
  versionBefore: number,
  events: Parameters<typeof encodeEntry>[0]['changes'][number]['events'],
): Buffer {
  return encodeEntry({
    shard: 0,
    sequence,
    time,
    changes: [{ dropId: terms.id, versionBefore, events }],
  });
}

function perOrder({ user, system }: { user: number; system: number }): string {
  return ((user + system) / orders).toFixed(1);
}
