import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { BenchResult } from '../../bench/result.ts';
import { runScenarios } from '../../bench/run.ts';
import type { CommonOptions, Scenario, ScenarioReport } from '../../bench/scenario.ts';
import { madeUpResult } from './made-up-result.ts';

const REPORT = madeUpResult().runs[0]!.report;

function scenario(name: string, report: (options: CommonOptions) => ScenarioReport): Scenario {
  const run = (options: CommonOptions) => Promise.resolve().then(() => report(options));
  return { name, description: name, options: [], run };
}

const QUIET = {
  command: 'npm run bench',
  profileDirectory: null,
  idleSampleMs: 0,
  log: () => {},
} as const;

test('a failed scenario is recorded in the result, and the next scenarios run', async (t) => {
  const saved: BenchResult[] = [];
  const scenarios = [
    scenario('broken', () => {
      throw new Error('no server', { cause: new Error('no program') });
    }),
    scenario('sound', () => REPORT),
  ];
  const requested = { peers: true, own: {} };
  const result = await runScenarios({
    ...QUIET,
    scenarios,
    requested,
    save: (it) => saved.push(it),
  });
  t.deepEqual(result.failures, [{ scenario: 'broken', error: 'no server: no program' }]);
  t.deepEqual(
    result.runs.map(({ report }) => report),
    [REPORT],
  );
  t.is(saved.length, 2);
});

test('a scenario gets the requested options, else its defaults, else the usual ones', async (t) => {
  const seen: CommonOptions[] = [];
  const own: Scenario = {
    ...scenario('own', (options) => {
      seen.push(options);
      return REPORT;
    }),
    options: [{ flags: '--many-connections <n>', description: '', default: 512 }],
    defaults: { rounds: 7 },
  };
  const run = (requested: { rounds?: number; own: Record<string, unknown> }) =>
    runScenarios({
      ...QUIET,
      scenarios: [own],
      requested: { peers: false, ...requested },
      save: () => {},
    });
  await run({ own: {} });
  await run({ rounds: 1, own: { manyConnections: 9 } });
  const common = { seconds: 3, peers: false, profileDirectory: null };
  t.deepEqual(seen as unknown[], [
    { ...common, rounds: 7, manyConnections: 512 },
    { ...common, rounds: 1, manyConnections: 9 },
  ]);
});

test('a figure that is not finite is omitted, with a note', async (t) => {
  const [subject] = REPORT.subjects;
  const samples = [{ figures: { perSecond: 1, p50Ms: NaN }, latency: [[50, Infinity]] as const }];
  const [finding] = REPORT.findings;
  const odd = {
    ...REPORT,
    subjects: [{ ...subject!, samples }],
    findings: [{ ...finding!, samples: [1, NaN] }],
    notes: [],
  };
  const scenarios = [scenario('odd', () => odd)];
  const requested = { peers: true, own: {} };
  const result = await runScenarios({ ...QUIET, scenarios, requested, save: () => {} });
  const { report } = result.runs[0]!;
  t.deepEqual(report.subjects[0]!.samples, [{ figures: { perSecond: 1 }, latency: [] }]);
  t.deepEqual(report.findings[0]!.samples, [1]);
  t.is(report.notes.length, 2);
  t.regex(report.notes[0]!, /LiveDrops: "p50Ms" was NaN in round 1/);
});

test('profiles of a scenario go to a directory with its name', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-profile-'));
  try {
    const seen: (string | null)[] = [];
    const profiled = scenario('profiled', ({ profileDirectory }) => {
      seen.push(profileDirectory);
      return REPORT;
    });
    const requested = { peers: true, own: {} };
    const options = { ...QUIET, profileDirectory: directory, scenarios: [profiled], requested };
    await runScenarios({ ...options, save: () => {} });
    t.deepEqual(seen, [join(directory, 'profiled')]);
    t.true(existsSync(join(directory, 'profiled')));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
