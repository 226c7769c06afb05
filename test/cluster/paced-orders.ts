// A steady rate of orders for several drops, from a process of its own: each drop has its own
// connections, so that one that is not answered does not delay another.

import type { PacedJob, PacedReport } from '../../bench/load/paced-load.ts';
import { LOAD_CORE, PinnedProcess } from '../../bench/pinned-process.ts';
import type { SaleClient } from '../end-to-end/sale-client.ts';

/** A buyer has at most a thousand units of a drop. */
const BUYERS = 64;

export interface PacedDrop {
  readonly dropId: string;
  readonly client: SaleClient;
}

export class PacedOrders {
  readonly #load: PinnedProcess;

  private constructor(load: PinnedProcess) {
    this.#load = load;
  }

  /** Resolves when every drop has sold a unit. */
  static async start(
    drops: readonly PacedDrop[],
    rate: Pick<PacedJob, 'connections' | 'ordersPerSecond'>,
  ): Promise<PacedOrders> {
    const script = new URL('../../bench/load/paced-load.ts', import.meta.url).pathname;
    const load = new PinnedProcess({ core: LOAD_CORE, args: [script] });
    const plans = drops.map(({ dropId, client }) => {
      const { hostname: host, port } = new URL(client.nextUrl());
      const tokens = Array.from({ length: BUYERS }, (_, i) => client.token(`buyer-${i}`));
      const paths = [`/v1/drops/${dropId}/orders`];
      return { host, port: Number(port), paths, tokens, body: '{"quantity":1}' };
    });
    load.write(JSON.stringify({ plans, ...rate } satisfies PacedJob));
    await load.line();
    return new PacedOrders(load);
  }

  /** Since the report before. */
  async report(): Promise<PacedReport> {
    this.#load.write('report');
    return JSON.parse(await this.#load.line()) as PacedReport;
  }

  stop(): Promise<void> {
    return this.#load.stop();
  }
}
