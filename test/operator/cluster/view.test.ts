import test from 'ava';
import type { Move, Node } from '../../../sdk/api.ts';
import { type ClusterPicture, clusterLine, clusterText } from '../../../operator/cluster/view.ts';

const node = (nodeId: string, changes: Partial<Node> = {}): Node => ({
  nodeId,
  state: 'serving',
  incarnation: 'i',
  weight: 1,
  startedAt: '2027-01-01T00:00:00.000Z',
  url: 'http://127.0.0.1:8080',
  shardsOwned: 128,
  shardsWanted: 120,
  liveDrops: 3,
  ordersPerSecond: 1200.4,
  relayLag: 17,
  leaseMs: 2_000,
  clockSkewMs: 4.4,
  level: 1,
  ...changes,
});

const move: Move = {
  id: 'm',
  shard: 7,
  from: 'node-2',
  to: 'node-1',
  startedAt: '2027-01-01T12:00:00.000Z',
  endedAt: '2027-01-01T12:00:01.000Z',
  blackoutMs: 12.4,
  result: 'done',
  reason: 'node-1 should have it',
};

const picture: ClusterPicture = {
  processes: [
    {
      nodeId: 'node-1',
      pid: 101,
      url: 'http://127.0.0.1:8080',
      operatorUrl: 'http://127.0.0.1:8080',
      mediaUrl: null,
      state: 'running',
      restarts: 0,
    },
    {
      nodeId: 'node-2',
      pid: null,
      url: 'http://127.0.0.1:8081',
      operatorUrl: 'http://127.0.0.1:8081',
      mediaUrl: null,
      state: 'waiting',
      restarts: 2,
    },
  ],
  nodes: [node('node-1'), node('node-2', { state: 'lost', shardsOwned: 0, liveDrops: 9 })],
  moves: Array.from({ length: 9 }, () => move),
  events: [{ at: Date.UTC(2027, 0, 1, 12, 0, 5), text: 'node-2 has crashed\n  in detail' }],
  dataDirectory: '/data/cluster',
};

test('the text shows each node’s process and figures, the last moves and events', (t) => {
  t.is(
    clusterText(picture),
    `LiveDrops: 1 of 2 nodes running, 3 live drops, 1200 orders/s, lag 17

node    state    pid  starts  shards  wanted  live drops  orders/s  lag  url
node-1  serving  101       1     128     120           3      1200   17  http://127.0.0.1:8080
node-2  crashed    -       3       0     120           9      1200   17  http://127.0.0.1:8081

Last moves
${'  12:00:01  shard 7  node-2 -> node-1  done  12 ms  node-1 should have it\n'.repeat(5)}
Last events
  12:00:05  node-2 has crashed

LIVEDROPS_DATA=/data/cluster npx livedrops nodes | shards | drain | move ...
Ctrl-C stops the cluster.
`,
  );
});

test('while no node answers, the text still shows the processes', (t) => {
  const text = clusterText({ ...picture, nodes: null, moves: [], events: [] });
  t.regex(text, /^LiveDrops: 1 of 2 nodes running\n/);
  t.regex(text, /^node-1 +running +101 +1 +- +- +- +- +- +http/m);
  t.regex(text, /^No node answers\.$/m);
  t.notRegex(text, /Last/);
});

test('the one-line form has the summary and the shards of each node', (t) => {
  t.is(
    clusterLine(picture),
    '1 of 2 nodes running, 3 live drops, 1200 orders/s, lag 17; ' +
      'node-1 128 shards; node-2 lost 0 shards',
  );
  t.is(clusterLine({ ...picture, nodes: null }), '1 of 2 nodes running');
});
