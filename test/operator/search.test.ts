// `livedrops search`: its table, its list, and rebuilds.

import test from 'ava';
import type { SearchNodeStatus } from '../../contracts/search.ts';
import { searchNodesText } from '../../operator/search.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';
import { runCommand } from './run-command.ts';

const INDEX: SearchNodeStatus = {
  isBuilding: false,
  lagMs: 260,
  recordsBehind: 3,
  documents: 1_000,
  words: 77,
  bytes: 3 << 20,
  rebuild: null,
  rebuilds: 0,
};

test('Q4: indexes print as a table with their lag, size and rebuild', (t) => {
  t.is(searchNodesText([]), 'No node has the role search.\n');
  const rebuild = { startedAt: '2027-01-15T08:00:00.000Z', documents: 400 };
  const text = searchNodesText([
    { node: 'a', index: { ...INDEX, rebuild: null } },
    { node: 'b', index: { ...INDEX, isBuilding: true, rebuild } },
    { node: 'c', index: null },
  ]);
  t.deepEqual(
    text.split('\n').map((line) => line.replaceAll(/ +/g, ' ')),
    [
      'node state lag changes documents words MiB rebuild',
      'a serving 0.3 s 3 1000 77 3.0 -',
      'b building 0.3 s 3 1000 77 3.0 400 since 2027-01-15T08:00:00.000Z',
      'c silent - - - - - -',
      '',
    ],
  );
});

test('Q4: indexes are listed, and made anew one after the other', async (t) => {
  const gateway = await startPretendGateway(t, ['node-1']);
  gateway.cluster.searchNodes = ['a', 'b'].map((node) => ({ node, index: INDEX }));
  const run = (...args: string[]) =>
    runCommand(['search', ...args, '--url', gateway.url, '--token', TOKEN]);
  const [listed, unknown] = await Promise.all([run('--json'), run('rebuild', 'nobody')]);
  t.is(listed.code, 0, listed.stderr);
  t.deepEqual(
    (JSON.parse(listed.stdout) as { node: string }[]).map(({ node }) => node),
    ['a', 'b'],
  );
  t.is(unknown.code, 1);
  t.regex(unknown.stderr, /There is no node nobody/);
  const rebuilt = await run('rebuild');
  t.is(rebuilt.code, 0, rebuilt.stderr);
  t.regex(rebuilt.stdout, /^a +serving.*\nb +serving/m);
  t.deepEqual(
    gateway.cluster.searchNodes.map(({ index }) => index!.rebuilds),
    [1, 1],
  );
  t.deepEqual(
    gateway.cluster.log.actions.map(({ action, params }) => [action, params['nodeId']]),
    [
      ['rebuild-search', 'nobody'],
      ['rebuild-search', 'nobody'],
      ['rebuild-search', 'a'],
      ['rebuild-search', 'b'],
    ],
  );
});
