// Faults at every byte of a request and of its reply: no intent makes two orders, and each gets its
// answer.

import test, { type ExecutionContext } from 'ava';
import { LiveDrops, MemoryStorage } from '../../sdk/client.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { type Faults, FaultProxy } from './fault-proxy.ts';

/** Each with a buyer, a proxy and connections of its own. */
const WORKERS = 8;

let server: SaleServer;

test.before(async () => {
  server = await SaleServer.start('embedded');
});
test.after.always(() => server?.stop());

async function buyer(t: ExecutionContext, userId: string) {
  const proxy = await FaultProxy.start(t, server.urls[0]!);
  const token = server.token(userId);
  const client = new LiveDrops({ url: proxy.url, token, retryFirstMs: 1 });
  return { proxy, client };
}

/**
 * One order of each fault; resolves to how many orders there are in the end, and how many retries.
 */
async function orderUnder(t: ExecutionContext, faults: readonly Faults[]) {
  t.timeout(180_000);
  const userIds = Array.from({ length: WORKERS }, () => server.fresh('buyer'));
  const dropId = await server.drop(server.fresh('seller'), { stock: 10_000, limitPerUser: 1_000 });
  let connections = 0;
  const work = userIds.map(async (userId, worker) => {
    const { proxy, client } = await buyer(t, userId);
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

async function lengths(t: ExecutionContext) {
  const { proxy, client } = await buyer(t, server.fresh('buyer'));
  const dropId = await server.drop(server.fresh('seller'), { stock: 10_000, limitPerUser: 1_000 });
  proxy.arm({});
  await client.placeOrder(dropId, { quantity: 1 }, { intent: 'press 1000' });
  return { request: proxy.requestBytes, reply: proxy.replyBytes };
}

test('G4: a connection that is cut at any byte of a request makes one order', async (t) => {
  const { request } = await lengths(t);
  const faults = Array.from({ length: request + 1 }, (_, cutRequestAt) => ({ cutRequestAt }));
  const { connections } = await orderUnder(t, faults);
  t.true(connections >= request, `only ${connections} connections for ${request} cuts`);
});

test('G4: a connection that is cut at any byte of a reply makes one order', async (t) => {
  const { reply } = await lengths(t);
  const faults = Array.from({ length: reply }, (_, cutReplyAt) => ({ cutReplyAt }));
  const { connections } = await orderUnder(t, faults);
  t.true(connections >= reply / 2, `only ${connections} connections for ${reply} cuts`);
});

test('G4: requests and replies in pieces of any length make one order', async (t) => {
  const faults = [1, 2, 3, 5, 8, 13, 21, 34].map((pieceBytes) => ({ pieceBytes }));
  await orderUnder(t, faults);
});

test('G4: an intent that got no answer at all goes on with its key', async (t) => {
  const userId = server.fresh('buyer');
  const dropId = await server.drop(server.fresh('seller'));
  const proxy = await FaultProxy.start(t, server.urls[0]!);
  const intentStorage = new MemoryStorage();
  const client = () =>
    new LiveDrops({
      url: proxy.url,
      token: server.token(userId),
      intentStorage,
      retryFirstMs: 1,
      triesMax: 2,
    });
  const press = () => client().placeOrder(dropId, { quantity: 2 });
  proxy.arm({ cutReplyAt: 0 });
  proxy.onConnection = () => proxy.arm({ cutReplyAt: 0 });
  await t.throwsAsync(press(), { name: 'ConnectionError', code: 'connection-lost' } as never);
  t.like(await client().pending(), [{ operation: 'POST /v1/drops/{id}/orders', userId }]);
  await t.throwsAsync(client().placeOrder(dropId, { quantity: 1 }), {
    name: 'IntentPendingError',
  });
  proxy.onConnection = () => undefined;
  const [pending] = await client().pending();
  const resumed = await client().resume(pending!);
  t.like(resumed, { dropId, quantity: 2 });
  t.deepEqual(await client().pending(), []);
  t.is((await server.listAll('/v1/orders', userId)).length, 1);
  const next = await press();
  t.not(next.id, (resumed as { id: string }).id, 'an intent with an answer is over');
});
