// The figures and findings of the search scenario.

import type { Figure, Finding, Subject } from '../scenario.ts';

export const SEARCHES = [
  'rare',
  'common',
  'two',
  'prefix',
  'typo',
  'nothing',
  'letter',
  'words',
  'deep',
  'changing',
] as const;

export const SEARCH_FIGURES: readonly Figure[] = [
  { key: 'build', label: 'built', unit: 'products/s', better: 'more', digits: 0 },
  { key: 'buildCpu', label: 'CPU a product', unit: 'µs', better: 'less', digits: 1 },
  { key: 'file', label: 'file, a product', unit: 'bytes', better: 'less', digits: 0 },
  { key: 'memory', label: 'memory', unit: 'MB', better: 'less', digits: 0 },
  ...SEARCHES.flatMap((kind): Figure[] => [
    { key: `${kind}P50`, label: `${kind} p50`, unit: 'ms', better: 'less', digits: 2 },
    { key: `${kind}P99`, label: `${kind} p99`, unit: 'ms', better: 'less', digits: 2 },
    { key: `${kind}Cpu`, label: `${kind} CPU`, unit: 'ms', better: 'less', digits: 2 },
  ]),
  { key: 'longest', label: 'longest search', unit: 'ms', better: 'less', digits: 1 },
  {
    key: 'longestThread',
    label: 'longest that a search held its thread',
    unit: 'ms',
    better: 'less',
    digits: 1,
  },
  { key: 'postings', label: 'most list entries of a page', unit: '', better: 'less', digits: 0 },
  { key: 'documents', label: 'most documents of a page', unit: '', better: 'less', digits: 0 },
  { key: 'text', label: 'most characters compared of a page', unit: '', better: 'less', digits: 0 },
  { key: 'found', label: 'found after a change p99', unit: 'ms', better: 'less', digits: 1 },
  { key: 'seeded', label: 'recall of seeded typos', unit: '', better: 'more', digits: 3 },
  { key: 'listed', label: 'recall of common ones', unit: '', better: 'more', digits: 3 },
];

export function searchFindings(own: Subject, bare: Subject): Finding[] {
  const of = (subject: Subject, key: string) => subject.samples.map(({ figures }) => figures[key]!);
  const finding = (
    label: string,
    key: string,
    unit: string,
    better: 'more' | 'less',
    aim: number | null,
    digits = 1,
  ): Finding => ({ label, unit, digits, samples: of(own, key), better, aim });
  const times = (label: string, key: string): Finding => ({
    label: `${label}, times bare FTS5`,
    unit: '',
    digits: 2,
    samples: of(own, key).map((value, round) => value / of(bare, key)[round]!),
    better: 'less',
    aim: null,
  });
  return [
    {
      label: 'built in a second of CPU time',
      unit: 'products',
      digits: 0,
      samples: of(own, 'buildCpu').map((micros) => 1e6 / micros),
      better: 'more',
      aim: 20_000,
    },
    times('CPU time of building', 'buildCpu'),
    finding('rare word, p99', 'rareP99', 'ms', 'less', 20),
    finding('common word, p99', 'commonP99', 'ms', 'less', 50),
    finding('typo, p99', 'typoP99', 'ms', 'less', 50),
    ...(['rare', 'common', 'two', 'prefix', 'letter', 'deep'] as const).map((kind) =>
      times(`CPU time, ${kind}`, `${kind}Cpu`),
    ),
    finding('found after a change, p99', 'found', 'ms', 'less', 1_000, 0),
    finding('recall@10 of seeded typos', 'seeded', '', 'more', 0.95, 3),
    finding('recall@10 of common misspellings', 'listed', '', 'more', 0.95, 3),
    finding('longest that a search held its thread', 'longestThread', 'ms', 'less', 50, 1),
    finding('longest search', 'longest', 'ms', 'less', null, 1),
    finding('memory beyond the file', 'memory', 'MB', 'less', 400, 0),
  ];
}
