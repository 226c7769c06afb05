import test from 'ava';
import type { Measured, Neighbour } from '../../../bench/neighbours/neighbour.ts';
import {
  byNeighbour,
  controlNote,
  figuresOf,
  findingsOf,
  subjectsOf,
  workNote,
} from '../../../bench/scenarios/neighbours-report.ts';
import { keysOf, neighbours } from '../../../bench/scenarios/neighbours.ts';

const LATE = {
  key: 'late',
  label: 'latest',
  unit: 'ms',
  better: 'less',
  digits: 0,
  aim: 50,
} as const;

function neighbourOf(key: string, own: Neighbour['own'] = []): Neighbour {
  return { key, label: `the ${key}`, about: '', own, work: 'things done' };
}

const CONTROL_P99_MS = 10;

function measured(neighbour: Neighbour, without: number, beside: number, late = 0): Measured {
  return {
    neighbour,
    control: { figures: { p99Ms: CONTROL_P99_MS } },
    without: { figures: { p99Ms: without } },
    beside: { figures: { p99Ms: beside, late } },
    worked: late,
  };
}

test('orders that take twice as long beside a neighbour are half of 1, and miss the aim', (t) => {
  const [rounds] = byNeighbour([measured(neighbourOf('crawler'), 10, 20)]);
  const [finding] = findingsOf(rounds!);
  t.deepEqual([finding!.samples, finding!.better, finding!.aim], [[0.5], 'more', 0.9]);
});

test('each neighbour has its own rounds, figures and findings', (t) => {
  const crawler = neighbourOf('crawler');
  const due = neighbourOf('due-work', [LATE]);
  const all = byNeighbour([
    measured(crawler, 10, 10),
    measured(due, 10, 8, 30),
    measured(crawler, 12, 10),
    measured(due, 10, 5, 70),
  ]);
  t.deepEqual(
    all.flatMap(subjectsOf).map(({ key, samples }) => [key, samples.length]),
    [
      ['without-crawler', 2],
      ['beside-crawler', 2],
      ['without-due-work', 2],
      ['beside-due-work', 2],
    ],
  );
  t.true(figuresOf(all).some(({ key }) => key === 'late'));
  t.deepEqual(
    all.map((rounds) => findingsOf(rounds).map(({ samples }) => samples)),
    [
      [
        [1, 1.2],
        [1, 10 / 12],
      ],
      [
        [1.25, 2],
        [1, 1],
        [30, 70],
      ],
    ],
  );
  t.is(workNote(all[1]!), 'the due-work: 50 things done.');
});

test('an aim that two equal measurements miss as well is told apart', (t) => {
  const noteOf = (without: number, beside: number) =>
    controlNote(byNeighbour([measured(neighbourOf('crawler'), without, beside)])[0]!);
  t.regex(noteOf(20, 40) ?? '', /the crawler: .* equal .*0\.50/);
  t.is(noteOf(10, 40), null, 'the machine was calm');
  t.is(noteOf(20, 20), null, 'the aim is met');
});

test('only neighbours that there are can be asked for', (t) => {
  t.deepEqual(keysOf('crawler,lost-node'), ['crawler', 'lost-node']);
  t.throws(() => keysOf('crawler,hammer'), { message: /no neighbour hammer/ });
});

test('a small round on a real server: a sealed drop is loaded, and orders are placed meanwhile', async (t) => {
  t.timeout(120_000);
  const common = { rounds: 1, seconds: 1, profileDirectory: null, peers: false };
  const own = { ordersPerSecond: 50, size: 1, only: ['sealed-drop'] };
  const { subjects, findings, notes } = await neighbours.run(
    { ...common, ...own },
    () => undefined,
  );
  for (const { samples } of subjects) {
    t.true(samples[0]!.figures['perSecond']! > 0);
    t.is(samples[0]!.figures['notPlaced'], 0);
    t.true(samples[0]!.figures['turnMaxMs']! > 0);
  }
  t.is(findings.length, 2);
  t.regex(notes.join('\n'), /s of loading/);
});
