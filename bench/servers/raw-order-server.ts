// The bare servers as order servers of a comparison. They give every order the same answer. The
// first answers at once and shows the limit of machine, sockets and HTTP parsing. The second
// answers when the order is on disk and shows the cost of durability alone.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestPlan } from '../load/request-plan.ts';
import { PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import { makeDataDirectory } from './livedrops-server.ts';
import { JOURNAL_BYTES_PER_ORDER, type OrderServer } from './order-server.ts';
import { buyerTokens } from './sale-client.ts';

/** The size of the head that uWebSockets.js writes; the body fills up to `bytesPerAnswer`. */
const HEAD_BYTES = 99;

export interface RawOrderServerOptions {
  /** Bytes of head and body together, as many as in LiveDrops' answer. */
  readonly bytesPerAnswer: number;
  readonly status: '200' | '201' | '409' | '503';
  /** Null: any of them. Default: the server's. */
  readonly core?: number | null;
}

export class RawOrderServer implements OrderServer {
  readonly key: string = 'ceiling';
  readonly label: string = 'bare uWebSockets.js';
  readonly role = 'ceiling';
  readonly about: string =
    'uWebSockets.js 20 alone: reads and parses the body and answers as many bytes as LiveDrops. ' +
    'It checks no token, keeps no stock and makes nothing durable.';
  readonly #process: PinnedProcess;
  #url: URL | null = null;
  #drops = 0;

  constructor(
    { bytesPerAnswer, status, core = SERVER_CORE }: RawOrderServerOptions,
    script = 'raw-server.ts',
    scriptArgs: readonly string[] = [],
  ) {
    const bodyBytes = Math.max(1, Math.round(bytesPerAnswer) - HEAD_BYTES);
    const path = new URL(script, import.meta.url).pathname;
    const args = [path, String(bodyBytes), status, ...scriptArgs];
    this.#process = new PinnedProcess({ core, args });
  }

  async start(): Promise<void> {
    this.#url = new URL((await this.#process.line()).replace('ready on ', ''));
  }

  /** The drop never sells out. */
  drop(): Promise<RequestPlan> {
    this.#drops += 1;
    const { hostname: host, port } = this.#url!;
    // The path is as long as LiveDrops' paths.
    const path = `/v1/drops/d_${String(this.#drops).padStart(25, '0')}/orders`;
    const paths = [path];
    const plan = { host, port: Number(port), paths, tokens: buyerTokens(), body: '{"quantity":1}' };
    return Promise.resolve(plan);
  }

  cpuMicros(): number {
    return this.#process.cpuMicros();
  }

  residentBytes(): number {
    return this.#process.residentBytes();
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

export class RawDurableOrderServer extends RawOrderServer {
  override readonly key = 'durable';
  override readonly label = 'durable floor';
  override readonly about =
    'The bare server, answering an order once it is on the disk, and nothing else: the orders ' +
    `that came meanwhile are one row of ${JOURNAL_BYTES_PER_ORDER} bytes each, as many as they ` +
    'take in LiveDrops, committed by a thread to SQLite (better-sqlite3, WAL, synchronous=FULL).';
  readonly #directory: string;

  constructor(options: RawOrderServerOptions, directory = makeDataDirectory()) {
    super(options, 'raw-durable-server.ts', [join(directory, 'floor.db')]);
    this.#directory = directory;
  }

  override async stop(): Promise<void> {
    await super.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
