// Runs `livedrops start` as a child process.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ServerProcessOptions {
  /** `LIVEDROPS_` variables; the server sees no others. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long a start may take; 30 s unless given. */
  readonly readyTimeoutMs?: number;
  /** The descriptor of the file that its stderr goes to; ours unless given. */
  readonly log?: number;
}

const PROGRAM = fileURLToPath(new URL('../livedrops.ts', import.meta.url));
const READY = /^LiveDrops ready on (http:\/\/\S+)$/;
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

export class ServerProcess {
  readonly #options: ServerProcessOptions;
  #child: ChildProcess | null = null;

  constructor(options: ServerProcessOptions) {
    this.#options = options;
  }

  /** Resolves to the server's address when it is ready. */
  async start(): Promise<string> {
    const { environment, log = 'inherit' } = this.#options;
    const child = spawn(process.execPath, [PROGRAM, 'start'], {
      env: environment,
      stdio: ['ignore', 'pipe', log],
    });
    this.#child = child;
    const { readyTimeoutMs = READY_TIMEOUT_MS } = this.#options;
    const timeout = setTimeout(() => child.kill('SIGKILL'), readyTimeoutMs);
    try {
      // The iteration also ends when the server ends.
      for await (const line of createInterface({ input: child.stdout! })) {
        const url = READY.exec(line)?.[1];
        if (url !== undefined) return url;
      }
      throw new Error('the server ended, or was stopped, before it was ready');
    } finally {
      clearTimeout(timeout);
    }
  }

  /** Resolves to true if the server ended with exit code 0. */
  async stop(): Promise<boolean> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return false;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timeout = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timeout);
    return child.exitCode === 0;
  }

  /** Sends SIGKILL before it returns; resolves when the server has ended. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

/** Runs another `livedrops` command to its end. Resolves to its exit code and its stdout. */
export async function runCommand(
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  return { code: child.exitCode, output };
}
