// Exports of a drop that goes on selling: each is of one version (O9a).

import { setTimeout as delay } from 'node:timers/promises';
import { exportedOrders } from './exported-orders.ts';
import { onEachProfile } from './profiles.ts';
import type { Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const EXPORTS = 3;
const BUYERS = 4;
/** Between two orders of a buyer: a sale that goes on, and leaves room for the export. */
const ORDER_INTERVAL_MS = 10;

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  test('O9a: an export is of one version, equal to a replay, while orders go on', async (t) => {
    const creator = server.fresh('creator');
    const terms = {
      stock: 1_000_000,
      limitPerUser: 1_000,
      payment: 'provider',
      holdSeconds: 3600,
    };
    const dropId = await server.drop(creator, terms);
    const path = `/v1/drops/${dropId}/orders/export?format=ndjson`;
    const sale = { isOver: false };
    let placed = 0;
    const sell = async (user: string): Promise<void> => {
      for (let i = 0; !sale.isOver; i++) {
        const { json } = await server.order(dropId, user, `k${i}`);
        placed += 1;
        await delay(ORDER_INTERVAL_MS);
        if (i % 3 !== 0) continue;
        await server.post(`/v1/orders/${String(json['id'])}/cancel`, { as: user });
      }
    };
    const buyers = Promise.all(Array.from({ length: BUYERS }, (_, i) => sell(`buyer${i}`)));
    const taken: { version: number; orders: Json[]; placed: number }[] = [];
    for (let i = 0; i < EXPORTS; i++) {
      const before = placed;
      const answer = await server.get(path, { as: creator });
      t.true(placed > before, 'orders were placed meanwhile');
      const version = Number(answer.headers.get('drop-version'));
      taken.push({ version, orders: exportedOrders(answer), placed: before });
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
  });
});
