// Runs `livedrops start`, or a program of a test, as a node in a process of its own, with a data
// directory that the test removes.

import { SaleClient } from '../end-to-end/sale-client.ts';
import { COMPILE_CACHE, PROGRAM } from '../operator/run-command.ts';
import { ChildServer } from '../servers/child-server.ts';

const READY = /^LiveDrops ready on (http:\/\/\S+)$/m;
/** Several nodes start at the same time, beside other tests. */
const READY_TIMEOUT_MS = 60_000;

export interface ClusterNodeOptions {
  readonly nodeId: string;
  /** `LIVEDROPS_` variables; the process has no others but that of the compile cache. */
  readonly environment: Readonly<Record<string, string>>;
  /** The module and its arguments; default: `livedrops start`. */
  readonly program?: readonly string[];
  /** A command and arguments before the node's own, such as `ip netns exec`. */
  readonly within?: readonly string[];
}

export class ClusterNode {
  readonly nodeId: string;
  readonly #server: ChildServer;
  #client: SaleClient | null = null;

  constructor({
    nodeId,
    environment,
    program = [PROGRAM, 'start'],
    within = [],
  }: ClusterNodeOptions) {
    this.nodeId = nodeId;
    const [command = process.execPath, ...args] = [...within, process.execPath, ...program];
    const readyTimeoutMs = READY_TIMEOUT_MS;
    this.#server = new ChildServer({
      command,
      args,
      ready: READY,
      readyTimeoutMs,
      environment: { ...COMPILE_CACHE, ...environment },
    });
  }

  /** Resolves when the node prints that it is ready. */
  async start(): Promise<void> {
    await this.#server.start();
    this.#client = new SaleClient({ urls: [READY.exec(this.#server.output)![1]!] });
  }

  /** A client of this node's gateway only. */
  get client(): SaleClient {
    if (this.#client === null) throw new Error(`${this.nodeId} was not started`);
    return this.#client;
  }
  get url(): string {
    return this.client.nextUrl();
  }
  get pid(): number {
    return this.#server.pid;
  }
  /** The output of the node. */
  get output(): string {
    return this.#server.output;
  }

  /** Resolves to the exit code. Does nothing if the node has already ended. */
  stop(): Promise<number | null> {
    return this.#server.stop();
  }

  async kill(): Promise<void> {
    await this.#server.stop('SIGKILL');
  }

  pause(): void {
    this.#server.signal('SIGSTOP');
  }
  continue(): void {
    this.#server.signal('SIGCONT');
  }
}
