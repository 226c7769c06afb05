// Order lists and notifications that were damaged: found by verify, made again from the journal
// while the sale goes on.

import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

interface Report {
  readonly ok: boolean;
  readonly findings: readonly string[];
}
interface Rebuilt {
  readonly applied: boolean;
  readonly shards: readonly { orders: number; notifications: number; reason: string | null }[];
}

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  const operator = (path: string, body?: object) =>
    server.post(`/v1/operator/${path}`, {
      token: server.token('olga', 60, ['operator']),
      ...(body !== undefined && { body }),
    });
  const verify = async () => (await operator('verify')).json as unknown as Report;
  async function rebuild(dryRun: boolean) {
    const { applied, shards } = (await operator('rebuild', { dryRun })).json as unknown as Rebuilt;
    return {
      applied,
      orders: shards.reduce((sum, { orders }) => sum + orders, 0),
      notifications: shards.reduce((sum, { notifications }) => sum + notifications, 0),
      reasons: shards.flatMap(({ reason }) => reason ?? []),
    };
  }
  const seen = async (userId: string) => ({
    orders: await server.listAll('/v1/orders', userId),
    feed: await server.listAll('/v1/notifications', userId),
    unread: (await server.get('/v1/notifications', { as: userId })).json['unreadCount'],
  });
  const count = (list: readonly unknown[], length: number) => list.length === length;

  test('J1, X2: lost rows are restored during the sale, none notified twice', async (t) => {
    const creator = server.fresh('creator');
    const [ann, ben] = [server.fresh('ann'), server.fresh('ben')];
    const terms = { stock: 500, limitPerUser: 500 };
    // Several drops, so that a feed is made of several journals.
    const drops = [
      await server.drop(creator, terms),
      await server.drop(creator, terms),
      await server.drop(creator, { ...terms, payment: 'provider', holdSeconds: 3600 }),
    ];
    const place = async (dropId: string, userId: string) =>
      String((await server.order(dropId, userId, server.fresh('key'))).json['id']);
    const notifiedCounts = new Map<string, number>();
    /** One after the other, as they have to be for their order in the feed to be known. */
    const countOf = async (userId: string) => {
      const length = (notifiedCounts.get(userId) ?? 0) + 1;
      notifiedCounts.set(userId, length);
      await eventually(
        () => server.listAll('/v1/notifications', userId),
        (items) => count(items, length),
      );
    };
    for (let n = 0; n < 4; n++) {
      for (const userId of [ann, ben]) {
        for (const dropId of drops.slice(0, 2)) {
          await place(dropId, userId);
          await countOf(userId);
        }
        const waiting = await place(drops[2]!, userId);
        if (n % 2 !== 0) continue;
        await server.webhook('payment.succeeded', waiting);
        await countOf(userId);
      }
    }
    await eventually(
      () => seen(ann),
      ({ orders, feed }) => count(orders, 12) && count(feed, 10),
    );
    await server.post('/v1/notifications/read-all', { as: ann });
    for (const dropId of drops.slice(0, 2)) {
      await place(dropId, ann);
      await countOf(ann);
    }
    const { feed } = await eventually(
      () => seen(ann),
      (all) => count(all.feed, 12) && count(all.orders, 14),
    );
    await server.post(`/v1/notifications/${String(feed[0]!['id'])}/read`, { as: ann });
    // Damage takes rows away, and not the knowledge of how many there have been.
    await place(drops[0]!, ben);
    await countOf(ben);
    const [ofAnn, ofBen] = [await seen(ann), await seen(ben)];
    t.is(ofAnn.unread, 1);
    t.like(await verify(), { ok: true, findings: [] });

    await server.lose([ann]);
    t.deepEqual((await seen(ann)).feed, []);
    const damaged = await verify();
    t.false(damaged.ok);
    t.regex(damaged.findings.join('\n'), /^of shard \d+ the order lists lack \d+ orders/m);
    const lost = { orders: 14, notifications: 12, reasons: [] };
    t.deepEqual(await rebuild(true), { applied: false, ...lost });
    t.deepEqual((await seen(ann)).feed, []);

    const client = await LiveClient.listen(t, server, ann);
    const coming = Promise.all(Array.from({ length: 20 }, () => place(drops[0]!, ben)));
    t.deepEqual(await rebuild(false), { applied: true, ...lost });
    t.deepEqual(await seen(ann), ofAnn);
    await coming;
    const later = await place(drops[1]!, ann);
    await client.next(({ type }) => type === 'notification');
    t.deepEqual(
      client.notices().map(({ data }) => data!['orderId']),
      [later],
    );
    const after = await eventually(
      () => seen(ann),
      (all) => count(all.orders, 15) && count(all.feed, 13),
    );
    t.deepEqual([after.orders.slice(1), after.feed.slice(1)], [ofAnn.orders, ofAnn.feed]);
    t.is(after.unread, 2);
    const untouched = await eventually(
      () => seen(ben),
      (all) => count(all.feed, 31),
    );
    t.deepEqual(untouched.feed.slice(20), ofBen.feed);
    t.like(await verify(), { ok: true, findings: [] });
    t.deepEqual(await rebuild(false), { applied: true, orders: 0, notifications: 0, reasons: [] });
    const { json } = await server.get('/v1/operator/audit?action=rebuild', {
      token: server.token('olga', 60, ['operator']),
    });
    const actions = json['items'] as { action: string; actor: { id: string } }[];
    t.deepEqual(
      actions.map(({ action, actor }) => [action, actor.id]),
      [
        ['rebuild', 'olga'],
        ['rebuild', 'olga'],
      ],
    );
  });
});
