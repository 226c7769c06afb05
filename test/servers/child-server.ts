// A server program under test: started on a free port of this machine with a directory of its own,
// known to be ready by its own words, and ended by its own process id.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

const READY_TIMEOUT_MS = 20_000;
/** Where Debian puts servers, which is not on every user's PATH. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin'];
const OUTPUT_CHARACTERS_MAX = 20_000;

/** The program's path, or null where this machine has it not. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  const found = folders.find((folder) => folder !== '' && existsSync(join(folder, name)));
  return found === undefined ? null : join(found, name);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export class ChildServer {
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #ready: RegExp;
  #child: ChildProcess | null = null;

  constructor(options: { command: string; args: readonly string[]; ready: RegExp }) {
    this.#command = options.command;
    this.#args = options.args;
    this.#ready = options.ready;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when the server says that it is ready. */
  async start(): Promise<void> {
    const program = findProgram(this.#command);
    if (program === null) throw new Error(`${this.#command} is not installed`);
    const child = spawn(program, this.#args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let output = '';
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => fail('did not say that it is ready'), READY_TIMEOUT_MS);
      const fail = (what: string) => {
        clearTimeout(timer);
        reject(new Error(`${this.#command} ${what}: ${output}`));
      };
      const hear = (chunk: Buffer) => {
        if (output.length < OUTPUT_CHARACTERS_MAX) output += chunk.toString();
        if (!this.#ready.test(output)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => fail(`ended with ${code}`));
    });
  }

  /** Harmless when it has ended already. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }
}
