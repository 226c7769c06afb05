// Runs scenarios one after the other. What fails is told and kept beside what did not, and the
// others go on.

import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { currentCommit } from './commit.ts';
import { cpuShares, cpuTimes, describeMachine, diskSyncMs } from './machine.ts';
import { type BenchResult, RESULT_FORMAT, type ScenarioRun } from './result.ts';
import type { CommonOptions, Scenario, ScenarioReport, Tell } from './scenario.ts';

export const ROUNDS_DEFAULT = 5;
export const SECONDS_DEFAULT = 3;

/** As given by whoever started the bench; what is left out is the scenario's to choose. */
export interface Asked extends Partial<Pick<CommonOptions, 'rounds' | 'seconds'>> {
  readonly peers: boolean;
  /** Options of the one scenario that runs, by their camel-case names. */
  readonly own: Readonly<Record<string, unknown>>;
}

export interface RunOptions {
  readonly scenarios: readonly Scenario[];
  readonly asked: Asked;
  /** What does it again. */
  readonly command: string;
  /** Each scenario's profiles go into a directory of its name in here. */
  readonly profileDirectory: string | null;
  /** Before the first scenario, to see how busy others keep the machine. */
  readonly lookAroundMs: number;
  readonly tell: Tell;
  /** Called after each scenario, so that a run that is broken off leaves what it had. */
  readonly save: (result: BenchResult) => void;
}

export async function runScenarios(options: RunOptions): Promise<BenchResult> {
  const { asked, command, lookAroundMs, save, scenarios, tell } = options;
  // The measured servers keep their files there.
  const directory = tmpdir();
  const before = cpuTimes();
  await pause(lookAroundMs);
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
    settings: settingsOf(asked),
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
    tell(`${scenario.name} (${index + 1} of ${scenarios.length})`);
    try {
      runs.push(await runScenario(scenario, options));
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      tell(`${scenario.name} failed: ${text}`);
      failures.push({ scenario: scenario.name, error: messageOf(error) });
    }
    save(result());
  }
  return result();
}

async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioRun> {
  const { asked, tell } = options;
  const profileDirectory =
    options.profileDirectory === null ? null : join(options.profileDirectory, scenario.name);
  if (profileDirectory !== null) mkdirSync(profileDirectory, { recursive: true });
  const [start, cpuBefore] = [performance.now(), cpuTimes()];
  const report = await scenario.run(
    {
      ...ownDefaults(scenario),
      ...asked.own,
      rounds: asked.rounds ?? scenario.defaults?.rounds ?? ROUNDS_DEFAULT,
      seconds: asked.seconds ?? scenario.defaults?.seconds ?? SECONDS_DEFAULT,
      peers: asked.peers,
      profileDirectory,
    },
    (line) => tell(`  ${line}`),
  );
  return {
    report: withoutNonsense(report),
    seconds: (performance.now() - start) / 1_000,
    stolenShare: cpuShares(cpuBefore, cpuTimes()).stolen,
  };
}

/** By the name that commander gives to `--many-connections <n>`: `manyConnections`. */
function ownDefaults(scenario: Scenario): Record<string, unknown> {
  return Object.fromEntries(
    scenario.options.flatMap(({ flags, default: value }) => {
      const name = /--([a-z][a-z0-9-]*)/.exec(flags)?.[1];
      if (name === undefined || value === undefined) return [];
      return [[name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()), value]];
    }),
  );
}

function settingsOf({ own, peers, rounds, seconds }: Asked): BenchResult['settings'] {
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
 * A figure that is not a number (nothing was answered, so there is no median) is no figure, and
 * JSON has no way to write it. It is left out, and that is told.
 */
function withoutNonsense(report: ScenarioReport): ScenarioReport {
  const notes: string[] = [];
  const subjects = report.subjects.map((subject) => ({
    ...subject,
    samples: subject.samples.map((sample, round) => {
      const figures = Object.entries(sample.figures).filter(([key, value]) => {
        if (Number.isFinite(value)) return true;
        notes.push(
          `${subject.label}: "${key}" was ${value} in round ${round + 1} and is left out.`,
        );
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
    if (missing > 0) notes.push(`${finding.label}: ${missing} of its samples are no numbers.`);
    return { ...finding, samples };
  });
  return { ...report, subjects, findings, notes: [...report.notes, ...notes] };
}

/** With what caused it, in one line. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}
