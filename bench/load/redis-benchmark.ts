// Runs redis-benchmark on the load's core: one command repeated on many connections, optionally
// pipelined.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LOAD_CORE } from '../pinned-process.ts';
import { cpuMicrosOfEndedChildren } from '../process-usage.ts';
import type { LatencyPoint } from '../scenario.ts';

const TIMEOUT_MS = 60_000;
/** Decimal places of the milliseconds that redis-benchmark prints. */
const PRECISION = 3;

export interface RedisBenchmarkJob {
  readonly port: number;
  readonly clients: number;
  /** Commands that a client sends before it waits for their answers. */
  readonly pipelined: number;
  readonly requests: number;
  readonly command: readonly string[];
}

export interface RedisBenchmarkFigures {
  readonly perSecond: number;
  /** The percentiles that redis-benchmark prints: 50, 95, 99 and 100. */
  readonly latency: readonly LatencyPoint[];
}

export interface RedisBenchmarkResult extends RedisBenchmarkFigures {
  /** CPU time of redis-benchmark itself. */
  readonly cpuMicros: number;
}

/** Run one at a time: the CPU time counts all children of this process that ended meanwhile. */
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
 * Parses the output of `--csv`: a line of quoted names and a line of quoted values. Throws for any
 * other output.
 */
export function redisBenchmarkFigures(csv: string): RedisBenchmarkFigures {
  const [names = [], values = []] = csv.trim().split('\n').slice(-2).map(quotedValues);
  const valueOf = (name: string): number => {
    const value = Number(values[names.indexOf(name)] ?? Number.NaN);
    if (Number.isFinite(value)) return value;
    throw new Error(`redis-benchmark printed no ${name}: ${csv}`);
  };
  return {
    perSecond: valueOf('rps'),
    latency: PERCENTILES.map(([percentile, column]) => [percentile, valueOf(column)]),
  };
}

/** The first value is the command, which may contain commas and quotes. */
function quotedValues(line: string): string[] {
  return line.trim().replace(/^"|"$/g, '').split('","');
}
