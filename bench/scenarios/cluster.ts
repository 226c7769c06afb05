// One hot drop in a cluster: a gateway node and an actors node with NATS between them, and the
// journal in Redis with an fsync before every answer; beside one node alone and the bare server in
// the same rounds. CPU time is told for each process, since with two cores they share what there is.

import type { RequestPlan } from '../load/request-plan.ts';
import { type Measurement, type MeasuredServer, measure, median } from '../measure.ts';
import { LOAD_CORE, PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import { residentBytesOf } from '../process-usage.ts';
import {
  type CommonOptions,
  count,
  type Figure,
  type Finding,
  ratio,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
  type Tell,
} from '../scenario.ts';
import { ClusterServers, missingServers } from '../servers/cluster-servers.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';

/** With a limit of 1,000 units each, enough for every order a run can make. */
const BUYERS = 4096;
const STOCK = 10_000_000;
/** Long enough that the compilers of both nodes have seen to the hot functions. */
const WARM_UP_SECONDS = 12;
/** The bare server has next to nothing to compile. */
const WARM_UP_AGAIN_SECONDS = 1;
/** Of the bare server's answer, beside its body. */
const BARE_HEAD_BYTES = 60;
const BODY = '{"quantity":1}';

const RATE_AIM = 0.25;
const CPU_AIM_MICROS = 40;
/** Of its core: from here on the load may be what limits. */
const LOAD_BUSY_PERCENT = 90;

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

const FIGURES: readonly Figure[] = [
  { key: 'rate', label: 'orders', unit: 'orders/s', better: 'more', digits: 0 },
  { key: 'p50', label: 'p50', unit: 'ms', better: 'less', digits: 2 },
  { key: 'p99', label: 'p99', unit: 'ms', better: 'less', digits: 2 },
  { key: 'cpu', label: 'CPU an order', unit: 'µs', better: 'less', digits: 1 },
  { key: 'gateway', label: 'of it the gateway', unit: 'µs', better: 'less', digits: 1 },
  { key: 'actors', label: 'of it the owner', unit: 'µs', better: 'less', digits: 1 },
  { key: 'redis', label: 'of it Redis', unit: 'µs', better: 'less', digits: 1 },
  { key: 'nats', label: 'of it NATS', unit: 'µs', better: 'less', digits: 1 },
  { key: 'batch', label: 'orders in an entry', unit: '', better: 'neither', digits: 1 },
  { key: 'refused', label: 'not ordered', unit: '', better: 'less', digits: 0 },
  { key: 'servers', label: 'servers', unit: '% of a core', better: 'neither', digits: 0 },
  { key: 'load', label: 'load', unit: '% of a core', better: 'neither', digits: 0 },
];

export interface ClusterOptions extends CommonOptions {
  readonly connections: number;
  /** Enough of them that something is busy all the time. */
  readonly saturatingConnections: number;
  /** Leave it to the kernel which process runs on which core. */
  readonly unpinned?: boolean;
}

export const cluster: Scenario<ClusterOptions> = {
  name: 'cluster',
  description: 'one hot drop behind a gateway, NATS, an actors node and Redis: CPU time of each',
  options: [
    {
      flags: '--connections <n>',
      description: 'keep-alive connections',
      parse: count,
      default: 64,
    },
    {
      flags: '--saturating-connections <n>',
      description: 'so many that something is busy all the time',
      parse: count,
      default: 512,
    },
    { flags: '--unpinned', description: 'let the kernel choose the cores' },
  ],
  defaults: { rounds: 3, seconds: 4 },
  run: runCluster,
};

/** What orders are sent to: one setting of one server, in every round. */
interface Target {
  readonly subject: Omit<Subject, 'samples'>;
  readonly server: MeasuredServer;
  readonly plan: RequestPlan;
  readonly connections: number;
  readonly counters?: Readonly<Record<string, () => number | Promise<number>>>;
  readonly samples: Sample[];
}

async function runCluster(options: ClusterOptions, tell: Tell): Promise<ScenarioReport> {
  const missing = missingServers();
  if (missing !== null) return report(options, [], [missing]);
  const { profileDirectory } = options;
  const nodes = new ClusterServers({
    roles: ['gateway,services', 'actors'],
    profiles:
      profileDirectory === null
        ? null
        : { directory: profileDirectory, names: ['gateway', 'owner'] },
  });
  const alone = new LiveDropsServer();
  let bare: PinnedProcess | null = null;
  try {
    const targets = await clusterTargets(nodes, options);
    targets.push(await aloneTarget(alone, options));
    tell('cluster: warming up');
    const { bytesPerAnswer } = await shoot(targets[0]!, 1, WARM_UP_SECONDS);
    await shoot(targets.at(-1)!, 1, WARM_UP_SECONDS);
    bare = startBare(Math.max(1, Math.round(bytesPerAnswer) - BARE_HEAD_BYTES));
    targets.push(...(await bareTargets(bare, options)));
    for (let round = 0; round < options.rounds; round++) {
      for (const target of targets) {
        tell(`cluster: round ${round + 1} of ${options.rounds}, ${target.subject.label}`);
        const measured = await shoot(target, options.seconds, WARM_UP_AGAIN_SECONDS);
        target.samples.push(sampleOf(measured));
      }
    }
    return report(
      options,
      targets.map(({ subject, samples }) => ({ ...subject, samples })),
      notesOf(targets),
    );
  } catch (error) {
    tell(nodes.logs());
    throw error;
  } finally {
    await bare?.stop();
    await alone.stop();
    await nodes.stop();
  }
}

function shoot(target: Target, seconds: number, warmUpSeconds: number): Promise<Measurement> {
  return measure({ ...target, generator: 'saturating', seconds, warmUpSeconds });
}

async function clusterTargets(nodes: ClusterServers, options: ClusterOptions): Promise<Target[]> {
  await nodes.start();
  if (options.unpinned !== true) {
    for (const name of PROCESS_NAMES) nodes.pinToCore(PROCESSES[name], CORES[name]);
  }
  const counters = Object.fromEntries(
    PROCESS_NAMES.map((name) => [name, () => nodes.cpuMicros(PROCESSES[name])]),
  );
  const sum = (of: (name: ProcessName) => number): number =>
    PROCESS_NAMES.reduce((all, name) => all + of(name), 0);
  const server = {
    cpuMicros: () => sum((name) => counters[name]!()),
    residentBytes: () => sum((name) => residentBytesOf(nodes.pid(PROCESSES[name]))),
  };
  const plan = await planFor(nodes);
  // Many connections first: nothing compiles as much code in as little time.
  return [options.saturatingConnections, options.connections].map((connections) => ({
    subject: {
      key: `cluster-${connections}`,
      label: `cluster, ${connections} connections`,
      role: 'livedrops',
      about:
        'A gateway node and the owner of the drop, each a process, with nats-server between them; ' +
        'redis-server appends the journal and fsyncs before each answer.',
    },
    server,
    plan,
    connections,
    counters: { ...counters, entries: () => nodes.journalEntries(PROCESSES.actors) },
    samples: [],
  }));
}

async function aloneTarget(alone: LiveDropsServer, options: ClusterOptions): Promise<Target> {
  await alone.start();
  const { connections } = options;
  return {
    subject: {
      key: `alone-${connections}`,
      label: `one node alone, ${connections} connections`,
      role: 'livedrops',
      about: 'The same program as one process with every role, on SQLite with synchronous=full.',
    },
    server: alone.process,
    plan: await planFor(alone),
    connections,
    samples: [],
  };
}

function startBare(bodyBytes: number): PinnedProcess {
  const script = new URL('../servers/raw-server.ts', import.meta.url).pathname;
  return new PinnedProcess({ core: SERVER_CORE, args: [script, String(bodyBytes)] });
}

async function bareTargets(bare: PinnedProcess, options: ClusterOptions): Promise<Target[]> {
  const { hostname: host, port } = new URL((await bare.line()).replace('ready on ', ''));
  const plan = { host, port: Number(port), paths: ['/'], tokens: [''], body: BODY };
  return [options.saturatingConnections, options.connections].map((connections) => ({
    subject: {
      key: `bare-${connections}`,
      label: `bare server, ${connections} connections`,
      role: 'ceiling',
      about: 'uWebSockets.js reads and parses the same body and answers as many bytes, no more.',
    },
    server: bare,
    plan,
    connections,
    samples: [],
  }));
}

async function planFor(server: LiveDropsServer | ClusterServers): Promise<RequestPlan> {
  const dropId = await server.drop(STOCK);
  return {
    host: server.host,
    port: server.port,
    paths: [`/v1/drops/${dropId}/orders`],
    tokens: Array.from({ length: BUYERS }, (_, i) => server.token(`buyer-${i}`)),
    body: BODY,
  };
}

function sampleOf(measured: Measurement): Sample {
  const { answers, statuses, growth } = measured;
  const orders = statuses['201'] ?? 0;
  const figures: Record<string, number> = {
    rate: orders / measured.seconds,
    p50: measured.p50Ms,
    p99: measured.p99Ms,
    cpu: measured.serverCpuMicrosPerAnswer,
    refused: answers - orders,
    servers: measured.serverCpuShare * 100,
    load: measured.loadCpuShare * 100,
  };
  for (const name of PROCESS_NAMES) {
    if (growth[name] !== undefined) figures[name] = growth[name] / orders;
  }
  if (growth['entries'] !== undefined) figures['batch'] = orders / growth['entries'];
  return { figures };
}

function findingsOf(options: ClusterOptions, subjects: readonly Subject[]): Finding[] {
  const { connections, saturatingConnections } = options;
  const find = (key: string): Subject => subjects.find((subject) => subject.key === key)!;
  return [saturatingConnections, connections].flatMap((number, index) => {
    const [own, bare] = [find(`cluster-${number}`), find(`bare-${number}`)];
    const among = `with ${number} connections`;
    const each = (key: string): number[] => own.samples.map(({ figures }) => figures[key]!);
    const cost = { digits: 1, better: 'less' } as const;
    return [
      ratio({
        label: `orders a second to the bare server, ${among}`,
        of: own,
        to: bare,
        figure: 'rate',
        aim: index === 0 ? RATE_AIM : null,
      }),
      {
        ...cost,
        label: `CPU time of all processes to the bare server's, ${among}`,
        unit: 'times',
        samples: each('cpu').map((micros, round) => micros / bare.samples[round]!.figures['cpu']!),
        aim: null,
      },
      {
        ...cost,
        label: `CPU time of an order in all processes, ${among}`,
        unit: 'µs',
        samples: each('cpu'),
        aim: index === 0 ? CPU_AIM_MICROS : null,
      },
      { ...cost, label: `p99 of an order, ${among}`, unit: 'ms', samples: each('p99'), aim: null },
    ];
  });
}

/** What a reader of the figures has to know. */
function notesOf(targets: readonly Target[]): string[] {
  const notes: string[] = [];
  for (const { subject, samples } of targets) {
    const refused = samples.reduce((all, { figures }) => all + figures['refused']!, 0);
    if (refused > 0) notes.push(`${subject.label}: ${refused} requests were not ordered.`);
    const busy = median(samples.map(({ figures }) => figures['load']!));
    if (busy > LOAD_BUSY_PERCENT) {
      notes.push(`${subject.label}: the load took ${busy.toFixed(0)} % of its core.`);
    }
  }
  return notes;
}

function report(
  options: ClusterOptions,
  subjects: readonly Subject[],
  notes: readonly string[],
): ScenarioReport {
  const { rounds, seconds, connections, saturatingConnections, unpinned = false } = options;
  return {
    name: cluster.name,
    title: 'One hot drop in a cluster',
    method:
      'A drop with more stock than the run can sell takes orders of one unit through a gateway ' +
      'node, NATS, the node that owns the drop, and Redis, which fsyncs before every answer. ' +
      'Gateway, Redis and NATS have one core; the owner shares the other with the load, which ' +
      'splits the work about evenly. CPU time is what the kernel accounts to each process. One ' +
      'node alone and the bare server get the same load on the first core in every round.',
    settings: { rounds, seconds, connections, saturatingConnections, unpinned, buyers: BUYERS },
    figures: FIGURES,
    subjects,
    findings: subjects.length === 0 ? [] : findingsOf(options, subjects),
    notes,
  };
}
