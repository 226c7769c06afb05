// A lost node as a neighbour: steady orders on drops of two nodes of a cluster of three, without
// and beside the third node's death. It is killed and its drops fail over; then it comes back.

import { setTimeout as delay } from 'node:timers/promises';
import { DropsUnderLoad } from '../load/drops-under-load.ts';
import type { PacedReport } from '../load/paced-load.ts';
import type { Sample } from '../scenario.ts';
import { ClusterServers, missingServers } from '../servers/cluster-servers.ts';
import type { Measured, Neighbour, Neighbourhood, NeighbourhoodOptions } from './neighbour.ts';

const ROLES = 'gateway,services,actors';
const OTHERS = ['node-1', 'node-2'];
const LOST = 'node-3';
const DROPS = 4;
const ORDERS_PER_DROP = 200;
/** Each order of the lost node's drop waits on a connection of its own. */
const LOST_LOAD = { drops: 1, ordersPerSecond: 100, connections: 400 };
const WARM_UP_MS = 4_000;
/** A session lasts three seconds behind the kill; then the shards are claimed. */
const MEASURE_MS_MIN = 6_000;
const SERVED_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 50;
const GAP_AIM_MS = 100;

const NEIGHBOUR: Neighbour = {
  key: 'lost-node',
  label: 'a lost node',
  about: 'One node of three is killed, whose drop goes on being ordered from; Redis and NATS.',
  own: [
    {
      key: 'gapMs',
      label: 'longest gap of a drop',
      unit: 'ms',
      better: 'less',
      digits: 0,
      aim: GAP_AIM_MS,
    },
  ],
  work: 's without an order of the lost node’s drop',
};

export class LostNode implements Neighbourhood {
  readonly missing = missingServers();
  readonly #measureMs: number;
  readonly #servers = new ClusterServers({ roles: [ROLES, ROLES, ROLES] });
  readonly #orders = new DropsUnderLoad();
  readonly #lost = new DropsUnderLoad();

  constructor({ seconds }: NeighbourhoodOptions) {
    this.#measureMs = Math.max(seconds * 1000, MEASURE_MS_MIN);
  }

  async fill(): Promise<void> {}

  async start(): Promise<void> {
    const servers = this.#servers;
    await servers.start();
    await this.#orders.start({ servers, drops: DROPS, ordersPerSecond: ORDERS_PER_DROP });
    await this.#lost.start({ servers, ...LOST_LOAD, exceptShards: this.#orders.shards });
  }

  async *measureRound(): AsyncGenerator<Measured> {
    await this.#place();
    await delay(WARM_UP_MS);
    await this.#report();
    const control = await this.#measure();
    const without = await this.#measure();
    // It stays down, so other nodes have to serve.
    await this.#servers.supervisor.stopNode(LOST, 'SIGKILL');
    const beside = await this.#measure();
    await this.#servers.supervisor.startNode(LOST);
    yield {
      neighbour: NEIGHBOUR,
      control: this.#sampleOf(control.orders),
      without: this.#sampleOf(without.orders),
      beside: this.#sampleOf(beside.orders),
      worked: longestGapMs(beside.lost) / 1000,
    };
  }

  async stop(): Promise<void> {
    await this.#orders.stop();
    await this.#lost.stop();
    await this.#servers.stop();
  }

  /** Pins each drop to its node; resolves when the nodes serve them. */
  async #place(): Promise<void> {
    const api = this.#servers.operator();
    const places = new Map<number, string>();
    this.#orders.shards.forEach((shard, i) => places.set(shard, OTHERS[i % OTHERS.length]!));
    for (const shard of this.#lost.shards) places.set(shard, LOST);
    const deadline = performance.now() + SERVED_TIMEOUT_MS;
    // Without the node there is nobody to pin to.
    while (
      !(await api.nodes()).some(({ nodeId, state }) => nodeId === LOST && state === 'serving')
    ) {
      if (performance.now() > deadline) throw new Error(`${LOST} did not come back`);
      await delay(POLL_INTERVAL_MS);
    }
    for (const [shard, node] of places) await api.pin(shard, node, false);
    for (;;) {
      const rows = await api.shards();
      const isServed = ([shard, node]: [number, string]) =>
        rows.some((row) => row.shard === shard && row.owner === node && row.status === 'serving');
      if ([...places].every(isServed)) return;
      if (performance.now() > deadline) throw new Error('drops were not moved in time');
      await delay(POLL_INTERVAL_MS);
    }
  }

  async #measure(): Promise<{ orders: PacedReport; lost: PacedReport }> {
    await delay(this.#measureMs);
    return await this.#report();
  }

  async #report(): Promise<{ orders: PacedReport; lost: PacedReport }> {
    const [orders, lost] = await Promise.all([this.#orders.report(), this.#lost.report()]);
    return { orders, lost };
  }

  #sampleOf(report: PacedReport): Sample {
    const { p50Ms, p99Ms, maxMs, statuses } = report;
    const placed = statuses['201'] ?? 0;
    const answers = Object.values(statuses).reduce((sum, count) => sum + count, 0);
    const perSecond = (placed * 1000) / this.#measureMs;
    const gapMs = longestGapMs(report);
    return { figures: { perSecond, p50Ms, p99Ms, maxMs, notPlaced: answers - placed, gapMs } };
  }
}

function longestGapMs({ gaps }: PacedReport): number {
  return Math.max(0, ...gaps.map(({ ms }) => ms));
}
