// Runs one process of a local cluster. The process is ready when its output matches a pattern. It
// is started again after a crash, and it never outlives this process. Its output goes to a log
// file.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EXIT_RESTART } from '../start.ts';

export interface SupervisedProcessOptions {
  readonly name: string;
  /** A path, or the name of a program in the folders where Debian installs servers. */
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Matches the output of a process that is ready. */
  readonly ready: RegExp;
  readonly logFile: string;
  readonly stopTimeoutMs: number;
  /** Receives one sentence for people for each event that nobody requested, such as a crash. */
  readonly report: (text: string) => void;
}

export type ProcessState = 'starting' | 'running' | 'waiting' | 'ended';

/** Servers are not on every user's PATH. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin'];
const READY_TIMEOUT_MS = 60_000;
/** The last part of the output, quoted when the process does not start. */
const TAIL_CHARACTERS_MAX = 4_000;
const TAIL_LINES_SHOWN = 5;
/** A log file that is larger when the process starts is truncated. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;
/** The delay before a restart doubles with each crash. After a long run it starts at the first. */
const BACK_OFF_FIRST_MS = 200;
const BACK_OFF_MAX_MS = 10_000;
const LONG_RUN_MS = 30_000;

/** Returns the path of an installed program, or null. */
export function findProgram(name: string): string | null {
  const paths = SYSTEM_FOLDERS.map((folder) => join(folder, name));
  return paths.find((path) => existsSync(path)) ?? null;
}

export class SupervisedProcess {
  readonly name: string;
  readonly #options: SupervisedProcessOptions;
  #child: ChildProcess | null = null;
  #state: ProcessState = 'ended';
  #tail = '';
  #restarts = 0;
  #backOffMs = BACK_OFF_FIRST_MS;
  /** `stop` aborts it: no further restart. */
  #stopRequested = new AbortController();
  /** Resolves when the process has ended and is not started again. */
  #supervised: Promise<void> = Promise.resolve();

  constructor(options: SupervisedProcessOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number | null {
    return this.#state === 'starting' || this.#state === 'running'
      ? (this.#child?.pid ?? null)
      : null;
  }
  get state(): ProcessState {
    return this.#state;
  }
  /** How often the process was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves when the process is ready. If it does not become ready, kills it and rejects. */
  async start(): Promise<void> {
    this.#stopRequested = new AbortController();
    const child = this.#spawn();
    try {
      await this.#ready(child);
    } catch (error) {
      await this.stop('SIGKILL');
      throw error;
    }
    this.#supervised = this.#supervise(child);
  }

  /**
   * Does nothing if the process does not run. Sends SIGKILL if it does not end in time. Resolves to
   * whether it ended with exit code 0.
   */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<boolean> {
    this.#stopRequested.abort();
    const child = this.#child;
    if (child !== null && isRunning(child)) {
      const ended = once(child, 'exit');
      child.kill(signal);
      // A process paused by SIGSTOP handles the first signal only after SIGCONT.
      child.kill('SIGCONT');
      const timeout = setTimeout(() => {
        this.#options.report(`${this.name} did not end in time and is killed`);
        child.kill('SIGKILL');
      }, this.#options.stopTimeoutMs);
      await ended;
      clearTimeout(timeout);
    }
    await this.#supervised;
    this.#state = 'ended';
    return child?.exitCode === 0;
  }

  /** Returns false if the process does not run. A process that ends by the signal is restarted. */
  signal(signal: NodeJS.Signals): boolean {
    const child = this.#child;
    return child !== null && isRunning(child) && child.kill(signal);
  }

  /** Resolves when the process has ended, before it is started again. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === null || !isRunning(child)) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Synchronous, for the `exit` event of this process. */
  killOnExit(): void {
    this.#stopRequested.abort();
    this.#child?.kill('SIGKILL');
  }

  #spawn(): ChildProcess {
    const { args, environment } = this.#options;
    const program = this.#options.program.includes('/')
      ? this.#options.program
      : findProgram(this.#options.program);
    if (program === null) {
      const name = this.#options.program;
      throw new Error(`${name} is not installed here; on Debian: apt-get install ${name}`);
    }
    // A session of its own (`detached`) keeps the terminal's Ctrl-C from the child, so that the
    // supervisor chooses the order of the stop. With `--pdeathsig KILL` the kernel ends the child
    // when this process is killed.
    const guard = findProgram('setpriv');
    const command = guard === null ? [program] : [guard, '--pdeathsig', 'KILL', '--', program];
    const child = spawn(command[0]!, [...command.slice(1), ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    this.#state = 'starting';
    this.#tail = '';
    this.#logOutput(child);
    return child;
  }

  #logOutput(child: ChildProcess): void {
    const { logFile } = this.#options;
    if (existsSync(logFile) && statSync(logFile).size > LOG_BYTES_MAX) truncateSync(logFile);
    const file = openSync(logFile, 'a');
    const append = (chunk: Buffer): void => {
      writeSync(file, chunk);
      this.#tail = (this.#tail + chunk.toString()).slice(-TAIL_CHARACTERS_MAX);
    };
    child.stdout!.on('data', append);
    child.stderr!.on('data', append);
    child.once('close', () => closeSync(file));
  }

  /** Rejects when the process ends before it is ready, or is not ready in time. */
  #ready(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (problem: string): void => {
        end();
        const lines = this.#tail.trimEnd().split('\n').slice(-TAIL_LINES_SHOWN);
        reject(new Error([`${this.name} ${problem}`, ...lines].join('\n  ')));
      };
      const checkReady = (): void => {
        if (!this.#options.ready.test(this.#tail)) return;
        this.#state = 'running';
        end();
        resolve();
      };
      const onClose = (code: number | null, signal: string | null): void =>
        fail(`ended before it was ready (${signal ?? `exit code ${code}`}):`);
      const onError = (error: Error): void => fail(`could not be started: ${error.message}`);
      const timeout = setTimeout(() => fail('did not become ready in time:'), READY_TIMEOUT_MS);
      const end = (): void => {
        clearTimeout(timeout);
        child.stdout!.off('data', checkReady);
        child.stderr!.off('data', checkReady);
        child.off('close', onClose);
        child.off('error', onError);
      };
      child.stdout!.on('data', checkReady);
      child.stderr!.on('data', checkReady);
      child.once('close', onClose);
      child.once('error', onError);
    });
  }

  async #supervise(first: ChildProcess): Promise<void> {
    const { signal: stopRequested } = this.#stopRequested;
    const { report } = this.#options;
    let child = first;
    for (;;) {
      const startedAt = performance.now();
      if (isRunning(child)) await once(child, 'exit');
      this.#state = 'ended';
      if (stopRequested.aborted) return;
      const cause = child.signalCode ?? `exit code ${child.exitCode}`;
      if (child.exitCode === 0)
        return report(`${this.name} has ended by itself and is not restarted`);
      if (performance.now() - startedAt > LONG_RUN_MS) this.#backOffMs = BACK_OFF_FIRST_MS;
      this.#state = 'waiting';
      if (child.exitCode === EXIT_RESTART) report(`${this.name} requested a restart`);
      else if (!(await this.#backOff(cause, stopRequested))) return;
      this.#restarts++;
      child = this.#spawn();
      try {
        await this.#ready(child);
        report(`${this.name} is back`);
      } catch (error) {
        if (!stopRequested.aborted) report((error as Error).message);
        child.kill('SIGKILL');
      }
    }
  }

  /** Resolves to false if `stop` was called meanwhile. */
  async #backOff(cause: string, stopRequested: AbortSignal): Promise<boolean> {
    const delayMs = this.#backOffMs;
    this.#backOffMs = Math.min(delayMs * 2, BACK_OFF_MAX_MS);
    this.#options.report(`${this.name} has crashed (${cause}), restart in ${delayMs} ms`);
    await delay(delayMs, undefined, { signal: stopRequested }).catch(() => undefined);
    return !stopRequested.aborted;
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}
