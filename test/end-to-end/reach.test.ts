// People are reached by push and mail, against the whole server, with a push service and a mail
// server on loopback.

import { PushBrowser } from '../push/browser.ts';
import { PushServiceStandIn } from '../push/push-service-stand-in.ts';
import { MailServer, linkTokenOf } from '../servers/mail-server.ts';
import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { eventually, type Json, succeeded } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

/** The reader of the journals is a thread of low priority, in a cluster with a lease. */
const WAIT_MAX_MS = 120_000;

interface Person {
  readonly id: string;
  readonly email: string;
  readonly token: string;
  readonly session: Json;
  readonly browser: PushBrowser;
  readonly endpoint: string;
}

onEachProfile((test, profile) => {
  let mailServer: MailServer;
  let service: PushServiceStandIn;
  let server: SaleServer;
  test.before(async () => {
    mailServer = await MailServer.start();
    service = await PushServiceStandIn.start('http');
    server = await SaleServer.start(profile, {
      LIVEDROPS_SMTP_URL: mailServer.url,
      LIVEDROPS_PUBLIC_URL: 'https://shop.example',
      LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
    });
    service.behave = ({ path }) => ({ status: path.endsWith('gone') ? 410 : 201 });
  });
  test.after.always(async () => {
    await server?.stop();
    await Promise.all([mailServer?.stop(), service?.stop()]);
  });

  const subscription = ({ endpoint, browser }: Pick<Person, 'endpoint' | 'browser'>) => ({
    endpoint,
    expirationTime: null,
    keys: { p256dh: browser.p256dh, auth: browser.auth },
  });
  const subscribe = (who: Person) =>
    server.call('PUT', '/v1/push/subscriptions', {
      token: who.token,
      body: subscription(who),
    });

  /** With a browser that is subscribed. */
  async function person(name: string, endpointName = name): Promise<Person> {
    const { id, email, session } = await server.register(name);
    const token = String(session['accessToken']);
    const endpoint = `${service.origin}/${server.fresh('browser')}-${endpointName}`;
    const made = { id, email, token, session, browser: new PushBrowser(), endpoint };
    succeeded(await subscribe(made));
    return made;
  }

  /** What the person's browser got, in order. */
  const pushesTo = ({ endpoint, browser }: Person): Json[] =>
    service.received
      .filter(({ path }) => endpoint.endsWith(path))
      .map(({ body }) => JSON.parse(browser.read(body)) as Json);
  const pushed = (who: Person, type: string) =>
    eventually(
      async () => pushesTo(who).filter((content) => content['type'] === type),
      (found) => found.length > 0,
      WAIT_MAX_MS,
    );

  const mailed = async (to: string, subject: RegExp) => {
    await eventually(
      async () => mailServer.mails.some((mail) => mail.to === to && subject.test(mail.subject)),
      (isThere) => isThere,
      WAIT_MAX_MS,
    );
    return await mailServer.next(to, subject);
  };

  test('R1: followers who are not online hear of a start by push, and gone browsers go', async (t) => {
    const creatorId = server.fresh('u_creator');
    await server.product(creatorId);
    const [away, online, gone] = [await person('Away'), await person('On'), await person('gone')];
    for (const { token } of [away, online, gone])
      succeeded(await server.post(`/v1/creators/${creatorId}/follow`, { token }));
    await LiveClient.listen(t, server, online.id, online.token);
    const dropId = await server.drop(creatorId, {
      startsAt: new Date(Date.now() + 3_600_000).toISOString(),
      endsAt: new Date(Date.now() + 7_200_000).toISOString(),
    });
    await server.soon(dropId, creatorId, 'startsAt');
    const [content, ...more] = await pushed(away, 'drop-started');
    t.like(content, {
      dropId,
      creatorId,
      name: 'Lamp',
      url: `https://shop.example/drops/${dropId}`,
    });
    t.deepEqual(more, []);
    const { headers } = service.received.find(({ path }) => away.endpoint.endsWith(path))!;
    t.like(headers, { urgency: 'high', 'content-encoding': 'aes128gcm' });
    t.regex(String(headers['authorization']), /^vapid t=/);
    t.true(Number(headers['ttl']) > 3_000);
    t.deepEqual(pushesTo(online), []);
    // The service says 410, the subscription goes, and the service is not asked again.
    const asked = () => service.received.filter(({ path }) => gone.endpoint.endsWith(path)).length;
    const left = await eventually(
      async () => {
        const { json } = await server.get('/v1/account/export', { token: gone.token });
        return (json['pushSubscriptions'] as unknown[]).length;
      },
      (count) => count === 0,
      WAIT_MAX_MS,
    );
    t.is(left, 0);
    const askedBefore = asked();
    t.true(askedBefore > 0);
    const order = await server.post(`/v1/drops/${dropId}/orders`, {
      token: gone.token,
      headers: { 'idempotency-key': 'k' },
      body: { quantity: 1 },
    });
    t.is(order.status, 201);
    const own = await server.post(`/v1/drops/${dropId}/orders`, {
      token: away.token,
      headers: { 'idempotency-key': 'k' },
      body: { quantity: 1 },
    });
    const [told] = await pushed(away, 'order-confirmed');
    t.like(told, { orderId: own.json['id'], dropId });
    t.is(asked(), askedBefore);
  });

  test('R1: a browser is reached until the session ends that subscribed it', async (t) => {
    const ann = await person('Ann');
    const dropId = await server.drop(server.fresh('u_creator'));
    const order = (key: string) => server.order(dropId, ann.id, key);
    const { json: first } = await order('one');
    await pushed(ann, 'order-confirmed');
    const { json } = await server.get('/v1/account/export', { token: ann.token });
    t.like(json, {
      preferences: { push: { orders: true } },
      pushSubscriptions: [{ endpoint: ann.endpoint }],
    });
    succeeded(
      await server.post('/v1/auth/logout', {
        body: { refreshToken: ann.session['refreshToken'] },
      }),
    );
    await order('two');
    const bob = await person('Bob');
    await server.order(dropId, bob.id, 'three');
    await pushed(bob, 'order-confirmed');
    // A message may come twice, on a machine that is slow.
    t.deepEqual([...new Set(pushesTo(ann).map(({ orderId }) => orderId))], [first['id']]);
  });

  test('R1: an endpoint that points inside, or is none, is refused by name', async (t) => {
    const { token, browser } = await person('Eve');
    for (const endpoint of ['http://10.0.0.1/x', 'http://[::ffff:192.168.0.1]/x', 'http://h:25/']) {
      const body = subscription({ endpoint, browser });
      const { status, json } = await server.call('PUT', '/v1/push/subscriptions', { token, body });
      t.deepEqual([status, json['code']], [422, 'invalid-request'], endpoint);
      t.regex(String(json['detail']), /^endpoint: /);
    }
    const key = await server.get('/v1/push/key');
    t.is(Buffer.from(String(key.json['publicKey']), 'base64url').length, 65);
  });

  test('R2: who wants it is told by mail, and ends it with one click', async (t) => {
    const creatorId = server.fresh('u_creator');
    await server.product(creatorId);
    const { email, token } = await person('Cleo');
    succeeded(await server.post(`/v1/creators/${creatorId}/follow`, { token }));
    const confirm = linkTokenOf(await mailServer.next(email, /Confirm your/));
    succeeded(await server.post('/v1/auth/confirm-email', { body: { token: confirm } }));
    const path = '/v1/users/me/preferences';
    const body = { mail: { orders: true, dropAnnounced: true } };
    succeeded(await server.call('PATCH', path, { token, body }));
    const dropId = await server.drop(creatorId);
    const announced = await mailed(email, /^New drop: Lamp$/);
    t.true(announced.body.includes(`https://shop.example/drops/${dropId}`));
    await server.post(`/v1/drops/${dropId}/orders`, {
      token,
      headers: { 'idempotency-key': 'k' },
      body: { quantity: 1 },
    });
    const confirmed = await mailed(email, /^Your order is confirmed: Lamp$/);
    const link = /https:\/\/shop\.example(\/v1\/mail\/unsubscribe\?token=[^\s"<>]+)/.exec(
      confirmed.body,
    )![1]!;
    const page = await fetch(`${server.nextUrl()}${link}`);
    t.is(page.status, 200);
    t.regex(await page.text(), /<form method="post">/);
    const mails = async () => ((await server.get(path, { token })).json as { mail: Json }).mail;
    t.deepEqual(await mails(), body.mail);
    const click = await fetch(`${server.nextUrl()}${link}`, {
      method: 'POST',
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    });
    t.is(click.status, 200);
    t.deepEqual(await mails(), { orders: false, dropAnnounced: true });
  });
});
