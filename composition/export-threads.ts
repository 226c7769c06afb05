// Exports of orders, each in a thread of its own with a lower priority and bounded memory, so that
// millions of orders that become text delay no sale. The thread makes a chunk only when it is
// asked: a client that reads slowly costs no memory.

import { Worker } from 'node:worker_threads';
import type { OpenExport } from '../app/order-exports.ts';
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
}

/** What the thread says. It waits for a message before each chunk and before the end. */
export type FromExport =
  | { readonly type: 'opened'; readonly version: number; readonly orders: number }
  | { readonly type: 'none' }
  | { readonly type: 'chunk'; readonly text: string }
  | { readonly type: 'end' }
  | { readonly type: 'failed'; readonly code: string | null; readonly message: string };

const PROGRAM = new URL('export-program.ts', import.meta.url);

export class ExportThreads {
  readonly #options: Pick<ExportData, 'config' | 'shardCount'>;
  readonly #threads = new Set<ExportThread>();

  constructor(options: Pick<ExportData, 'config' | 'shardCount'>) {
    this.#options = options;
  }

  readonly open: OpenExport = async (dropId, format) => {
    const data = { ...this.#options, dropId, format };
    const thread = new ExportThread(data, () => this.#threads.delete(thread));
    this.#threads.add(thread);
    const opened = await thread.next();
    if (opened.type !== 'opened') {
      thread.close();
      return null;
    }
    const { version, orders } = opened;
    return { version, orders, chunks: thread.chunks(), close: () => thread.close() };
  };

  /** Ends all exports; their readers get an error. */
  stop(): void {
    for (const thread of this.#threads) thread.close();
  }
}

class ExportThread {
  readonly #worker: Worker;
  readonly #ended: () => void;
  #waiting: { resolve: (message: FromExport) => void; reject: (error: Error) => void } | null =
    null;
  #said: FromExport | null = null;
  #fault: Error | null = null;

  constructor(data: ExportData, ended: () => void) {
    this.#ended = ended;
    this.#worker = new Worker(PROGRAM, { workerData: data, resourceLimits: CONSUMER_MEMORY });
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
      this.#worker.postMessage('next');
      const message = await this.next();
      if (message.type !== 'chunk') return;
      yield message.text;
    }
  }

  close(): void {
    this.#ended();
    void this.#worker.terminate();
  }

  #take(message: FromExport): void {
    if (message.type === 'failed') return this.#fail(errorOf(message));
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#said = message;
    else waiting.resolve(message);
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
