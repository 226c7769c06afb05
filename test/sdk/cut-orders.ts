// Orders whose connections are cut: no intent makes two orders, and each gets its answer.

import type { ExecutionContext } from 'ava';
import { LiveDrops } from '../../sdk/client.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import type { SaleServer } from '../end-to-end/sale-server.ts';
import { type Faults, FaultProxy } from './fault-proxy.ts';

/** Each with a buyer, a proxy and connections of its own. */
const WORKERS = 8;

async function buyer(t: ExecutionContext, server: SaleServer, userId: string) {
  const proxy = await FaultProxy.start(t, server.urls[0]!);
  const token = server.token(userId);
  const client = new LiveDrops({ url: proxy.url, token, retryFirstMs: 1 });
  return { proxy, client };
}

/**
 * One order of each fault; resolves to how many orders there are in the end, and how many retries.
 */
export async function orderUnder(
  t: ExecutionContext,
  server: SaleServer,
  faults: readonly Faults[],
): Promise<{ connections: number }> {
  t.timeout(180_000);
  const userIds = Array.from({ length: WORKERS }, () => server.fresh('buyer'));
  const dropId = await server.drop(server.fresh('seller'), { stock: 10_000, limitPerUser: 1_000 });
  let connections = 0;
  const work = userIds.map(async (userId, worker) => {
    const { proxy, client } = await buyer(t, server, userId);
    const ids = new Set<string>();
    for (let i = worker; i < faults.length; i += WORKERS) {
      proxy.arm(faults[i]!);
      const order = await client.placeOrder(dropId, { quantity: 1 }, { intent: `press ${i}` });
      ids.add(order.id);
    }
    t.deepEqual(await client.pending(), []);
    connections += proxy.connections;
    return ids;
  });
  const seen = await Promise.all(work);
  for (const [i, userId] of userIds.entries()) {
    const read = async () => {
      const items = await server.listAll('/v1/orders', userId);
      return items.map(({ id }) => String(id)).toSorted();
    };
    const ids = [...seen[i]!].toSorted();
    const stored = await eventually(read, ({ length }) => length >= ids.length);
    t.deepEqual(stored, ids, 'what the buyer was told is what there is');
  }
  const { sold } = await server.readDrop(dropId);
  t.is(sold, faults.length, 'one order for each intent');
  return { connections };
}

/** Of an order and its reply. */
async function lengths(t: ExecutionContext, server: SaleServer) {
  const { proxy, client } = await buyer(t, server, server.fresh('buyer'));
  const dropId = await server.drop(server.fresh('seller'), { stock: 10_000, limitPerUser: 1_000 });
  proxy.arm({});
  await client.placeOrder(dropId, { quantity: 1 }, { intent: 'press 1000' });
  return { request: proxy.requestBytes, reply: proxy.replyBytes };
}

/** Orders, each cut `step` bytes further on in its request than the one before. */
export async function cutRequests(
  t: ExecutionContext,
  server: SaleServer,
  step: number,
): Promise<void> {
  const { request } = await lengths(t, server);
  const cuts = Math.floor(request / step);
  const faults = Array.from({ length: cuts + 1 }, (_, i) => ({ cutRequestAt: i * step }));
  const { connections } = await orderUnder(t, server, faults);
  t.true(connections >= cuts, `only ${connections} connections for ${cuts} cuts`);
}

/** The same for their replies. */
export async function cutReplies(
  t: ExecutionContext,
  server: SaleServer,
  step: number,
): Promise<void> {
  const { reply } = await lengths(t, server);
  const cuts = Math.floor(reply / step);
  const faults = Array.from({ length: cuts }, (_, i) => ({ cutReplyAt: i * step }));
  const { connections } = await orderUnder(t, server, faults);
  t.true(connections >= cuts / 2, `only ${connections} connections for ${cuts} cuts`);
}
