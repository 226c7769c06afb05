// The drill: a backup is taken while a sale runs, and restored where nothing is.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../operator/run-command.ts';
import { onEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const CLIENTS = 4;
const ORDERS_BEFORE = 40;

interface Bought {
  readonly id: string;
  readonly key: string;
}

/** Places orders of one user until it is stopped; each that was acknowledged is in `bought`. */
function keepBuying(server: SaleServer, dropId: string, userId: string) {
  const bought: Bought[] = [];
  const state = { stopped: false };
  const buy = async () => {
    while (!state.stopped) {
      const key = server.fresh('key');
      const { status, json } = await server.order(dropId, userId, key);
      if (status === 201) bought.push({ id: String(json['id']), key });
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, buy));
  return {
    bought,
    async stop() {
      state.stopped = true;
      await clients;
    },
  };
}

onEachProfile((test, profile) => {
  test('J10: a backup taken while selling is restored with every earlier order, and verifies', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'livedrops-drill-'));
    const backup = join(directory, 'backup');
    const server = await SaleServer.start(profile);
    const stopped: (() => Promise<void>)[] = [() => server.stop()];
    try {
      const ada = await server.register('Ada');
      const ann = await server.register('Ann');
      const dropId = await server.drop(ada.id, { stock: 100_000, limitPerUser: 1_000 });
      await server.post(`/v1/creators/${ada.id}/follow`, { as: ann.id });
      await server.order(dropId, ann.id, 'first');
      await eventually(
        () => server.listAll('/v1/notifications', ann.id),
        ({ length }) => length === 1,
      );
      await server.post('/v1/notifications/read-all', { as: ann.id });
      const buying = keepBuying(server, dropId, ann.id);
      await eventually(
        async () => buying.bought.length,
        (count) => count >= ORDERS_BEFORE,
      );
      const before = buying.bought.slice();
      const taken = await runCommand(['backup', backup], { environment: server.settings });
      const after = buying.bought.length;
      await buying.stop();
      t.is(taken.code, 0, taken.stderr);
      t.true(after > before.length, 'the sale went on');
      const again = await runCommand(['backup', backup], { environment: server.settings });
      t.is(again.code, 1);
      t.regex(again.stderr, /is not empty/);
      const files = readdirSync(backup);
      t.true(files.includes('backup.json'));
      t.false(files.some((name) => /-wal$|-shm$|partial/.test(name)));

      const restored = await SaleServer.start(profile, {}, async (settings) => {
        const outcome = await runCommand(['restore', backup], { environment: settings });
        t.is(outcome.code, 0, outcome.stdout + outcome.stderr);
        const twice = await runCommand(['restore', backup], { environment: settings });
        t.is(twice.code, 1);
        t.regex(twice.stderr, /not empty/);
      });
      stopped.push(() => restored.stop());
      const token = restored.token('olga', 60, ['operator']);
      const { json } = await restored.post('/v1/operator/verify', { token });
      t.like(json, { ok: true, findings: [] });
      for (const { id, key } of before) {
        const replayed = await restored.order(dropId, ann.id, key);
        t.is(replayed.json['id'], id);
      }
      const drop = await restored.readDrop(dropId);
      const orders = await restored.listAll('/v1/orders', ann.id);
      t.is(orders.length, Number(drop['sold']));
      t.is(Number(drop['free']) + Number(drop['sold']), 100_000);
      const feed = await restored.listAll('/v1/notifications', ann.id);
      t.is(feed.length, orders.length, 'each order is told once');
      t.truthy(feed.at(-1)!['readAt'], 'what was read stays read');
      const following = await restored.listAll(`/v1/users/${ann.id}/following`);
      t.is(following.length, 1);
      const login = { email: ann.email, password: 'correct horse battery' };
      t.is((await restored.post('/v1/auth/login', { body: login })).status, 200);
      t.is((await restored.order(dropId, ann.id, 'later')).status, 201);
    } finally {
      for (const stop of stopped) await stop();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
