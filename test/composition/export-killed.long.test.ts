// The whole process of a node on SQLite is killed in the middle of an export by a job (O9a, J11).

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { SEGMENT_LENGTH } from '../../domain/text-index.ts';
import { queuedJob } from '../../events/jobs/job.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { ClusterNode } from '../cluster/cluster-node.ts';
import { AUTH_SECRET, eventually } from '../end-to-end/sale-client.ts';
import { dropWith, seal } from '../storage/sealed-drops.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const ORDERS = 8 * SEGMENT_LENGTH;
const JOB = 'j_killed';
const WAIT_MAX_MS = 60_000;

test('O9a, J11: an export whose process is killed goes on, and is the stream’s file', async (t) => {
  t.timeout(180_000);
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  const stores = await openSqliteStores({ directory });
  await seal(stores.snapshots, dropWith(ORDERS), 0);
  const params = { format: 'csv' };
  const job = { id: JOB, callerId: 'c', subject: 'd_1', params, total: null };
  await stores.jobs.add(queuedJob({ ...job, kind: 'export-orders' }, Date.now()), {
    ofKindMax: 1,
    ofCallerMax: 1,
  });
  await stores.close();
  const node = new ClusterNode({
    nodeId: 'alone',
    environment: {
      LIVEDROPS_DATA: directory,
      LIVEDROPS_PORT: '0',
      LIVEDROPS_LOG: 'warn',
      LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
      LIVEDROPS_RATE_LIMITS: 'off',
    },
  });
  t.teardown(() => node.kill());
  await node.start();
  const read = async () => (await node.client.get(`/v1/jobs/${JOB}`, { as: 'c' })).json;
  const folder = join(directory, 'exports', JOB);
  await eventually(async () => existsSync(join(folder, '1-1.part')), Boolean, WAIT_MAX_MS);
  await node.kill();
  const before = parts(folder).length;
  t.true(before < ORDERS / SEGMENT_LENGTH, `killed before its end, with ${before} parts`);

  await node.start();
  const done = await eventually(read, ({ state }) => state === 'done', WAIT_MAX_MS);
  t.like(done, { progress: { done: ORDERS, left: 0 } });
  const file = await node.client.get(`/v1/exports/${JOB}`, { as: 'c' });
  const stream = await node.client.get('/v1/drops/d_1/orders/export', { as: 'c' });
  t.deepEqual([file.status, stream.status], [200, 200]);
  t.true(file.text === stream.text, 'the same file');
  t.is(file.headers.get('drop-version'), stream.headers.get('drop-version'));
  // One step at most was done twice: of the last part of the first claim.
  const all = parts(folder);
  const bytes = all.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const again = bytes - Buffer.byteLength(file.text);
  t.true(again >= 0 && again < (2 * bytes) / all.length, `${again} bytes twice`);
  t.true(all.includes('2-0.part'), all.join(', '));
});

function parts(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.part'));
}
