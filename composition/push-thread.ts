// The thread that encrypts pushes and sends them. It starts with the first message, and with a
// lower priority than the loop that sells; when it dies it is started again.

import type { MessagePort } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Clock } from '../actors/clock.ts';
import type { SaleMeter } from '../actors/sale-meter.ts';
import type { PushMessage, PushResult } from '../events/push/push-sender.ts';
import type { BrowserTarget } from '../events/push/web-push.ts';
import type { VapidKey } from '../storage/ports/vapid-keys.ts';
import type { Config } from './config.ts';
import { OffLoopThread } from './off-loop-thread.ts';

/** The `workerData` of the thread. */
export interface PushThreadData {
  readonly config: Config;
  /** `SaleMeter.shared` of this process. */
  readonly saleMeter: SharedArrayBuffer;
  readonly port: MessagePort;
}

/**
 * What waits in one turn of the loop goes as one list: a message by itself wakes the other side.
 */
export type ToPushThread = PushOrder | { readonly aborted: number };

export interface PushOrder {
  readonly id: number;
  readonly target: BrowserTarget;
  readonly message: PushMessage;
  readonly key: VapidKey;
}

export interface FromPushThread {
  readonly id: number;
  readonly result: PushResult;
}

/** What the thread says of itself now and then. */
export interface PushThreadReport {
  readonly servicesKnown: number;
  readonly servicesStopped: number;
}

/**
 * Messages that the thread has and that have no result. Beside a sale on one core it sends some
 * 300 in a second.
 */
const UNDER_WAY_MAX = 2_048;
const NO_ROOM: PushResult = { outcome: 'rate-limited', retryAfterMs: 1_000, reason: 'busy' };
const ENDED: PushResult = { outcome: 'failed', retryAfterMs: 1_000, reason: 'thread-ended' };
const ABORTED: PushResult = { outcome: 'failed', retryAfterMs: 0, reason: 'aborted' };

export class PushThread {
  readonly #thread: OffLoopThread<PushThreadReport>;
  readonly #underWay = new Map<number, (result: PushResult) => void>();
  #port: MessagePort | null = null;
  /** For the thread, at the end of this turn of the loop. */
  #outbox: ToPushThread[] = [];
  #started = false;
  #lastId = 0;

  constructor(options: {
    readonly config: Config;
    readonly meter: SaleMeter;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    const { config, meter } = options;
    const data: Omit<PushThreadData, 'port'> = { config, saleMeter: meter.shared };
    this.#thread = new OffLoopThread({
      ...options,
      name: 'push',
      program: new URL('push-program.ts', import.meta.url),
      data,
      serve: (port) => this.#serve(port),
      lag: null,
    });
  }

  get report(): PushThreadReport | null {
    return this.#thread.report;
  }

  /** As `WebPush.send`. Never rejects. */
  async send(
    target: BrowserTarget,
    message: PushMessage,
    key: VapidKey,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    if (signal?.aborted === true) return ABORTED;
    if (this.#underWay.size >= UNDER_WAY_MAX) return NO_ROOM;
    if (!this.#started) {
      this.#started = true;
      this.#thread.start();
    }
    if (this.#port === null) return ENDED;
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<PushResult>();
    this.#underWay.set(id, resolve);
    this.#tell({ id, target, message, key });
    const onAbort = () => {
      this.#end(id, ABORTED);
      this.#tell({ aborted: id });
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const result = await promise;
    signal?.removeEventListener('abort', onAbort);
    return result;
  }

  /** What is under way has no result; it may have gone. */
  async stop(): Promise<void> {
    this.#started = true;
    await this.#thread.stop();
  }

  #serve(port: MessagePort): void {
    this.#port = port;
    port.on('message', (results: readonly FromPushThread[]) => {
      for (const { id, result } of results) this.#end(id, result);
    });
    port.once('close', () => {
      if (this.#port === port) this.#port = null;
      for (const id of this.#underWay.keys()) this.#end(id, ENDED);
    });
  }

  #tell(message: ToPushThread): void {
    this.#outbox.push(message);
    if (this.#outbox.length > 1) return;
    setImmediate(() => {
      this.#port?.postMessage(this.#outbox);
      this.#outbox = [];
    });
  }

  #end(id: number, result: PushResult): void {
    this.#underWay.get(id)?.(result);
    this.#underWay.delete(id);
  }
}
