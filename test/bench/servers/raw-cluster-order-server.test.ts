import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { LoadProcess } from '../../../bench/load/load-process.ts';
import type { ClosedLoop } from '../../../bench/measure.ts';
import { PROCESS_NAMES } from '../../../bench/servers/cluster-order-server.ts';
import { JOURNAL_BYTES_PER_ORDER } from '../../../bench/servers/order-server.ts';
import { RawClusterOrderServer } from '../../../bench/servers/raw-cluster-order-server.ts';

/** The entries of the stream, each some `x`, as Redis's append-only file has them. */
function entriesIn(directory: string): string[] {
  const folder = join(directory, 'appendonlydir');
  const files = readdirSync(folder).filter((name) => name.endsWith('.aof'));
  const text = files.map((name) => readFileSync(join(folder, name), 'latin1')).join('\n');
  return text.match(new RegExp(`x{${JOURNAL_BYTES_PER_ORDER},}`, 'g')) ?? [];
}

test('the cluster floor stores every answered order, many in an entry', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-test-'));
  const options = { bytesPerAnswer: 500, status: '201', unpinned: true } as const;
  const server = new RawClusterOrderServer(options, directory);
  const load: ClosedLoop = new LoadProcess({ generator: 'saturating' });
  t.teardown(() => load.stop());
  t.teardown(() => server.stop());
  await server.start();
  const plan = await server.drop();
  const { answers, statuses, errors, bytesPerAnswer } = await load.run({
    plan,
    connections: 16,
    seconds: 0.3,
  });
  t.deepEqual([statuses, errors, bytesPerAnswer], [{ 201: answers }, 0, 500]);
  const entries = entriesIn(directory);
  const bytes = entries.reduce((sum, { length }) => sum + length, 0);
  t.is(bytes, answers * JOURNAL_BYTES_PER_ORDER);
  t.true(entries.length < answers, `${entries.length} entries of ${answers} orders`);
  const parts = PROCESS_NAMES.reduce((sum, name) => sum + server.cpuMicrosOf(name), 0);
  t.true(parts > 0 && parts <= server.cpuMicros());
  await server.stop();
  t.false(existsSync(directory));
});
