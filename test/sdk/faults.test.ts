// Faults at bytes of a request and of its reply: no intent makes two orders, and each gets its
// answer. Every single byte is among the long tests.

import test from 'ava';
import { LiveDrops, MemoryStorage } from '../../sdk/client.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { cutReplies, cutRequests, orderUnder } from './cut-orders.ts';
import { FaultProxy } from './fault-proxy.ts';

const STEP_BYTES = 11;

let server: SaleServer;

test.before(async () => {
  server = await SaleServer.start('embedded');
});
test.after.always(() => server?.stop());

test('G4: a connection that is cut in a request makes one order', async (t) => {
  await cutRequests(t, server, STEP_BYTES);
});

test('G4: a connection that is cut in a reply makes one order', async (t) => {
  await cutReplies(t, server, STEP_BYTES);
});

test('G4: requests and replies in pieces of any length make one order', async (t) => {
  const faults = [1, 2, 3, 5, 8, 13, 21, 34].map((pieceBytes) => ({ pieceBytes }));
  await orderUnder(t, server, faults);
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
