// LiveDrops in the place of one that sells drops: the real server with every role, as `npm start`
// runs it.

import type { RequestPlan } from '../load/request-plan.ts';
import type { OtherCheckout } from '../other-checkout.ts';
import { LiveDropsServer } from './livedrops-server.ts';
import type { OrderServer } from './order-server.ts';
import { buyerTokens } from './sale-client.ts';

export interface LiveDropsOrderServerOptions {
  /** Where a CPU profile of it goes when it stops; null for none. */
  readonly profileDirectory: string | null;
  /** Another state of the repository in place of this one. */
  readonly checkout?: OtherCheckout;
}

export class LiveDropsOrderServer implements OrderServer {
  readonly key: string;
  readonly label: string;
  readonly role = 'livedrops';
  readonly about =
    'LiveDrops with every role in one process (`npm start`), rate limits off. An order is in an ' +
    'SQLite journal (WAL, synchronous=FULL), fsynced, before its answer.';
  /** To set the scene otherwise than `drop` does. */
  readonly sale: LiveDropsServer;

  constructor({ profileDirectory, checkout }: LiveDropsOrderServerOptions) {
    this.key = checkout === undefined ? 'livedrops' : `livedrops-${checkout.name}`;
    this.label = checkout === undefined ? 'LiveDrops' : `LiveDrops of ${checkout.name}`;
    const profile = ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
    const nodeArgs = profileDirectory === null ? [] : profile;
    this.sale = new LiveDropsServer(nodeArgs, undefined, checkout?.command);
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
