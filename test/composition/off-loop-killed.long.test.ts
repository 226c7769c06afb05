// The whole process of a node on SQLite is killed in the middle of the work of an off-loop
// consumer.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { shardOf } from '../../domain/ids.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { ClusterNode } from '../cluster/cluster-node.ts';
import { AUTH_SECRET, eventually } from '../end-to-end/sale-client.ts';
import { differences, replayedFacts } from '../events/off-loop/recorded-facts.ts';
import { readRecorded, type RecordingOptions } from '../events/off-loop/recording-consumer.ts';

const PROGRAM = fileURLToPath(new URL('../events/off-loop/recording-node.ts', import.meta.url));
const CONSUMER = 'recording';
const ORDERS = 20;
const FAULT_AT_ENTRY = 10;
const WAIT_MAX_MS = 60_000;

test('J1: a node killed while an off-loop consumer works skips nothing', async (t) => {
  t.timeout(180_000);
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-off-loop-killed-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'recorded');
  const marker = join(directory, 'fault');
  const recording: RecordingOptions = {
    name: CONSUMER,
    file,
    fault: { kind: 'never-ends', atEntry: FAULT_AT_ENTRY, marker },
  };
  const data = join(directory, 'data');
  const node = new ClusterNode({
    nodeId: 'alone',
    program: [PROGRAM, JSON.stringify([recording])],
    environment: {
      LIVEDROPS_DATA: data,
      LIVEDROPS_PORT: '0',
      LIVEDROPS_RATE_LIMITS: 'off',
      LIVEDROPS_LOG: 'warn',
      LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
    },
  });
  t.teardown(() => node.kill());
  await node.start();
  const dropId = await node.client.drop('cleo', { stock: 1000, limitPerUser: 1000 });
  const order = async (prefix: string) => {
    for (let i = 0; i < ORDERS; i++)
      t.is((await node.client.order(dropId, 'ann', `${prefix}${i}`)).status, 201);
  };
  await order('before');
  t.true(await eventually(async () => existsSync(marker), Boolean, WAIT_MAX_MS));
  await node.kill();
  const written = readRecorded(file);
  t.is(written.length, FAULT_AT_ENTRY - 1);

  const shard = await inStores(data, async ({ consumerPositions, shardCount }) => {
    const found = shardOf(dropId, shardCount);
    t.true((await consumerPositions.load(CONSUMER, found)) <= written.at(-1)!.sequence);
    return found;
  });
  await node.start();
  await order('after');
  await eventually(
    async () =>
      readRecorded(file)
        .filter((batch) => batch.shard === shard)
        .at(-1)!.sequence,
    (sequence) => sequence > 2 * ORDERS,
    WAIT_MAX_MS,
  );
  t.is(await node.stop(), 0);
  await inStores(data, async ({ consumerPositions, journal, shardCount }) => {
    const { lastSequence } = await journal.head(shard);
    t.is(await consumerPositions.load(CONSUMER, shard), lastSequence);
    t.deepEqual(differences(readRecorded(file), await replayedFacts(journal, shardCount)), []);
  });
});

/** Over the data of a process that has ended. */
async function inStores<T>(
  directory: string,
  work: (stores: Awaited<ReturnType<typeof openSqliteStores>>) => Promise<T>,
): Promise<T> {
  const stores = await openSqliteStores({ directory });
  try {
    return await work(stores);
  } finally {
    await stores.close();
  }
}
