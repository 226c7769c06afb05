// Exports of a drop's orders: whole, as of one version, while the sale goes on (O9a).

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../operator/run-command.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';
import { onEachProfile } from './profiles.ts';
import { parse } from './csv.ts';
import type { Answer, Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const EXPORTS = 4;

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

  function ordersOf({ text }: Answer): Json[] {
    const [head, ...lines] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Json);
    if (head!['kind'] !== 'export') throw new Error(`begins with ${JSON.stringify(head)}`);
    return lines;
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
    t.deepEqual(ordersOf(lines), seen);
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
      const [first, second] = ordersOf(await exported(dropId, creator, 'ndjson'));
      t.deepEqual([first!['details'], second!['details']], [details, undefined]);
      const [names, row] = parse((await exported(dropId, creator)).text);
      t.is(row![names!.indexOf('details.city')], 'Köln');
      await server.call('DELETE', '/v1/users/me/order-details', { as: buyer });
      const [erased] = ordersOf(await exported(dropId, creator, 'ndjson'));
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
      async () => ordersOf(await exported(dropId, creator, 'ndjson')),
      ([order]) => order?.['status'] === 'refunded',
    );
    t.is(orders.length, 1);
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

  test.serial(
    'O9a: an export is of one version, equal to a replay, while orders go on',
    async (t) => {
      const creator = server.fresh('creator');
      const terms = {
        stock: 1_000_000,
        limitPerUser: 1_000,
        payment: 'provider',
        holdSeconds: 3600,
      };
      const dropId = await server.drop(creator, terms);
      const sale = { isOver: false };
      let placed = 0;
      const sell = async (user: string): Promise<void> => {
        for (let i = 0; !sale.isOver; i++) {
          const { json } = await server.order(dropId, user, `k${i}`);
          placed += 1;
          if (i % 3 !== 0) continue;
          await server.post(`/v1/orders/${String(json['id'])}/cancel`, { as: user });
        }
      };
      const buyers = Promise.all(Array.from({ length: 8 }, (_, i) => sell(`buyer${i}`)));
      const taken: { version: number; orders: Json[]; placed: number }[] = [];
      for (let i = 0; i < EXPORTS; i++) {
        const before = placed;
        const answer = await exported(dropId, creator, 'ndjson');
        t.true(placed > before, 'orders were placed meanwhile');
        const version = Number(answer.headers.get('drop-version'));
        taken.push({ version, orders: ordersOf(answer), placed: before });
      }
      sale.isOver = true;
      await buyers;
      const truth = (await server.stopAndRead()).drops.get(dropId)!;
      for (const { version, orders, placed: before } of taken) {
        t.true(orders.length >= before, 'what was acknowledged before is in it');
        const then = truth.orders.flatMap(({ id, steps }) => {
          const step = steps.findLast((one) => one.version <= version);
          return step === undefined ? [] : [[id, step.status, step.version]];
        });
        t.deepEqual(
          orders.map(({ id, status, version: last }) => [id, status, last]),
          then,
        );
      }
    },
  );
});
