// The result of a bench run: one JSON file with all samples. The report page, the tables and the
// comparison are made from this file alone. Reading validates the whole file, so that the code
// behind it can trust the shape.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { ScenarioReport } from './scenario.ts';

/** Increases with each change that makes older files unreadable. */
export const RESULT_FORMAT = 1;

const Text = Type.String();
const Share = Type.Number({ minimum: 0, maximum: 1 });
const Setting = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);

function one<const Values extends readonly string[]>(...values: Values) {
  return Type.Enum([...values] as Values[number][]);
}

const Sample = Type.Object({
  figures: Type.Record(Type.String(), Type.Number()),
  latency: Type.Optional(Type.Array(Type.Tuple([Type.Number(), Type.Number()]))),
});

const Subject = Type.Object({
  key: Text,
  label: Text,
  role: one('livedrops', 'peer', 'ceiling'),
  about: Text,
  samples: Type.Array(Sample),
});

const Figure = Type.Object({
  key: Text,
  label: Text,
  unit: Text,
  better: one('more', 'less', 'neither'),
  digits: Type.Integer({ minimum: 0, maximum: 10 }),
});

const Finding = Type.Object({
  label: Text,
  unit: Text,
  digits: Type.Integer({ minimum: 0, maximum: 10 }),
  samples: Type.Array(Type.Number()),
  better: one('more', 'less'),
  aim: Type.Union([Type.Number(), Type.Null()]),
});

const Report = Type.Object({
  name: Text,
  title: Text,
  method: Text,
  settings: Type.Record(Type.String(), Setting),
  figures: Type.Array(Figure),
  subjects: Type.Array(Subject),
  findings: Type.Array(Finding),
  notes: Type.Array(Text),
});

const Machine = Type.Object({
  cpuModel: Text,
  cores: Type.Integer({ minimum: 1 }),
  memoryBytes: Type.Number({ minimum: 0 }),
  kernel: Text,
  nodeVersion: Text,
  virtualisation: Type.Union([Text, Type.Null()]),
  fileSystem: Text,
});

const Result = Type.Object({
  format: Type.Literal(RESULT_FORMAT),
  /** The whole hash, or null outside of a repository. */
  commit: Type.Union([Text, Type.Null()]),
  /** Files that differ from that commit, without those in bench/results. */
  changedFiles: Type.Array(Text),
  /** The command that repeats the run. */
  command: Text,
  startedAt: Text,
  finishedAt: Text,
  machine: Machine,
  noise: Type.Object({
    /** Busy share of all cores in the second before the run, caused by other programs. */
    busyShareBefore: Share,
    /** Stolen share of all cores over the whole run. */
    stolenShare: Share,
    /** Median of an fdatasync of 8 KiB, before and after the run. */
    diskSyncMsBefore: Type.Number({ minimum: 0 }),
    diskSyncMsAfter: Type.Number({ minimum: 0 }),
  }),
  /** The requested options. Each report has the settings that its scenario used. */
  settings: Type.Record(Type.String(), Setting),
  runs: Type.Array(
    Type.Object({ report: Report, seconds: Type.Number({ minimum: 0 }), stolenShare: Share }),
  ),
  failures: Type.Array(Type.Object({ scenario: Text, error: Text })),
});

export interface ScenarioRun {
  readonly report: ScenarioReport;
  readonly seconds: number;
  /** Stolen share of all cores while the scenario ran. */
  readonly stolenShare: number;
}

export interface BenchResult extends Readonly<Omit<Static<typeof Result>, 'runs'>> {
  readonly runs: readonly ScenarioRun[];
}

const validator = Compile(Result);

/**
 * The file is no result, or a result of another format. The message names the problem and place.
 */
export class ResultError extends Error {
  readonly code = 'result-unreadable';
  override readonly name = 'ResultError';
}

/** Throws `ResultError` if the text is not a complete result of this format. */
export function parseResult(text: string, source: string): BenchResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ResultError(`${source} is not JSON: ${(error as Error).message}`);
  }
  const format = typeof value === 'object' && value !== null && 'format' in value && value.format;
  if (typeof format === 'number' && format !== RESULT_FORMAT) {
    throw new ResultError(
      `${source} has format ${format}; this bench reads format ${RESULT_FORMAT}`,
    );
  }
  if (validator.Check(value)) return value;
  const [error] = validator.Errors(value);
  const place = error === undefined || error.instancePath === '' ? 'it' : error.instancePath;
  throw new ResultError(`${source} is not a result of the bench: ${place} ${error?.message ?? ''}`);
}

export function readResult(file: string): BenchResult {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ResultError(`${file} cannot be read: ${(error as Error).message}`);
  }
  return parseResult(text, file);
}

/** Throws `ResultError`, before it writes anything, if the result could not be read again. */
export function writeResult(file: string, result: BenchResult): void {
  const text = `${JSON.stringify(result, null, 1)}\n`;
  parseResult(text, file);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
