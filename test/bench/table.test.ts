import test from 'ava';
import type { ScenarioReport } from '../../bench/scenario.ts';
import { reportText } from '../../bench/table.ts';

const REPORT: ScenarioReport = {
  name: 'order-hot',
  title: 'One hot drop',
  method: 'Not in the table.',
  settings: { rounds: 2, connections: 64 },
  figures: [
    { key: 'rate', label: 'orders', unit: 'orders/s', better: 'more', digits: 0 },
    { key: 'cpu', label: 'server CPU', unit: 'µs', better: 'less', digits: 1 },
    { key: 'unused', label: 'nobody has it', unit: '', better: 'less', digits: 1 },
  ],
  subjects: [
    {
      key: 'livedrops',
      label: 'LiveDrops',
      role: 'livedrops',
      about: '',
      samples: [{ figures: { rate: 28_000, cpu: 31 } }, { figures: { rate: 30_000, cpu: 33 } }],
    },
    {
      key: 'raw',
      label: 'bare server',
      role: 'ceiling',
      about: '',
      samples: [{ figures: { rate: 50_000 } }, { figures: { rate: 52_000 } }],
    },
  ],
  findings: [
    {
      label: 'rate, of the ceiling',
      unit: '',
      digits: 2,
      better: 'more',
      aim: 0.6,
      samples: [0.56, 0.58],
    },
    { label: 'p99', unit: 'ms', digits: 1, better: 'less', aim: 25, samples: [7, 8] },
    { label: 'memory', unit: 'bytes', digits: 0, better: 'less', aim: null, samples: [126] },
  ],
  notes: ['The load was the limit.'],
};

test('a report prints medians with spreads, findings with aims, and notes', (t) => {
  t.is(
    reportText(REPORT),
    `order-hot: One hot drop
=======================
rounds 2, connections 64

medians of 2 rounds          orders/s  server CPU, µs
LiveDrops                      29,000            32.0
                     28,000 to 30,000    31.0 to 33.0
bare server                    51,000               -
                     50,000 to 52,000

finding                measured  spread        aim
rate, of the ceiling       0.57  0.56 to 0.58  at least 0.60    MISSED
p99                      7.5 ms  7.0 to 8.0    at most 25.0 ms  met
memory                126 bytes

- The load was the limit.
`,
  );
});

test('a table too wide for a terminal is transposed', (t) => {
  const more = Array.from({ length: 12 }, (_, at) => ({
    ...REPORT.figures[0]!,
    key: at === 0 ? 'rate' : 'cpu',
    label: `figure ${at}`,
  }));
  const text = reportText({ ...REPORT, figures: more, findings: [], notes: [] });
  t.regex(text, /^medians of 2 rounds +LiveDrops +bare server$/m);
  t.regex(text, /^figure 0, orders\/s +29,000 +51,000$/m);
});

test('a figure without samples has no place in the table', (t) => {
  const bare = { ...REPORT, subjects: [], findings: [], notes: [], settings: {} };
  t.is(reportText(bare), 'order-hot: One hot drop\n=======================\n');
});
