// The real server, as `livedrops start` runs it, in a process and a data directory of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ServerProcessOptions {
  /** `LIVEDROPS_` variables; the server sees no others. */
  readonly environment: Readonly<Record<string, string>>;
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

  /** Resolves to the address when the server serves. What it writes to stderr is shown. */
  async start(): Promise<string> {
    const child = spawn(process.execPath, [PROGRAM, 'start'], {
      env: this.#options.environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    const timeout = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS);
    try {
      // The lines end when the server does.
      for await (const line of createInterface({ input: child.stdout })) {
        const url = READY.exec(line)?.[1];
        if (url !== undefined) return url;
      }
      throw new Error('the server ended, or was stopped, before it was ready');
    } finally {
      clearTimeout(timeout);
    }
  }

  /** Resolves to whether it ended in order. */
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

  /** Ends it as a crash would: SIGKILL is sent before this returns. Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

/** Runs another `livedrops` command in the same environment; resolves to its code and its stdout. */
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
