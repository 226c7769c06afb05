// A process on one core, and what it costs: CPU time and memory as the kernel accounts for them, so that a server is measured from
// outside, with all its threads.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
/** USER_HZ on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** Where the server and the load run: apart, where there are two cores. */
export const SERVER_CORE = 0;
export const LOAD_CORE = availableParallelism() > 1 ? 1 : 0;

export interface PinnedProcessOptions {
  readonly core: number;
  /** The script and its arguments, for the Node that runs the bench. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class PinnedProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(options: PinnedProcessOptions) {
    const command = ['-c', String(options.core), process.execPath, ...options.args];
    this.#child = spawn('taskset', command, {
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

  /** The next line the process prints. Rejects when it ends or is silent for too long. */
  async line(): Promise<string> {
    const timeout = new Promise<never>((_, reject) => {
      setTimeout(
        () => reject(new Error(`process ${this.pid} printed nothing`)),
        READY_TIMEOUT_MS,
      ).unref();
    });
    const next = await Promise.race([this.#lines.next(), timeout]);
    if (next.done === true) throw new Error(`process ${this.pid} ended early`);
    return next.value;
  }

  /** CPU time of all threads since the start, in microseconds. */
  cpuMicros(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    // The command's name is in parentheses and may hold spaces; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
  }

  /** Memory in use, in bytes. */
  residentBytes(): number {
    return Number(readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exit;
    clearTimeout(kill);
  }
}
