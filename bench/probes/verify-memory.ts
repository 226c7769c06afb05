// What `verify` or a rebuild of many orders holds in memory, on SQLite:
//   node bench/probes/verify-memory.ts verify|rebuild [orders] [drops] [directory]
// It fills the journals of a new data directory, or takes those of the given one if it has some,
// starts a node without a gateway and waits until order lists have everything. Then it prints how
// much the resident set of the process grew during the work, and the rows that were missing.

import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../../composition/config.ts';
import { systemClock } from '../../actors/clock.ts';
import { StoreClock } from '../../actors/cluster/store-clock.ts';
import { createEmbeddedCore, type EmbeddedCore } from '../../composition/embedded-core.ts';
import { createLog } from '../../composition/log.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import { shardOf } from '../../domain/ids.ts';
import { encodeEntry } from '../../storage/formats/entry.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';

const ENTRY_ORDERS = 512;
/** Users who order again and again. */
const USERS = 200_000;
const START = Date.now() - 1_000_000;
const SAMPLE_INTERVAL_MS = 10;
const MIB = 2 ** 20;
const OPERATOR = { userId: 'olga', roles: ['operator'] };

const [work = 'verify', orders = '1000000', drops = '8', given] = process.argv.slice(2);
const directory = given ?? mkdtempSync(join(tmpdir(), 'livedrops-verify-'));

async function fill(): Promise<void> {
  const stores = await openSqliteStores({ directory });
  const sequences = new Map<number, number>();
  const epochs = new Map<number, number>();
  for (let drop = 0; drop < Number(drops); drop++) {
    const dropId = `d_bench${drop}`;
    const shard = shardOf(dropId, stores.shardCount);
    if (!epochs.has(shard))
      epochs.set(shard, (await stores.journal.claim(shard, 'the benchmark')).epoch);
    const append = async (versionBefore: number, events: DropEvent[]): Promise<void> => {
      const sequence = (sequences.get(shard) ?? 0) + 1;
      sequences.set(shard, sequence);
      const changes = [{ dropId, versionBefore, events }];
      const bytes = encodeEntry({ shard, sequence, time: START + sequence, changes });
      await stores.journal.append(shard, epochs.get(shard)!, sequence, bytes);
    };
    const terms = {
      id: dropId,
      productId: 'p_1',
      creatorId: 'u_creator',
      startsAt: START,
      endsAt: START + 1e9,
      unitAmount: 1999,
      currency: 'EUR',
      limitPerUser: 100_000,
      holdSeconds: 60,
      payment: 'instant',
    } as const;
    await append(0, [{ type: 'drop-created', terms, stock: 2 ** 31 }, { type: 'drop-opened' }]);
    const rounds = Math.ceil(Number(orders) / Number(drops) / ENTRY_ORDERS);
    for (let round = 0; round < rounds; round++) {
      const events = Array.from({ length: ENTRY_ORDERS }, (_, i): DropEvent => {
        const nth = round * ENTRY_ORDERS + i;
        const userId = `u_01jd${String(((nth + drop) * 7919) % USERS).padStart(20, '0')}`;
        return { type: 'order-placed', userId, key: `key-${nth}-0123456789abcdef`, quantity: 1 };
      });
      await append(2 + round * ENTRY_ORDERS, events);
    }
  }
  await stores.close();
}

/** Of the report: what was missing or did not agree. */
async function run(core: EmbeddedCore): Promise<unknown> {
  if (work === 'verify') {
    const verified = await core.call('operator.verifyJournals', { caller: OPERATOR });
    return verified.ok ? verified.value.findings : verified;
  }
  const rebuilt = await core.call('operator.rebuildLists', { caller: OPERATOR, dryRun: true });
  if (!rebuilt.ok) return rebuilt;
  return rebuilt.value.shards.reduce((sum, shard) => sum + shard.orders + shard.notifications, 0);
}

if (!existsSync(join(directory, 'journal.db'))) await fill();
const config = loadConfig({ ...process.env, LIVEDROPS_DATA: directory, LIVEDROPS_LOG: 'error' });
const core = await createEmbeddedCore({
  clock: new StoreClock({ clock: systemClock }),
  config,
  provider: null,
  restart: () => undefined,
  log: createLog(config),
});
await core.start();
await core.relay.caughtUp();
await delay(1000);
const before = process.memoryUsage().rss;
let peak = before;
const sampling = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, SAMPLE_INTERVAL_MS);
const startedAt = performance.now();
const found = await run(core);
clearInterval(sampling);
process.stdout.write(
  `${JSON.stringify({
    work,
    orders: Number(orders),
    drops: Number(drops),
    found,
    seconds: Math.round((performance.now() - startedAt) / 1000),
    idleMiB: Math.round(before / MIB),
    grownMiB: Math.round((peak - before) / MIB),
  })}\n`,
);
await core.stop();
