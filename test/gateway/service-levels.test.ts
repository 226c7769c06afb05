// Requests as the service levels count them: which are counted, as what, and from when on.

import test from 'ava';
import { Registry } from 'prom-client';
import { RouteCounts } from '../../gateway/metrics/route-counts.ts';
import { registerServiceLevels, serviceKindOf } from '../../gateway/metrics/service-levels.ts';
import { startFixture } from './fixture.ts';

async function served(routes: readonly RouteCounts[]): Promise<Record<string, number>> {
  const registry = new Registry();
  registerServiceLevels(registry, routes);
  const lines = (await registry.metrics()).split('\n');
  const values = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    values.map((line) => {
      const [, name = '', kind = '', value] =
        /^livedrops_service_(\w+)_total\{kind="(\w+)"\} (\d+)$/.exec(line)!;
      return [`${name} ${kind}`, Number(value)];
    }),
  );
}

function counts(kind: RouteCounts['kind']): RouteCounts {
  return new RouteCounts({ method: 'GET', route: '/v1/x', kind });
}

test('L5a: routes are orders, reads, others, or not of the API', (t) => {
  const get = { method: 'GET', rateClass: 'reads' } as const;
  t.is(serviceKindOf({ ...get, path: '/v1/drops/{id}' }), 'reads');
  t.is(serviceKindOf({ ...get, path: '/v1/search', rateClass: 'searches' }), 'reads');
  t.is(serviceKindOf({ ...get, path: '/v1/media/{id}', rateClass: null }), 'others');
  const post = { method: 'POST', rateClass: 'writes' } as const;
  t.is(serviceKindOf({ ...post, path: '/v1/orders/{id}/cancel' }), 'others');
  t.is(serviceKindOf({ ...post, path: '/v1/drops/{id}/orders', rateClass: 'orders' }), 'orders');
  for (const path of ['/healthz', '/readyz', '/metrics', '/docs/rest', '/openapi.json'])
    t.is(serviceKindOf({ ...get, path, rateClass: null }), null);
});

test('L5a: all kinds are there before the first request, so that a first burst is a rise', async (t) => {
  t.deepEqual(await served([]), {
    'requests orders': 0,
    'requests reads': 0,
    'requests others': 0,
    'failures orders': 0,
    'failures reads': 0,
    'failures others': 0,
    'slow orders': 0,
    'slow reads': 0,
  });
});

test('L5a: an answer 5xx failed, one beyond its level was slow, and refusals are neither', async (t) => {
  const orders = counts('orders');
  const reads = [counts('reads'), counts('reads')];
  const others = counts('others');
  const none = counts(null);
  for (const one of [orders, ...reads, others, none]) {
    one.record(200, 1);
    one.record(409, 3);
    one.record(503, 0.2);
    one.record(500, 900);
    one.record(200, 200);
    one.record(429, 201);
    one.record(201, 500);
    one.record(201, 501);
  }
  t.deepEqual(await served([orders, ...reads, others, none]), {
    'requests orders': 8,
    'requests reads': 16,
    'requests others': 8,
    'failures orders': 2,
    'failures reads': 4,
    'failures others': 2,
    'slow orders': 1,
    'slow reads': 6,
  });
});

test('L5a: requests to the API are counted, and health, metrics and unknown paths are not', async (t) => {
  const fixture = await startFixture(t);
  for (const path of ['/healthz', '/readyz', '/v1/nothing', '/v1/drops', '/docs'])
    await fixture.request('GET', path);
  const { text } = await fixture.request('GET', '/metrics');
  t.true(text.includes('livedrops_service_requests_total{kind="reads"} 1\n'), text);
  t.true(text.includes('livedrops_service_requests_total{kind="others"} 0\n'));
});
