// The CPU time of each thread that the main thread starts, and for how long its event loop had
// something to do. Nothing is measured until the metrics are read. Threads that threads start, and
// those of Node itself, are `other`.

import type { Worker } from 'node:worker_threads';
import pTimeout from 'p-timeout';
import type { ThreadSample } from '../gateway/metrics/metric-sources.ts';

/** A thread that does not answer by then, as one in a long query, has the figures of before. */
const ANSWER_MAX_MS = 200;
/** The metrics are read twice for each scrape. */
const SAMPLE_AGE_MAX_MS = 100;
const MAIN = 'main';
const OTHER = 'other';
const UNNAMED = 'unnamed';
const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;

interface Usage {
  cpuSeconds: number;
  activeSeconds: number;
}

interface MeasuredThread {
  /** A worker that has ended has no name any more. */
  readonly name: string;
  readonly usage: Usage;
}

export class ThreadMeter {
  readonly #live = new Map<Worker, MeasuredThread>();
  /** By name. */
  readonly #ended = new Map<string, Usage>();
  #sample: Promise<readonly ThreadSample[]> | null = null;
  #sampledAt = -Infinity;
  #otherSeconds = 0;
  readonly #onWorker = (worker: Worker): void => {
    const name = worker.threadName ?? UNNAMED;
    const usage = { cpuSeconds: 0, activeSeconds: 0 };
    this.#live.set(worker, { name, usage });
    worker.once('exit', () => {
      this.#live.delete(worker);
      add(this.#ended, name, usage);
    });
  };

  /** Threads that are started later are measured. */
  start(): void {
    process.on('worker', this.#onWorker);
  }

  stop(): void {
    process.off('worker', this.#onWorker);
  }

  /** Since the start, by name: those that ended are in it. */
  sample(): Promise<readonly ThreadSample[]> {
    const now = performance.now();
    if (this.#sample === null || now - this.#sampledAt > SAMPLE_AGE_MAX_MS) {
      this.#sampledAt = now;
      this.#sample = this.#read();
    }
    return this.#sample;
  }

  async #read(): Promise<readonly ThreadSample[]> {
    await Promise.all([...this.#live].map(([worker, { usage }]) => refresh(worker, usage)));
    const all = new Map<string, Usage>();
    add(all, MAIN, ownUsage());
    for (const [name, usage] of this.#ended) add(all, name, usage);
    for (const { name, usage } of this.#live.values()) add(all, name, usage);
    let knownSeconds = 0;
    for (const { cpuSeconds } of all.values()) knownSeconds += cpuSeconds;
    const { user, system } = process.cpuUsage();
    const otherSeconds = (user + system) / MICROSECONDS - knownSeconds;
    // A thread that did not answer would otherwise make it fall again.
    this.#otherSeconds = Math.max(this.#otherSeconds, otherSeconds);
    const named = [...all].map(([thread, usage]) => ({ thread, ...usage }));
    return [...named, { thread: OTHER, cpuSeconds: this.#otherSeconds, activeSeconds: null }];
  }
}

let ofProcess: ThreadMeter | null = null;

/** The meter of this process, which measures threads that are started after the first call. */
export function processThreads(): ThreadMeter {
  if (ofProcess === null) {
    ofProcess = new ThreadMeter();
    ofProcess.start();
  }
  return ofProcess;
}

function ownUsage(): Usage {
  const { user, system } = process.threadCpuUsage();
  const { active } = performance.eventLoopUtilization();
  return { cpuSeconds: (user + system) / MICROSECONDS, activeSeconds: active / MILLISECONDS };
}

async function refresh(worker: Worker, usage: Usage): Promise<void> {
  try {
    const { active } = worker.performance.eventLoopUtilization();
    usage.activeSeconds = Math.max(usage.activeSeconds, active / MILLISECONDS);
    const { user, system } = await pTimeout(worker.cpuUsage(), { milliseconds: ANSWER_MAX_MS });
    usage.cpuSeconds = (user + system) / MICROSECONDS;
  } catch {
    // It is busy, or has just ended.
  }
}

/** Threads of one name are one series. */
function add(all: Map<string, Usage>, name: string, usage: Usage): void {
  const before = all.get(name) ?? { cpuSeconds: 0, activeSeconds: 0 };
  all.set(name, {
    cpuSeconds: before.cpuSeconds + usage.cpuSeconds,
    activeSeconds: before.activeSeconds + usage.activeSeconds,
  });
}
