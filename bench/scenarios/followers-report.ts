// The figures and findings of the followers scenario.

import type { Figure, Finding, Subject } from '../scenario.ts';

const DEPTH_AIM = 1.5;
const PAGE_AIM_MS = 10;

export const FOLLOWERS_FIGURES: readonly Figure[] = [
  ms('firstP50', 'first page p50'),
  ms('firstP99', 'first page p99'),
  ms('middleP99', 'page in the middle p99'),
  ms('deepestP50', 'last pages p50'),
  ms('deepestP99', 'last pages p99'),
  ms('countP99', 'count p99'),
  { key: 'reads', label: 'pages and counts', unit: 'reads/s', better: 'more', digits: 0 },
  { key: 'cpu', label: 'CPU a read', unit: 'µs', better: 'less', digits: 0 },
  { key: 'follows', label: 'follows and unfollows', unit: 'changes/s', better: 'more', digits: 0 },
  ms('followP99', 'of them p99'),
  ms('portFirst', 'port: first page p50'),
  ms('portDeepest', 'port: last pages p50'),
  ms('portCount', 'port: count p50', 3),
  ms('portSmallCount', 'port: count of 2,000 p50', 3),
];

function ms(key: string, label: string, digits = 2): Figure {
  return { key, label, unit: 'ms', better: 'less', digits };
}

export function followersFindings({ label, samples }: Subject): Finding[] {
  const of = (read: (figure: (key: string) => number) => number): number[] =>
    samples.map(({ figures }) => read((key) => figures[key]!));
  return [
    {
      label: `${label}: p99 of the last pages, to the first page`,
      unit: '',
      digits: 2,
      samples: of((figure) => figure('deepestP99') / figure('firstP99')),
      better: 'less',
      aim: DEPTH_AIM,
    },
    {
      label: `${label}: p99 of a page, wherever it is slowest`,
      unit: 'ms',
      digits: 2,
      samples: of((figure) =>
        Math.max(figure('firstP99'), figure('middleP99'), figure('deepestP99')),
      ),
      better: 'less',
      aim: PAGE_AIM_MS,
    },
    {
      label: `${label}: the count, to that of a creator with 2,000`,
      unit: '',
      digits: 2,
      samples: of((figure) => figure('portCount') / figure('portSmallCount')),
      better: 'less',
      aim: DEPTH_AIM,
    },
    {
      label: `${label}: follows and unfollows`,
      unit: 'changes/s',
      digits: 0,
      samples: of((figure) => figure('follows')),
      better: 'more',
      aim: null,
    },
  ];
}
