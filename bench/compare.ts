// Compares two results. A difference counts only if the spreads of the rounds (least to greatest)
// do not overlap: any other difference may be noise of the machine. Warnings come first: they name
// what makes the two results hard to compare.

import { type Range, rangeOf, samplesOf } from './range.ts';
import type { BenchResult, ScenarioRun } from './result.ts';
import type { Figure, ScenarioReport } from './scenario.ts';

/**
 * `same`: the spreads touch or overlap, so the difference is within the noise. `unknown`: one side
 * has a single round and no spread. `changed`: beyond the noise, for a figure without a better
 * side.
 */
export type Change = 'better' | 'worse' | 'changed' | 'same' | 'unknown';

export interface Row {
  /** The subject's name, or null for a finding. */
  readonly subject: string | null;
  readonly label: string;
  readonly unit: string;
  readonly digits: number;
  readonly before: Range;
  readonly after: Range;
  /** The change of the median in percent; null if the first median is zero. */
  readonly percent: number | null;
  readonly change: Change;
}

export interface ScenarioComparison {
  readonly name: string;
  readonly warnings: readonly string[];
  readonly rows: readonly Row[];
}

export interface Side {
  readonly commit: string | null;
  readonly changedFiles: number;
  readonly startedAt: string;
}

export interface Comparison {
  readonly before: Side;
  readonly after: Side;
  readonly warnings: readonly string[];
  readonly scenarios: readonly ScenarioComparison[];
}

export function compareResults(before: BenchResult, after: BenchResult): Comparison {
  const byName = new Map(after.runs.map((run) => [run.report.name, run]));
  const pairs = before.runs.flatMap((run) => {
    const other = byName.get(run.report.name);
    return other === undefined ? [] : [[run, other] as const];
  });
  return {
    before: sideOf(before),
    after: sideOf(after),
    warnings: [
      ...machineWarnings(before, after),
      ...noiseWarnings(before, after),
      ...absent(before, after),
    ],
    scenarios: pairs.map(([one, other]) => compareScenario(one, other)),
  };
}

function sideOf({ commit, changedFiles, startedAt }: BenchResult): Side {
  return { commit, changedFiles: changedFiles.length, startedAt };
}

const MACHINE_PARTS = {
  cpuModel: 'processor',
  cores: 'cores',
  kernel: 'kernel',
  nodeVersion: 'Node',
  virtualisation: 'virtualisation',
  fileSystem: 'file system',
} as const;
/** Machines of one size differ by less: kernels reserve different amounts of memory. */
const MEMORY_FACTOR_MAX = 1.1;

function machineWarnings({ machine: a }: BenchResult, { machine: b }: BenchResult): string[] {
  const parts = Object.keys(MACHINE_PARTS) as (keyof typeof MACHINE_PARTS)[];
  const warnings = parts.flatMap((part) =>
    a[part] === b[part]
      ? []
      : [
          `The machines differ in ${MACHINE_PARTS[part]}: ` +
            `${a[part] ?? 'none'}, then ${b[part] ?? 'none'}.`,
        ],
  );
  if (factorBetween(a.memoryBytes, b.memoryBytes) > MEMORY_FACTOR_MAX)
    warnings.push('The machines differ in memory.');
  return warnings;
}

const STOLEN_SHARE_MAX = 0.01;
const BUSY_SHARE_MAX = 0.1;
const DISK_FACTOR_MAX = 1.5;

function noiseWarnings(before: BenchResult, after: BenchResult): string[] {
  const warnings: string[] = [];
  for (const [name, { noise }] of [
    ['first', before],
    ['second', after],
  ] as const) {
    const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
    if (noise.stolenShare > STOLEN_SHARE_MAX)
      warnings.push(`The hypervisor took ${percent(noise.stolenShare)} of the ${name} run's time.`);
    if (noise.busyShareBefore > BUSY_SHARE_MAX)
      warnings.push(
        `Other programs used ${percent(noise.busyShareBefore)} of the machine ` +
          `before the ${name} run.`,
      );
  }
  const [a, b] = [before, after].map(
    ({ noise }) => (noise.diskSyncMsBefore + noise.diskSyncMsAfter) / 2,
  );
  if (factorBetween(a!, b!) > DISK_FACTOR_MAX) {
    warnings.push(`The disk took ${a!.toFixed(2)} ms to sync, then ${b!.toFixed(2)} ms.`);
  }
  return warnings;
}

function factorBetween(a: number, b: number): number {
  return Math.max(a, b) / Math.max(Math.min(a, b), Number.MIN_VALUE);
}

function absent(before: BenchResult, after: BenchResult): string[] {
  const namesOf = ({ runs }: BenchResult) => new Set(runs.map(({ report }) => report.name));
  const [a, b] = [namesOf(before), namesOf(after)];
  return [
    ...[...a.difference(b)].map((name) => `Only the first result has ${name}.`),
    ...[...b.difference(a)].map((name) => `Only the second result has ${name}.`),
  ];
}

function compareScenario(before: ScenarioRun, after: ScenarioRun): ScenarioComparison {
  const [a, b] = [before.report, after.report];
  return {
    name: a.name,
    warnings: settingWarnings(a, b),
    rows: [...findingRows(a, b), ...figureRows(a, b)],
  };
}

function settingWarnings(a: ScenarioReport, b: ScenarioReport): string[] {
  const names = new Set([...Object.keys(a.settings), ...Object.keys(b.settings)]);
  return [...names].flatMap((name) => {
    const [one, other] = [a.settings[name], b.settings[name]];
    return one === other
      ? []
      : [`The setting ${name} differs: ${one ?? 'none'}, then ${other ?? 'none'}.`];
  });
}

function findingRows(a: ScenarioReport, b: ScenarioReport): Row[] {
  return a.findings.flatMap((finding) => {
    const other = b.findings.find(({ label }) => label === finding.label);
    if (other === undefined) return [];
    return rowOf(null, finding, finding.samples, other.samples);
  });
}

function figureRows(a: ScenarioReport, b: ScenarioReport): Row[] {
  return a.subjects.flatMap((subject) => {
    const other = b.subjects.find(({ key }) => key === subject.key);
    if (other === undefined) return [];
    return a.figures.flatMap((figure) =>
      rowOf(subject.label, figure, samplesOf(subject, figure.key), samplesOf(other, figure.key)),
    );
  });
}

function rowOf(
  subject: string | null,
  figure: Pick<Figure, 'label' | 'unit' | 'digits' | 'better'>,
  samplesBefore: readonly number[],
  samplesAfter: readonly number[],
): Row[] {
  const [before, after] = [rangeOf(samplesBefore), rangeOf(samplesAfter)];
  if (before === null || after === null) return [];
  const { better, digits, label, unit } = figure;
  const percent =
    before.median === 0 ? null : ((after.median - before.median) / Math.abs(before.median)) * 100;
  return [
    {
      subject,
      label,
      unit,
      digits,
      before,
      after,
      percent,
      change: changeOf(better, before, after),
    },
  ];
}

function changeOf(better: Figure['better'], before: Range, after: Range): Change {
  if (before.samples === 1 || after.samples === 1) return 'unknown';
  if (before.min <= after.max && after.min <= before.max) return 'same';
  if (better === 'neither') return 'changed';
  return after.median > before.median === (better === 'more') ? 'better' : 'worse';
}
