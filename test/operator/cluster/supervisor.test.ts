// The supervisor of a cluster, with real servers and stand-ins for the nodes. `cluster.test.ts` has
// the tests with real nodes.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ava, { type ExecutionContext, type TestFn } from 'ava';
import { connect } from 'nats';
import { Redis } from 'ioredis';
import {
  ClusterSupervisor,
  type ClusterSupervisorOptions,
} from '../../../operator/cluster/supervisor.ts';
import { natsInstalled } from '../../servers/nats-server.ts';
import { redisInstalled } from '../../servers/redis-server.ts';

const test = (natsInstalled && redisInstalled ? ava : ava.skip) as TestFn;

/** Prints the ready line of a node, and logs its settings and the time of its end. */
const STAND_IN = `
  const settings = Object.entries(process.env).filter(([name]) => name.startsWith('LIVEDROPS_'));
  console.log(JSON.stringify(Object.fromEntries(settings)));
  process.on('SIGTERM', () => { console.error('ended at', Date.now()); process.exit(0); });
  setInterval(() => 0, 1000);
  console.log('LiveDrops ready on http://127.0.0.1:' + process.env.LIVEDROPS_PORT);`;

function scene(t: ExecutionContext, options: Partial<ClusterSupervisorOptions> = {}) {
  const dataDirectory =
    options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'livedrops-supervisor-'));
  const reports: string[] = [];
  const cluster = new ClusterSupervisor({
    dataDirectory,
    nodeCount: 2,
    port: 0,
    nodeProgram: { program: process.execPath, args: ['-e', STAND_IN] },
    report: (text) => void reports.push(text),
    ...options,
  });
  t.teardown(async () => {
    await cluster.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  });
  const log = (name: string): string =>
    readFileSync(join(dataDirectory, 'logs', `${name}.log`), 'utf8');
  const settings = (nodeId: string): Record<string, string> =>
    JSON.parse(log(nodeId).split('\n', 1)[0]!) as Record<string, string>;
  return { cluster, dataDirectory, reports, log, settings };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

function lives(pid: number | null): boolean {
  try {
    return pid !== null && process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a file has what all nodes have in common, for commands that read the stores', async (t) => {
  const { cluster, dataDirectory, settings } = scene(t, {
    environment: { LIVEDROPS_PUBLIC_URL: "https://it's.example" },
  });
  await cluster.start();
  const file = join(dataDirectory, 'settings.env');
  t.is(statSync(file).mode & 0o777, 0o600);
  const program = 'set -a; . "$1"; exec "$0" -p "JSON.stringify(process.env)"';
  const shell = spawnSync('sh', ['-c', program, process.execPath, file], { encoding: 'utf8' });
  const found = Object.entries(JSON.parse(shell.stdout) as Record<string, string>);
  const { LIVEDROPS_DATA, ...shared } = Object.fromEntries(
    found.filter(([name]) => name.startsWith('LIVEDROPS_')),
  );
  t.is(LIVEDROPS_DATA, dataDirectory);
  t.like(settings('node-1'), shared);
  for (const name of ['STORE', 'NATS', 'PAYMENT_SECRET', 'AUTH_SECRET_FILE', 'PUBLIC_URL'])
    t.truthy(shared[`LIVEDROPS_${name}`], name);
});

test('each node gets its own port and id, the servers, and shared secrets and archive', async (t) => {
  const { cluster, dataDirectory, settings } = scene(t, {
    environment: { LIVEDROPS_RATE_LIMITS: 'off' },
    nodeEnvironment: (nodeId) =>
      nodeId === 'node-1' ? { LIVEDROPS_ROLES: 'gateway' } : { LIVEDROPS_ROLES: 'actors' },
  });
  await cluster.start();
  const [one, two] = [settings('node-1'), settings('node-2')];
  const urls = cluster.nodes.map(({ url }) => url);
  t.is(new Set(urls).size, 2);
  t.deepEqual(one, {
    LIVEDROPS_LOG: 'warn',
    LIVEDROPS_THREADS: '1',
    LIVEDROPS_ARCHIVE: join(dataDirectory, 'archive'),
    LIVEDROPS_EXPORTS: join(dataDirectory, 'exports'),
    LIVEDROPS_RATE_LIMITS: 'off',
    LIVEDROPS_ROLES: 'gateway',
    LIVEDROPS_HOST: '127.0.0.1',
    LIVEDROPS_PORT: new URL(urls[0]!).port,
    LIVEDROPS_DATA: join(dataDirectory, 'node-1'),
    LIVEDROPS_STORE: cluster.redisUrl,
    LIVEDROPS_NATS: cluster.natsUrl,
    LIVEDROPS_NODE_ID: 'node-1',
    LIVEDROPS_AUTH_SECRET_FILE: join(dataDirectory, 'auth-secret'),
    LIVEDROPS_PAYMENT_SECRET: one['LIVEDROPS_PAYMENT_SECRET']!,
    LIVEDROPS_DETAILS_SECRET: readFileSync(join(dataDirectory, 'details-secret'), 'utf8').trim(),
    LIVEDROPS_PASS_SECRET: readFileSync(join(dataDirectory, 'pass-secret'), 'utf8').trim(),
  });
  t.is(two['LIVEDROPS_ROLES'], 'actors');
  const shared = [
    'AUTH_SECRET_FILE',
    'PAYMENT_SECRET',
    'DETAILS_SECRET',
    'PASS_SECRET',
    'STORE',
    'ARCHIVE',
    'EXPORTS',
  ];
  for (const name of shared.map((setting) => `LIVEDROPS_${setting}`)) {
    t.true(one[name] !== undefined && two[name] === one[name], name);
  }
  t.is(statSync(join(dataDirectory, 'auth-secret')).mode & 0o777, 0o600);
  t.is(readFileSync(join(dataDirectory, 'server-url'), 'utf8'), urls[0]!);
});

test('X4: each node gets an operators’ port of its own where one is given', async (t) => {
  const { cluster, dataDirectory, settings } = scene(t, {
    environment: { LIVEDROPS_ADMIN_PORT: '0' },
  });
  await cluster.start();
  const ports = ['node-1', 'node-2'].map((nodeId) => settings(nodeId)['LIVEDROPS_ADMIN_PORT']);
  t.is(new Set(ports).size, 2);
  const urls = cluster.nodes.map(({ operatorUrl }) => operatorUrl);
  t.deepEqual(
    urls,
    ports.map((port) => `http://127.0.0.1:${port}`),
  );
  t.is(readFileSync(join(dataDirectory, 'server-url'), 'utf8'), urls[0]!);
});

test('M4: nodes with media have a port each for them, and one folder of blobs', async (t) => {
  const { cluster, dataDirectory, settings } = scene(t, { media: true });
  await cluster.start();
  const all = ['node-1', 'node-2'].map(settings);
  const folder = join(dataDirectory, 'blobs');
  t.is(statSync(folder).mode & 0o777, 0o700);
  t.deepEqual(
    all.map((of) => of['LIVEDROPS_BLOBS']),
    [`file:${folder}`, `file:${folder}`],
  );
  const ports = all.flatMap((of) => [of['LIVEDROPS_PORT'], of['LIVEDROPS_MEDIA_PORT']]);
  t.is(new Set(ports).size, 4);
  t.deepEqual(
    cluster.nodes.map(({ mediaUrl }) => mediaUrl),
    all.map((of) => `http://127.0.0.1:${of['LIVEDROPS_MEDIA_PORT']}`),
  );
});

test('J2: Redis has fsync always and noeviction, and its data survives a stop', async (t) => {
  const { cluster } = scene(t, { nodeCount: 1 });
  await cluster.start();
  const redis = new Redis(cluster.redisUrl);
  const settingOf = async (name: string) => ((await redis.config('GET', name)) as string[])[1];
  t.is(await settingOf('appendfsync'), 'always');
  t.is(await settingOf('maxmemory-policy'), 'noeviction');
  await redis.set('stored', 'yes');
  redis.disconnect();
  await cluster.stopServer('redis');
  t.is(cluster.serverPid('redis'), null);
  await cluster.startServer('redis');
  const again = new Redis(cluster.redisUrl);
  t.is(await again.get('stored'), 'yes');
  again.disconnect();
  const nats = await connect({ servers: cluster.natsUrl });
  await nats.close();
});

test('a stop ends the nodes before Redis and leaves no process', async (t) => {
  const { cluster, log } = scene(t);
  await cluster.start();
  const pids = [
    ...cluster.nodes.map(({ pid }) => pid),
    cluster.serverPid('redis'),
    cluster.serverPid('nats'),
  ];
  t.true(pids.every(lives));
  await Promise.all([cluster.stop(), cluster.stop()]);
  t.deepEqual(pids.map(lives), [false, false, false, false]);
  await until(() => /ended at \d+\n/.test(log('node-2')));
  await until(() => /ready to exit/.test(log('redis')));
  const nodesEndedAt = Number(/ended at (\d+)/.exec(log('node-2'))?.[1]);
  const lastLine = log('redis').trimEnd().split('\n').at(-1) ?? '';
  const redisEndedAt = Date.parse(`${/\d+ \w+ \d{4} [\d:.]+/.exec(lastLine)?.[0]}Z`);
  t.true(redisEndedAt >= nodesEndedAt, `${redisEndedAt} ${nodesEndedAt}`);
});

test('a killed node restarts on its port; a stopped node waits for startNode', async (t) => {
  const { cluster, reports } = scene(t);
  await cluster.start();
  const before = cluster.nodes[1]!;
  await cluster.kill('node-2');
  await until(() => cluster.nodes[1]!.state === 'running');
  const after = cluster.nodes[1]!;
  t.deepEqual([after.url, after.restarts], [before.url, 1]);
  t.not(after.pid, before.pid);
  t.is(reports[0], 'node-2 has crashed (SIGKILL), restart in 200 ms');
  await cluster.stopNode('node-1');
  t.is(cluster.nodes[0]!.state, 'ended');
  await cluster.startNode('node-1');
  t.is(cluster.nodes[0]!.state, 'running');
});

test('a taken port fails the start before Redis starts', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const { cluster } = scene(t, { port, nodeCount: 1 });
  const error = await t.throwsAsync(cluster.start());
  t.is(error?.message, `port ${port} of node-1 is taken; --port sets another first port`);
  t.is(cluster.serverPid('redis'), null);
  other.close();
});

test('a data directory has one cluster at a time, and the next after its stop', async (t) => {
  const first = scene(t, { nodeCount: 1 });
  const { dataDirectory } = first;
  const second = scene(t, { dataDirectory, nodeCount: 1 });
  const third = scene(t, { dataDirectory, nodeCount: 1 });
  await first.cluster.start();
  const error = await t.throwsAsync(second.cluster.start());
  t.is(error?.message, `${dataDirectory} is in use by another LiveDrops process`);
  t.is(second.cluster.serverPid('redis'), null);
  await second.cluster.stop();
  t.true(lives(first.cluster.serverPid('redis')));
  await first.cluster.stop();
  await third.cluster.start();
  t.true(lives(third.cluster.serverPid('redis')));
});

test('a cluster does not start on the directory of a single node', async (t) => {
  const { cluster, dataDirectory } = scene(t);
  writeFileSync(join(dataDirectory, 'journal.db'), '');
  const error = await t.throwsAsync(cluster.start());
  t.is(error?.message, `${dataDirectory} belongs to a single node: use npm start`);
  t.is(cluster.serverPid('redis'), null);
});

test('when a node does not start, the error has its output and the servers stop', async (t) => {
  const { cluster } = scene(t, {
    nodeProgram: { program: process.execPath, args: ['-e', 'throw new Error("broken")'] },
  });
  const error = await t.throwsAsync(cluster.start());
  t.regex(error?.message ?? '', /^node-[12] ended before it was ready \(exit code 1\):/);
  t.deepEqual([cluster.serverPid('redis'), cluster.serverPid('nats')], [null, null]);
});

test('a stop during the start leaves no process', async (t) => {
  const { cluster } = scene(t);
  const started = t.throwsAsync(cluster.start());
  await until(() => cluster.serverPid('redis') !== null);
  const pid = cluster.serverPid('redis');
  await cluster.stop();
  await started;
  t.false(lives(pid));
  t.deepEqual([cluster.serverPid('nats'), cluster.nodes.length], [null, 0]);
});

test('a stop right after the start call releases the directory', async (t) => {
  const first = scene(t);
  const started = t.throwsAsync(first.cluster.start());
  await first.cluster.stop();
  await started;
  const { dataDirectory } = first;
  const { cluster } = scene(t, { dataDirectory, nodeCount: 1 });
  await t.notThrowsAsync(cluster.start());
});
