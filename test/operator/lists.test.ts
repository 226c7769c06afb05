import test from 'ava';
import { FEATURE_LEVEL } from '../../storage/ports/feature-level.ts';
import { movesText } from '../../operator/moves.ts';
import { nodesText } from '../../operator/nodes.ts';
import { shardsText } from '../../operator/shards.ts';
import { watch } from '../../operator/watch.ts';
import { startPretendGateway } from './pretend-gateway.ts';

const NODES = ['node-1', 'node-2'];

test('X1: nodes print as a table with numbers aligned right', async (t) => {
  const { api, cluster } = await startPretendGateway(t, NODES);
  const shards = await cluster.shardsOf('node-2');
  cluster.rates.set(shards[0]!, 1234.4);
  await cluster.lose('node-1');
  const startedAt = cluster.time - 2 * 3_600_000;
  const nodes = (await api.nodes()).map((node) => ({
    ...node,
    startedAt: new Date(startedAt).toISOString(),
  }));
  const lost = String(nodes[1]!.shardsOwned);
  const owned = shards.length;
  const [ownedCell, lagCell] = [String(owned).padStart(6), String(owned).padStart(3)];
  t.is(
    nodesText(nodes, cluster.time),
    'node    state    shards  wanted  live drops  orders/s  lag    lease   ' +
      'skew  weight  level  up  url\n' +
      `node-2  serving  ${ownedCell}      16           0      1234  ` +
      `${lagCell}  2500 ms  -3 ms       1      ${FEATURE_LEVEL}  2h  -\n` +
      `node-1  lost     ${lost.padStart(6)}       0           0         0    ` +
      `0        -      -       1      ${FEATURE_LEVEL}   -  -\n` +
      '1 living node, 1234 orders/s\n',
  );
});

test('X1: shards print as a table with notes about pins, targets and faults', async (t) => {
  const { api, cluster } = await startPretendGateway(t, NODES);
  const [first = 0, second = 0] = await cluster.shardsOf('node-1');
  await cluster.placement.change({ pins: [{ shard: first, nodeId: 'node-2' }] });
  cluster.rates.set(first, 2.5);
  const since = '2027-01-01T00:00:00.000Z';
  const quarantined = [{ dropId: 'd_7', since, reason: 'stock of d_7\u001B[2J does not add up' }];
  const change = { fault: 'entry 9\u001B[2J is damaged', quarantined };
  const rows = (await api.shards())
    .filter(({ shard }) => shard === first || shard === second)
    .map((row) => (row.shard === second ? { ...row, ...change } : row));
  const [, one, two, total] = shardsText(rows).split('\n');
  t.is(
    one?.replaceAll(/ +/g, ' ').trim(),
    `${first} node-1 serving 3 ${40 + first} 0 2 0 3 1 pinned, target node-2`,
  );
  t.true(
    two?.endsWith('entry 9 [2J is damaged, d_7 is quarantined: stock of d_7 [2J does not add up'),
    'control characters do not reach the terminal',
  );
  t.is(total, '2 shards: 2 serving, 1 pinned, 1 not on their target');
  t.is(shardsText([]).split('\n')[1], '0 shards');
  const [row] = rows;
  const silent = shardsText([
    { ...row!, answered: false },
    { ...row!, owner: null, answered: false },
  ]);
  t.regex(silent, /2 shards: 1 no answer, 1 unclaimed/);
});

test('X1: moves print as a table with results, blackout times and reasons', async (t) => {
  t.is(movesText([]), 'No shard has moved.\n');
  const { api, cluster } = await startPretendGateway(t, NODES);
  const [shard = 0] = await cluster.shardsOf('node-1');
  await cluster.placement.change({ pins: [{ shard, nodeId: 'node-2' }] });
  await cluster.step(1);
  const [headings, line] = movesText(await api.moves(1)).split('\n');
  t.regex(headings!, /^ended +shard +from +to +result +blackout +took +reason$/);
  const expected = `${shard} node-1 node-2 done 12 ms 100 ms It is wanted there.`;
  t.is(line?.replaceAll(/ +/g, ' ').split('Z ')[1], expected);
});

test('X1: --watch refreshes, shows errors, and ends on Ctrl-C', async (t) => {
  const controller = new AbortController();
  const written: string[] = [];
  let refreshes = 0;
  const show = async (): Promise<string> => {
    refreshes += 1;
    if (refreshes === 2) throw new Error('nobody answers');
    return `refresh ${refreshes}\n`;
  };
  const pace = {
    now: () => 0,
    pause: async () => {
      if (refreshes < 3) return;
      controller.abort();
      throw new Error('interrupted');
    },
  };
  const output = { write: (text: string) => written.push(text) };
  await watch({ show, output, pace, interrupted: controller.signal });
  t.deepEqual(written, ['refresh 1\n', 'nobody answers\n', 'refresh 3\n']);
});

test('X1: in a terminal --watch redraws in place and cuts the text to the screen', async (t) => {
  const controller = new AbortController();
  const written: string[] = [];
  const pace = {
    now: () => 0,
    pause: async () => controller.abort(),
  };
  const output = { isTTY: true, rows: 4, write: (text: string) => written.push(text) };
  const show = async (): Promise<string> => 'a\nb\nc\nd\ne\n';
  await watch({ show, output, pace, interrupted: controller.signal });
  t.deepEqual(written, [
    '\u001B[2J',
    '\u001B[Ha\u001B[K\nb\u001B[K\nand 3 more lines\u001B[K\n\u001B[J',
  ]);
});
