// Redis' own load generator on the load's core: one command over and over, on many connections,
// several of them sent together where asked for.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LOAD_CORE } from '../pinned-process.ts';
import { cpuMicrosOfEndedChildren } from '../process-usage.ts';
import type { LatencyPoint } from '../scenario.ts';

const TIMEOUT_MS = 60_000;
/** Decimal places of its milliseconds. */
const PRECISION = 3;

export interface RedisBenchmarkJob {
  readonly port: number;
  readonly clients: number;
  /** How many commands a client sends before it waits for their answers. */
  readonly pipelined: number;
  readonly requests: number;
  readonly command: readonly string[];
}

export interface RedisBenchmarkFigures {
  readonly perSecond: number;
  /** At the percentiles that it tells: 50, 95, 99 and 100. */
  readonly latency: readonly LatencyPoint[];
}

export interface RedisBenchmarkResult extends RedisBenchmarkFigures {
  /** Of the generator itself. */
  readonly cpuMicros: number;
}

/** Only one at a time: its CPU time is that of the children that ended meanwhile. */
export async function runRedisBenchmark(
  program: string,
  { port, clients, pipelined, requests, command }: RedisBenchmarkJob,
): Promise<RedisBenchmarkResult> {
  const options = { p: port, c: clients, P: pipelined, n: requests };
  const flags = Object.entries(options).flatMap(([name, value]) => [`-${name}`, String(value)]);
  const format = ['--csv', '--precision', String(PRECISION)];
  const args = ['-c', String(LOAD_CORE), program, ...flags, ...format, ...command];
  const cpuBefore = cpuMicrosOfEndedChildren();
  const { stdout } = await promisify(execFile)('taskset', args, { timeout: TIMEOUT_MS });
  return { ...redisBenchmarkFigures(stdout), cpuMicros: cpuMicrosOfEndedChildren() - cpuBefore };
}

const PERCENTILES: readonly (readonly [percentile: number, column: string])[] = [
  [50, 'p50_latency_ms'],
  [95, 'p95_latency_ms'],
  [99, 'p99_latency_ms'],
  [100, 'max_latency_ms'],
];

/**
 * Of what it prints with `--csv`: a line of names and one of values, all of them quoted. Throws
 * where that is not what it printed.
 */
export function redisBenchmarkFigures(csv: string): RedisBenchmarkFigures {
  const [names = [], values = []] = csv.trim().split('\n').slice(-2).map(quotedValues);
  const valueOf = (name: string): number => {
    const value = Number(values[names.indexOf(name)] ?? Number.NaN);
    if (Number.isFinite(value)) return value;
    throw new Error(`redis-benchmark told no ${name}: ${csv}`);
  };
  return {
    perSecond: valueOf('rps'),
    latency: PERCENTILES.map(([percentile, column]) => [percentile, valueOf(column)]),
  };
}

/** The first one is the command itself, which may hold anything, commas and quotes included. */
function quotedValues(line: string): string[] {
  return line.trim().replace(/^"|"$/g, '').split('","');
}
