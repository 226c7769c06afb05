// Neighbours on one server that stays up (`disturbances.ts`): in each round and for each of them,
// orders twice without it, then beside it.

import { setTimeout as delay } from 'node:timers/promises';
import { BUSY_SHARD, type NeighbourDropsJob } from '../load/neighbour-drops.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';
import { type Disturbance, type DisturbedServer, DISTURBANCES } from './disturbances.ts';
import {
  type Measured,
  type Neighbourhood,
  type NeighbourhoodOptions,
  sampleOf,
} from './neighbour.ts';
import { PreparedData } from './prepared-data.ts';
import { QuietOrders } from './quiet-orders.ts';

const WARM_UP_SECONDS = 5;
/** What is left of one neighbour is not to be measured beside the next. */
const REST_MS = 1_000;
const DATA = 'sale';
const OLD_DROPS = 10_000;
const ORDERS_PER_OLD_DROP = 20;
const ORDERS_PER_SEALED_DROP = 400_000;
/** All rounds together stay below the bound of parked refunds. */
const ORDERS_PER_PAID_DROP = 1_500;
const SEARCHED_PRODUCTS = 50_000;
/** The load needs a part of it to prepare, and a shard's orders may wait for 5 seconds. */
const STUCK_LONGER_SECONDS = 0.9;
/** Each order of the stuck shard waits on a connection of its own. */
const CONNECTIONS_PER_SECOND = 150;

export class NeighboursOnOneServer implements Neighbourhood {
  readonly missing = null;
  readonly #options: NeighbourhoodOptions;
  readonly #keys: readonly string[];
  readonly #data = new PreparedData();
  readonly #orders: QuietOrders;
  readonly #job: NeighbourDropsJob;
  readonly #oldDrops: DisturbedServer['oldDrops'];
  readonly #searched: DisturbedServer['searched'];
  #server: LiveDropsServer | null = null;
  #disturbances: readonly Disturbance[] = [];
  /** By shard. */
  #drops: readonly string[] = [];

  /** `keys`: the neighbours to measure. */
  constructor(options: NeighbourhoodOptions, keys: readonly string[]) {
    const { size, rounds } = options;
    this.#options = options;
    this.#keys = keys;
    this.#orders = new QuietOrders(options);
    this.#oldDrops = { drops: Math.ceil(OLD_DROPS * size), ordersPerDrop: ORDERS_PER_OLD_DROP };
    this.#searched = { products: Math.ceil(SEARCHED_PRODUCTS * size) };
    this.#job = {
      sealedDrops: rounds,
      ordersPerSealedDrop: Math.ceil(ORDERS_PER_SEALED_DROP * size),
      paidDrops: rounds,
      ordersPerPaidDrop: Math.ceil(ORDERS_PER_PAID_DROP * size),
    };
  }

  async fill(): Promise<void> {
    const directory = this.#data.path(DATA);
    // Drops become sealed half a minute after their end, so it takes that long at least.
    if (this.#keys.includes('crawler'))
      await this.#data.fill('fill-old-drops.ts', directory, JSON.stringify(this.#oldDrops));
    if (this.#keys.includes('searches')) {
      const job = JSON.stringify(this.#searched);
      await this.#data.fill('fill-neighbours.ts', 'products', directory, job);
    }
    await this.#data.fill('fill-neighbours.ts', 'drops', directory, JSON.stringify(this.#job));
  }

  async start(): Promise<void> {
    const server = this.#createServer();
    this.#server = server;
    await server.start();
    await server.caughtUp();
    this.#drops = await this.#orders.drops(server);
    const on: DisturbedServer = {
      server,
      busyDrop: this.#drops[BUSY_SHARD]!,
      oldDrops: this.#oldDrops,
      ordersPerPaidDrop: this.#job.ordersPerPaidDrop,
      searched: this.#searched,
    };
    this.#disturbances = this.#keys.map((key) => DISTURBANCES[key]!(on));
    for (const disturbance of this.#disturbances) await disturbance.prepare?.();
    await this.#orders.measure(server, this.#drops, { seconds: WARM_UP_SECONDS });
  }

  async *measureRound(round: number): AsyncGenerator<Measured> {
    const { seconds } = this.#options;
    for (const neighbour of this.#disturbances) {
      const { always, requests } = neighbour;
      const othersConnections = always.length === 0 ? 0 : seconds * CONNECTIONS_PER_SECOND;
      const measure = (others = always) =>
        this.#orders.measure(this.#server!, this.#drops, {
          seconds,
          others,
          othersConnections,
          hasTurns: true,
        });
      const control = await measure();
      const without = await measure();
      const end = await neighbour.begin(round);
      const beside = await measure([...always, ...requests]);
      const worked = await end(beside);
      yield {
        neighbour,
        control: sampleOf(control),
        without: sampleOf(without),
        beside: sampleOf(beside),
        worked,
      };
      await delay(REST_MS);
    }
  }

  async stop(): Promise<void> {
    await this.#orders.stop();
    await this.#server?.stop();
    this.#data.remove();
  }

  #createServer(): LiveDropsServer {
    const { seconds, profileDirectory } = this.#options;
    return new LiveDropsServer(
      profileDirectory === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`],
      this.#data.path(DATA),
      new URL('../servers/stuck-shard-server.ts', import.meta.url).pathname,
      {
        BENCH_STUCK_SHARD: String(BUSY_SHARD),
        // Beyond the measurement: what waited is decided after it.
        BENCH_STUCK_MS: String((seconds + STUCK_LONGER_SECONDS) * 1000),
        LIVEDROPS_ARCHIVE: 'off',
        LIVEDROPS_PAYMENT_REFUNDS_AS: 'refused',
        // Each refused refund is a warning.
        LIVEDROPS_LOG: 'error',
      },
    );
  }
}
