// The figures and findings of the live-connect scenario.

import { type Figure, type Finding, ratio, type Sample, type Subject } from '../scenario.ts';

const MS = { unit: 'ms', better: 'less', digits: 1 } as const;
const COUNT = { unit: '', better: 'less', digits: 0 } as const;

export const CONNECT_FIGURES: readonly Figure[] = [
  { key: 'returnP50Ms', label: 'back with everything, p50', ...MS },
  { key: 'returnP99Ms', label: 'back with everything, p99', ...MS },
  { key: 'returnMaxMs', label: 'back with everything, the last one', ...MS },
  { key: 'upgradeMaxMs', label: 'connected again, the last one', ...MS },
  {
    key: 'connectionsPerSecond',
    label: 'clients back with everything',
    unit: '/s',
    better: 'more',
    digits: 0,
  },
  {
    key: 'cpuMicrosPerConnection',
    label: 'server CPU a returning client',
    unit: 'µs',
    better: 'less',
    digits: 0,
  },
  { key: 'quietOrderP99Ms', label: 'orders before the storm, p99', ...MS },
  { key: 'orderP50Ms', label: 'orders in the storm, p50', ...MS },
  { key: 'orderP99Ms', label: 'orders in the storm, p99', ...MS },
  { key: 'orderMaxMs', label: 'orders in the storm, the slowest', ...MS },
  {
    key: 'ordersWhileAway',
    label: 'orders while the clients were away',
    ...COUNT,
    better: 'neither',
  },
  { key: 'turnedAway', label: 'connections turned away', ...COUNT },
  { key: 'lost', label: 'notifications lost', ...COUNT },
  { key: 'repeated', label: 'notifications that came twice', ...COUNT },
];

export function connectSubjects(
  ours: readonly Sample[],
  ceiling: readonly Sample[],
): [Subject, Subject] {
  const livedrops: Subject = {
    key: 'livedrops',
    label: 'LiveDrops',
    role: 'livedrops',
    about:
      'Checks the token, reads who the client follows and what it missed from SQLite, and ' +
      'sends the snapshot of the drop.',
    samples: ours,
  };
  const raw: Subject = {
    key: 'raw',
    label: 'uWebSockets.js upgrades',
    role: 'ceiling',
    about: 'A bare uWebSockets.js server that accepts the same upgrades and sends nothing.',
    samples: ceiling,
  };
  return [livedrops, raw];
}

export function connectFindings([of, to]: readonly [Subject, Subject]): Finding[] {
  const plain = (label: string, figure: string): Finding => ({
    label,
    unit: 'ms',
    digits: 0,
    better: 'less',
    aim: null,
    samples: of.samples.map(({ figures }) => figures[figure]!),
  });
  return [
    {
      label: 'notifications lost or sent twice',
      unit: '',
      digits: 0,
      better: 'less',
      aim: 0,
      samples: of.samples.map(({ figures }) => figures['lost']! + figures['repeated']!),
    },
    plain('until a client is back with everything, p99', 'returnP99Ms'),
    plain('orders in the storm, p99', 'orderP99Ms'),
    ratio({
      label: 'CPU time of a returning client, beside a bare upgrade',
      aim: null,
      of,
      to,
      figure: 'cpuMicrosPerConnection',
      inverse: true,
    }),
  ];
}
