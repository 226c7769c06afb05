// Controls the crowd of the demo: starts its thread, tells it when to order, and collects the
// acknowledged orders.

import { Worker } from 'node:worker_threads';
import { LoadCounters } from './load-counters.ts';

/** An order that the server acknowledged. */
export interface AcknowledgedOrder {
  readonly orderId: string;
  readonly userId: string;
  readonly key: string;
  /** Milliseconds since the Unix epoch. */
  readonly holdExpiresAt: number;
  /** True if the buyer got a sold-out answer first. */
  readonly pressedAgain: boolean;
}

export interface CrowdOptions {
  readonly host: string;
  readonly port: number;
  readonly authSecret: string;
  readonly buyers: number;
  /** How many of the buyers are followers, who order first. */
  readonly followers: number;
  readonly seed: number;
  readonly connections: number;
  /** As `PlanOptions` has it. */
  readonly userPrefix?: string;
  /** By TLS; not unless given. */
  readonly secure?: boolean;
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
    // `finish` reports a failure of the crowd. This handler avoids an unhandled rejection before.
    this.#finished.promise.catch(() => {});
  }

  /** Resolves when every buyer has a token and every socket is open. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  press(dropId: string): void {
    this.#post({ type: 'press', dropId });
  }

  /** Units came free: lets some of the sold-out buyers order again. */
  pressAgain(freeUnits: number): void {
    this.#post({ type: 'press-again', freeUnits });
  }

  /** Resolves after the answer to every request, to the wrong answers. */
  async finish(): Promise<readonly string[]> {
    this.#post({ type: 'finish' });
    return await this.#finished.promise;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #post(command: CrowdCommand): void {
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
