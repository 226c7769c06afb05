// Runs a Node script on one core, or on any, and reads its CPU time and memory from the kernel's
// accounting, all threads included, so that the measured process does no extra work.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { cpuMicrosOf, residentBytesOf } from './process-usage.ts';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;

/** The server and the load run on different cores if the machine has two. */
export const SERVER_CORE = 0;
export const LOAD_CORE = availableParallelism() > 1 ? 1 : 0;

export interface PinnedProcessOptions {
  /** Null: any of them. */
  readonly core: number | null;
  /** The script and its arguments, for the Node that runs the bench. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How far it gives way to others on its core, as `nice` has it. */
  readonly nice?: number;
}

export class PinnedProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(options: PinnedProcessOptions) {
    const { core, args, nice } = options;
    const [program, ...rest] = [
      ...(nice === undefined ? [] : ['nice', '-n', String(nice)]),
      ...(core === null ? [] : ['taskset', '-c', String(core)]),
      process.execPath,
      ...args,
    ];
    this.#child = spawn(program!, rest, {
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Sends a line to the process's standard input. */
  write(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** The next output line of the process. Rejects if the process ends or prints nothing in time. */
  async line(waitMs = READY_TIMEOUT_MS): Promise<string> {
    const timeout = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`process ${this.pid} printed nothing`)), waitMs).unref();
    });
    const next = await Promise.race([this.#lines.next(), timeout]);
    if (next.done === true) throw new Error(`process ${this.pid} ended early`);
    return next.value;
  }

  /** CPU time of all threads since the start of the process, in microseconds. */
  cpuMicros(): number {
    return cpuMicrosOf(this.pid);
  }

  /** Memory in use, in bytes. */
  residentBytes(): number {
    return residentBytesOf(this.pid);
  }

  /** Safe to repeat, and after the process has ended by itself. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exit;
    clearTimeout(kill);
  }
}
