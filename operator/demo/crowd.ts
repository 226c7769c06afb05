// The demo's side of the crowd: starts its thread, tells it when to press, and collects what it was
// promised.

import { Worker } from 'node:worker_threads';
import { LoadCounters } from './load-counters.ts';

/** An order that the server has said exists. */
export interface AcknowledgedOrder {
  readonly orderId: string;
  readonly userId: string;
  readonly key: string;
  /** Milliseconds since the Unix epoch. */
  readonly holdExpiresAt: number;
  /** The buyer was told first that it is sold out. */
  readonly pressedAgain: boolean;
}

export interface CrowdOptions {
  readonly host: string;
  readonly port: number;
  readonly authSecret: string;
  readonly buyers: number;
  /** How many of the buyers are followers, who press first. */
  readonly followers: number;
  readonly seed: number;
  readonly connections: number;
}

export interface CrowdData extends CrowdOptions {
  readonly counters: SharedArrayBuffer;
}
export type CrowdCommand =
  | { readonly type: 'press'; readonly dropId: string }
  | { readonly type: 'press-again'; readonly freeUnits: number }
  | { readonly type: 'finish' };
export type CrowdMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'orders'; readonly orders: readonly AcknowledgedOrder[] }
  | { readonly type: 'finished'; readonly findings: readonly string[] };

export class Crowd {
  readonly counters = new LoadCounters();
  readonly orders: AcknowledgedOrder[] = [];
  readonly #worker: Worker;
  readonly #onOrders: (orders: readonly AcknowledgedOrder[]) => void;
  readonly #ready = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<readonly string[]>();

  constructor(
    options: CrowdOptions & {
      readonly onOrders: (orders: readonly AcknowledgedOrder[]) => void;
    },
  ) {
    const { onOrders, ...rest } = options;
    this.#onOrders = onOrders;
    const workerData: CrowdData = { ...rest, counters: this.counters.memory };
    this.#worker = new Worker(new URL('crowd-thread.ts', import.meta.url), { workerData });
    this.#worker.on('message', (message: CrowdMessage) => this.#onMessage(message));
    this.#worker.on('error', (error) => {
      this.#ready.reject(error);
      this.#finished.reject(error);
    });
    // Awaited by `finish`; a crowd that breaks before that is told there, not as unhandled.
    this.#finished.promise.catch(() => {});
  }

  /** Resolves when every buyer has a token and every socket is open. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  press(dropId: string): void {
    this.#tell({ type: 'press', dropId });
  }

  /** Units came free: some of those who were turned away press again. */
  pressAgain(freeUnits: number): void {
    this.#tell({ type: 'press-again', freeUnits });
  }

  /** Resolves, once every press was answered, to what was wrong with the answers. */
  async finish(): Promise<readonly string[]> {
    this.#tell({ type: 'finish' });
    return await this.#finished.promise;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #tell(command: CrowdCommand): void {
    this.#worker.postMessage(command);
  }

  #onMessage(message: CrowdMessage): void {
    if (message.type === 'ready') this.#ready.resolve();
    else if (message.type === 'finished') this.#finished.resolve(message.findings);
    else {
      this.orders.push(...message.orders);
      this.#onOrders(message.orders);
    }
  }
}
