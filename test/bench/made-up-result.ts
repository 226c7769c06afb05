// A complete result with figures made up in code. The figures are the same each time and were not
// measured.

import { RESULT_FORMAT, type BenchResult, type ScenarioRun } from '../../bench/result.ts';
import {
  type Figure,
  LATENCY_PERCENTILES,
  type LatencyPoint,
  ratio,
  type Role,
  type Sample,
  type Subject,
} from '../../bench/scenario.ts';

const ROUNDS = 5;

/** Around 1, by a tenth at most: a fixed walk instead of chance. */
function wobble(seed: number, round: number): number {
  return 1 + 0.1 * Math.sin(seed * 12.9898 + round * 78.233);
}

function latencyAround(ms: number, round: number): LatencyPoint[] {
  const factors = [1, 1.2, 1.7, 2.1, 3.9, 11, 19];
  return LATENCY_PERCENTILES.map((p, at) => [p, ms * factors[at]! * wobble(at + ms, round)]);
}

interface Made {
  readonly key: string;
  readonly label: string;
  readonly role: Role;
  readonly about: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly latencyMs?: number;
}

export function madeUpSubject({ figures, latencyMs, ...subject }: Made, rounds = ROUNDS): Subject {
  const samples = Array.from({ length: rounds }, (_, round): Sample => {
    const values = Object.entries(figures).map(
      ([key, value], at) => [key, value * wobble(at + value, round)] as const,
    );
    const sample = { figures: Object.fromEntries(values) };
    return latencyMs === undefined
      ? sample
      : { ...sample, latency: latencyAround(latencyMs, round) };
  });
  return { ...subject, samples };
}

const MS = { unit: 'ms', better: 'less', digits: 1 } as const;
const SHARE = { unit: '%', better: 'neither', digits: 0 } as const;
const ORDER_FIGURES: readonly Figure[] = [
  { key: 'perSecond', label: 'orders', unit: 'orders/s', better: 'more', digits: 0 },
  { key: 'p50Ms', label: 'p50', ...MS },
  { key: 'p99Ms', label: 'p99', ...MS },
  { key: 'cpuMicros', label: 'server CPU', unit: 'µs', better: 'less', digits: 1 },
  { key: 'server', label: 'server of its core', ...SHARE },
  { key: 'load', label: 'load of its core', ...SHARE },
];

function orderFigures(perSecond: number, cpuMicros: number, p50Ms: number): Made['figures'] {
  return { perSecond, cpuMicros, p50Ms, p99Ms: p50Ms * 4, server: 92, load: 55 };
}

function orderHot(): ScenarioRun {
  const subjects = [
    madeUpSubject({
      key: 'livedrops',
      label: 'LiveDrops',
      role: 'livedrops',
      about:
        'This commit, one process, SQLite: an order is in the journal, synced, before its answer.',
      figures: orderFigures(28_400, 32, 1.9),
      latencyMs: 1.9,
    }),
    madeUpSubject({
      key: 'raw',
      label: 'bare uWebSockets.js',
      role: 'ceiling',
      about: 'Reads and parses the same body, answers as many bytes, and keeps nothing.',
      figures: orderFigures(51_000, 17, 1.1),
      latencyMs: 1.1,
    }),
    madeUpSubject({
      key: 'fastify-redis',
      label: 'Fastify and Redis',
      role: 'peer',
      about: 'Fastify 5, one Lua script on redis-server 7.0, AOF synced before every answer.',
      figures: orderFigures(11_900, 81, 4.6),
      latencyMs: 4.6,
    }),
    madeUpSubject({
      key: 'postgres',
      label: 'Fastify and PostgreSQL',
      role: 'peer',
      about: 'PostgreSQL 15, a hot row and a unique key, synchronous_commit on.',
      figures: orderFigures(1_950, 402, 31),
      latencyMs: 31,
    }),
    madeUpSubject({
      key: 'durable-objects',
      label: 'Durable Objects in workerd <local>',
      role: 'peer',
      about: 'One object for each drop, SQLite storage; its output gate waits for the disk.',
      figures: orderFigures(2_300, 390, 26),
      latencyMs: 26,
    }),
    madeUpSubject({
      key: 'livedrops-512',
      label: 'LiveDrops, 512 connections',
      role: 'livedrops',
      about: 'The same.',
      figures: orderFigures(31_000, 29, 15),
      latencyMs: 15,
    }),
    madeUpSubject({
      key: 'raw-512',
      label: 'bare uWebSockets.js, 512 connections',
      role: 'ceiling',
      about: 'The same, bare.',
      figures: orderFigures(54_000, 16.5, 8.8),
      latencyMs: 8.8,
    }),
  ];
  const [own, ceiling, redis, postgres] = subjects as [Subject, Subject, Subject, Subject];
  const rate = { of: own, figure: 'perSecond' } as const;
  return {
    seconds: 214,
    stolenShare: 0.004,
    report: {
      name: 'order-hot',
      title: 'One hot drop',
      method:
        'A drop with more stock than the run can sell takes orders of one unit over keep-alive ' +
        'connections, every request under a key of its own. Every order is synced to disk before ' +
        'its answer. The ceiling answers as many bytes and does nothing else.',
      settings: {
        rounds: ROUNDS,
        seconds: 3,
        connections: 64,
        'many connections': 512,
        peers: true,
      },
      figures: ORDER_FIGURES,
      subjects,
      findings: [
        ratio({ ...rate, label: 'rate, of the ceiling', to: ceiling, aim: 0.6 }),
        ratio({
          label: "CPU time, the ceiling's to its own",
          of: own,
          to: ceiling,
          figure: 'cpuMicros',
          inverse: true,
          aim: 0.52,
        }),
        ratio({ ...rate, label: 'rate, times Fastify and Redis', to: redis, aim: 1 }),
        ratio({ ...rate, label: 'rate, times Fastify and PostgreSQL', to: postgres, aim: 1 }),
        {
          label: 'p99 at 64 connections',
          unit: 'ms',
          digits: 1,
          better: 'less',
          aim: 25,
          samples: [7.4, 7.9, 7.1, 9.2, 7.7],
        },
        {
          label: 'memory of an order',
          unit: 'bytes',
          digits: 0,
          better: 'less',
          aim: null,
          samples: [126],
        },
      ],
      notes: [
        'autocannon is itself the limit: it keeps its own core 99 % busy at 13,000 requests ' +
          'a second.',
        'Left out: Elixir & <script>alert("peers")</script>: not installed.',
      ],
    },
  };
}

const STREAM_FIGURES: readonly Figure[] = [
  { key: 'cpu', label: 'server CPU a delivered frame', unit: 'µs', better: 'less', digits: 2 },
  { key: 'p50', label: 'single change, p50', ...MS },
  { key: 'p99', label: 'single change, p99', ...MS },
  { key: 'start', label: 'start of a drop, p99', ...MS },
  { key: 'stormCpu', label: 'storm: server CPU a frame', unit: 'µs', better: 'less', digits: 2 },
  { key: 'storm', label: 'storm: order to frame, p99', ...MS },
  { key: 'bytes', label: 'memory of an idle connection', unit: 'bytes', better: 'less', digits: 0 },
  { key: 'opened', label: 'connections opened', unit: '/s', better: 'more', digits: 0 },
  { key: 'missed', label: 'frames out of order', unit: '', better: 'less', digits: 0 },
];

function liveFanout(): ScenarioRun {
  const made = (key: string, label: string, role: Role, cpu: number, bytes: number): Subject =>
    madeUpSubject({
      key,
      label,
      role,
      about: `${label}, frames of the same size.`,
      figures: {
        cpu,
        p50: cpu * 5,
        p99: cpu * 9,
        start: cpu * 8.5,
        stormCpu: cpu * 1.2,
        storm: cpu * 12,
        bytes,
        opened: 9_000,
        missed: 0,
      },
      latencyMs: cpu * 5,
    });
  const subjects = [
    made('livedrops', 'LiveDrops', 'livedrops', 9.7, 6_100),
    made('raw', 'raw publish', 'ceiling', 9.4, 5_700),
    made('ws', 'ws', 'peer', 9.1, 11_200),
    made('socket-io', 'Socket.IO', 'peer', 24, 31_000),
  ];
  const [own, ceiling] = subjects as [Subject, Subject];
  return {
    seconds: 160,
    stolenShare: 0.011,
    report: {
      name: 'live-fanout',
      title: 'Ten thousand watch one drop',
      method: 'Ten thousand clients subscribe to one drop; a frame counts once it is at a client.',
      settings: { rounds: ROUNDS, subscribers: 10_000 },
      figures: STREAM_FIGURES,
      subjects,
      findings: [
        ratio({
          label: 'CPU time of a frame, beside raw publish',
          of: own,
          to: ceiling,
          figure: 'cpu',
          inverse: true,
          aim: 0.8,
        }),
        {
          label: 'an order to all 10,000, p99',
          unit: 'ms',
          digits: 0,
          better: 'less',
          aim: 100,
          samples: [88, 92, 87, 104, 90],
        },
        {
          label: 'an order to all 50,000, p99',
          unit: 'ms',
          digits: 0,
          better: 'less',
          aim: 500,
          samples: [],
        },
      ],
      notes: ['50,000 subscribers were left out: 20,000 open files are allowed here.'],
    },
  };
}

function failover(): ScenarioRun {
  const subject = madeUpSubject({
    key: 'cluster',
    label: 'LiveDrops, three nodes',
    role: 'livedrops',
    about: 'Three nodes on Redis and NATS; the owner is killed and stays away.',
    figures: { first: 2.4, median: 2.9, last: 3.2, refused: 40 },
  });
  return {
    seconds: 90,
    stolenShare: 0,
    report: {
      name: 'failover',
      title: 'The owner is killed',
      method: 'Orders come at 200 a second for each of four drops while their owner is killed.',
      settings: { rounds: ROUNDS, drops: 4 },
      figures: [
        { key: 'first', label: 'first drop sells again', unit: 's', better: 'less', digits: 2 },
        { key: 'median', label: 'half of the drops', unit: 's', better: 'less', digits: 2 },
        { key: 'last', label: 'last drop', unit: 's', better: 'less', digits: 2 },
        { key: 'refused', label: 'not ordered', unit: '', better: 'less', digits: 0 },
      ],
      subjects: [subject],
      findings: [
        {
          label: 'longest',
          unit: 's',
          digits: 2,
          better: 'less',
          aim: 5,
          samples: [3.1, 3.3, 2.9, 3.0, 3.2],
        },
      ],
      notes: [],
    },
  };
}

export function madeUpResult(): BenchResult {
  return {
    format: RESULT_FORMAT,
    commit: '0123456789abcdef0123456789abcdef01234567',
    changedFiles: [],
    command: 'npm run bench',
    startedAt: '2026-11-22T08:15:00.000Z',
    finishedAt: '2026-11-22T08:41:30.000Z',
    machine: {
      cpuModel: 'Intel(R) Xeon(R) Processor',
      cores: 2,
      memoryBytes: 25_244_000_000,
      kernel: 'Linux 6.18.44',
      nodeVersion: 'v24.21.0',
      virtualisation: 'KVM',
      fileSystem: 'ext4',
    },
    noise: {
      busyShareBefore: 0.02,
      stolenShare: 0.006,
      diskSyncMsBefore: 0.2,
      diskSyncMsAfter: 0.24,
    },
    settings: { peers: true },
    runs: [orderHot(), liveFanout(), failover()],
    failures: [{ scenario: 'move', error: 'nats-server is not installed <here>' }],
  };
}
