// Faults at every byte of a request and of its reply.

import test from 'ava';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { cutReplies, cutRequests } from './cut-orders.ts';

let server: SaleServer;

test.before(async () => {
  server = await SaleServer.start('embedded');
});
test.after.always(() => server?.stop());

test('G4: a connection that is cut at any byte of a request makes one order', async (t) => {
  await cutRequests(t, server, 1);
});

test('G4: a connection that is cut at any byte of a reply makes one order', async (t) => {
  await cutReplies(t, server, 1);
});
