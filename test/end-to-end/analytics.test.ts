// Analytics (L2), as creators and operators read them.

import { ParquetReader } from '@dsnp/parquetjs';
import { onEachProfile } from './profiles.ts';
import { eventually, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  const read = async (path: string, as: string): Promise<Json> =>
    (await server.get(path, { as })).json;
  const total = (json: Json) => json['total'] as Json;
  /** What is sold is seen within two seconds; the machine may be busy. */
  const onceSold = (path: string, as: string, orders: number) =>
    eventually(
      () => read(path, as),
      (json) => total(json)['orders'] === orders,
    );

  test('L2: a creator sees what was sold, held, refunded, and to whom', async (t) => {
    const creator = server.fresh('creator');
    const [ann, bob] = [server.fresh('ann'), server.fresh('bob')];
    const first = await server.drop(creator, { unitAmount: 500, stock: 3, limitPerUser: 3 });
    const path = `/v1/drops/${first}/analytics`;
    const placed = await server.order(first, ann, 'k1', 2);
    await server.order(first, bob, 'k2');
    t.is((await server.order(first, bob, 'k3')).status, 409);
    await onceSold(path, creator, 2);

    const second = await server.drop(creator, {
      unitAmount: 700,
      payment: 'provider',
      stock: 10,
      holdSeconds: 3600,
    });
    const held = await server.order(second, ann, 'k1');
    await server.order(second, bob, 'k2');
    await server.post(`/v1/orders/${String(held.json['id'])}/cancel`, { as: ann });
    const paid = (await server.order(second, bob, 'k2')).json;
    t.is((await server.webhook('payment.succeeded', String(paid['id']))).status, 200);
    await server.post(`/v1/orders/${String(placed.json['id'])}/refund`, {
      as: creator,
      body: { amount: 300, quantity: 1 },
    });

    const json = await eventually(
      () => read(path, creator),
      (now) => (total(now)['refunds'] as Json)['part'] === 1,
    );
    t.like(json, { dropId: first, creatorId: creator, step: 'minute' });
    t.is(typeof json['openedAt'], 'string');
    t.is(typeof json['soldOutAt'], 'string');
    t.true((json['secondsToSoldOut'] as number) >= 0);
    t.like(total(json), {
      placed: 2,
      orders: 2,
      units: 3,
      revenue: [{ currency: 'EUR', amount: 1500 }],
      refunds: { whole: 0, part: 1, units: 1, amounts: [{ currency: 'EUR', amount: 300 }] },
      buyers: { new: 2, returning: 0 },
    });
    const points = json['points'] as Json[];
    t.is(
      points.reduce((sum, point) => sum + (point['units'] as number), 0),
      3,
    );
    const seconds = await read(`${path}?step=second`, creator);
    t.is(
      (seconds['points'] as Json[]).reduce((sum, point) => sum + (point['orders'] as number), 0),
      2,
    );
    t.deepEqual(total(seconds), total(json));

    const other = await onceSold(`/v1/drops/${second}/analytics`, creator, 1);
    t.like(total(other), {
      placed: 2,
      units: 1,
      revenue: [{ currency: 'EUR', amount: 700 }],
      holds: { expired: 0, released: 1 },
      payments: { confirmed: 1, late: 0, failed: 0, declined: 0, rejected: 0 },
      buyers: { new: 0, returning: 1 },
    });
    const all = await onceSold(`/v1/creators/${creator}/analytics?step=hour`, creator, 3);
    t.like(total(all), {
      units: 4,
      revenue: [{ currency: 'EUR', amount: 2200 }],
      buyers: { new: 2, returning: 1 },
    });
    t.deepEqual(all['inRange'], total(all));
  });

  test('L2: a creator sees who read, watched, tried and was refused', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { stock: 1 });
    const path = `/v1/drops/${dropId}/analytics`;
    // The first answers may come from before the gateway knows the drop.
    for (const url of server.urls) await server.get(`/v1/drops/${dropId}`, { url });
    await onceSold(path, creator, 0);
    const before = total(await read(path, creator));
    for (let i = 0; i < 6; i++) await server.get(`/v1/drops/${dropId}`);
    await server.order(dropId, server.fresh('ann'), 'k1');
    for (let i = 0; i < 3; i++) await server.order(dropId, server.fresh('bob'), 'k1');
    const now = await eventually(
      async () => total(await read(path, creator)),
      ({ views, tries, orders }) =>
        (views as number) >= (before['views'] as number) + 6 && tries === 4 && orders === 1,
    );
    t.like(now, { orders: 1, refused: [{ code: 'sold-out', count: 3 }] });
    const latency = Object.values(now['latency'] as Record<string, number>);
    t.is(
      latency.reduce((sum, count) => sum + count, 0),
      4,
    );
    t.true((now['conversion'] as number) > 0);
  });

  test('L2: a rebuild makes all that was sold anew, and keeps what gateways counted', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { stock: 5, limitPerUser: 5 });
    for (let i = 0; i < 4; i++) await server.order(dropId, server.fresh('ann'), 'k1');
    const path = `/v1/drops/${dropId}/analytics`;
    const before = await eventually(
      () => read(path, creator),
      (json) => total(json)['orders'] === 4 && total(json)['tries'] === 4,
    );
    const token = server.token('olga', 3600, ['operator']);
    const rebuilt = await server.post('/v1/operator/rebuild', { token, body: {} });
    t.is(rebuilt.status, 200);
    const after = await read(path, creator);
    const { to: _, from: __, ...shown } = after;
    const { to: ___, from: ____, ...shownBefore } = before;
    t.deepEqual(shown, shownBefore);
    await server.order(dropId, server.fresh('bob'), 'k1');
    await onceSold(path, creator, 5);
  });

  test('L2: nobody else sees them, but operators all of them', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator);
    const paths = [`/v1/drops/${dropId}/analytics`, `/v1/creators/${creator}/analytics`];
    const operator = server.token('olga', 3600, ['operator']);
    for (const path of paths.flatMap((one) => [one, `${one}/export`])) {
      t.is((await server.get(path)).status, 401, path);
      t.is((await server.get(path, { as: server.fresh('eve') })).status, 403, path);
      t.is((await server.get(path, { as: creator })).status, 200, path);
      t.is((await server.get(path, { token: operator })).status, 200, path);
    }
    t.is((await server.get('/v1/operator/analytics', { as: creator })).status, 403);
    const all = await server.get('/v1/operator/analytics', { token: operator });
    t.is(all.status, 200);
    t.is((await server.get('/v1/drops/d_nothing/analytics', { as: creator })).status, 404);
  });

  test('L2: a range has whole steps, and not too many', async (t) => {
    const creator = server.fresh('creator');
    const path = `/v1/creators/${creator}/analytics`;
    const range = await read(
      `${path}?step=minute&from=2026-01-01T00:00:30Z&to=2026-01-01T00:02:01Z`,
      creator,
    );
    t.is(range['from'], '2026-01-01T00:00:00.000Z');
    t.is(range['to'], '2026-01-01T00:03:00.000Z');
    t.deepEqual(range['points'], []);
    for (const query of [
      'step=week',
      'from=yesterday',
      'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
      'from=2026-01-01T00:00:00Z&to=2026-01-03T00:00:00Z',
    ])
      t.is((await server.get(`${path}?${query}`, { as: creator })).status, 400, query);
  });

  test('L2: the points are a file, too: CSV, NDJSON and Parquet say the same', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { unitAmount: 1_250, stock: 5 });
    await server.order(dropId, server.fresh('ann'), 'k1');
    await server.order(dropId, server.fresh('bob'), 'k2');
    const path = `/v1/drops/${dropId}/analytics`;
    await onceSold(path, creator, 2);
    const range = `from=${new Date(Date.now() - 3_600_000).toISOString()}`;
    const { points } = (await read(`${path}?${range}`, creator)) as { points: Json[] };
    const files = `${path}/export?${range}&format=`;
    const ndjson = await server.get(`${files}ndjson`, { as: creator });
    t.deepEqual(
      ndjson.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Json),
      points,
    );
    const csv = await server.get(`${files}csv`, { as: creator });
    const [names, ...rows] = csv.text
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(','));
    const csvRows = rows.map((row) => Object.fromEntries(row.map((cell, i) => [names![i]!, cell])));
    t.deepEqual(
      csvRows.map((row) => row['at']),
      points.map(({ at }) => at),
    );
    const answer = await fetch(`${server.nextUrl()}${files}parquet`, {
      headers: { authorization: `Bearer ${server.token(creator)}` },
    });
    t.is(answer.headers.get('content-type'), 'application/vnd.apache.parquet');
    t.regex(answer.headers.get('content-disposition')!, /\.parquet"$/);
    const parquetRows = await rowsOfParquet(await answer.arrayBuffer());
    t.deepEqual(
      parquetRows.map((row) => (row['at'] as Date).toISOString()),
      points.map(({ at }) => at),
    );
    for (const [i, row] of parquetRows.entries()) {
      t.is(typeof row['orders'], 'bigint');
      const { at: _, conversion: __, ...counts } = row;
      for (const [name, value] of Object.entries(counts)) t.is(csvRows[i]![name], String(value));
    }
    const sum = (name: string) => parquetRows.reduce((all, row) => all + Number(row[name]), 0);
    t.is(sum('orders'), 2);
    t.is(sum('revenue.EUR'), 2_500);
  });
});

/** By another library than the one that writes. */
async function rowsOfParquet(file: ArrayBuffer): Promise<Record<string, unknown>[]> {
  const reader = await ParquetReader.openBuffer(Buffer.from(file));
  const cursor = reader.getCursor();
  const rows: Record<string, unknown>[] = [];
  for (;;) {
    const row = (await cursor.next()) as Record<string, unknown> | null;
    if (row === null) break;
    rows.push(row);
  }
  await reader.close();
  return rows;
}
