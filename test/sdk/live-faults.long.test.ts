// Connections of a live stream that are cut at every byte: no notification is lost, and none comes
// twice to its handler.

import test from 'ava';
import { eventually } from '../end-to-end/sale-client.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { FaultProxy } from './fault-proxy.ts';
import { bigDrop, feedOf, listen, order, until } from './live-streams.ts';

let server: SaleServer;

test.before(async () => {
  server = await SaleServer.start('embedded');
});
test.after.always(() => server?.stop());

for (const fault of ['cutReplyAt', 'cutRequestAt'] as const) {
  test(`G4: cut at any byte (${fault}), no notification is lost, none comes twice`, async (t) => {
    t.timeout(180_000);
    const dropId = await bigDrop(server);
    const proxy = await FaultProxy.start(t, server.urls[0]!);
    const cuts = { connections: 0, bytes: 0, areOver: false };
    proxy.onUpgrade = () => {
      if (cuts.areOver) return;
      cuts.bytes = cuts.connections++;
      proxy.arm({ [fault]: cuts.bytes });
    };
    const userId = server.fresh('buyer');
    const before = await order(server, userId, dropId);
    await feedOf(server, userId, 1);
    const { notifications } = await listen(t, server, { userId, url: proxy.url, after: '0' });
    const ids = [before];
    // Behind this a stream has had its handshake and a notification, or has said all it says.
    const bytesMax = fault === 'cutReplyAt' ? 800 : 650;
    for (let idle = 0; cuts.bytes < bytesMax && idle < 20; idle++) {
      ids.push(await order(server, userId, dropId));
      const from = cuts.connections;
      const isCut = await eventually(async () => cuts.connections > from, Boolean, 100);
      if (isCut) idle = 0;
    }
    t.true(cuts.bytes > 500, `cuts up to ${cuts.bytes} bytes`);
    cuts.areOver = true;
    proxy.cutAll();
    ids.push(await order(server, userId, dropId));
    await until(t, 'all notifications', () => notifications.length >= ids.length);
    const feed = await feedOf(server, userId, ids.length);
    t.deepEqual(notifications, feed);
    t.deepEqual(
      new Set(feed.map((one) => one.split(' ')[1]!)).symmetricDifference(new Set(ids)),
      new Set(),
    );
    t.log(`${cuts.connections} connections, ${ids.length} notifications`);
  });
}
