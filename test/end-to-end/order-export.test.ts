// Exports of a drop's orders: whole, as of one version, while the sale goes on (O9a).

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../operator/run-command.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';
import { onEachProfile } from './profiles.ts';
import { parse } from './csv.ts';
import { exportedOrders } from './exported-orders.ts';
import type { Answer, Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  function exported(dropId: string, as: string, format?: string): Promise<Answer> {
    const query = format === undefined ? '' : `?format=${format}`;
    return server.get(`/v1/drops/${dropId}/orders/export${query}`, { as });
  }

  test.serial('O9a: an export has every order as its buyer sees it, oldest first', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { payment: 'provider', holdSeconds: 3600 });
    const seen: Json[] = [];
    for (const user of ['ann', 'ben', 'cat']) {
      const { json } = await server.order(dropId, user, 'k', 2);
      if (user === 'ben')
        await server.post(`/v1/orders/${String(json['id'])}/cancel`, { as: user });
      seen.push(await server.readOrder(String(json['id']), user));
    }
    const lines = await exported(dropId, creator, 'ndjson');
    t.is(lines.status, 200, lines.text);
    t.is(lines.headers.get('content-type'), 'application/x-ndjson');
    t.deepEqual(exportedOrders(lines), seen);
    const { version } = await server.readDrop(dropId);
    t.is(lines.headers.get('drop-version'), String(version));
    t.is(lines.headers.get('order-count'), '3');
    t.is(lines.headers.get('etag'), null);

    const csv = await exported(dropId, creator);
    t.regex(String(csv.headers.get('content-type')), /^text\/csv; charset=utf-8/);
    const name = `orders-${dropId}-v${String(version)}.csv`;
    t.is(csv.headers.get('content-disposition'), `attachment; filename="${name}"`);
    const [names, ...rows] = parse(csv.text);
    const status = names!.indexOf('status');
    t.deepEqual(
      rows.map((row) => [row[0], row[status]]),
      seen.map((order) => [order['id'], order['status']]),
    );
  });

  test.serial('O9a: only the creator and operators export', async (t) => {
    const dropId = await server.drop(server.fresh('creator'));
    t.is((await exported(dropId, 'ann')).json['code'], 'forbidden');
    t.is((await exported('d_none', 'ann')).status, 404);
    t.is((await server.get(`/v1/drops/${dropId}/orders/export`)).status, 401);
    t.is((await server.get(`/v1/drops/${dropId}/orders/export?zz=1`, { as: 'ann' })).status, 400);
    t.is((await exported(dropId, 'ann', 'xml')).status, 400);
    const token = server.token('olga', 3_600, ['operator']);
    t.is((await server.get(`/v1/drops/${dropId}/orders/export`, { token })).status, 200);
  });

  // The rest is made by the same code on two nodes, and each export costs the start of a thread.
  if (profile === 'cluster') return;

  test.serial(
    'O9a, O14: an export has details of orders, until their buyer erases them',
    async (t) => {
      const creator = server.fresh('creator');
      const dropId = await server.drop(creator);
      const buyer = server.fresh('buyer');
      const details = { name: 'Ann', lines: ['Hauptstr. 1'], city: 'Köln', country: 'DE' };
      const { json } = await server.order(dropId, buyer, 'k');
      await server.order(dropId, 'ben', 'k');
      const path = `/v1/orders/${String(json['id'])}/details`;
      t.is((await server.call('PUT', path, { as: buyer, body: details })).status, 200);
      const [first, second] = exportedOrders(await exported(dropId, creator, 'ndjson'));
      t.deepEqual([first!['details'], second!['details']], [details, undefined]);
      const [names, row] = parse((await exported(dropId, creator)).text);
      t.is(row![names!.indexOf('details.city')], 'Köln');
      await server.call('DELETE', '/v1/users/me/order-details', { as: buyer });
      const [erased] = exportedOrders(await exported(dropId, creator, 'ndjson'));
      t.is(erased!['details'], undefined);
    },
  );

  test.serial('O9a: a drop without orders, and one that is over, are exported too', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator);
    t.is(parse((await exported(dropId, creator)).text).length, 1);
    await server.order(dropId, 'ann', 'k');
    await server.post(`/v1/drops/${dropId}/cancel`, { as: creator });
    const orders = await server.inAMoment(
      async () => exportedOrders(await exported(dropId, creator, 'ndjson')),
      ([order]) => order?.['status'] === 'refunded',
    );
    t.is(orders.length, 1);
  });

  test.serial(
    'O9a: `livedrops export` writes a file that is there only when it is whole',
    async (t) => {
      const directory = temporaryDirectory();
      t.teardown(() => removeDirectory(directory));
      const creator = server.fresh('creator');
      const dropId = await server.drop(creator);
      await server.order(dropId, 'ann', 'k');
      const file = join(directory, 'orders.csv');
      const run = (as: string, ...more: string[]) =>
        runCommand([
          'export',
          dropId,
          '--url',
          server.nextUrl(),
          '--token',
          server.token(as),
          ...more,
        ]);
      const done = await run(creator, '--output', file);
      t.deepEqual([done.code, done.stdout, done.stderr], [0, '', '']);
      t.is(readFileSync(file, 'utf8'), (await exported(dropId, creator)).text);
      const printed = await run(creator, '--format', 'ndjson');
      t.is(printed.stdout, (await exported(dropId, creator, 'ndjson')).text);
      const refused = await run('ann', '--output', join(directory, 'none.csv'));
      t.deepEqual([refused.code, refused.stdout], [1, '']);
      t.deepEqual(readdirSync(directory), ['orders.csv']);
    },
  );
});
