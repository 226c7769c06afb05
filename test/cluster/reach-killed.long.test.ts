// A fan-out in a cluster of real processes whose workers are killed in the middle of pages: nobody
// is missed, and each crash repeats at most one page.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DEFAULT_PREFERENCES } from '../../contracts/preferences.ts';
import { FOLLOWERS_PER_PAGE } from '../../events/reach/drop-handlers.ts';
import { RedisRecipientStore } from '../../storage/redis/catalogue/recipients-redis.ts';
import { AUTH_SECRET, eventually, PAYMENT_SECRETS } from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { PushBrowser } from '../push/browser.ts';
import { PushServiceStandIn } from '../push/push-service-stand-in.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { connectRedisData } from '../storage/redis-data.ts';
import { ClusterNode } from './cluster-node.ts';

const CREATOR = 'u_creator';
const FOLLOWERS = 5 * FOLLOWERS_PER_PAGE;
/** Messages that the service has got when all workers are killed. */
const KILLED_AT = [400, 1_700, 3_100];
const WAIT_MAX_MS = 180_000;

if (clusterInstalled) {
  test('R1: workers are killed in the middle of pages, and nobody is missed', async (t) => {
    t.timeout(15 * 60_000);
    const directory = mkdtempSync(join(tmpdir(), 'livedrops-reach-'));
    const [redis, nats, service] = await Promise.all([
      RedisServer.start(),
      NatsServer.start(),
      PushServiceStandIn.start('http'),
    ]);
    const nodeOf = (nodeId: string, roles: string) =>
      new ClusterNode({
        nodeId,
        environment: {
          LIVEDROPS_DATA: join(directory, nodeId),
          LIVEDROPS_HOST: '127.0.0.1',
          LIVEDROPS_PORT: '0',
          LIVEDROPS_NODE_ID: nodeId,
          LIVEDROPS_ROLES: roles,
          LIVEDROPS_STORE: redis.url,
          LIVEDROPS_NATS: nats.url,
          LIVEDROPS_RATE_LIMITS: 'off',
          LIVEDROPS_LOG: 'warn',
          LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
          LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
          LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
        },
      });
    const seller = nodeOf('seller', 'gateway,actors');
    const workers = ['one', 'two'].map((id) => nodeOf(id, 'services'));
    const data = await connectRedisData(redis.address);
    t.teardown(async () => {
      await Promise.all([seller, ...workers].map((node) => node.kill()));
      await data.close();
      await Promise.all([redis.stop(), nats.stop(), service.stop()]);
      rmSync(directory, { recursive: true, force: true });
    });
    await Promise.all([seller, ...workers].map((node) => node.start()));
    const { client } = seller;
    const dropId = await client.drop(CREATOR, {
      startsAt: new Date(Date.now() + 3_600_000).toISOString(),
      endsAt: new Date(Date.now() + 7_200_000).toISOString(),
      stock: 1_000,
    });
    const key = await client.get('/v1/push/key');
    const keyId = String(key.json['keyId']);
    await follow(data, service.origin, keyId);
    await client.soon(dropId, CREATOR, 'startsAt');
    for (const [i, count] of KILLED_AT.entries()) {
      const reached = await eventually(
        async () => service.received.length,
        (received) => received >= count + i * FOLLOWERS_PER_PAGE,
        WAIT_MAX_MS,
      );
      t.true(reached >= count, `${reached} messages before kill ${i}`);
      await Promise.all(workers.map((worker) => worker.kill()));
      await Promise.all(workers.map((worker) => worker.start()));
    }
    const told = () => new Set(service.received.map(({ path }) => path));
    const all = await eventually(
      async () => told().size,
      (size) => size === FOLLOWERS,
      WAIT_MAX_MS,
    );
    t.is(all, FOLLOWERS, 'nobody is missed');
    const repeats = service.received.length - all;
    t.log(`${repeats} repeats in ${KILLED_AT.length} crashes`);
    t.true(repeats <= KILLED_AT.length * FOLLOWERS_PER_PAGE);
  });
} else {
  test.skip('R1: killed workers: no redis-server or nats-server on this machine', () => undefined);
}

/** All followers have a browser at the service, with the same keys. */
async function follow(
  data: Awaited<ReturnType<typeof connectRedisData>>,
  origin: string,
  keyId: string,
): Promise<void> {
  const recipients = new RedisRecipientStore({ redis: data.redis });
  const { p256dh, auth } = new PushBrowser();
  for (let from = 0; from < FOLLOWERS; from += 500) {
    const ids = Array.from({ length: 500 }, (_, i) => `u_${from + i}`);
    await Promise.all(
      ids.map(async (userId) => {
        await data.follows.follow(userId, CREATOR, Date.now());
        const endpoint = `${origin}/push/${userId}`;
        await recipients.replace({
          userId,
          subscriptions: [{ endpoint, p256dh, auth, keyId, sessionId: null, createdAt: 1 }],
          preferences: DEFAULT_PREFERENCES,
          unsubscribeSecret: null,
          revision: 1,
        });
      }),
    );
  }
}
