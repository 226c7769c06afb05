// The thread of one piece of work that must not run beside the shards: a consumer, or the archiver.
// A thread that died is started again, whatever the cause: positions are stored outside of it. Work
// that sleeps, burns a CPU or runs out of memory delays nothing else.

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Clock, Timer } from '../actors/clock.ts';
import { Backoff } from '../events/backoff.ts';
import type { ConsumerLag } from '../events/lane.ts';
import { answerPositions, type PositionsQuestion } from '../events/off-loop/remote-positions.ts';
import { answerQuestions } from '../events/port-questions.ts';
import type { ConsumerPositions } from '../storage/ports/consumer-positions.ts';
import type { Config } from './config.ts';
import { ThreadLag } from './thread-lag.ts';

/**
 * The limit of each thread's young generation. Facts are short-lived, and V8 would otherwise let
 * about 100 MiB of them gather before it collects them.
 */
const YOUNG_GENERATION_MIB = 16;
/**
 * The limit of each thread's old generation. V8 derives from it how much garbage may gather before
 * it collects: without a limit, a replay takes twice the memory (`bench/probes/replay-memory.ts`).
 */
const OLD_GENERATION_MIB = 512;
/** The memory of a thread, as `worker_threads` takes it. */
export const CONSUMER_MEMORY = {
  maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB,
  maxOldGenerationSizeMb: OLD_GENERATION_MIB,
} as const;
const RESTART_DELAY_FIRST_MS = 100;
const RESTART_DELAY_MAX_MS = 30_000;
/**
 * The longest wait at the stop for the batch in progress. An interrupted batch is delivered again.
 */
const STOP_MAX_MS = 3_000;

export interface OffLoopConsumer {
  /** As the consumer names itself. */
  readonly name: string;
  /** Events: the journals. Changes: the change stream (C1). */
  readonly reads: 'events' | 'changes';
  /** The URL of a module that exports `create`: `CreateConsumer` or `CreateChangeConsumer`. */
  readonly module: string;
  /** For `create`; plain data. */
  readonly options: unknown;
}

/** How the reports of a thread tell that it is behind. */
export interface LagOf<Report> {
  /** In milliseconds. */
  of(report: Report): number;
  /** The same report of a thread that is behind for so long. */
  with(report: Report, ms: number): Report;
}

export interface OffLoopThreadOptions<Report> {
  /** For the log and the metrics. */
  readonly name: string;
  readonly program: URL;
  /** The thread's `workerData`, besides `port` and `Stoppable`; plain data. */
  readonly data: object;
  /** Answers what the thread asks at its `port`; null: it asks nothing, and has no port. */
  readonly serve: ((port: MessagePort) => void) | null;
  /** Null: it has none. Else its last report is kept while it is not there. */
  readonly lag: LagOf<Report> | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** In the `workerData` of each thread. */
export interface Stoppable {
  /** Not 0 once the thread is to end: `beginThread` of off-loop-parts.ts. */
  readonly stopped: Int32Array;
}

/** The `workerData` of a consumer's thread. */
export interface ThreadData {
  readonly consumer: OffLoopConsumer;
  readonly config: Config;
  readonly shardCount: number;
  /** For its positions, and what it tells. */
  readonly port: MessagePort;
}

/** What a consumer's thread asks. */
export type ThreadQuestion = PositionsQuestion | { readonly told: unknown };

/** Takes what a consumer tells; again where that rejects. */
export type TakeTold = (message: unknown) => Promise<void>;

/** `Report`: what the thread posts of itself. */
export class OffLoopThread<Report = readonly ConsumerLag[]> {
  readonly #options: OffLoopThreadOptions<Report>;
  readonly #lag = new ThreadLag();
  readonly #backoff = new Backoff({ firstMs: RESTART_DELAY_FIRST_MS, maxMs: RESTART_DELAY_MAX_MS });
  #worker: Worker | null = null;
  #timer: Timer | null = null;
  #report: Report | null = null;
  readonly #stopped = new Int32Array(new SharedArrayBuffer(4));
  #exited: Promise<void> = Promise.resolve();

  constructor(options: OffLoopThreadOptions<Report>) {
    this.#options = options;
  }

  start(): void {
    const { name, program, data, serve, lag, clock, log } = this.#options;
    if (this.#isStopped) return;
    this.#lag.started(clock.monotonic());
    const channel = serve === null ? null : new MessageChannel();
    if (channel !== null) serve?.(channel.port1);
    const stoppable: Stoppable = { stopped: this.#stopped };
    const given = { ...data, ...stoppable };
    const worker = new Worker(program, {
      name,
      workerData: channel === null ? given : { ...given, port: channel.port2 },
      transferList: channel === null ? [] : [channel.port2],
      resourceLimits: CONSUMER_MEMORY,
    });
    this.#worker = worker;
    worker.on('message', (report: Report) => {
      this.#report = report;
      if (lag !== null) this.#lag.said(clock.monotonic(), lag.of(report));
      this.#backoff.succeeded();
    });
    worker.on('error', (error) =>
      log.error({ err: error, thread: name }, 'a thread beside the shards failed'),
    );
    this.#exited = new Promise((resolve) => {
      worker.on('exit', () => {
        channel?.port1.close();
        this.#worker = null;
        if (lag === null) this.#report = null;
        resolve();
        if (this.#isStopped) return;
        this.#timer = clock.after(this.#backoff.next(), () => this.start());
      });
    });
  }

  get name(): string {
    return this.#options.name;
  }

  /**
   * What the thread said last, with the lag that it has now; null where it has said nothing, of a
   * thread without a lag since it was started.
   */
  get report(): Report | null {
    const { lag } = this.#options;
    const late = this.lateMs;
    const report = this.#report;
    if (report === null || lag === null || late === null) return report;
    return lag.with(report, Math.max(late, lag.of(report)));
  }

  /** How far behind it is where it does not tell, in milliseconds; null where it does. */
  get lateMs(): number | null {
    return this.#lag.lateMs(this.#options.clock.monotonic());
  }

  /** Lost where the thread is being started again. */
  post(message: unknown): void {
    this.#worker?.postMessage(message);
  }

  get #isStopped(): boolean {
    return this.#stopped[0] !== 0;
  }

  /**
   * Idempotent. A thread that still loads is not ended from outside: Node aborts where that happens
   * while an addon is loaded. It ends itself before it opens anything.
   */
  async stop(): Promise<void> {
    const isFirst = !this.#isStopped;
    this.#stopped[0] = 1;
    this.#timer?.cancel();
    const worker = this.#worker;
    if (worker === null) return;
    if (!isFirst) return await this.#exited;
    worker.postMessage('stop');
    const timer = this.#options.clock.after(STOP_MAX_MS, () => void worker.terminate());
    await this.#exited;
    timer.cancel();
  }
}

/** Of the thread of the consumer `consumer`, which reports nothing where it does not run here. */
export function lagOfConsumer(consumer: string): LagOf<readonly ConsumerLag[]> {
  const unknown: ConsumerLag = { consumer, facts: 0, entries: 0, shardsBehind: 0, ms: 0 };
  return {
    of: (report) => Math.max(0, ...report.map(({ ms }) => ms)),
    with: (report, ms) => (report.length === 0 ? [unknown] : report).map((lag) => ({ ...lag, ms })),
  };
}

/** What the thread of a consumer reports; where it never did, that it is late. */
export function consumerLagOf(thread: OffLoopThread): readonly ConsumerLag[] {
  const { report, lateMs, name } = thread;
  if (report !== null || lateMs === null) return report ?? [];
  return lagOfConsumer(name).with([], lateMs);
}

export interface OffLoopThreadsOptions {
  readonly consumers: readonly OffLoopConsumer[];
  /** Further threads, which report a lag as well. */
  readonly others?: readonly OffLoopThread[];
  /** Of consumers that tell something, by their names. */
  readonly answers?: ReadonlyMap<string, TakeTold>;
  readonly config: Config;
  readonly shardCount: number;
  readonly positions: ConsumerPositions;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The threads of all off-loop consumers of a process. */
export class OffLoopThreads {
  readonly #threads: readonly OffLoopThread[];

  constructor(options: OffLoopThreadsOptions) {
    const { consumers, others = [], answers, config, shardCount, positions, clock, log } = options;
    const program = new URL('off-loop-program.ts', import.meta.url);
    const serveFor = (name: string) => (port: MessagePort) =>
      answerQuestions(port, async (question: ThreadQuestion) => {
        if (!('told' in question)) return await answerPositions(positions, question);
        await answers?.get(name)?.(question.told);
        return 0;
      });
    const threads = consumers.map((consumer) => {
      const data: Omit<ThreadData, 'port'> = { consumer, config, shardCount };
      const { name } = consumer;
      const [serve, lag] = [serveFor(name), lagOfConsumer(name)];
      return new OffLoopThread({ name, program, data, serve, lag, clock, log });
    });
    this.#threads = [...threads, ...others];
  }

  start(): void {
    for (const thread of this.#threads) thread.start();
  }

  lag(): ConsumerLag[] {
    return this.#threads.flatMap(consumerLagOf);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }
}
