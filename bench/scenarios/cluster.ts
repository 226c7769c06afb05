// One hot drop in a cluster: a gateway node and an actors node with NATS between them, and the
// journal in Redis with an fsync before every answer; beside one node alone and the bare server in
// the same run. CPU time is told for each process, since with two cores they share what there is.

import type { RequestPlan } from '../load/request-plan.ts';
import { median, type Measurement, measure } from '../measure.ts';
import { LOAD_CORE, PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import { residentBytesOf } from '../process-usage.ts';
import { ClusterServers } from '../servers/cluster-servers.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';

/** With a limit of 1,000 units each, enough for every order a run can make. */
const BUYERS = 4096;
const STOCK = 10_000_000;
/** Long enough that the compilers of both nodes have seen to the hot functions. */
const WARM_UP_SECONDS = 12;
const WARM_UP_AGAIN_SECONDS = 2;

/** Who works for an order, by the name that the table shows. */
const PROCESSES = {
  gateway: 'node-1',
  actors: 'node-2',
  redis: 'redis',
  nats: 'nats',
} as const;
type ProcessName = keyof typeof PROCESSES;
const PROCESS_NAMES = Object.keys(PROCESSES) as ProcessName[];

/** The gateway and what it costs to send are nearly half of all: it has a core with the servers. */
const CORES: Readonly<Record<ProcessName, number>> = {
  gateway: SERVER_CORE,
  actors: LOAD_CORE,
  redis: SERVER_CORE,
  nats: SERVER_CORE,
};

export interface ClusterOptions {
  readonly runs: number;
  readonly seconds: number;
  readonly connections: number;
  /** Enough of them that something is busy all the time. */
  readonly saturatingConnections: number;
  /** Leave it to the kernel which process runs on which core. */
  readonly unpinned?: boolean;
  /** Go before the script of every node, such as `--cpu-prof`. */
  readonly nodeArgs?: readonly string[];
}

export interface ClusterMeasurement extends Measurement {
  readonly ordersPerEntry: number;
  readonly micros: Readonly<Record<ProcessName, number>>;
}

export interface ClusterRun {
  readonly ceiling: Measurement;
  readonly embedded: Measurement;
  readonly orders: ClusterMeasurement;
  readonly saturated: ClusterMeasurement;
  readonly saturatedConnections: number;
}

export async function cluster(options: ClusterOptions): Promise<ClusterRun[]> {
  const runs: ClusterRun[] = [];
  for (let run = 0; run < options.runs; run++) {
    process.stderr.write(`cluster: run ${run + 1} of ${options.runs}\n`);
    const measured = await measureCluster(options);
    const embedded = await measureEmbedded(options);
    const ceiling = await measureCeiling(options, measured.orders);
    const saturatedConnections = options.saturatingConnections;
    runs.push({ ceiling, embedded, ...measured, saturatedConnections });
  }
  return runs;
}

async function measureCluster(
  options: ClusterOptions,
): Promise<Pick<ClusterRun, 'orders' | 'saturated'>> {
  const { nodeArgs = [] } = options;
  const servers = new ClusterServers({ roles: ['gateway,services', 'actors'], nodeArgs });
  try {
    await servers.start();
    if (options.unpinned !== true) {
      for (const name of PROCESS_NAMES) servers.pinToCore(PROCESSES[name], CORES[name]);
    }
    const plan = await planFor(servers);
    const pids = PROCESS_NAMES.map((name) => servers.pid(PROCESSES[name]));
    const sum = (read: (pid: number) => number): number =>
      pids.reduce((total, pid) => total + read(pid), 0);
    const counters = Object.fromEntries(
      PROCESS_NAMES.map((name) => [name, () => servers.cpuMicros(PROCESSES[name])]),
    );
    const loaded = {
      server: {
        cpuMicros: () => PROCESS_NAMES.reduce((all, name) => all + counters[name]!(), 0),
        residentBytes: () => sum(residentBytesOf),
      },
      plan,
      generator: 'saturating',
      seconds: options.seconds,
      counters: { ...counters, entries: () => servers.journalEntries(PROCESSES.actors) },
    } as const;
    const { connections, saturatingConnections } = options;
    // Many connections first: nothing compiles as much code in as little time.
    const saturated = await measure({
      ...loaded,
      connections: saturatingConnections,
      warmUpSeconds: WARM_UP_SECONDS,
    });
    const orders = await measure({ ...loaded, connections, warmUpSeconds: WARM_UP_AGAIN_SECONDS });
    return { orders: byProcess(orders), saturated: byProcess(saturated) };
  } catch (error) {
    process.stderr.write(`${servers.log('node-1')}\n${servers.log('node-2')}\n`);
    throw error;
  } finally {
    await servers.stop();
  }
}

function byProcess(measured: Measurement): ClusterMeasurement {
  const { growth, statuses } = measured;
  const orders = statuses['201'] ?? 0;
  const micros = Object.fromEntries(
    PROCESS_NAMES.map((name) => [name, growth[name]! / orders]),
  ) as Record<ProcessName, number>;
  return { ...measured, ordersPerEntry: orders / growth['entries']!, micros };
}

async function measureEmbedded(options: ClusterOptions): Promise<Measurement> {
  const server = new LiveDropsServer();
  try {
    await server.start();
    return await measure({
      server: server.process,
      plan: await planFor(server),
      generator: 'saturating',
      connections: options.connections,
      seconds: options.seconds,
      warmUpSeconds: WARM_UP_SECONDS,
    });
  } finally {
    await server.stop();
  }
}

async function measureCeiling(options: ClusterOptions, like: Measurement): Promise<Measurement> {
  const script = new URL('../servers/raw-server.ts', import.meta.url).pathname;
  // Its own header is about 60 bytes: the body makes up the rest.
  const bodyBytes = Math.max(1, Math.round(like.bytesPerAnswer) - 60);
  const server = new PinnedProcess({ core: SERVER_CORE, args: [script, String(bodyBytes)] });
  try {
    const { hostname: host, port } = new URL((await server.line()).replace('ready on ', ''));
    return await measure({
      server,
      plan: { host, port: Number(port), path: '/', tokens: [''], body: '{"quantity":1}' },
      generator: 'saturating',
      connections: options.connections,
      seconds: options.seconds,
      warmUpSeconds: 1,
    });
  } finally {
    await server.stop();
  }
}

async function planFor(server: LiveDropsServer | ClusterServers): Promise<RequestPlan> {
  const dropId = await server.drop(STOCK);
  return {
    host: server.host,
    port: server.port,
    path: `/v1/drops/${dropId}/orders`,
    tokens: Array.from({ length: BUYERS }, (_, i) => server.token(`buyer-${i}`)),
    body: '{"quantity":1}',
  };
}

export function describeCluster(runs: readonly ClusterRun[]): string {
  const middle = (read: (run: ClusterRun) => number) => median(runs.map(read));
  const number = (read: (run: ClusterRun) => number, digits: number, width = 9) =>
    middle(read).toFixed(digits).padStart(width);
  const row = (name: string, of: (run: ClusterRun) => Measurement) =>
    name.padEnd(28) +
    number((run) => of(run).perSecond, 0) +
    number((run) => of(run).p50Ms, 2) +
    number((run) => of(run).p99Ms, 2) +
    number((run) => of(run).serverCpuMicrosPerAnswer, 1, 10) +
    number((run) => of(run).serverCpuShare * 100, 0, 9) +
    number((run) => of(run).loadCpuShare * 100, 0, 8);
  const detail = (name: string, of: (run: ClusterRun) => ClusterMeasurement) =>
    name.padEnd(28) +
    PROCESS_NAMES.map((process) => number((run) => of(run).micros[process], 1)).join('') +
    number((run) => of(run).ordersPerEntry, 1, 14) +
    number((run) => otherAnswers(of(run)), 0, 12);
  const many = `cluster, ${runs[0]!.saturatedConnections} connections`;
  const cpuOf = (of: (run: ClusterRun) => Measurement) =>
    middle((run) => of(run).serverCpuMicrosPerAnswer / run.ceiling.serverCpuMicrosPerAnswer);
  const rateOf = (of: (run: ClusterRun) => Measurement) =>
    middle((run) => of(run).perSecond / run.ceiling.perSecond);
  return [
    `${' '.repeat(28)} a second   p50 ms   p99 ms    CPU µs servers %  load %`,
    row('bare server (ceiling)', (run) => run.ceiling),
    row('one node alone', (run) => run.embedded),
    row('cluster', (run) => run.orders),
    row(many, (run) => run.saturated),
    '',
    `${'CPU µs an order'.padEnd(28)}${PROCESS_NAMES.map((name) => name.padStart(9)).join('')}` +
      '  orders/entry  not ordered',
    detail('cluster', (run) => run.orders),
    detail(many, (run) => run.saturated),
    '',
    `to the ceiling: ${rateOf((run) => run.orders).toFixed(2)} by rate ` +
      `(${rateOf((run) => run.saturated).toFixed(2)} with many connections; wanted 0.25), ` +
      `${cpuOf((run) => run.orders).toFixed(1)} times its CPU time ` +
      `(${cpuOf((run) => run.saturated).toFixed(1)}; wanted at most 40 µs)`,
  ].join('\n');
}

function otherAnswers({ answers, statuses }: Measurement): number {
  return answers - (statuses['201'] ?? 0);
}
