import test from 'ava';
import { compareResults, type Row } from '../../bench/compare.ts';
import { comparisonText } from '../../bench/compare-text.ts';
import type { BenchResult } from '../../bench/result.ts';
import type { ScenarioReport } from '../../bench/scenario.ts';
import { madeUpResult } from './made-up-result.ts';

/** One subject with one figure in each direction, and a finding. */
function resultOf(samples: {
  rate?: readonly number[];
  cost?: readonly number[];
  share?: readonly number[];
  finding?: readonly number[];
}): BenchResult {
  const made = madeUpResult();
  const { rate = [1], cost = [1], share = [1], finding = [1] } = samples;
  const rounds = Math.max(rate.length, cost.length, share.length);
  const report: ScenarioReport = {
    ...made.runs[0]!.report,
    figures: [
      { key: 'rate', label: 'rate', unit: 'orders/s', better: 'more', digits: 0 },
      { key: 'cost', label: 'cost', unit: 'µs', better: 'less', digits: 1 },
      { key: 'share', label: 'share', unit: '%', better: 'neither', digits: 0 },
    ],
    subjects: [
      {
        key: 'livedrops',
        label: 'LiveDrops',
        role: 'livedrops',
        about: '',
        samples: Array.from({ length: rounds }, (_, at) => {
          const figures = Object.entries({ rate: rate[at], cost: cost[at], share: share[at] });
          return {
            figures: Object.fromEntries(figures.filter(([, value]) => value !== undefined)),
          };
        }) as ScenarioReport['subjects'][number]['samples'],
      },
    ],
    findings: [
      { label: 'ratio', unit: '', digits: 2, better: 'more', aim: null, samples: finding },
    ],
  };
  return { ...made, runs: [{ ...made.runs[0]!, report }], failures: [] };
}

function rowOf(before: BenchResult, after: BenchResult, label: string): Row | undefined {
  return compareResults(before, after).scenarios[0]!.rows.find((row) => row.label === label);
}

test('a difference counts if the spreads do not overlap', (t) => {
  const before = resultOf({ rate: [100, 110, 105], cost: [30, 32, 31], share: [50, 51, 52] });
  const after = resultOf({ rate: [120, 115, 125], cost: [40, 36, 38], share: [60, 61, 62] });
  const rate = rowOf(before, after, 'rate');
  t.is(rate?.change, 'better');
  t.is(Math.round(rate?.percent ?? 0), 14);
  t.is(rowOf(before, after, 'cost')?.change, 'worse');
  t.is(rowOf(before, after, 'share')?.change, 'changed');
  t.is(rowOf(after, before, 'rate')?.change, 'worse');
  t.is(rowOf(after, before, 'cost')?.change, 'better');
});

test('if the spreads touch, the difference is within the noise', (t) => {
  const before = resultOf({ rate: [100, 110, 105] });
  const after = resultOf({ rate: [130, 110, 140] });
  t.is(rowOf(before, after, 'rate')?.change, 'same');
  t.regex(comparisonText(compareResults(before, after)), /rate, orders\/s .*within the noise/);
});

test('a single round has no spread to judge by', (t) => {
  const [before, after] = [resultOf({ finding: [0.5] }), resultOf({ finding: [0.9, 0.95] })];
  t.is(rowOf(before, after, 'ratio')?.change, 'unknown');
  t.is(rowOf(before, after, 'ratio')?.subject, null);
});

test('zero has no percentage, and a figure missing in one result has no row', (t) => {
  const [before, after] = [
    resultOf({ rate: [0, 0], cost: [] }),
    resultOf({ rate: [5, 6], cost: [1, 2] }),
  ];
  t.is(rowOf(before, after, 'rate')?.percent, null);
  t.is(rowOf(before, after, 'cost'), undefined);
});

test('warnings name other machines, settings, noise and missing scenarios', (t) => {
  const before = madeUpResult();
  const [hot, fanout] = before.runs;
  const settings = { ...hot!.report.settings, connections: 512 };
  const after: BenchResult = {
    ...before,
    machine: { ...before.machine, cpuModel: 'AMD EPYC', memoryBytes: 8e9 },
    noise: { busyShareBefore: 0.5, stolenShare: 0.2, diskSyncMsBefore: 2, diskSyncMsAfter: 2 },
    runs: [{ ...hot!, report: { ...hot!.report, settings } }, fanout!],
  };
  const { scenarios, warnings } = compareResults(before, after);
  t.deepEqual(warnings, [
    'The machines differ in processor: Intel(R) Xeon(R) Processor, then AMD EPYC.',
    'The machines differ in memory.',
    "The hypervisor took 20.0 % of the second run's time.",
    'Other programs used 50.0 % of the machine before the second run.',
    'The disk took 0.22 ms to sync, then 2.00 ms.',
    'Only the first result has failover.',
  ]);
  t.deepEqual(scenarios[0]!.warnings, ['The setting connections differs: 64, then 512.']);
  const text = comparisonText(compareResults(before, after));
  t.true(text.indexOf('! The machines differ') < text.indexOf('order-hot'));
});

test('a result compared with itself has only differences within the noise', (t) => {
  const { scenarios, warnings } = compareResults(madeUpResult(), madeUpResult());
  t.deepEqual(warnings, []);
  const changes = new Set(scenarios.flatMap(({ rows }) => rows.map(({ change }) => change)));
  t.deepEqual(changes, new Set(['same', 'unknown'] as const));
});
