// LiveDrops in the place of one that sells drops: the real server with every role, as `npm start`
// runs it.

import type { RequestPlan } from '../load/request-plan.ts';
import { LiveDropsServer } from './livedrops-server.ts';
import type { OrderServer } from './order-server.ts';
import { buyerTokens } from './sale-client.ts';

export interface LiveDropsOrderServerOptions {
  /** Where a CPU profile of it goes when it stops; null for none. */
  readonly profileDirectory: string | null;
}

export class LiveDropsOrderServer implements OrderServer {
  readonly key = 'livedrops';
  readonly label = 'LiveDrops';
  readonly role = 'livedrops';
  readonly about =
    'LiveDrops with every role in one process (`npm start`), rate limits off. An order is in an ' +
    'SQLite journal (WAL, synchronous=FULL), fsynced, before its answer.';
  /** To set the scene otherwise than `drop` does. */
  readonly sale: LiveDropsServer;

  constructor({ profileDirectory }: LiveDropsOrderServerOptions) {
    const profile = ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
    this.sale = new LiveDropsServer(profileDirectory === null ? [] : profile);
  }

  start(): Promise<void> {
    return this.sale.start();
  }

  async drop(stock: number): Promise<RequestPlan> {
    const { host, port } = this.sale;
    const paths = [`/v1/drops/${await this.sale.drop(stock)}/orders`];
    return { host, port, paths, tokens: buyerTokens(), body: '{"quantity":1}' };
  }

  /** Units sold of the plan's only drop. */
  async sold({ paths }: RequestPlan): Promise<number> {
    return await this.sale.soldUnits(paths[0]!.split('/')[3]!);
  }

  cpuMicros(): number {
    return this.sale.process.cpuMicros();
  }

  residentBytes(): number {
    return this.sale.process.residentBytes();
  }

  stop(): Promise<void> {
    return this.sale.stop();
  }
}
