// The ceiling of Redis in a cluster: redis-benchmark appends entries of an order's size to one
// stream, on a redis-server with the journal's settings, without gateway, owner, messages or lists.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atPercentile } from '../load/latencies.ts';
import { runRedisBenchmark } from '../load/redis-benchmark.ts';
import type { Sample, Subject } from '../scenario.ts';
import { JOURNAL_BYTES_PER_ORDER } from './order-server.ts';
import type { PinnedProgram } from './peers/pinned-program.ts';
import { findRedisBenchmark, present, versionOf } from './peers/programs.ts';
import { startRedis } from './store-programs.ts';

const STREAM = 'log';
const APPEND = ['XADD', STREAM, '*', 'e', 'x'.repeat(JOURNAL_BYTES_PER_ORDER)];
const WARM_UP_APPENDS = 20_000;

/** A measurement with `clients` times `pipelined` appends in flight. */
interface Series {
  readonly clients: number;
  readonly pipelined: number;
  readonly samples: Sample[];
  /** The rate of the last run, from which the next run computes its number of appends. */
  perSecond: number;
}

export class RedisAppendCeiling {
  readonly #directory = mkdtempSync(join(tmpdir(), 'livedrops-bench-'));
  readonly #series: readonly Series[];
  #server: PinnedProgram | null = null;
  #port = 0;

  /** `pipelined`: commands that a connection sends at once; one series for each number. */
  constructor(options: { readonly clients: number; readonly pipelined: readonly number[] }) {
    const { clients } = options;
    this.#series = options.pipelined.map((pipelined) => {
      return { clients, pipelined, samples: [], perSecond: 0 };
    });
  }

  /** Rejects if redis-server or redis-benchmark is missing. */
  async start(): Promise<void> {
    const { program, port } = await startRedis(this.#directory);
    this.#server = program;
    this.#port = port;
    for (const series of this.#series) {
      series.perSecond = (await this.#append(series, WARM_UP_APPENDS)).perSecond;
    }
  }

  /** Measures each series once. */
  async measure(seconds: number): Promise<void> {
    for (const series of this.#series) {
      const requests = Math.ceil(series.perSecond * seconds);
      const cpuBefore = this.#server!.cpuMicros();
      const { perSecond, latency, cpuMicros: loadMicros } = await this.#append(series, requests);
      const serverMicros = this.#server!.cpuMicros() - cpuBefore;
      const micros = (requests / perSecond) * 1e6;
      const cpuMicros = serverMicros / requests;
      const figures = {
        perSecond,
        p50Ms: atPercentile(latency, 50),
        p99Ms: atPercentile(latency, 99),
        cpuMicros,
        redis: cpuMicros,
        serverPercent: (serverMicros / micros) * 100,
        loadPercent: (loadMicros / micros) * 100,
      };
      series.perSecond = perSecond;
      series.samples.push({ figures, latency });
      await this.#run({ clients: 1, pipelined: 1 }, 1, ['UNLINK', STREAM]);
    }
  }

  subjects(): Subject[] {
    return this.#series.map(({ clients, pipelined, samples }) => {
      const underWay = clients * pipelined;
      return {
        key: `redis-append-${underWay}`,
        label: `redis-benchmark, ${underWay} appends`,
        role: 'ceiling',
        about: aboutOf(clients),
        samples,
      };
    });
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #append(series: Series, requests: number): ReturnType<typeof runRedisBenchmark> {
    return this.#run(series, requests, APPEND);
  }

  #run(
    { clients, pipelined }: Pick<Series, 'clients' | 'pipelined'>,
    requests: number,
    command: readonly string[],
  ): ReturnType<typeof runRedisBenchmark> {
    const program = present(findRedisBenchmark(), 'redis-tools');
    const job = { port: this.#port, clients, pipelined, requests, command };
    return runRedisBenchmark(program, job);
  }
}

function aboutOf(clients: number): string {
  return (
    `redis-benchmark ${versionOf(findRedisBenchmark())} over ${clients} connections, pipelined ` +
    'where more appends than that are under way: XADD of an entry of ' +
    `${JOURNAL_BYTES_PER_ORDER} bytes to one stream, on a redis-server with the same settings, ` +
    'which syncs once for all that it has read, before it answers any.'
  );
}
