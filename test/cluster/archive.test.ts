// A cluster whose nodes archive the journals of Redis into one folder.

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { runCommand } from '../operator/run-command.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';

/** More than the events that a clean stop leaves without a snapshot. */
const ORDERS = 1_100;
const ORDERS_AT_ONCE = 20;
/** A new cluster reaches its feature level after 15 s. */
const ARCHIVED_MAX_MS = 90_000;

const run = clusterInstalled ? test : test.skip;

run(
  'J8: a cluster trims its journals in Redis, and verify and changes still have everything',
  async (t) => {
    t.timeout(240_000);
    const directory = mkdtempSync(join(tmpdir(), 'livedrops-cluster-archive-'));
    const [archive, backup] = [join(directory, 'archive'), join(directory, 'backup')];
    mkdirSync(archive);
    const first = await SaleServer.start('cluster');
    const stops = [() => first.stop()];
    try {
      const dropId = await first.drop('cleo', { stock: ORDERS, limitPerUser: ORDERS_AT_ONCE });
      for (let i = 0; i < ORDERS; i += ORDERS_AT_ONCE) {
        const some = Array.from({ length: ORDERS_AT_ONCE }, (_, n) =>
          first.order(dropId, `user-${i}`, `key-${n}`),
        );
        await Promise.all(some);
      }
      // A shard's snapshot is taken at the clean stop.
      await first.stopAndRead();
      const taken = await runCommand(['backup', backup], { environment: first.settings });
      t.is(taken.code, 0, taken.stderr);
      const environment = {
        LIVEDROPS_ARCHIVE: archive,
        LIVEDROPS_ARCHIVE_INTERVAL_SECONDS: '1',
        LIVEDROPS_ARCHIVE_JOURNAL_ENTRIES_MIN: '1',
      };
      const second = await SaleServer.start('cluster', environment, async (settings) => {
        const restored = await runCommand(['restore', backup], { environment: settings });
        t.is(restored.code, 0, restored.stderr);
      });
      stops.push(() => second.stop());
      const shards = await eventually(
        async () => readdirSync(archive),
        ({ length }) => length > 0,
        ARCHIVED_MAX_MS,
      );
      t.is(shards.length, 1);
      const listed = await eventually(
        () => runCommand(['archive', '--json'], { environment: second.settings }),
        ({ stdout }) => /"trimmed": [1-9]/.test(stdout),
        ARCHIVED_MAX_MS,
      );
      t.regex(listed.stdout, /"trimmed": [1-9]/);
      const token = second.token('olga', 600, ['operator']);
      const { json } = await second.post('/v1/operator/verify', { token });
      t.like(json, { ok: true, findings: [] });
      const changes = await second.lines('/v1/changes?from=start', { token });
      t.is(changes.filter(({ kind }) => kind === 'order-placed').length, ORDERS);
      const checked = await runCommand(['archive', '--check'], { environment: second.settings });
      t.is(checked.code, 0, checked.stdout);
      t.is((await second.order(dropId, 'user-0', 'key-0')).status, 201, 'a replayed key');
    } finally {
      for (const stop of stops) await stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
