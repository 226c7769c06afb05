// The handle of a database thread. It gathers operations while a transaction is in flight, then
// sends all of them as one group: one transaction and one fsync (group commit, no timer). Bytes
// travel in a shared arena, because cloning them costs more. In one run of
// `bench/probes/storage.ts` an append of 4 KB took 96 CPU microseconds, both threads together, and
// 74 when eight shards shared transactions. better-sqlite3 on the main thread took 56, but blocks
// the event loop during the fsync.

import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DurationCounts } from '../../../domain/duration-counts.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import type {
  Fault,
  Handlers,
  Operation,
  ProgramOptions,
  ThreadAnswer,
  ThreadData,
  ThreadStart,
} from './program.ts';

const GROUP_OPERATIONS_MAX = 512;
/** Also the size of the arena. A larger operation is a group of its own, and is copied. */
const GROUP_BYTES_MAX = 1 << 20;
const WAITING_OPERATIONS_MAX = 16_384;
const WAITING_BYTES_MAX = 64 << 20;
const RESTART_DELAY_FIRST_MS = 100;
const RESTART_DELAY_MAX_MS = 5000;

export interface SqliteThreadOptions extends ProgramOptions {
  /** The module that exports `open`. */
  readonly program: URL;
  /** Operations that may wait; past it operations are refused at once. */
  readonly waitingOperationsMax?: number;
  /** Operations of one transaction, which are answered together; 512 unless given. */
  readonly groupOperationsMax?: number;
  readonly restartDelayMs?: number;
  /** Gets how long each commit takes, by `DURABLE_BOUNDS_MS`. */
  readonly commits?: DurationCounts;
}

/** Runs operations of `H`. */
export type Submits<H extends Handlers> = Pick<SqliteThread<H>, 'submit'>;

interface Waiting {
  readonly name: string;
  readonly parameters: unknown[];
  readonly bytes: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

type State = 'new' | 'starting' | 'ready' | 'down' | 'closed';

export class SqliteThread<H extends Handlers> {
  readonly #options: SqliteThreadOptions;
  readonly #waitingMax: number;
  readonly #groupMax: number;
  readonly #arena = new SharedArrayBuffer(GROUP_BYTES_MAX);
  readonly #arenaBytes = new Uint8Array(this.#arena);
  #worker: Worker | null = null;
  #state: State = 'new';
  #closing = false;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #inFlight: readonly Waiting[] | null = null;
  #sendPlanned = false;
  #restartDelayMs: number;
  #restartTimer: NodeJS.Timeout | undefined;
  #lastFault: Fault = { code: 'stopped', message: 'the thread ended' };
  #started: ((fault: Fault | null) => void) | null = null;
  #ended: (() => void) | null = null;

  constructor(options: SqliteThreadOptions) {
    this.#options = options;
    this.#waitingMax = options.waitingOperationsMax ?? WAITING_OPERATIONS_MAX;
    this.#groupMax = options.groupOperationsMax ?? GROUP_OPERATIONS_MAX;
    this.#restartDelayMs = options.restartDelayMs ?? RESTART_DELAY_FIRST_MS;
  }

  get file(): string {
    return this.#options.file;
  }

  /**
   * Resolves when the file is open. Errors: any error that prevents its use, with the file's name
   * in the text.
   */
  async start(): Promise<void> {
    const started = new Promise<Fault | null>((resolve) => {
      this.#started = resolve;
    });
    this.#spawn();
    const fault = await started;
    if (fault === null) return;
    await this.close();
    throw Object.assign(new Error(this.#describe(fault)), { code: fault.code });
  }

  /**
   * Resolves to the handler's result when its transaction is committed. Operations run in the order
   * of submission. If the first parameter is a Uint8Array, it must not change before this resolves.
   * Errors: `store-unavailable`.
   */
  submit<N extends keyof H & string>(
    name: N,
    ...parameters: Parameters<H[N]>
  ): Promise<ReturnType<H[N]>> {
    const first: unknown = parameters[0];
    const bytes = first instanceof Uint8Array ? first.length : 0;
    return new Promise((resolve, reject) => {
      if (this.#state !== 'ready' || this.#closing) {
        reject(new StoreUnavailableError(this.#describe(this.#lastFault)));
        return;
      }
      const full = this.#waiting.length >= this.#waitingMax;
      if (full || this.#waitingBytes + bytes > WAITING_BYTES_MAX) {
        reject(new StoreUnavailableError(`${this.#options.file}: too many operations wait`));
        return;
      }
      this.#waitingBytes += bytes;
      this.#waiting.push({
        name,
        parameters,
        bytes,
        resolve: resolve as (result: unknown) => void,
        reject,
      });
      this.#planSend();
    });
  }

  /** Finishes the submitted operations, closes the file and ends the thread. Idempotent. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    if (worker === null || this.#state === 'closed') {
      this.#state = 'closed';
      return;
    }
    await new Promise<void>((resolve) => {
      const earlier = this.#ended;
      this.#ended = () => {
        earlier?.();
        resolve();
      };
      this.#closeWhenIdle();
    });
  }

  #spawn(): void {
    this.#state = 'starting';
    const { program, file, walBytesMax, pageCountMax } = this.#options;
    const workerData: ThreadData = {
      program: program.href,
      options: { file, walBytesMax, pageCountMax },
      arena: this.#arena,
      commits: this.#options.commits?.shared ?? null,
    };
    const name = `sqlite-${basename(program.pathname, '-program.ts')}`;
    const entry = new URL('thread-entry.ts', import.meta.url);
    const worker = new Worker(entry, { name, workerData });
    this.#worker = worker;
    worker.on('message', (message: ThreadStart | ThreadAnswer) => {
      if (this.#state === 'starting') this.#receiveStart(message as ThreadStart);
      else this.#receiveAnswer(message as ThreadAnswer);
    });
    worker.on('error', (error) => {
      this.#lastFault = { code: 'thread-failed', message: error.message };
    });
    worker.on('exit', () => this.#exited());
  }

  #receiveStart(message: ThreadStart): void {
    if (message.type === 'failed') {
      this.#lastFault = message.fault; // Its exit follows.
      return;
    }
    this.#state = 'ready';
    this.#restartDelayMs = this.#options.restartDelayMs ?? RESTART_DELAY_FIRST_MS;
    this.#started?.(null);
    this.#started = null;
  }

  #receiveAnswer(answer: ThreadAnswer): void {
    const group = this.#inFlight ?? [];
    this.#inFlight = null;
    if ('code' in answer) this.#reject(group, answer);
    else for (let i = 0; i < group.length; i++) group[i]!.resolve(answer[i]);
    if (this.#waiting.length > 0) this.#planSend();
    else if (this.#closing) this.#closeWhenIdle();
  }

  /**
   * The thread has ended, by `close` or by a fault. Rejects the operations that wait for it, and
   * starts a new thread unless `close` was called.
   */
  #exited(): void {
    const left = [...(this.#inFlight ?? []), ...this.#waiting];
    this.#inFlight = null;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#worker = null;
    this.#reject(left, this.#lastFault);
    if (this.#closing || this.#started !== null) {
      this.#state = 'closed';
      this.#started?.(this.#lastFault);
      this.#started = null;
      this.#ended?.();
      return;
    }
    this.#state = 'down';
    this.#restartTimer = setTimeout(() => this.#spawn(), this.#restartDelayMs);
    this.#restartDelayMs = Math.min(this.#restartDelayMs * 2, RESTART_DELAY_MAX_MS);
  }

  /**
   * Sends after the microtasks of the running turn, so that operations submitted together form one
   * group.
   */
  #planSend(): void {
    if (this.#inFlight !== null || this.#sendPlanned) return;
    this.#sendPlanned = true;
    queueMicrotask(() => {
      this.#sendPlanned = false;
      if (this.#inFlight === null && this.#waiting.length > 0) this.#send();
    });
  }

  #send(): void {
    let count = 0;
    let bytes = 0;
    const operations: Operation[] = [];
    for (const { name, parameters, bytes: length } of this.#waiting) {
      if (count > 0 && bytes + length > GROUP_BYTES_MAX) break;
      if (count >= this.#groupMax) break;
      count += 1;
      const first = parameters[0];
      if (!(first instanceof Uint8Array)) {
        operations.push([name, -1, 0, ...parameters]);
      } else if (length > GROUP_BYTES_MAX) {
        // A copy: cloning a view would clone the whole memory behind it.
        parameters[0] = new Uint8Array(first);
        operations.push([name, -1, 0, ...parameters]);
      } else {
        this.#arenaBytes.set(first, bytes);
        parameters[0] = null;
        operations.push([name, bytes, length, ...parameters]);
      }
      bytes += length;
    }
    this.#inFlight = this.#waiting.splice(0, count);
    this.#waitingBytes -= bytes;
    this.#worker!.postMessage(operations);
  }

  #closeWhenIdle(): void {
    if (this.#inFlight !== null || this.#waiting.length > 0) return;
    this.#worker?.postMessage(null);
  }

  #reject(group: readonly Waiting[], fault: Fault): void {
    for (const { reject } of group) reject(new StoreUnavailableError(this.#describe(fault)));
  }

  #describe(fault: Fault): string {
    return `${this.#options.file}: ${fault.code}: ${fault.message}`;
  }
}
