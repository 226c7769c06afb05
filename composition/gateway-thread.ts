// A gateway thread (decision 116), as the main thread has it: its worker, its port, its rings, and
// answers to what it asks.

import { MessageChannel, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import pTimeout from 'p-timeout';
import { type Clock, systemClock } from '../actors/clock.ts';
import { LiveRelay, type LiveTextOnce } from '../actors/threads/live-relay.ts';
import { OrderIntake } from '../actors/threads/order-intake.ts';
import { createRings, RingLink } from '../actors/threads/ring-link.ts';
import { ThreadPort } from '../actors/threads/thread-port.ts';
import { withTrace } from '../actors/tracing/active-trace.ts';
import type { Announce } from '../actors/tracing/tracing.ts';
import type { ForwardedRequests } from '../gateway/http/forwarded.ts';
import type { ThreadMetric } from '../gateway/metrics/metric-sources.ts';
import type {
  GatewayThreadData,
  MainAsks,
  MainTells,
  ThreadAsks,
  ThreadTells,
} from './gateway-messages.ts';
import type { NodeCore } from './node-core.ts';
import type { NodeTracing } from './tracing.ts';

const PROGRAM = new URL('gateway-program.ts', import.meta.url);
/** A thread that is busy for longer is left out of what operators see. */
const ANSWER_MAX_MS = 1_500;
/**
 * For its requests in flight, and what it has to store: less than a node alone has for its stop.
 */
const STOP_MAX_MS = 6_500;

/** What gateway threads have of the node's core. */
type CoreOfGateways = Pick<NodeCore, 'router' | 'call' | 'bus' | 'levels' | 'stores'>;

export interface GatewayThreadOptions {
  readonly core: CoreOfGateways;
  readonly traces: Pick<NodeTracing, 'tracing' | 'writeAccessLines'>;
  /** For the log and the metrics. */
  readonly name: string;
  readonly data: Omit<GatewayThreadData, 'port' | 'wakes' | 'rings' | 'heard'>;
  readonly mediaOrigin: () => string | null;
  readonly forwarded: ForwardedRequests;
  readonly texts: LiveTextOnce;
  /** It has ended, and nobody has stopped it. */
  readonly onDied: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class GatewayThread {
  readonly #options: GatewayThreadOptions;
  readonly #worker: Worker;
  readonly #port: ThreadPort<ThreadAsks, ThreadTells>;
  readonly #link: RingLink;
  readonly #relay: LiveRelay;
  readonly #exited: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #announce: Announce = (traceIds) => this.tell({ chosenTraces: traceIds });
  #descriptor = 0;
  #metrics: readonly ThreadMetric[] = [];
  #isStopping = false;

  constructor(options: GatewayThreadOptions) {
    this.#options = options;
    const { name, data, core, traces, texts, clock } = options;
    const channel = new MessageChannel();
    const wakes = new MessageChannel();
    const rings = createRings();
    const heard = new Int32Array(new SharedArrayBuffer(4));
    this.#port = new ThreadPort<ThreadAsks, ThreadTells>({
      port: channel.port1,
      answer: (question) => this.#answer(question),
      told: (told) => this.#told(told),
      beforeAnswer: () => this.#relay.flush(),
    });
    this.#relay = new LiveRelay({
      bus: core.bus,
      texts,
      send: (live) => this.tell({ live }),
      sendGap: () => this.tell({ gap: true }),
      heard,
      clock,
    });
    this.#link = new RingLink({
      written: rings.toThread,
      read: rings.toMain,
      wakes: wakes.port1,
      onMessage: (message) => intake.take(message),
      onRoom: () => intake.resume(),
    });
    const intake = new OrderIntake({
      router: core.router,
      write: (message) => this.#link.write(message),
      messageMax: this.#link.messageMax,
      tell: (replies) => this.tell({ replies }),
    });
    traces.tracing?.announceBy(this.#announce);
    const given: GatewayThreadData = {
      ...data,
      port: channel.port2,
      wakes: wakes.port2,
      rings,
      heard,
    };
    this.#worker = new Worker(PROGRAM, {
      name,
      workerData: given,
      transferList: [channel.port2, wakes.port2],
    });
    this.#exited = this.#watch();
  }

  /** Resolves when it serves. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get descriptor(): number {
    return this.#descriptor;
  }

  tell(told: MainTells): void {
    this.#port.tell(told);
  }

  /** Rejects where it does not answer in time. */
  ask<Answer>(question: MainAsks): Promise<Answer> {
    return pTimeout(this.#port.ask<Answer>(question), { milliseconds: ANSWER_MAX_MS });
  }

  /** What it counted; of one that does not answer in time, the last time. Counts never fall. */
  async metrics(): Promise<readonly ThreadMetric[]> {
    try {
      this.#metrics = await this.ask<readonly ThreadMetric[]>({ of: 'metrics' });
    } catch (error) {
      this.#options.log.debug({ err: error }, 'a gateway thread did not tell what it counted');
    }
    return this.#metrics;
  }

  /** Idempotent. It answers the requests in flight, closes its connections, and ends. */
  async stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      const stopped = this.#port.ask({ of: 'stop' } satisfies MainAsks).catch(() => undefined);
      await pTimeout(stopped, { milliseconds: STOP_MAX_MS, fallback: () => undefined });
      this.#relay.stop();
      this.#link.stop();
      this.#port.close();
      const timer = systemClock.after(ANSWER_MAX_MS, () => void this.#worker.terminate());
      await this.#exited;
      timer.cancel();
    }
    await this.#exited;
  }

  #watch(): Promise<void> {
    const { name, onDied, log } = this.#options;
    const worker = this.#worker;
    worker.on('error', (error) => {
      log.fatal({ err: error, thread: name }, 'a gateway thread failed');
      this.#ready.reject(error);
    });
    // Whoever waits for it in `start` gets the error; a thread that served has none who wait.
    this.#ready.promise.catch(() => undefined);
    return new Promise((resolve) => {
      worker.on('exit', () => {
        this.#ready.reject(new Error(`the thread ${name} has ended`));
        resolve();
        if (!this.#isStopping) onDied();
      });
    });
  }

  #told(told: ThreadTells): void {
    const { traces, forwarded, mediaOrigin } = this.#options;
    if ('live' in told) this.#relay.take(told);
    else if ('ready' in told) {
      this.#descriptor = told.ready;
      this.tell({ mediaOrigin: mediaOrigin() });
      this.#ready.resolve();
    } else if ('chosenTraces' in told)
      traces.tracing?.chosen(told.chosenTraces, [], this.#announce);
    else if ('accessLines' in told) traces.writeAccessLines?.(told.accessLines);
    else forwarded.closed(told.closedStream);
  }

  async #answer(question: ThreadAsks): Promise<unknown> {
    const { core, forwarded } = this.#options;
    const { stores, router, call, bus } = core;
    switch (question.of) {
      case 'action': {
        const { action, params, traceparent, requestId, origin } = question;
        const act = () => call(action, params as never, traceparent, origin);
        if (traceparent === undefined) return await act();
        return await withTrace({ traceparent, ...(requestId !== undefined && { requestId }) }, act);
      }
      case 'command': {
        const { command, traceparent } = question;
        const send = () => router.send(command);
        return await (traceparent === undefined ? send() : withTrace({ traceparent }, send));
      }
      case 'bus-settled':
        return await bus.settled();
      case 'request':
        return await forwarded.request(question.request);
      case 'chunk':
        return await forwarded.chunk(question.stream);
      case 'ended-sessions':
        return await stores.sessions.ended(question.after, question.count);
      case 'restrictions':
        return await stores.restrictions.changes(question.after, question.count);
      case 'analytics-generation':
        return await stores.analytics.generation();
      case 'analytics-drops':
        return await stores.analytics.exact(question.generation).drops(question.dropIds);
      case 'analytics-count':
        return await stores.analytics.count(question.flush);
    }
  }
}
