// Exports of orders, each in a thread of its own with a lower priority and bounded memory, so that
// millions of orders that become text delay no sale. The thread makes a chunk only when it is
// asked: a client that reads slowly costs no memory.

import { Worker } from 'node:worker_threads';
import type { ExportPosition, OpenExport } from '../app/order-exports.ts';
import type { OrderDetails } from '../contracts/order-details.ts';
import type { ExportFormat } from '../contracts/orders.ts';
import { CorruptError, StoreUnavailableError } from '../storage/ports/journal.ts';
import type { Config } from './config.ts';
import { CONSUMER_MEMORY } from './off-loop-thread.ts';

/** The `workerData` of an export's thread. */
export interface ExportData {
  readonly config: Config;
  readonly shardCount: number;
  readonly dropId: string;
  readonly format: ExportFormat;
  readonly after: ExportPosition | null;
  readonly withDetails: boolean;
}

/** What the thread is told: to make the next chunk, or the details of orders that it asked for. */
export type ToExport = 'next' | { readonly details: readonly DetailsOfOrder[] };
export type DetailsOfOrder = readonly [orderId: string, details: OrderDetails];

/**
 * What the thread says. It waits for `next` before each chunk and before the end, and for `details`
 * after it asked for them.
 */
export type FromExport =
  | {
      readonly type: 'opened';
      readonly version: number;
      readonly orders: number;
      /** Orders before the first chunk. */
      readonly at: number;
    }
  | { readonly type: 'details'; readonly orderIds: readonly string[] }
  | { readonly type: 'none' }
  | { readonly type: 'chunk'; readonly text: string; readonly at: number }
  | { readonly type: 'end' }
  | { readonly type: 'failed'; readonly code: string | null; readonly message: string };

/** The details of orders that have any. Errors: `store-unavailable`, `unknown-secret`. */
export type ReadDetails = (
  orderIds: readonly string[],
) => Promise<ReadonlyMap<string, OrderDetails>>;

export interface ExportThreadsOptions {
  readonly config: Config;
  readonly shardCount: number;
  /** Called on the main thread, for a few orders at a time. Null: exports are without details. */
  readonly readDetails: ReadDetails | null;
}

const PROGRAM = new URL('export-program.ts', import.meta.url);

export class ExportThreads {
  readonly #options: ExportThreadsOptions;
  readonly #threads = new Set<ExportThread>();

  constructor(options: ExportThreadsOptions) {
    this.#options = options;
  }

  readonly open: OpenExport = async (dropId, format, after = null) => {
    const { config, shardCount, readDetails } = this.#options;
    const withDetails = readDetails !== null;
    const data: ExportData = { config, shardCount, dropId, format, after, withDetails };
    const ended = () => this.#threads.delete(thread);
    const thread: ExportThread = new ExportThread(data, readDetails, ended);
    this.#threads.add(thread);
    const opened = await thread.next();
    if (opened.type !== 'opened') {
      thread.close();
      return null;
    }
    const { version, orders } = opened;
    thread.at = opened.at;
    return {
      version,
      orders,
      chunks: thread.chunks(),
      at: () => thread.at,
      close: () => thread.close(),
    };
  };

  /** Ends all exports; their readers get an error. */
  stop(): void {
    for (const thread of this.#threads) thread.close();
  }
}

class ExportThread {
  readonly #worker: Worker;
  readonly #readDetails: ReadDetails | null;
  readonly #ended: () => void;
  #waiting: { resolve: (message: FromExport) => void; reject: (error: Error) => void } | null =
    null;
  #said: FromExport | null = null;
  #fault: Error | null = null;
  /** Orders before the chunk that comes next. */
  at = 0;

  constructor(data: ExportData, readDetails: ReadDetails | null, ended: () => void) {
    this.#readDetails = readDetails;
    this.#ended = ended;
    this.#worker = new Worker(PROGRAM, {
      name: 'export',
      workerData: data,
      resourceLimits: CONSUMER_MEMORY,
    });
    this.#worker.on('message', (message: FromExport) => this.#take(message));
    this.#worker.on('error', (error) => this.#fail(error as Error));
    this.#worker.on('exit', () => this.#fail(new StoreUnavailableError('the export was ended')));
  }

  /** What the thread says next. Errors: `store-unavailable`, `corrupt`, a defect. */
  async next(): Promise<FromExport> {
    const said = this.#said;
    this.#said = null;
    if (said !== null) return said;
    if (this.#fault !== null) throw this.#fault;
    return await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  async *chunks(): AsyncGenerator<string, void, undefined> {
    for (;;) {
      this.#tell('next');
      const message = await this.next();
      if (message.type !== 'chunk') return;
      this.at = message.at;
      yield message.text;
    }
  }

  close(): void {
    this.#ended();
    void this.#worker.terminate();
  }

  #take(message: FromExport): void {
    if (message.type === 'failed') return this.#fail(errorOf(message));
    if (message.type === 'details') return void this.#answer(message.orderIds);
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#said = message;
    else waiting.resolve(message);
  }

  /** Never rejects. */
  async #answer(orderIds: readonly string[]): Promise<void> {
    try {
      this.#tell({ details: [...((await this.#readDetails?.(orderIds)) ?? [])] });
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #tell(message: ToExport): void {
    this.#worker.postMessage(message);
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    this.#ended();
    this.#waiting?.reject(this.#fault);
    this.#waiting = null;
  }
}

function errorOf({ code, message }: FromExport & { type: 'failed' }): Error {
  if (code === 'store-unavailable') return new StoreUnavailableError(message);
  return code === 'corrupt' ? new CorruptError(message) : new Error(message);
}
