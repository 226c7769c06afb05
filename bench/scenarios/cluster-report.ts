// The report of `cluster`: CPU time of an order over all processes beside the bare server and the
// cluster floor, and appends beside redis-benchmark.

import {
  type CommonOptions,
  type Figure,
  type Finding,
  ratio,
  type Sample,
  type ScenarioReport,
  type Subject,
} from '../scenario.ts';
import { ORDER_FIGURES } from '../measure.ts';

const RATE_AIM = 0.25;
/** CPU time of an order over all processes, times the bare server's. */
const CPU_AIM = 3.2;

const FIGURES: readonly Figure[] = [
  ...ORDER_FIGURES,
  { key: 'gateway', label: 'of it the gateway', unit: 'µs', better: 'less', digits: 1 },
  { key: 'owner', label: 'of it the owner', unit: 'µs', better: 'less', digits: 1 },
  { key: 'redis', label: 'of it Redis', unit: 'µs', better: 'less', digits: 1 },
  { key: 'nats', label: 'of it NATS', unit: 'µs', better: 'less', digits: 1 },
  { key: 'batch', label: 'orders in an entry', unit: '', better: 'neither', digits: 1 },
  { key: 'refused', label: 'not ordered', unit: '', better: 'less', digits: 0 },
];

export interface ClusterReportOptions extends Pick<CommonOptions, 'rounds' | 'seconds'> {
  readonly connections: number;
  /** Enough connections to keep one process busy all the time. */
  readonly saturatingConnections: number;
  /** Let the kernel choose the core of each process. */
  readonly unpinned?: boolean;
}

function findingsOf(options: ClusterReportOptions, subjects: readonly Subject[]): Finding[] {
  const find = (key: string): Subject => subjects.find((subject) => subject.key === key)!;
  const { connections: few, saturatingConnections: many } = options;
  const appends = subjects.filter(({ key }) => key.startsWith('redis-append-'));
  return [many, few].flatMap((connections, index) => {
    const [own, bare] = [find(`cluster-${connections}`), find(`ceiling-${connections}`)];
    const floor = find(`floor-${connections}`);
    const at = `at ${connections} connections`;
    const aims = connections === many;
    const cost = { digits: 1, better: 'less' } as const;
    return [
      ratio({
        label: `rate, of the ceiling's, ${at}`,
        of: own,
        to: bare,
        figure: 'perSecond',
        aim: aims ? RATE_AIM : null,
      }),
      {
        ...cost,
        label: `CPU time of all processes, times the ceiling's, ${at}`,
        unit: '',
        samples: timesCost(own, bare),
        aim: aims ? CPU_AIM : null,
      },
      {
        ...cost,
        label: `CPU time of all processes, the cluster floor's, times the ceiling's, ${at}`,
        unit: '',
        samples: timesCost(floor, bare),
        aim: null,
      },
      {
        ...cost,
        label: `CPU time of all processes, times the cluster floor's, ${at}`,
        unit: '',
        samples: timesCost(own, floor),
        aim: null,
      },
      {
        ...cost,
        label: `CPU time of an order in all processes, ${at}`,
        unit: 'µs',
        samples: own.samples.map(({ figures }) => figures['cpuMicros']!),
        aim: null,
      },
      {
        ...cost,
        label: `p99 of an order, ${at}`,
        unit: 'ms',
        samples: own.samples.map(({ figures }) => figures['p99Ms']!),
        aim: null,
      },
      ...(appends[index] === undefined ? [] : toAppends(own, appends[index], at)),
    ];
  });
}

/** The CPU time of an order, times that of `to`, in each round. */
function timesCost(of: Subject, to: Subject): number[] {
  const micros = ({ figures }: Sample): number => figures['cpuMicros']!;
  return of.samples.map((sample, round) => micros(sample) / micros(to.samples[round]!));
}

function toAppends(of: Subject, to: Subject, at: string): Finding[] {
  const both = { of, to, aim: null };
  return [
    ratio({ ...both, label: `rate, of redis-benchmark's appends, ${at}`, figure: 'perSecond' }),
    ratio({
      ...both,
      label: `CPU time of Redis, redis-benchmark's append to an order, ${at}`,
      figure: 'redis',
      inverse: true,
    }),
  ];
}

/** Of no subjects: nothing was measured, and `notes` say why. */
export function clusterReport(
  options: ClusterReportOptions,
  subjects: readonly Subject[],
  notes: readonly string[],
): ScenarioReport {
  const { rounds, seconds, connections, saturatingConnections, unpinned = false } = options;
  return {
    name: 'cluster',
    title: 'One hot drop in a cluster',
    method:
      'A drop with more stock than the run can sell takes orders of one unit through a gateway ' +
      'node, NATS, the node that owns the drop, and Redis, which fsyncs before every answer. ' +
      'Gateway, Redis and NATS have one core; the owner shares the other with the load, which ' +
      'splits the work about evenly. CPU time is what the kernel accounts to each process, in ' +
      'microseconds an order. One node alone and the bare server get the same load on the first ' +
      'core in every round. The cluster floor, with the same processes on the same cores, passes ' +
      'as many bytes of each order by NATS and appends them to Redis before the answer, and does ' +
      'nothing else. redis-benchmark, with as many appends under way, shows on the first core ' +
      'what Redis alone reaches: an entry for each order, where LiveDrops puts those of a ' +
      'moment into one, and nothing of the lists and notifications that LiveDrops keeps in it ' +
      'afterwards.',
    settings: { rounds, seconds, connections, saturatingConnections, unpinned },
    figures: FIGURES,
    subjects,
    findings: subjects.length === 0 ? [] : findingsOf(options, subjects),
    notes,
  };
}
