// The bare server in the place of one that sells drops: it answers every order alike, so that what
// it reaches is what the machine, the socket and the parsing of HTTP leave to reach.

import type { RequestPlan } from '../load/request-plan.ts';
import { PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import type { OrderServer } from './order-server.ts';
import { buyerTokens } from './sale-client.ts';

const SCRIPT = new URL('./raw-server.ts', import.meta.url).pathname;
/** Of the head that uWebSockets.js writes by itself; the body makes up the rest. */
const HEAD_BYTES = 99;

export interface RawOrderServerOptions {
  /** Head and body together: as many as the server has that it is compared with. */
  readonly bytesPerAnswer: number;
  readonly status: '201' | '409';
}

export class RawOrderServer implements OrderServer {
  readonly key = 'ceiling';
  readonly label = 'bare uWebSockets.js';
  readonly role = 'ceiling';
  readonly about =
    'uWebSockets.js 20 alone: reads and parses the body and answers as many bytes as LiveDrops. ' +
    'It checks no token, keeps no stock and makes nothing durable.';
  readonly #process: PinnedProcess;
  #url: URL | null = null;
  #drops = 0;

  constructor({ bytesPerAnswer, status }: RawOrderServerOptions) {
    const bodyBytes = Math.max(1, Math.round(bytesPerAnswer) - HEAD_BYTES);
    const args = [SCRIPT, String(bodyBytes), status];
    this.#process = new PinnedProcess({ core: SERVER_CORE, args });
  }

  async start(): Promise<void> {
    this.#url = new URL((await this.#process.line()).replace('ready on ', ''));
  }

  /** It never sells out. */
  drop(): Promise<RequestPlan> {
    this.#drops += 1;
    const { hostname: host, port } = this.#url!;
    // As long as LiveDrops' paths.
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
