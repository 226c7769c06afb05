// The common part of all peers that sell drops: a directory, processes that stop with the peer, a
// drop on the same terms as LiveDrops', and buyers with access tokens.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RequestPlan } from '../../load/request-plan.ts';
import type { OrderServer } from '../order-server.ts';
import { AUTH_SECRET, buyerTokens } from '../sale-client.ts';
import { installPeers, PEERS_DIRECTORY } from './packages.ts';
import { PinnedProgram, type PinnedProgramOptions } from './pinned-program.ts';

const TERMS = { unitAmount: 12_000, currency: 'EUR', limitPerUser: 1000 } as const;

export abstract class OrderPeer implements OrderServer {
  abstract readonly key: string;
  abstract readonly label: string;
  abstract readonly about: string;
  readonly role = 'peer';
  readonly #programs: PinnedProgram[] = [];
  #directory: string | null = null;
  #url: URL | null = null;

  /** Installs the peers' packages if they are missing. Stops everything before it rejects. */
  async start(): Promise<void> {
    await installPeers();
    process.on('exit', this.#leaveNothing);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave);
    try {
      this.#directory = mkdtempSync(join(tmpdir(), `livedrops-${this.key}-`));
      this.#url = new URL(await this.launch(this.#directory));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async drop(stock: number): Promise<RequestPlan> {
    const url = this.#url!;
    const response = await fetch(new URL('/v1/drops', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ stock, ...TERMS }),
    });
    if (!response.ok)
      throw new Error(`${this.key} made no drop: ${response.status} ${await response.text()}`);
    const { id } = (await response.json()) as { id: string };
    return {
      host: url.hostname,
      port: Number(url.port),
      paths: [`/v1/drops/${id}/orders`],
      tokens: buyerTokens(),
      body: '{"quantity":1}',
    };
  }

  cpuMicros(): number {
    return this.#programs.reduce((sum, program) => sum + program.cpuMicros(), 0);
  }

  residentBytes(): number {
    return this.#programs.reduce((sum, program) => sum + program.residentBytes(), 0);
  }

  /** Does nothing if the peer does not run. The peer can be started again. */
  async stop(): Promise<void> {
    // Reverse order, since a process needs the ones started before it.
    for (const program of this.#programs.toReversed()) await program.stop();
    this.#leaveNothing();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave);
    process.off('exit', this.#leaveNothing);
  }

  /**
   * Starts all processes, by `run`, with what they keep in `directory`; resolves to where orders
   * go.
   */
  protected abstract launch(directory: string): Promise<string>;

  /** Resolves to the match of `ready`. */
  protected run(options: PinnedProgramOptions): Promise<RegExpExecArray> {
    const program = new PinnedProgram(options);
    this.#programs.push(program);
    return program.ready();
  }

  /**
   * A script of `bench/peers/orders` on the Node that runs the bench; resolves to where it listens.
   */
  protected async runScript(name: string, args: readonly string[]): Promise<string> {
    const found = await this.run({
      program: process.execPath,
      args: [join(PEERS_DIRECTORY, 'orders', name), ...args],
      environment: { AUTH_SECRET, NODE_ENV: 'production' },
      ready: /ready on (\S+)/,
    });
    return found[1]!;
  }

  readonly #leaveNothing = (): void => {
    for (const program of this.#programs.splice(0)) program.kill();
    if (this.#directory === null) return;
    // A process that was just killed may still be writing.
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
    this.#directory = null;
  };
}

/** Exits through the `exit` event, so that the listeners remove processes and files. */
function leave(): void {
  process.exit(130);
}
