// What a run of the bench leaves behind: one JSON file with everything that the page, the tables
// and a comparison are made from, all samples included. Reading checks the whole file, so that
// whoever shows it need not doubt it.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { ScenarioReport } from './scenario.ts';

/** Rises when a file of before could no longer be read as one of now. */
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
  /**
   * Files that differ from that commit, as git tells them; those of earlier results do not count.
   */
  changedFiles: Type.Array(Text),
  /** The command that does it again. */
  command: Text,
  startedAt: Text,
  finishedAt: Text,
  machine: Machine,
  noise: Type.Object({
    /** In the second before the run, of all cores: what others did. */
    busyShareBefore: Share,
    /** Over the whole run, of all cores. */
    stolenShare: Share,
    /** Median of an fdatasync of 8 KiB, before the run and after it. */
    diskSyncMsBefore: Type.Number({ minimum: 0 }),
    diskSyncMsAfter: Type.Number({ minimum: 0 }),
  }),
  /** As asked for; what each scenario made of it is in its own settings. */
  settings: Type.Record(Type.String(), Setting),
  runs: Type.Array(
    Type.Object({ report: Report, seconds: Type.Number({ minimum: 0 }), stolenShare: Share }),
  ),
  failures: Type.Array(Type.Object({ scenario: Text, error: Text })),
});

export interface ScenarioRun {
  readonly report: ScenarioReport;
  readonly seconds: number;
  /** While it ran, of all cores. */
  readonly stolenShare: number;
}

export interface BenchResult extends Readonly<Omit<Static<typeof Result>, 'runs'>> {
  readonly runs: readonly ScenarioRun[];
}

const validator = Compile(Result);

/**
 * Is not a result of this bench, or of another version of it; the message says what is wrong, and
 * where.
 */
export class ResultError extends Error {
  readonly code = 'result-unreadable';
  override readonly name = 'ResultError';
}

/** Throws `ResultError` where the text is not a whole result of this format. */
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

/**
 * What is written can be read again: throws `ResultError` otherwise, before anything is written.
 */
export function writeResult(file: string, result: BenchResult): void {
  const text = `${JSON.stringify(result, null, 1)}\n`;
  parseResult(text, file);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
