// Rate limits, as they are without any setting, behind a proxy.

import { get, type OutgoingHttpHeaders } from 'node:http';
import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile, {
      LIVEDROPS_RATE_LIMITS: 'on',
      LIVEDROPS_TRUST_PROXY: 'on',
    });
  });
  test.after.always(() => server?.stop());

  test('H5: too many requests of a user get 429 with Retry-After; others order on', async (t) => {
    const dropId = await server.drop('creator', { stock: 1000, limitPerUser: 1000 });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => server.order(dropId, 'greedy', `k${i}`)),
    );
    const limited = answers.filter(({ status }) => status === 429);
    t.true(limited.length > 0);
    for (const { headers, json } of limited) {
      t.is(json['code'], 'rate-limited');
      t.is(headers.get('content-type'), 'application/problem+json');
      t.regex(String(headers.get('retry-after')), /^[1-9][0-9]*$/);
      t.regex(String(headers.get('ratelimit-policy')), /^"[a-z-]+";q=\d+;w=\d+$/);
      t.regex(String(headers.get('ratelimit')), /^"[a-z-]+";r=0;t=\d+$/);
    }
    t.is((await server.order(dropId, 'modest', 'k')).status, 201);
    const bought = answers.filter(({ status }) => status === 201).length;
    t.is((await server.readDrop(dropId))['sold'], bought + 1);
  });

  test('A3: guessing a password is limited', async (t) => {
    const body = { email: 'target@example.com', password: 'a guess or two' };
    const statuses = new Set<number>();
    for (let i = 0; i < 25; i++)
      statuses.add((await server.post('/v1/auth/login', { body })).status);
    t.deepEqual(statuses, new Set([401, 429]));
  });

  test('H5: too many failed log-ins of an account get 429 with Retry-After', async (t) => {
    const body = { email: 'guessed@example.com', password: 'a guess or two' };
    const guess = (i: number) =>
      server.post('/v1/auth/login', { body, headers: { 'x-forwarded-for': `192.0.2.${i}` } });
    for (let i = 0; i < 10; i++) t.is((await guess(i)).status, 401);
    // Each node counts for itself.
    let limited = await guess(10);
    for (let i = 11; i < 50 && limited.status === 401; i++) limited = await guess(i);
    const { status, headers, json } = limited;
    t.deepEqual([status, json['code']], [429, 'rate-limited']);
    const seconds = Number(headers.get('retry-after'));
    t.true(seconds >= 1 && seconds <= 60, `${seconds} s`);
    t.is(headers.get('ratelimit-policy'), '"failed-log-ins-account";q=20;w=600');
    t.is(headers.get('ratelimit'), `"failed-log-ins-account";r=0;t=${seconds}`);
  });

  test('H5: behind a trusted proxy each client’s own address counts', async (t) => {
    const statusOf = async (address: string, i: number) => {
      const body = { email: `nobody-${address}-${i}@example.com`, password: 'a guess or two' };
      const headers = { 'x-forwarded-for': `203.0.113.9, ${address}` };
      return (await server.post('/v1/auth/login', { body, headers })).status;
    };
    const statuses = new Set<number>();
    for (let i = 0; i < 25; i++) statuses.add(await statusOf('198.51.100.1', i));
    t.deepEqual(statuses, new Set([401, 429]));
    t.is(await statusOf('198.51.100.2', 0), 401);
  });

  test('A3a: an expired token is 401 however often it comes, and counts as no guess', async (t) => {
    const headers = { 'x-forwarded-for': '198.51.100.5' };
    const token = server.token('late', -1);
    const dropId = await server.drop('creator');
    for (let i = 0; i < 40; i++) {
      t.is((await server.get('/v1/users/me', { token, headers })).status, 401);
      const order = { token, headers: { ...headers, 'idempotency-key': 'k' }, body: {} };
      t.is((await server.post(`/v1/drops/${dropId}/orders`, order)).status, 401);
    }
    const forged = { token: 'forged', headers };
    t.is((await server.get('/v1/users/me', forged)).status, 401);
  });

  test('A3a: the last address of the last X-Forwarded-For line counts', async (t) => {
    const guess = async (...lines: string[]) =>
      await profileStatus(server.nextUrl(), {
        authorization: 'Bearer forged',
        'x-forwarded-for': lines,
      });
    const statuses = new Set<number>();
    // Who is limited cannot get away by a line of their own before that of the proxy.
    for (let i = 0; i < 40; i++)
      statuses.add(await guess(`203.0.113.${i}`, '203.0.113.200, 198.51.100.6'));
    t.deepEqual(statuses, new Set([401, 429]));
    t.is(await guess('198.51.100.6', '198.51.100.66'), 401);
  });

  test.serial('H5: tokens guessed in a live stream count with those of requests', async (t) => {
    const message = { type: 'authenticate', accessToken: 'forged' };
    const headers = {
      'x-forwarded-for': '198.51.100.3',
      authorization: `Bearer ${server.token('guesser')}`,
    };
    const client = await LiveClient.open(t, server, '/v1/notifications', { headers });
    const codes = new Set<string | undefined>();
    for (let i = 0; i < 25 && !codes.has('rate-limited'); i++)
      codes.add((await client.ask(message, ({ type }) => type === 'error')).code);
    t.deepEqual(codes, new Set(['unauthenticated', 'rate-limited']));
    t.is(await client.closed(), 4003);
    const guess = async (address: string) => {
      const forwarded = { 'x-forwarded-for': address };
      return (await server.get('/v1/users/me', { token: 'forged', headers: forwarded })).status;
    };
    // One of two gateways has heard of the guesses: each counts for itself.
    t.true([await guess('198.51.100.3'), await guess('198.51.100.3')].includes(429));
    t.is(await guess('198.51.100.4'), 401);
  });
});

/** By `node:http`, because `fetch` joins the lines of one header. */
function profileStatus(url: string, headers: OutgoingHttpHeaders): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(`${url}/v1/users/me`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    request.on('error', reject);
  });
}
