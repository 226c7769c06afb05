// Caches of all gateways, over a broker between two nodes of one process.

import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { ServiceBroker } from 'moleculer';
import type { CacheEviction, CacheSample } from '../../contracts/caches.ts';
import { BrokerGatewayCaches, cachesService } from '../../services/gateway-caches.ts';

const SAMPLE: CacheSample = {
  kind: 'drops',
  entries: 1,
  bytes: 2,
  hits: 3,
  stale: 0,
  misses: 0,
  collapsed: 0,
  faults: 0,
  evictions: 0,
};

test('C5: every gateway is asked, and one that fails is named', async (t) => {
  const evictions: [string, CacheEviction][] = [];
  const brokers = ['north', 'south'].map(
    (nodeID) =>
      new ServiceBroker({ nodeID, logger: false, transporter: 'Fake', namespace: 'caches' }),
  );
  const serve = (broker: ServiceBroker) =>
    broker.createService(
      cachesService({
        report: () => [SAMPLE],
        evict(eviction) {
          if (eviction.all === true && broker.nodeID === 'south') throw new Error('a defect');
          evictions.push([broker.nodeID, eviction]);
          return 7;
        },
      }),
    );
  serve(brokers[1]!);
  await Promise.all(brokers.map((broker) => broker.start()));
  t.teardown(() => Promise.all(brokers.map((broker) => broker.stop())));
  // Resolves when the first node knows of the second.
  await brokers[0]!.waitForServices('caches');
  serve(brokers[0]!);
  const caches = new BrokerGatewayCaches({ broker: brokers[0]! });
  // Its own service is there a few turns later.
  while ((await caches.list()).length < 2) await setImmediate();
  t.deepEqual(await caches.list(), [
    { node: 'north', caches: [SAMPLE] },
    { node: 'south', caches: [SAMPLE] },
  ]);
  t.deepEqual(await caches.evict({ kind: 'drops' }), [
    { node: 'north', evicted: 7 },
    { node: 'south', evicted: 7 },
  ]);
  t.deepEqual(evictions, [
    ['north', { kind: 'drops' }],
    ['south', { kind: 'drops' }],
  ]);
  t.deepEqual(await caches.evict({ all: true }), [
    { node: 'north', evicted: 7 },
    { node: 'south', evicted: null },
  ]);
});
