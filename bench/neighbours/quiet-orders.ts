// Orders at a fixed rate on quiet drops of one server: one in each shard but the busy one.

import { BUSY_SHARD } from '../load/neighbour-drops.ts';
import type { Spread } from '../load/latencies.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { RequestKind } from '../load/request-plan.ts';
import { costOf, type OpenLoop } from '../measure.ts';
import type { LiveDropsServer } from '../servers/livedrops-server.ts';
import { buyerTokens } from '../servers/sale-client.ts';
import { type MeasuredOrders, ORDERS } from './neighbour.ts';

const STOCK = 10_000_000;
const CONNECTIONS = 128;

export interface Window {
  readonly seconds: number;
  /** Requests beside the orders; their weights are requests a second. */
  readonly others?: readonly RequestKind[];
  /** Connections that the others may keep busy. */
  readonly othersConnections?: number;
  /** Whether the server says how long its turns are. */
  readonly hasTurns?: true;
}

export class QuietOrders {
  readonly #ordersPerSecond: number;
  readonly #load: OpenLoop = new LoadProcess({ generator: 'open-loop' });

  constructor({ ordersPerSecond }: { readonly ordersPerSecond: number }) {
    this.#ordersPerSecond = ordersPerSecond;
  }

  /** Creates a drop in each shard of the server; returns their ids by shard. */
  async drops(server: LiveDropsServer): Promise<readonly string[]> {
    return await server.dropOfEachShard(STOCK);
  }

  async measure(
    server: LiveDropsServer,
    drops: readonly string[],
    { seconds, others = [], othersConnections = 0, hasTurns }: Window,
  ): Promise<MeasuredOrders> {
    const quiet = drops.filter((_, shard) => shard !== BUSY_SHARD);
    const kinds = [orderKind(ORDERS, this.#ordersPerSecond, quiet), ...others];
    const { host, port, process } = server;
    const turns = async (): Promise<Spread | null> => {
      if (hasTurns !== true) return null;
      process.write('turns');
      return JSON.parse(await process.line()) as Spread;
    };
    await turns();
    const before = process.residentBytes();
    const measured = await costOf(process, this.#load, {
      host,
      port,
      kinds,
      connections: CONNECTIONS + othersConnections,
      perSecond: kinds.reduce((sum, { weight }) => sum + weight, 0),
      seconds,
    });
    const grownBytes = process.residentBytes() - before;
    return { ...measured, grownBytes, turns: await turns() };
  }

  async stop(): Promise<void> {
    await this.#load.stop();
  }
}

export function orderKind(name: string, perSecond: number, drops: readonly string[]): RequestKind {
  return {
    name,
    weight: perSecond,
    method: 'POST',
    paths: drops.map((dropId) => `/v1/drops/${dropId}/orders`),
    tokens: buyerTokens(),
    body: '{"quantity":1}',
    keyed: true,
  };
}
