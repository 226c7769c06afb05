// The whole process of a node on SQLite is killed at random moments while the ledger is written.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { ClusterNode } from '../cluster/cluster-node.ts';
import { assertVerified, completeLedger, randomMoments } from '../cluster/ledger-runs.ts';
import { AUTH_SECRET } from '../end-to-end/sale-client.ts';

const KILLS = 4;
/** Commits are a second apart. */
const KILLED_WITHIN_MS = 2_500;
const ORDERS = 120;
const ORDERS_AT_ONCE = 10;

test('L1: a node that is killed at any moment loses and doubles nothing of the ledger', async (t) => {
  t.timeout(300_000);
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-ledger-killed-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const environment = {
    LIVEDROPS_DATA: join(directory, 'data'),
    LIVEDROPS_PORT: '0',
    LIVEDROPS_RATE_LIMITS: 'off',
    LIVEDROPS_LOG: 'warn',
    LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
  };
  const node = new ClusterNode({ nodeId: 'alone', environment });
  t.teardown(() => node.kill());
  await node.start();
  const moment = randomMoments(t, KILLED_WITHIN_MS);
  const dropId = await node.client.drop('cleo', { stock: 100_000, limitPerUser: 1_000 });
  let bundle: string | undefined;
  for (let round = 0; round <= KILLS; round++) {
    const killed = pause(moment()).then(async () => {
      if (round < KILLS) await node.kill();
    });
    for (let i = 0; i < ORDERS; i += ORDERS_AT_ONCE) {
      const some = Array.from({ length: ORDERS_AT_ONCE }, (_, n) =>
        // Those that the kill cuts off are of no interest here.
        node.client.order(dropId, `u-${n}`, `${round}-${i}-${n}`).catch(() => null),
      );
      await Promise.all(some);
    }
    await killed;
    if (round < KILLS) await node.start();
    if (round !== 1) continue;
    await completeLedger(node);
    bundle = await assertVerified(t, node, { environment, folder: directory, name: 'older' });
  }
  await completeLedger(node);
  const rest = { environment, folder: directory, name: 'newer' };
  await assertVerified(t, node, { ...rest, ...(bundle !== undefined && { against: bundle }) });
});
