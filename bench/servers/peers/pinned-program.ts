// Runs any program on the server's core, or on another. The program is ready when its output
// matches a pattern. The kernel ends it together with this process.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { SERVER_CORE } from '../../pinned-process.ts';
import { cpuMicrosOfTree, residentBytesOfTree } from './process-tree.ts';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
/** The last part of the output, quoted when the program does not start. */
const OUTPUT_CHARACTERS_MAX = 4_000;

export interface PinnedProgramOptions {
  /** A path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Null: any of them. Default: the server's. */
  readonly core?: number | null | undefined;
  /** Matches the output of a program that is ready. */
  readonly ready: RegExp;
  /** Variables in addition to those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The user to run as, if not the user of this process. */
  readonly user?: string;
  /** Default: SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
}

export class PinnedProgram {
  readonly #options: PinnedProgramOptions;
  readonly #child: ChildProcess;
  #output = '';

  constructor(options: PinnedProgramOptions) {
    this.#options = options;
    const { program, args, core = SERVER_CORE, environment, user } = options;
    // Each wrapper replaces itself by the next command (exec), so the process id stays the same.
    const asUser = user === undefined ? [] : ['--reuid', user, '--regid', user, '--init-groups'];
    const onCore = core === null ? [] : ['taskset', '-c', String(core)];
    const pinned = [...onCore, program, ...args];
    this.#child = spawn('setpriv', ['--pdeathsig', 'SIGKILL', ...asUser, ...pinned], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  get #pid(): number {
    return this.#child.pid!;
  }

  /**
   * Resolves to what `ready` found. Rejects, with the end of what it wrote, when it ends or is not
   * ready in time.
   */
  ready(): Promise<RegExpExecArray> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const fail = (what: string) => {
        clearTimeout(timer);
        reject(new Error(`${this.#options.program} ${what}: ${this.#output}`));
      };
      const timer = setTimeout(() => fail('did not become ready'), READY_TIMEOUT_MS);
      const onOutput = (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
        const found = this.#options.ready.exec(this.#output);
        if (found === null) return;
        clearTimeout(timer);
        resolve(found);
      };
      child.stdout!.on('data', onOutput);
      child.stderr!.on('data', onOutput);
      child.once('error', ({ message }) => fail(message));
      child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`));
    });
  }

  /** CPU time of the process and its descendants, in microseconds. */
  cpuMicros(): number {
    return cpuMicrosOfTree(this.#pid);
  }

  /** Memory of the process and its descendants. */
  residentBytes(): number {
    return residentBytesOfTree(this.#pid);
  }

  /** Does nothing if the program has ended. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(this.#options.stopSignal);
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exit;
    clearTimeout(kill);
  }

  /** Sends SIGKILL and does not wait. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
