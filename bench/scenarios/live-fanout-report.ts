// The figures and findings of the live-fanout scenario.

import { atPercentile } from '../load/latencies.ts';
import type { Opened } from '../load/live-comparison.ts';
import type { Delivery } from '../load/live-load.ts';
import {
  type Figure,
  type Finding,
  type LatencyPoint,
  ratio,
  type Role,
  type Sample,
  type Subject,
} from '../scenario.ts';

/** N4: the aim for the 99th percentile holds up to this number of subscribers on one machine. */
const DELIVERY_SUBSCRIBERS_MAX = 10_000;
const DELIVERY_AIM_MS = 100;
const CPU_RATIO_AIM = 0.8;
const PEER_FACTOR_AIM = 1;
const CONNECTION_BYTES_AIM = 10_240;

export interface FanoutRound {
  /** Timed from the drop's start time. */
  readonly start: readonly LatencyPoint[] | null;
  readonly single: Delivery;
  readonly storm: {
    readonly delivery: Delivery;
    /** From sending an order to its answer. */
    readonly answers: readonly LatencyPoint[];
  } | null;
  /** Like `single`, with many more subscribers. */
  many: { readonly delivery: Delivery; readonly opened: Opened } | null;
}

export interface FanoutSubject {
  readonly key: string;
  readonly label: string;
  readonly role: Role;
  readonly about: string;
  readonly opened: Opened;
  readonly rounds: FanoutRound[];
}

const MS = { unit: 'ms', better: 'less', digits: 1 } as const;
const MICROS = { unit: 'µs', better: 'less', digits: 2 } as const;
const BYTES = { unit: 'bytes', better: 'less', digits: 0 } as const;
const COUNT = { unit: '', better: 'less', digits: 0 } as const;
const SHARE = { unit: '', better: 'neither', digits: 2 } as const;

export const FANOUT_FIGURES: readonly Figure[] = [
  { key: 'cpuMicrosPerFrame', label: 'server CPU a delivered frame', ...MICROS },
  { key: 'p50Ms', label: 'single change, p50', ...MS },
  { key: 'p99Ms', label: 'single change, p99', ...MS },
  { key: 'startP50Ms', label: 'start of a drop, p50', ...MS },
  { key: 'startP99Ms', label: 'start of a drop, p99', ...MS },
  { key: 'stormFrameP99Ms', label: 'storm: the latest order to its frame, p99', ...MS },
  { key: 'stormChangeP99Ms', label: 'storm: any order to a frame with it, p99', ...MS },
  { key: 'stormAnswerP99Ms', label: 'storm: any order to its answer, p99', ...MS },
  { key: 'stormCpuMicrosPerFrame', label: 'storm: server CPU a delivered frame', ...MICROS },
  { key: 'bytesPerConnection', label: 'memory of an idle connection', ...BYTES },
  {
    key: 'connectionsPerSecond',
    label: 'connections opened',
    unit: '/s',
    better: 'more',
    digits: 0,
  },
  { key: 'serverCpuShare', label: 'share of its core, server', ...SHARE },
  { key: 'loadCpuShare', label: 'share of its core, load', ...SHARE },
  { key: 'idleCpuShare', label: 'share of its core, server, nothing sent', ...SHARE },
  { key: 'steppedBack', label: 'frames out of order', ...COUNT },
  { key: 'missed', label: 'frames that passed a slow subscriber by', ...COUNT },
  { key: 'manyCpuMicrosPerFrame', label: 'many subscribers: server CPU a frame', ...MICROS },
  { key: 'manyP50Ms', label: 'many subscribers: single change, p50', ...MS },
  { key: 'manyP99Ms', label: 'many subscribers: single change, p99', ...MS },
  { key: 'manyBytesPerConnection', label: 'many subscribers: an idle connection', ...BYTES },
  { key: 'manyServerCpuShare', label: 'many subscribers: share of its core, server', ...SHARE },
  { key: 'manyIdleCpuShare', label: 'many subscribers: the same, nothing sent', ...SHARE },
];

export function subjectOfReport(subject: FanoutSubject): Subject {
  const { key, label, role, about, opened, rounds } = subject;
  return { key, label, role, about, samples: rounds.map((round) => sampleOf(round, opened)) };
}

function sampleOf({ start, single, storm, many }: FanoutRound, opened: Opened): Sample {
  const figures: Record<string, number> = {
    cpuMicrosPerFrame: single.cpuMicrosPerFrame,
    p50Ms: atPercentile(single.frame, 50),
    p99Ms: atPercentile(single.frame, 99),
    ...opened,
    serverCpuShare: single.serverCpuShare,
    loadCpuShare: single.loadCpuShare,
    steppedBack: single.steppedBack + (storm?.delivery.steppedBack ?? 0),
    missed: single.missed + (storm?.delivery.missed ?? 0),
  };
  if (start !== null) {
    figures['startP50Ms'] = atPercentile(start, 50);
    figures['startP99Ms'] = atPercentile(start, 99);
  }
  if (storm !== null) {
    figures['stormFrameP99Ms'] = atPercentile(storm.delivery.frame, 99);
    figures['stormChangeP99Ms'] = atPercentile(storm.delivery.change, 99);
    figures['stormAnswerP99Ms'] = atPercentile(storm.answers, 99);
    figures['stormCpuMicrosPerFrame'] = storm.delivery.cpuMicrosPerFrame;
  }
  if (many !== null) {
    figures['manyCpuMicrosPerFrame'] = many.delivery.cpuMicrosPerFrame;
    figures['manyP50Ms'] = atPercentile(many.delivery.frame, 50);
    figures['manyP99Ms'] = atPercentile(many.delivery.frame, 99);
    figures['manyBytesPerConnection'] = many.opened.bytesPerConnection;
    figures['manyServerCpuShare'] = many.delivery.serverCpuShare;
    figures['manyIdleCpuShare'] = many.opened.idleCpuShare;
  }
  return { figures, latency: single.frame };
}

/** `many`: the number of subscribers of the larger measurement, or null. */
export function fanoutFindings(
  measured: readonly FanoutSubject[],
  { subscribers, many }: { subscribers: number; many: number | null },
): Finding[] {
  const subjects = measured.map(subjectOfReport);
  const of = subjects.find(({ role }) => role === 'livedrops')!;
  const to = subjects.find(({ role }) => role === 'ceiling')!;
  const perFrame = (label: string, figure: string): Finding =>
    ratio({ label, aim: CPU_RATIO_AIM, of, to, figure, inverse: true });
  const plain = (subject: Subject, label: string, figure: string, aim: number | null): Finding => ({
    label,
    ...(figure.endsWith('Ms') ? MS : BYTES),
    samples: subject.samples.map(({ figures }) => figures[figure]!),
    aim,
  });
  const withinAim = subscribers <= DELIVERY_SUBSCRIBERS_MAX ? DELIVERY_AIM_MS : null;
  const all = `all ${subscribers.toLocaleString('en-US')}`;
  const findings = [
    perFrame('CPU time of a delivered frame, beside raw publish', 'cpuMicrosPerFrame'),
    plain(of, `an order to ${all} subscribers, p99`, 'p99Ms', withinAim),
    plain(to, `raw publish to ${all} subscribers, p99`, 'p99Ms', null),
    plain(of, `start of a drop to ${all} subscribers, p99`, 'startP99Ms', withinAim),
    plain(of, 'memory of an idle connection', 'bytesPerConnection', CONNECTION_BYTES_AIM),
  ];
  for (const peer of subjects.filter(({ role }) => role === 'peer')) {
    const beside = { aim: PEER_FACTOR_AIM, of, to: peer, inverse: true } as const;
    findings.push(
      ratio({ ...beside, label: `ahead of ${peer.label}, CPU time`, figure: 'cpuMicrosPerFrame' }),
      ratio({ ...beside, label: `ahead of ${peer.label}, p99`, figure: 'p99Ms' }),
    );
  }
  if (many !== null) {
    const more = many.toLocaleString('en-US');
    findings.push(
      perFrame(`${more} subscribers: CPU time beside raw publish`, 'manyCpuMicrosPerFrame'),
      plain(of, `an order to all ${more} subscribers, p99`, 'manyP99Ms', null),
      plain(to, `raw publish to all ${more} subscribers, p99`, 'manyP99Ms', null),
    );
  }
  return findings;
}
