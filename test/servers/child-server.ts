// Runs a server program for tests on a free port with its own directory. The server is ready when
// its output matches a pattern, and is ended by its process id.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, isAbsolute, join } from 'node:path';

/** For a machine that is busy with other tests. */
const READY_TIMEOUT_MS = 60_000;
/** The folders of Debian's servers, which are not on every user's PATH. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin'];
const OUTPUT_CHARACTERS_MAX = 20_000;
/** 10,000 more is free of the system's own, too: the bus port of a Redis Cluster node is there. */
const PORT_MIN = 10_000;
const PORT_MAX = 22_767;

/** The path of a program, or null if it is not installed. A path is returned unchanged. */
export function findProgram(name: string): string | null {
  if (isAbsolute(name)) return existsSync(name) ? name : null;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  const found = folders.find((folder) => folder !== '' && existsSync(join(folder, name)));
  return found === undefined ? null : join(found, name);
}

/**
 * A port that is free now, below those that the system gives to connections and to servers on
 * port 0: there a server that is away for a while would find its port taken when it comes back.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORT_MIN, PORT_MAX + 1);
    if (await canListen(port)) return port;
  }
}

/** Whether the port of the loopback is free just now. */
export async function canListen(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

export interface ChildServerOptions {
  /** A name to be found, or a path. */
  readonly command: string;
  readonly args: readonly string[];
  readonly ready: RegExp;
  /** The longest wait for `ready`. Default: `READY_TIMEOUT_MS`. */
  readonly readyTimeoutMs?: number;
  /** Default: the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export class ChildServer {
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #ready: RegExp;
  readonly #readyTimeoutMs: number;
  readonly #environment: Readonly<Record<string, string>> | undefined;
  #child: ChildProcess | null = null;
  #output = '';

  constructor(options: ChildServerOptions) {
    this.#command = options.command;
    this.#args = options.args;
    this.#ready = options.ready;
    this.#readyTimeoutMs = options.readyTimeoutMs ?? READY_TIMEOUT_MS;
    this.#environment = options.environment;
  }

  /** The output since the last start, up to a limit. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when the server is ready. Does nothing while the server runs. */
  async start(): Promise<void> {
    if (this.#child !== null && runs(this.#child)) return;
    const program = findProgram(this.#command);
    if (program === null) throw new Error(`${this.#command} is not installed`);
    // With `--pdeathsig KILL` the kernel ends the server when the process of the test is killed.
    const guard = findProgram('setpriv');
    const guarded = guard === null ? [] : [guard, '--pdeathsig', 'KILL', '--'];
    const [command = program, ...args] = [...guarded, program, ...this.#args];
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(this.#environment === undefined ? {} : { env: this.#environment }),
    });
    this.#child = child;
    this.#output = '';
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => fail('did not say that it is ready'), this.#readyTimeoutMs);
      const fail = (what: string) => {
        clearTimeout(timer);
        reject(new Error(`${this.#command} ${what}: ${this.#output}`));
      };
      const hear = (chunk: Buffer) => {
        if (this.#output.length < OUTPUT_CHARACTERS_MAX) this.#output += chunk.toString();
        if (!this.#ready.test(this.#output)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => fail(`ended with ${code}`));
    });
  }

  /** Resolves to the exit code, null after a signal. Does nothing if the server has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    this.#child = null;
    if (child === null) return null;
    if (runs(child)) {
      const ended = once(child, 'exit');
      child.kill('SIGCONT');
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  }

  /** Resolves when the server ends by itself. */
  async ended(): Promise<void> {
    if (this.#child !== null && runs(this.#child)) await once(this.#child, 'exit');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }
}

function runs({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** The common interface of servers that a test starts, disturbs and ends. */
export abstract class DisturbedServer {
  readonly host: string;
  readonly port: number;
  readonly #server: ChildServer;

  protected constructor(host: string, port: number, server: ChildServer) {
    this.host = host;
    this.port = port;
    this.#server = server;
  }

  abstract get url(): string;

  get pid(): number {
    return this.#server.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#server.signal(signal);
  }

  /** Ends the process but keeps its port and files, on which `resume` starts it again. */
  async halt(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#server.stop(signal);
  }
  async resume(): Promise<void> {
    await this.#server.start();
  }
  /** Resolves when the server ends by itself. */
  async ended(): Promise<void> {
    await this.#server.ended();
  }

  /** Ends the server and removes its files. Safe to repeat. */
  async stop(): Promise<void> {
    await this.halt();
  }
}
