// Runs scenarios one after the other. A failed scenario is logged and recorded in the result, and
// the next scenarios still run.

import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { currentCommit } from './commit.ts';
import { cpuShares, cpuTimes, describeMachine, diskSyncMs } from './machine.ts';
import { type BenchResult, RESULT_FORMAT, type ScenarioRun } from './result.ts';
import type { CommonOptions, Scenario, ScenarioReport, Log } from './scenario.ts';

export const ROUNDS_DEFAULT = 5;
export const SECONDS_DEFAULT = 3;

/** The requested options. The scenario chooses the options that are absent. */
export interface RequestedOptions extends Partial<Pick<CommonOptions, 'rounds' | 'seconds'>> {
  readonly peers: boolean;
  /** Options of the only scenario of this run, by their camel-case names. */
  readonly own: Readonly<Record<string, unknown>>;
}

export interface RunOptions {
  readonly scenarios: readonly Scenario[];
  readonly requested: RequestedOptions;
  /** The command that repeats the run. */
  readonly command: string;
  /** Each scenario writes its profiles to a subdirectory with its name. */
  readonly profileDirectory: string | null;
  /** How long to measure, before the first scenario, how busy other programs keep the machine. */
  readonly idleSampleMs: number;
  readonly log: Log;
  /** Called after each scenario, so that an interrupted run has stored what it measured. */
  readonly save: (result: BenchResult) => void;
}

export async function runScenarios(options: RunOptions): Promise<BenchResult> {
  const { requested, command, idleSampleMs, save, scenarios, log } = options;
  // The measured servers write their files there.
  const directory = tmpdir();
  const before = cpuTimes();
  await pause(idleSampleMs);
  const begin = cpuTimes();
  const diskSyncMsBefore = diskSyncMs(directory);
  const runs: ScenarioRun[] = [];
  const failures: BenchResult['failures'] = [];
  const fixed = {
    format: RESULT_FORMAT,
    ...currentCommit(),
    command,
    startedAt: new Date().toISOString(),
    machine: describeMachine(directory),
    settings: settingsOf(requested),
  } as const;
  const result = (): BenchResult => ({
    ...fixed,
    finishedAt: new Date().toISOString(),
    noise: {
      busyShareBefore: cpuShares(before, begin).busy,
      stolenShare: cpuShares(begin, cpuTimes()).stolen,
      diskSyncMsBefore,
      diskSyncMsAfter: diskSyncMs(directory),
    },
    runs,
    failures,
  });
  for (const [index, scenario] of scenarios.entries()) {
    log(`${scenario.name} (${index + 1} of ${scenarios.length})`);
    try {
      runs.push(await runScenario(scenario, options));
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log(`${scenario.name} failed: ${text}`);
      failures.push({ scenario: scenario.name, error: messageOf(error) });
    }
    save(result());
  }
  return result();
}

async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioRun> {
  const { requested, log } = options;
  const profileDirectory =
    options.profileDirectory === null ? null : join(options.profileDirectory, scenario.name);
  if (profileDirectory !== null) mkdirSync(profileDirectory, { recursive: true });
  const [start, cpuBefore] = [performance.now(), cpuTimes()];
  const report = await scenario.run(
    {
      ...ownDefaults(scenario),
      ...requested.own,
      rounds: requested.rounds ?? scenario.defaults?.rounds ?? ROUNDS_DEFAULT,
      seconds: requested.seconds ?? scenario.defaults?.seconds ?? SECONDS_DEFAULT,
      peers: requested.peers,
      profileDirectory,
    },
    (line) => log(`  ${line}`),
  );
  return {
    report: withoutNonFinite(report),
    seconds: (performance.now() - start) / 1_000,
    stolenShare: cpuShares(cpuBefore, cpuTimes()).stolen,
  };
}

/** Defaults by commander's names: `--many-connections <n>` becomes `manyConnections`. */
function ownDefaults(scenario: Scenario): Record<string, unknown> {
  return Object.fromEntries(
    scenario.options.flatMap(({ flags, default: value }) => {
      const name = /--([a-z][a-z0-9-]*)/.exec(flags)?.[1];
      if (name === undefined || value === undefined) return [];
      return [[name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()), value]];
    }),
  );
}

function settingsOf({ own, peers, rounds, seconds }: RequestedOptions): BenchResult['settings'] {
  const given = Object.entries({ rounds, seconds, peers, ...own });
  return Object.fromEntries(
    given.flatMap(([name, value]) =>
      typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string'
        ? [[name, value] as const]
        : [],
    ),
  );
}

/**
 * Removes figures that are not finite (without answers there is no median), since JSON cannot hold
 * them, and adds a note for each.
 */
function withoutNonFinite(report: ScenarioReport): ScenarioReport {
  const notes: string[] = [];
  const subjects = report.subjects.map((subject) => ({
    ...subject,
    samples: subject.samples.map((sample, round) => {
      const figures = Object.entries(sample.figures).filter(([key, value]) => {
        if (Number.isFinite(value)) return true;
        notes.push(`${subject.label}: "${key}" was ${value} in round ${round + 1} and is omitted.`);
        return false;
      });
      const { latency } = sample;
      if (latency === undefined) return { figures: Object.fromEntries(figures) };
      const points = latency.filter(([, ms]) => Number.isFinite(ms));
      return { figures: Object.fromEntries(figures), latency: points };
    }),
  }));
  const findings = report.findings.map((finding) => {
    const samples = finding.samples.filter(Number.isFinite);
    const missing = finding.samples.length - samples.length;
    if (missing > 0) notes.push(`${finding.label}: ${missing} of its samples are not numbers.`);
    return { ...finding, samples };
  });
  return { ...report, subjects, findings, notes: [...report.notes, ...notes] };
}

/** The message and the messages of its causes, in one line. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}
