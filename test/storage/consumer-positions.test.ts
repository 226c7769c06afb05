// The contract of kept consumer positions, on every driver.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { memoryStores } from '../../storage/memory/stores.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import type { Stores } from '../../storage/stores.ts';

const drivers: Record<string, (t: ExecutionContext) => Promise<Stores>> = {
  async memory() {
    return memoryStores();
  },
  async sqlite(t) {
    const directory = await mkdtemp(join(tmpdir(), 'livedrops-positions-'));
    const stores = await openSqliteStores({ directory });
    t.teardown(async () => {
      await stores.close();
      await rm(directory, { recursive: true });
    });
    return stores;
  },
};

for (const [driver, open] of Object.entries(drivers)) {
  test(`J1: positions are kept for each consumer and shard, on ${driver}`, async (t) => {
    const { consumerPositions: positions } = await open(t);
    t.is(await positions.load('payments', 0), 0);
    await positions.save('payments', [
      { shard: 0, sequence: 5 },
      { shard: 255, sequence: 2 ** 40 },
    ]);
    await positions.save('other', [{ shard: 0, sequence: 7 }]);
    t.is(await positions.load('payments', 0), 5);
    t.is(await positions.load('payments', 255), 2 ** 40);
    t.is(await positions.load('payments', 1), 0);
    t.is(await positions.load('other', 0), 7);
  });

  test(`N11: a position never goes back, on ${driver}`, async (t) => {
    const { consumerPositions: positions } = await open(t);
    await positions.save('payments', [{ shard: 0, sequence: 5 }]);
    await positions.save('payments', [
      { shard: 0, sequence: 3 },
      { shard: 1, sequence: 1 },
    ]);
    t.is(await positions.load('payments', 0), 5);
    t.is(await positions.load('payments', 1), 1);
    await positions.save('payments', []);
    await positions.save('payments', [{ shard: 0, sequence: 6 }]);
    t.is(await positions.load('payments', 0), 6);
  });
}
