// Orders for an hour or any chosen time, while drops start and end and watchers connect and leave.
// Measures whether memory grows by more than the orders of live drops, and whether the memory of
// ended drops is released.

import { setTimeout as delay } from 'node:timers/promises';
import { ChurningSubscribers } from '../load/churning-subscribers.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { KindResult, OpenLoopJob, OpenLoopResult } from '../load/open-loop-load.ts';
import { DropGenerations } from '../load/drop-generations.ts';
import type { RequestKind } from '../load/request-plan.ts';
import type { OpenLoop } from '../measure.ts';
import {
  type CommonOptions,
  count,
  counted,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Log,
} from '../scenario.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';
import { accessToken } from '../servers/sale-client.ts';
import {
  GENERATION_SAMPLES,
  growthNote,
  MEGABYTE,
  SOAK_FIGURES,
  soakFindings,
  soakLine,
} from './soak-report.ts';

const SAMPLE_SECONDS = 10;
/** Drops on sale at the same time. */
const DROPS = 3;
const CONNECTIONS = 256;
/** Users who order repeatedly. Each sample uses `BUYER_GROUPS` groups of 4,096 of them. */
const BUYERS = 100_000;
const BUYER_GROUPS = 4;
const BUYERS_OF_GROUP = 4096;
/** After this many orders SQLite's caches, the token cache and the heap have their final size. */
const CONCLUSIVE_ORDERS = 1_000_000;
/** Tokens are reused for half of their lifetime. */
const TOKEN_REUSE_MS = 1_800_000;
const WARM_UP_SECONDS = 10;
const CAPACITY_SECONDS = 5;
/** Several readings a sample: the least one has little garbage in it. */
const MEMORY_READS = 5;

export interface SoakOptions extends CommonOptions {
  readonly minutes: number;
  /** Orders a second; absent: half of the capacity. */
  readonly rate?: number;
  readonly subscribers: number;
}

export const soak: Scenario<SoakOptions> = {
  name: 'soak',
  description: 'orders for a long time while drops begin and end: does memory come back',
  options: [
    counted('--minutes <n>', 'how long', 10),
    {
      flags: '--rate <n>',
      description: 'orders a second (default: half of the capacity)',
      parse: count,
    },
    counted('--subscribers <n>', 'live streams open at once, each for 20 seconds', 200),
  ],
  longRunning: true,
  run: runSoak,
};

async function runSoak(options: SoakOptions, log: Log): Promise<ScenarioReport> {
  const { profileDirectory } = options;
  const profile = ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
  const server = new LiveDropsServer(profileDirectory === null ? [] : profile);
  const load: OpenLoop = new LoadProcess({ generator: 'open-loop' });
  const run = new Soak(server, load);
  try {
    await server.start();
    await run.begin();
    const rate = options.rate ?? Math.round((await run.capacity()) / 2);
    log(`${rate} orders a second for ${options.minutes} minutes`);
    const watchers = new ChurningSubscribers({
      host: server.host,
      port: server.port,
      count: options.subscribers,
      nextDrop: () => run.anyDrop(),
    });
    try {
      await run.orders(rate, options.minutes, watchers, log);
    } finally {
      watchers.stop();
    }
    return report(options, rate, run.samples, watchers.lost);
  } finally {
    await load.stop();
    await server.stop();
  }
}

class Soak {
  readonly samples: Sample[] = [];
  readonly #server: LiveDropsServer;
  readonly #load: OpenLoop;
  #drops: DropGenerations | null = null;
  #samplesLeft = 0;
  #buyersSoFar = 0;
  readonly #tokens = new Map<string, string>();
  #tokensSince = performance.now();
  #watched = 0;
  #ordersEver = 0;

  constructor(server: LiveDropsServer, load: OpenLoop) {
    this.#server = server;
    this.#load = load;
  }

  async begin(): Promise<void> {
    this.#drops = new DropGenerations({ sale: this.#server, perGeneration: DROPS });
    await this.#drops.begin((WARM_UP_SECONDS + CAPACITY_SECONDS) * 1000);
  }

  /** The warm server's capacity in orders a second. */
  async capacity(): Promise<number> {
    await this.#order(null, WARM_UP_SECONDS);
    const { answers, seconds } = await this.#order(null, CAPACITY_SECONDS);
    return answers / seconds;
  }

  async orders(
    rate: number,
    minutes: number,
    watchers: ChurningSubscribers,
    log: Log,
  ): Promise<void> {
    const sampleCount = Math.max(1, Math.round((minutes * 60) / SAMPLE_SECONDS));
    const startedAt = performance.now();
    for (let i = 0; i < sampleCount; i++) {
      if (this.#samplesLeft === 0) await this.#nextGeneration(sampleCount - i);
      this.#samplesLeft -= 1;
      const framesBefore = watchers.frames;
      const [result, memory] = await Promise.all([
        this.#order(rate, SAMPLE_SECONDS),
        this.#readMemory(),
      ]);
      const { done, due } = result.kinds['orders']!;
      const inMemory = await this.#drops!.inMemory();
      const figures = {
        minute: (performance.now() - startedAt) / 60_000,
        rate: done.answers / result.seconds,
        ever: this.#ordersEver,
        kept: inMemory.orders,
        drops: inMemory.drops,
        ...memory,
        p99: done.p99Ms,
        refused: due - done.answers,
        frames: (watchers.frames - framesBefore) / result.seconds,
      };
      this.samples.push({ figures, latency: done.latency });
      if (i % 6 === 5) log(soakLine(figures));
    }
  }

  /** The live drops in turn. */
  anyDrop(): string | null {
    const live = this.#drops?.live ?? [];
    this.#watched += 1;
    return live[this.#watched % live.length] ?? null;
  }

  async #nextGeneration(samplesAtMost: number): Promise<void> {
    this.#samplesLeft = Math.min(GENERATION_SAMPLES, samplesAtMost);
    // A sample takes a little longer than its load.
    await this.#drops!.begin(this.#samplesLeft * (SAMPLE_SECONDS + 1) * 1000);
  }

  async #order(perSecond: number | null, seconds: number): Promise<OpenLoopResult> {
    const drops = this.#drops!;
    const { host, port } = this.#server;
    const paths = drops.live.map((dropId) => `/v1/drops/${dropId}/orders`);
    const kinds = Array.from({ length: BUYER_GROUPS }, (): RequestKind => {
      const tokens = this.#nextBuyers();
      const body = '{"quantity":1}';
      return { name: 'orders', weight: 1, method: 'POST', paths, tokens, body, keyed: true };
    });
    const job: Omit<OpenLoopJob, 'run'> = {
      host,
      port,
      kinds,
      perSecond,
      seconds,
      connections: CONNECTIONS,
    };
    const result = await this.#load.run(job);
    const { answers } = orders(result).done;
    this.#ordersEver += answers;
    drops.count(answers);
    return result;
  }

  /** In turn, each with one token for as long as people keep theirs. */
  #nextBuyers(): string[] {
    if (performance.now() - this.#tokensSince > TOKEN_REUSE_MS) {
      this.#tokens.clear();
      this.#tokensSince = performance.now();
    }
    return Array.from({ length: BUYERS_OF_GROUP }, () => {
      this.#buyersSoFar += 1;
      const userId = `buyer-${this.#buyersSoFar % BUYERS}`;
      const token = this.#tokens.get(userId) ?? accessToken(userId);
      this.#tokens.set(userId, token);
      return token;
    });
  }

  /** The least of several looks while a sample is taken; of the event loop, the slowest. */
  async #readMemory(): Promise<Record<'resident' | 'used' | 'heap' | 'loopP99', number>> {
    const readings: { resident: number; heap: number; buffers: number; loopP99: number }[] = [];
    for (let read = 0; read < MEMORY_READS; read++) {
      await delay((SAMPLE_SECONDS * 1000) / (MEMORY_READS + 1));
      const { host, port, process } = this.#server;
      const text = await (await fetch(`http://${host}:${port}/metrics`)).text();
      const metric = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
      readings.push({
        resident: process.residentBytes() / MEGABYTE,
        heap: metric('nodejs_heap_size_used_bytes') / MEGABYTE,
        buffers: metric('nodejs_external_memory_bytes') / MEGABYTE,
        loopP99: metric('nodejs_eventloop_lag_p99_seconds') * 1000,
      });
    }
    return {
      resident: Math.min(...readings.map(({ resident }) => resident)),
      used: Math.min(...readings.map(({ heap, buffers }) => heap + buffers)),
      heap: Math.min(...readings.map(({ heap }) => heap)),
      loopP99: Math.max(...readings.map(({ loopP99 }) => loopP99)),
    };
  }
}

function orders({ kinds }: OpenLoopResult): KindResult {
  return kinds['orders']!;
}

function report(
  { minutes, rate: requestedRate, subscribers }: SoakOptions,
  rate: number,
  samples: readonly Sample[],
  watchersLost: number,
): ScenarioReport {
  // Nothing has ended before the end of the first generation, and caches take their time to fill.
  const warmUp = Math.ceil(samples.length / 4 / GENERATION_SAMPLES) * GENERATION_SAMPLES;
  const warm = samples.length >= 2 * warmUp ? samples.slice(warmUp) : samples;
  const notes = [growthNote(warm)];
  const ordersWarm = warm.at(-1)!.figures['ever']! - warm[0]!.figures['ever']!;
  if (warm === samples || ordersWarm < CONCLUSIVE_ORDERS)
    notes.push('Too few orders to distinguish growth from caches that fill.');
  if (watchersLost > 0) notes.push(`${watchersLost} watchers lost their stream.`);
  if (requestedRate === undefined) notes.push('The rate is half of what was measured first.');
  return {
    name: 'soak',
    title: 'Long load, and what stays of it',
    method:
      'One server with every role on one core takes orders over HTTP at a steady rate, by ' +
      `${BUYERS.toLocaleString('en')} buyers, for ${DROPS} drops at a time. Every ` +
      `${(GENERATION_SAMPLES * SAMPLE_SECONDS) / 60} minutes they end and ${DROPS} others begin; ` +
      'a drop that is over is put aside after half a minute to a minute without use. Meanwhile ' +
      'watchers come to the live stream of a drop, stay for 20 seconds, and go. Each sample is ' +
      `of ${SAMPLE_SECONDS} seconds, and of memory it tells the least of ${MEMORY_READS} looks. ` +
      'How memory depends on the orders of the drops that are in memory, and on all orders ever ' +
      'placed, is found by least squares over the samples after the first quarter; growth is ' +
      'that of the least memory of each generation of drops.',
    settings: { minutes, rate, subscribers },
    figures: SOAK_FIGURES,
    subjects: [
      {
        key: 'livedrops',
        label: 'LiveDrops',
        role: 'livedrops',
        about: 'LiveDrops with every role in one process, on SQLite (WAL, synchronous=FULL).',
        samples,
      },
    ],
    findings: soakFindings(warm),
    notes,
  };
}
