// How long a shard with very many orders takes until it serves again (J6): orders are placed through the real shard loop and SQLite
// journal, the process's memory is thrown away without a clean stop, and a second host claims and replays.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import { ShardHost } from '../../actors/shard-host.ts';
import type { DropCommand } from '../../domain/commands.ts';
import { SHARD_COUNT } from '../../domain/ids.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import type { Stores } from '../../storage/stores.ts';

const DROP_ID = 'd_recovery';
const ORDERS_PER_CALL = 256;
const DROP_LENGTH_MS = 3_600_000;

export interface RecoveryResult {
  readonly orders: number;
  /** From the first claim until every shard serves, without opening the files. */
  readonly recoveryMs: number;
  /** The longest that one group of orders waited while they were placed, snapshots included. */
  readonly longestWaitMs: number;
}

export async function recovery(orders: number): Promise<RecoveryResult> {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-recovery-'));
  try {
    const first = await openSqliteStores({ directory });
    const longestWaitMs = await placeOrders(first, orders);
    // No clean stop, so no last snapshot: what a crash leaves behind.
    await first.close();
    const second = await openSqliteStores({ directory });
    const host = hostOn(second);
    const startedAt = performance.now();
    await host.start();
    const recoveryMs = performance.now() - startedAt;
    const [reply] = await host.execute([{ type: 'get-drop', dropId: DROP_ID }]);
    if (!reply?.ok || !('sold' in reply.value) || reply.value.sold !== orders)
      throw new Error('orders are missing');
    await second.close();
    return { orders, recoveryMs, longestWaitMs };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function placeOrders(stores: Stores, orders: number): Promise<number> {
  const host = hostOn(stores);
  await host.start();
  const now = Date.now();
  const terms = {
    id: DROP_ID,
    productId: 'p_1',
    creatorId: 'creator',
    startsAt: now - 1,
    endsAt: now + DROP_LENGTH_MS,
    priceCents: 100,
    currency: 'EUR',
    limitPerUser: 1,
    holdSeconds: 60,
    payment: 'instant',
  } as const;
  await host.execute([{ type: 'create-drop', dropId: DROP_ID, terms, stock: orders }]);
  let longestWaitMs = 0;
  for (let placed = 0; placed < orders; placed += ORDERS_PER_CALL) {
    const count = Math.min(ORDERS_PER_CALL, orders - placed);
    const commands = Array.from({ length: count }, (_, i): DropCommand => {
      return {
        type: 'place-order',
        dropId: DROP_ID,
        userId: `user-${placed + i}`,
        key: crypto.randomUUID(),
        quantity: 1,
      };
    });
    const sentAt = performance.now();
    const replies = await host.execute(commands);
    longestWaitMs = Math.max(longestWaitMs, performance.now() - sentAt);
    const refused = replies.find((reply) => !reply.ok);
    if (refused !== undefined) throw new Error(`an order was refused: ${JSON.stringify(refused)}`);
  }
  return longestWaitMs;
}

function hostOn(stores: Stores): ShardHost {
  return new ShardHost({
    ...stores,
    nodeId: 'bench',
    shardCount: SHARD_COUNT,
    bus: new InProcessLiveBus(),
    consumers: [],
    clock: systemClock,
    log: pino({ level: 'warn' }),
  });
}

export function describeRecovery(result: RecoveryResult): string {
  const { orders, recoveryMs, longestWaitMs } = result;
  return (
    `${orders} orders served again after ${recoveryMs.toFixed(0)} ms ` +
    `(${((orders / recoveryMs) * 1000).toFixed(0)} orders a second); ` +
    `longest wait while placing them ${longestWaitMs.toFixed(1)} ms`
  );
}
