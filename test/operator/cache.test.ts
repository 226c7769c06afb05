// `livedrops cache`: its table, and evictions.

import test from 'ava';
import type { CacheSample } from '../../contracts/caches.ts';
import { cachesText } from '../../operator/cache.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';
import { runCommand } from './run-command.ts';

const SAMPLE: CacheSample = {
  kind: 'products',
  entries: 12,
  bytes: 3 << 19,
  hits: 80,
  stale: 10,
  misses: 6,
  collapsed: 4,
  faults: 2,
  evictions: 1,
};

test('C5: caches print as a table with their hit ratios, by node and kind', (t) => {
  t.is(cachesText([]), 'No node is a gateway.\n');
  const unused = { ...SAMPLE, kind: 'drops', hits: 0, stale: 0, misses: 0, collapsed: 0 } as const;
  const text = cachesText([
    { node: 'a', caches: [SAMPLE, unused] },
    { node: 'b', caches: null },
  ]);
  t.deepEqual(
    text.split('\n').map((line) => line.replaceAll(/ +/g, ' ')),
    [
      'node kind entries MiB hit hits stale misses waited faults full',
      'a products 12 1.5 90.0 % 80 10 6 4 2 1',
      'a drops 12 1.5 - 0 0 0 0 2 1',
      'b silent - - - - - - - - -',
      '',
    ],
  );
});

test('C5: an eviction is by one of kind, path, creator or all, and is in the operators’ log', async (t) => {
  const gateway = await startPretendGateway(t, ['node-1']);
  gateway.cluster.caches = [{ node: 'a', caches: [SAMPLE] }];
  const run = (...args: string[]) =>
    runCommand(['cache', ...args, '--url', gateway.url, '--token', TOKEN]);
  const [listed, none, two] = await Promise.all([
    run('--json'),
    run('evict'),
    run('evict', '--all', '--kind', 'drops'),
  ]);
  t.is(listed.code, 0, listed.stderr);
  t.deepEqual(JSON.parse(listed.stdout), gateway.cluster.caches);
  for (const wrong of [none, two]) {
    t.is(wrong.code, 1);
    t.regex(wrong.stderr, /one of --kind, --key, --creator and --all is needed/);
  }
  t.deepEqual(gateway.cluster.evictions, []);
  const evicted = await run('evict', '--key', '/v1/products/p_1');
  t.is(evicted.code, 0, evicted.stderr);
  t.is(evicted.stdout, 'a: 3 evicted\n');
  gateway.cluster.caches = [{ node: 'b', caches: null }];
  const silent = await run('evict', '--creator', 'u_1');
  t.is(silent.code, 1);
  t.is(silent.stdout, 'b: no answer\n');
  t.deepEqual(gateway.cluster.evictions, [{ key: '/v1/products/p_1' }, { creatorId: 'u_1' }]);
  t.deepEqual(
    gateway.cluster.log.actions.map(({ action, params, result }) => [action, params, result]),
    [
      ['evict-caches', { key: '/v1/products/p_1' }, ASKED],
      ['evict-caches', { creatorId: 'u_1' }, ASKED],
      ['evict-caches', { creatorId: 'u_1' }, 'No answer from b: evict again.'],
    ],
  );
});

const ASKED = 'To be read anew, through every gateway that answers.';
