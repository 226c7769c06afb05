// Order lists and feeds that drifted from the journals are mended in the background (L3), and seen
// by operators.

import { onEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const TRIES_MAX = 3;

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  const operator = () => ({ token: server.token('olga', 60, ['operator']) });
  const job = async (kind: string) =>
    (await server.get(`/v1/operator/jobs/reconcile-${kind}`, operator())).json as unknown as {
      readonly state: string;
      readonly subject: string;
      readonly updatedAt: string;
      readonly progress: { done: number; left?: number; mended?: number };
    };
  const passNow = (kind: string) =>
    server.post(`/v1/operator/jobs/reconcile-${kind}/retry`, { ...operator(), body: {} });
  /** A pass that began now, once it is over. */
  const afterPass = async (kind: string) => {
    const { updatedAt } = (await passNow(kind)).json['job'] as { updatedAt: string };
    return await eventually(
      () => job(kind),
      (found) => found.updatedAt > updatedAt && found.progress.left === 0,
    );
  };

  test('L3: rows that were lost come again by themselves, and the pass counts them', async (t) => {
    const creator = server.fresh('creator');
    const ann = server.fresh('ann');
    const dropId = await server.drop(creator, { stock: 50, limitPerUser: 50 });
    for (let n = 0; n < 3; n++) await server.order(dropId, ann, server.fresh('key'));
    const seen = async () => ({
      orders: await server.listAll('/v1/orders', ann),
      feed: await server.listAll('/v1/notifications', ann),
    });
    const before = await eventually(seen, ({ orders, feed }) => orders.length + feed.length === 6);
    // A step that is repeated, because its end could not be stored in time, counts nothing twice.
    let counted = 0;
    for (let tries = 0; tries < TRIES_MAX && counted === 0; tries++) {
      await server.lose([ann]);
      t.deepEqual((await seen()).orders, []);
      const { progress, subject } = await afterPass('orders');
      t.is(subject, 'orders');
      t.true(progress.done > 0);
      t.deepEqual(await seen(), before);
      counted = progress.mended!;
    }
    t.is(counted, 6);
    for (const kind of ['follows', 'unread'])
      t.is((await afterPass(kind)).progress.mended, 0, kind);
    const { text } = await server.get('/metrics', operator());
    t.regex(text, /livedrops_reconcile_mended_total\{kind="orders"\} \d/);
    t.is((await server.get('/v1/operator/jobs/reconcile-orders', { as: creator })).status, 403);
  });
});
