// What `livedrops top` reads of a cluster: each node once, whatever its addresses are (X7).

import test from 'ava';
import { look } from '../../../operator/top/look.ts';
import type { Look } from '../../../operator/top/picture.ts';
import { nodeOf } from './pictures.ts';

/** `names`: by address, how the node there names itself; null: not at all. */
async function lookAt(
  url: string,
  nodes: Look['nodes'],
  names: Readonly<Record<string, string | null>>,
): Promise<Look> {
  const api = {
    url,
    nodes: async () => nodes,
    shards: async () => [],
    liveDrops: async () => [],
    async metrics(at: string) {
      const name = names[at];
      if (name === undefined) throw new Error('nobody is there');
      const label = name === null ? '' : `,node="${name}"`;
      return `livedrops_build_info{version="1"${label}} 1\nlivedrops_live_connections 7\n`;
    },
  };
  return await look(api, () => 0);
}

const NODES = [nodeOf('node-1'), nodeOf('node-2')];
const TWO = { 'http://node-1:8080': 'node-1', 'http://node-2:8080': 'node-2' };

test('X7: a gateway with the port of other nodes is looked at', async (t) => {
  const gateway = 'http://gateway:8080';
  const { scrapes, silent } = await lookAt(gateway, NODES, { ...TWO, [gateway]: 'gateway-1' });
  t.deepEqual([...scrapes.keys()].toSorted(), ['gateway-1', 'node-1', 'node-2']);
  t.deepEqual(silent, []);
});

test('X7: a node that is called by another address counts once', async (t) => {
  const local = 'http://127.0.0.1:9000';
  const { scrapes } = await lookAt(local, NODES, { ...TWO, [local]: 'node-2' });
  t.deepEqual([...scrapes.keys()].toSorted(), ['node-1', 'node-2']);
});

test('X7: nodes that do not name themselves go by their addresses', async (t) => {
  const older = { 'http://node-1:8080': null };
  const { scrapes, silent } = await lookAt('http://node-1:8080', NODES, older);
  t.deepEqual([...scrapes.keys()], ['http://node-1:8080']);
  t.deepEqual(silent, ['http://node-2:8080']);
});
