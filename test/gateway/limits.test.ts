// Limits of a file: rates, numbers of streams and exempt networks, replaced while requests come.

import test from 'ava';
import { WebSocket } from 'ws';
import { addressLimitKey, addressText } from '../../gateway/http/address.ts';
import type { Network } from '../../events/outbound/network.ts';
import { ExemptNetworks, parseExemptNetwork } from '../../gateway/http/exempt-networks.ts';
import { exemptNetworksOf, ratePoliciesOf } from '../../gateway/http/limits.ts';
import { RateLimits } from '../../gateway/http/rate-limits.ts';
import { type Fixture, startFixture } from './fixture.ts';
import { SettableLimits } from './settable-limits.ts';

test('H5a: networks are IPv4, IPv6 up to /64, or IPv4 mapped into IPv6', (t) => {
  const ipv4 = (address: string, prefix: number): Network => ({ address, prefix, family: 'ipv4' });
  t.deepEqual(parseExemptNetwork('10.0.0.0/8'), ipv4('10.0.0.0', 8));
  t.deepEqual(parseExemptNetwork('0.0.0.0/0'), ipv4('0.0.0.0', 0));
  t.deepEqual(parseExemptNetwork('::ffff:192.0.2.0/120'), ipv4('192.0.2.0', 24));
  t.deepEqual(parseExemptNetwork('::FFFF:c000:200/120'), ipv4('192.0.2.0', 24));
  const ipv6 = { address: '2001:db8::', prefix: 32, family: 'ipv6' };
  t.deepEqual(parseExemptNetwork('2001:db8::/32'), ipv6 as Network);
  for (const text of ['', '10.0.0.0', '10.0.0/8', '10.0.0.0/33', '2001:db8::/65', 'x/8', '::/129'])
    t.is(typeof parseExemptNetwork(text), 'string', text);
});

test('H5a: addresses are found in their networks, mapped ones too, again and again', (t) => {
  const texts = ['192.0.2.0/24', '2001:db8:1::/48'];
  const networks = new ExemptNetworks(texts.map((text) => parseExemptNetwork(text) as Network));
  const mapped = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7]);
  for (let round = 0; round < 2; round++) {
    for (const [address, found] of [
      ['192.0.2.1', true],
      ['192.0.3.1', false],
      [addressText(mapped), true],
      ['2001:db8:1:ffff::9', true],
      ['2001:db8:2::9', false],
      ['::1', false],
      ['unknown', false],
    ] as const)
      t.is(networks.has(addressLimitKey(address)), found, address);
  }
});

test('H5a: an exempt address is not limited, its users and its guesses are', (t) => {
  const file = { rates: { reads: { user: 4, address: 2 } }, exempt: ['192.0.2.0/24'] };
  const policies = ratePoliciesOf(file);
  const limits = new RateLimits({ policies, exempt: exemptNetworksOf(file) });
  const passed = (address: string, user: (i: number) => string | null) =>
    Array.from({ length: 20 }, (_, i) => limits.check('reads', address, user(i), 0)).filter(
      (refused) => refused === null,
    ).length;
  t.is(
    passed('192.0.2.1', (i) => `user-${i}`),
    20,
  );
  t.is(
    passed('192.0.2.1', () => 'ann'),
    2,
  );
  t.is(
    passed('198.51.100.1', () => null),
    1,
  );
  const guesses = Array.from({ length: 40 }, () =>
    limits.check('bad-tokens', '192.0.2.1', null, 0),
  );
  t.is(guesses.filter((refused) => refused === null).length, 15);
  limits.replace(policies, null);
  t.is(
    passed('192.0.2.1', () => null),
    1,
  );
});

test('H5a: what a file leaves out is as by default', (t) => {
  const policies = ratePoliciesOf({ rates: { orders: { user: 7 }, 'log-ins': {} } });
  const defaults = ratePoliciesOf({});
  t.deepEqual(policies, {
    ...defaults,
    orders: { ...defaults.orders, user: { name: 'orders-user', quota: 7, windowSeconds: 1 } },
  });
  t.is(exemptNetworksOf({}), null);
});

test('H5a: new rates count at once for requests and orders, and buckets go on', async (t) => {
  const limits = new SettableLimits({ rates: { reads: { address: 4 } } });
  const fixture = await startFixture(t, { rateLimits: true, limits });
  const passed = async (count: number): Promise<number> => {
    let through = 0;
    for (let i = 0; i < count; i++)
      if ((await fixture.request('GET', '/v1/products')).status !== 429) through += 1;
    return through;
  };
  t.is(await passed(6), 2);
  limits.replace({ rates: { reads: { address: 40 } } });
  t.is(await passed(6), 0, 'no burst is given away');
  fixture.time += 1_000;
  t.is(await passed(6), 2, 'and the new rate counts');
  limits.replace({ exempt: ['127.0.0.0/8'] });
  t.is(await passed(30), 30);
  limits.replace({ rates: { reads: { address: 4 } } });
  t.is(await passed(6), 0);
  const order = () =>
    fixture.request('POST', '/v1/drops/drp_1/orders', {
      as: 'ann',
      headers: { 'idempotency-key': 'k' },
      body: {},
    });
  limits.replace({ rates: { orders: { user: 2 } } });
  t.not((await order()).status, 429);
  const refused = await order();
  t.is(refused.status, 429);
  t.is(refused.headers.get('ratelimit-policy'), '"orders-user";q=2;w=1');
});

test('N8, H5a: streams are bounded by user too; lower bounds close none', async (t) => {
  const limits = new SettableLimits({ streams: { user: 2, address: 3 } });
  const fixture = await startFixture(t, { rateLimits: true, limits });
  t.deepEqual(await openStream(t, fixture, 'ann'), 101);
  t.deepEqual(await openStream(t, fixture, 'ann'), 101);
  t.deepEqual(await openStream(t, fixture, 'ann'), 429);
  t.deepEqual(await openStream(t, fixture, 'bob'), 101);
  t.deepEqual(await openStream(t, fixture, 'bob'), 429);
  limits.replace({ streams: { user: 2, address: 3 }, exempt: ['127.0.0.1/32'] });
  t.deepEqual(await openStream(t, fixture, 'bob'), 101);
  t.deepEqual(await openStream(t, fixture, 'bob'), 429);
  limits.replace({ streams: { total: 1 } });
  t.deepEqual(await openStream(t, fixture, 'cat'), 503);
  t.false(fixture.live.events.some(([name]) => name === 'closed'));
});

/** The status of the answer; the stream is closed when the test ends. */
async function openStream(
  t: { teardown: (then: () => void) => void },
  fixture: Fixture,
  user: string,
): Promise<number> {
  const token = `access_token=valid.${user}`;
  const socket = new WebSocket(`ws://127.0.0.1:${fixture.port}/v1/notifications?${token}`);
  return await new Promise((resolve, reject) => {
    socket.once('open', () => {
      t.teardown(() => socket.terminate());
      resolve(101);
    });
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.once('error', reject);
  });
}
