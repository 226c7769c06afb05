// Some hundred subscribers of one drop at once. How long it takes for ten thousand is measured by
// `npm run bench -- live-fanout`.

import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { SaleServer } from './sale-server.ts';

const VISITORS = 250;
const USERS = 50;
const ORDERS = 60;
const START_DELAY_MS = 400;

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  test('N4, N6: hundreds of subscribers get the start and all frames in order', async (t) => {
    const creator = server.fresh('creator');
    const hourMs = 3_600_000;
    const dropId = await server.drop(creator, {
      startsAt: new Date(Date.now() + hourMs).toISOString(),
      endsAt: new Date(Date.now() + 2 * hourMs).toISOString(),
      stock: ORDERS,
    });
    const topic = `drop:${dropId}`;
    const visitors = Array.from({ length: VISITORS }, () => LiveClient.visit(t, server, dropId));
    const users = Array.from({ length: USERS }, async (_, i) => {
      const client = await LiveClient.listen(t, server, `crowd-${i}`);
      client.send({ type: 'subscribe', topic });
      return client;
    });
    const clients = await Promise.all([...visitors, ...users]);
    await Promise.all(clients.map((client) => client.next(({ type }) => type === 'drop.snapshot')));

    const startsAt = new Date(Date.now() + START_DELAY_MS).toISOString();
    await server.call('PATCH', `/v1/drops/${dropId}`, { as: creator, body: { startsAt } });
    await Promise.all(clients.map((client) => client.next(({ type }) => type === 'drop.started')));
    const orders = Array.from({ length: ORDERS }, (_, i) =>
      server.order(dropId, `buyer-${i}`, 'k'),
    );
    for (const { status } of await Promise.all(orders)) t.is(status, 201);
    await Promise.all(clients.map((client) => client.next(({ type }) => type === 'drop.sold_out')));

    const milestones = clients.map((client) => {
      const frames = client.ofDrop(topic);
      const versions = frames.map(({ version }) => version!);
      t.true(versions.every((version, i) => i === 0 || version > versions[i - 1]!));
      // Stock ticks are each gateway's own; milestones are everybody's.
      return frames
        .filter(({ type }) => type !== 'drop.snapshot' && type !== 'drop.stock')
        .map(({ type, version }) => `${type} ${version}`);
    });
    const [first, ...others] = milestones;
    t.true(first!.length >= 2);
    for (const frames of others) t.deepEqual(frames, first);
  });
});
