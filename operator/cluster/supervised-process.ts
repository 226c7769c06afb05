// One process of a cluster on this machine: started, known to be ready by its own words, started
// again when it ends without being asked to, and never left behind. What it writes goes to a file.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EXIT_RESTART } from '../start.ts';

export interface SupervisedProcessOptions {
  readonly name: string;
  /** A path, or the name of a program where Debian puts servers. */
  readonly program: string;
  readonly args: readonly string[];
  /** All that it sees. */
  readonly environment: Readonly<Record<string, string>>;
  /** In what it writes when it is ready. */
  readonly ready: RegExp;
  readonly logFile: string;
  readonly stopTimeoutMs: number;
  /** One sentence for people, whenever something happened that was not asked for. */
  readonly tell: (text: string) => void;
}

export type ProcessState = 'starting' | 'running' | 'waiting' | 'ended';

/** Servers are not on every user's PATH. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin'];
const READY_TIMEOUT_MS = 60_000;
/** The end of what a process wrote, kept to say why it did not start. */
const TAIL_CHARACTERS_MAX = 4_000;
const TAIL_LINES_SHOWN = 5;
/** A log file that is larger at a start begins anew. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;
/** Before what has crashed is started again, doubled each time; a long run begins at the first. */
const BACK_OFF_FIRST_MS = 200;
const BACK_OFF_MAX_MS = 10_000;
const LONG_RUN_MS = 30_000;

/** Null where it is not installed. */
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
  /** Aborted when nobody wants it to run any more. */
  #wanted = new AbortController();
  /** Resolves when it has ended and is not started again. */
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
  /** How often it was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves when it is ready. Rejects, and leaves nothing running, when it does not become so. */
  async start(): Promise<void> {
    this.#wanted = new AbortController();
    const child = this.#spawn();
    try {
      await this.#ready(child);
    } catch (error) {
      await this.stop('SIGKILL');
      throw error;
    }
    this.#supervised = this.#supervise(child);
  }

  /** Harmless when it does not run. One that does not end in time is killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#wanted.abort();
    const child = this.#child;
    if (child !== null && isRunning(child)) {
      const ended = once(child, 'exit');
      child.kill(signal);
      // One that is paused hears of it only now.
      child.kill('SIGCONT');
      const timeout = setTimeout(() => {
        this.#options.tell(`${this.name} did not end in time and is killed`);
        child.kill('SIGKILL');
      }, this.#options.stopTimeoutMs);
      await ended;
      clearTimeout(timeout);
    }
    await this.#supervised;
    this.#state = 'ended';
  }

  /** False where it does not run. What ends by it is started again, as after any crash. */
  signal(signal: NodeJS.Signals): boolean {
    const child = this.#child;
    return child !== null && isRunning(child) && child.kill(signal);
  }

  /** Kills it at once; resolves when it is gone, before it is started again. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === null || !isRunning(child)) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** For when this process ends without further ado. */
  abandon(): void {
    this.#wanted.abort();
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
    // A session of its own keeps the terminal's Ctrl-C away, so that all ends in its order; and
    // the kernel ends what would be left when this process is killed.
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
    this.#keepOutput(child);
    return child;
  }

  #keepOutput(child: ChildProcess): void {
    const { logFile } = this.#options;
    if (existsSync(logFile) && statSync(logFile).size > LOG_BYTES_MAX) truncateSync(logFile);
    const file = openSync(logFile, 'a');
    const keep = (chunk: Buffer): void => {
      writeSync(file, chunk);
      this.#tail = (this.#tail + chunk.toString()).slice(-TAIL_CHARACTERS_MAX);
    };
    child.stdout!.on('data', keep);
    child.stderr!.on('data', keep);
    child.once('close', () => closeSync(file));
  }

  /** Rejects when it ends first, or takes too long. */
  #ready(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (what: string): void => {
        end();
        const lines = this.#tail.trimEnd().split('\n').slice(-TAIL_LINES_SHOWN);
        reject(new Error([`${this.name} ${what}`, ...lines].join('\n  ')));
      };
      const look = (): void => {
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
        child.stdout!.off('data', look);
        child.stderr!.off('data', look);
        child.off('close', onClose);
        child.off('error', onError);
      };
      child.stdout!.on('data', look);
      child.stderr!.on('data', look);
      child.once('close', onClose);
      child.once('error', onError);
    });
  }

  async #supervise(first: ChildProcess): Promise<void> {
    const { signal: unwanted } = this.#wanted;
    const { tell } = this.#options;
    let child = first;
    for (;;) {
      const startedAt = performance.now();
      if (isRunning(child)) await once(child, 'exit');
      this.#state = 'ended';
      if (unwanted.aborted) return;
      const how = child.signalCode ?? `exit code ${child.exitCode}`;
      if (child.exitCode === 0) return tell(`${this.name} has ended by itself, and stays so`);
      if (performance.now() - startedAt > LONG_RUN_MS) this.#backOffMs = BACK_OFF_FIRST_MS;
      this.#state = 'waiting';
      if (child.exitCode === EXIT_RESTART) tell(`${this.name} is started again, as it asked`);
      else if (!(await this.#backOff(how, unwanted))) return;
      this.#restarts++;
      child = this.#spawn();
      try {
        await this.#ready(child);
        tell(`${this.name} is back`);
      } catch (error) {
        if (!unwanted.aborted) tell((error as Error).message);
        child.kill('SIGKILL');
      }
    }
  }

  /** False where it is not wanted any more. */
  async #backOff(how: string, unwanted: AbortSignal): Promise<boolean> {
    const delayMs = this.#backOffMs;
    this.#backOffMs = Math.min(delayMs * 2, BACK_OFF_MAX_MS);
    this.#options.tell(`${this.name} has crashed (${how}), started again in ${delayMs} ms`);
    await delay(delayMs, undefined, { signal: unwanted }).catch(() => undefined);
    return !unwanted.aborted;
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}
