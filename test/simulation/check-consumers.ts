// Compares what consumers have made of the events with what the journals say: order lists, rows of
// drops, notifications (each once, in order), the provider's openings and refunds, and positions.

import { isDeepStrictEqual } from 'node:util';
import { isSameOrder } from './check-journals.ts';
import type { DropModel } from './drop-model.ts';
import type { History } from './history.ts';

const ROWS_MAX = 100;
const NOTIFICATIONS_MAX = 100_000;

export async function checkConsumers(
  history: History,
  drops: ReadonlyMap<string, DropModel>,
): Promise<string[]> {
  const findings = [...history.provider.findings];
  for (const model of drops.values()) {
    findings.push(...(await rowsOf(history, model)));
    if (model.terms.payment === 'provider') findings.push(...(await paymentsOf(history, model)));
  }
  findings.push(...(await notifications(history, drops)));
  for (const { orderId } of history.provider.refunds.values()) {
    const wanted = [...drops.values()].some(({ refunds }) => refunds.has(orderId));
    if (!wanted) findings.push(`P4: ${orderId} was refunded, and nobody asked for it`);
  }
  return findings;
}

async function rowsOf({ cluster }: History, model: DropModel): Promise<string[]> {
  const { orderList, catalogue } = cluster.stores;
  const findings: string[] = [];
  for (const order of model.orders) {
    const shown = model.orderView(order);
    const placed = { from: shown.createdAt, to: shown.createdAt };
    const row = await orderList.findOrder(order.userId, order.id, placed);
    if (row === null || !isSameOrder(row, shown))
      findings.push(`O9: the order list has ${order.id} as ${row?.status ?? 'nothing'}`);
  }
  const row = await catalogue.findDrop(model.id);
  const isCurrent = model.isOver
    ? isDeepStrictEqual(row, model.view())
    : row?.status === model.status && row.version >= model.termsVersion;
  if (!isCurrent) findings.push(`D4: the row of ${model.id} is of version ${row?.version}`);
  return findings;
}

/** P4: nobody has paid without an order or a refund. */
async function paymentsOf({ cluster, provider }: History, model: DropModel): Promise<string[]> {
  const { parkedRefunds } = cluster.stores;
  const parked = await parkedRefunds.list(null, { limit: ROWS_MAX, cursor: null });
  const findings: string[] = [];
  for (const order of model.orders) {
    const made = [...provider.refunds.values()].filter(({ orderId }) => orderId === order.id);
    const unmade = parked.items.filter(
      ({ orderId, id }) => orderId === order.id && !provider.refunds.has(id),
    );
    const amount = [...made, ...unmade].reduce((sum, one) => sum + one.amount, 0);
    const wanted = model.refunds.get(order.id) ?? 0;
    const isRefunded = amount > 0;
    if (amount !== wanted)
      findings.push(`P4, P6: of ${order.id} ${amount} was refunded or parked, and not ${wanted}`);
    if (provider.paid.has(order.id) && order.status !== 'confirmed' && !isRefunded)
      findings.push(`P4: ${order.id} is paid, is ${order.status}, and is not refunded`);
    if (order.status === 'reserved' && !provider.isOpened(order.id))
      findings.push(`P1: the payment of ${order.id} was never opened`);
  }
  return findings;
}

async function notifications(
  { cluster }: History,
  drops: ReadonlyMap<string, DropModel>,
): Promise<string[]> {
  const findings: string[] = [];
  const users = new Set([...drops.values()].flatMap(({ orders }) => orders.map((o) => o.userId)));
  for (const userId of users) {
    const feed = await cluster.stores.feed.listAfter(userId, '0', NOTIFICATIONS_MAX);
    for (const model of drops.values()) {
      const told = feed
        .filter(({ data }) => data.dropId === model.id)
        .map(({ type, data }) => `${type} ${data.orderId}`);
      const expected = model.notifications
        .filter((one) => one.userId === userId)
        .map(({ type, orderId }) => `${type} ${orderId}`);
      if (!isDeepStrictEqual(told, expected))
        findings.push(
          `N2, N11: ${userId} was told [${told.join(', ')}] and not [${expected.join(', ')}]`,
        );
    }
  }
  return findings;
}
