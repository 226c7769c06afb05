// Neighbours that begin and end on a server which stays up: a shard whose appends hang, a large
// sealed drop that is loaded, a crawler, verify and rebuild, refunds that the provider refuses, and
// searches.

import { setTimeout as delay } from 'node:timers/promises';
import { NEIGHBOUR_CREATOR, paidDropId, sealedDropId } from '../load/neighbour-drops.ts';
import { CRAWLED, crawlerRequests, type OldDropsJob } from '../load/old-drops.ts';
import type { RequestKind } from '../load/request-plan.ts';
import { SEARCHED, type SearchedProductsJob, searchRequests } from '../load/searches.ts';
import { SOLD_TO_FIRST } from '../load/sold-drop.ts';
import type { LiveDropsServer } from '../servers/livedrops-server.ts';
import type { MeasuredOrders, Neighbour } from './neighbour.ts';
import { orderKind } from './quiet-orders.ts';

const STUCK = 'stuck';
const STUCK_ORDERS_PER_SECOND = 100;
const READS_PER_SECOND = 200;
const SEARCHES_PER_SECOND = 100;
const INDEXED_TIMEOUT_MS = 120_000;
const CRAWLER_MEMORY_AIM_MB = 50;
const SETTLED_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 200;
const PARKED_LISTED_MAX = 100_000;

/** Ends what was begun, and resolves to what it did, in the words of `Neighbour.work`. */
export type End = (measured: MeasuredOrders) => Promise<number>;

export interface Disturbance extends Neighbour {
  /** Requests of both measurements, without it and beside it. */
  readonly always: readonly RequestKind[];
  /** Requests beside it. */
  readonly requests: readonly RequestKind[];
  /** Before all measurements. */
  prepare?(): Promise<void>;
  begin(round: number): Promise<End>;
}

export interface DisturbedServer {
  readonly server: LiveDropsServer;
  /** A live drop in the shard that gets stuck. */
  readonly busyDrop: string;
  readonly oldDrops: OldDropsJob;
  /** Drops of `paidDropId` have so many orders. */
  readonly ordersPerPaidDrop: number;
  readonly searched: SearchedProductsJob;
}

/** By the keys of their neighbours. */
export const DISTURBANCES: Readonly<Record<string, (on: DisturbedServer) => Disturbance>> = {
  'stuck-shard': stuckShard,
  'sealed-drop': loadedDrop,
  crawler,
  'verify-rebuild': runs,
  'parked-refunds': parkedRefunds,
  searches,
};

/** The server is `bench/servers/stuck-shard-server.ts`, which says for how long it is stuck. */
function stuckShard({ server, busyDrop }: DisturbedServer): Disturbance {
  return {
    key: 'stuck-shard',
    label: 'a stuck shard',
    about: 'One of eight shards, whose appends hang while 100 orders a second come for its drop.',
    own: [],
    work: 's until the last of its orders was answered',
    always: [orderKind(STUCK, STUCK_ORDERS_PER_SECOND, [busyDrop])],
    requests: [],
    async begin() {
      process.kill(server.process.pid, 'SIGUSR2');
      return async ({ result }) => {
        const answers = Object.values(result.kinds[STUCK]!.statuses);
        return Math.max(0, ...answers.map(({ maxMs }) => maxMs)) / 1000;
      };
    },
  };
}

function loadedDrop({ server }: DisturbedServer): Disturbance {
  return {
    key: 'sealed-drop',
    label: 'a sealed drop that is loaded',
    about: 'A drop with 400,000 orders that is over, in one shard; a buyer cancels an order of it.',
    own: [],
    work: 's of loading',
    always: [],
    requests: [],
    async begin(round) {
      const startedAt = performance.now();
      const loaded = server
        .statusOfCancellation(`${sealedDropId(round)}-0`, SOLD_TO_FIRST)
        .then((status) => ({ status, seconds: (performance.now() - startedAt) / 1000 }));
      return async () => {
        const { status, seconds } = await loaded;
        if (status !== 409)
          throw new Error(`the cancellation of an order of a drop that is over: ${status}`);
        return seconds;
      };
    },
  };
}

function crawler({ oldDrops }: DisturbedServer): Disturbance {
  return {
    key: 'crawler',
    label: 'a crawler',
    about: '200 reads a second of 10,000 drops that are over, and of their 200,000 orders.',
    own: [
      {
        key: 'grownMb',
        label: 'memory grown',
        unit: 'MB',
        better: 'less',
        digits: 1,
        aim: CRAWLER_MEMORY_AIM_MB,
      },
    ],
    work: 'reads a second',
    always: [],
    requests: crawlerRequests(oldDrops, READS_PER_SECOND),
    async begin() {
      return async ({ result }) => result.kinds[CRAWLED]!.done.answers / result.seconds;
    },
  };
}

function runs({ server }: DisturbedServer): Disturbance {
  return {
    key: 'verify-rebuild',
    label: 'verify and rebuild',
    about: 'Runs of verify and of rebuild by turns, one after the other, over all shards.',
    own: [],
    work: 'runs, the last of them cancelled',
    always: [],
    requests: [],
    async begin() {
      const api = server.operator();
      const ending = new AbortController();
      let done = 0;
      const running = (async () => {
        while (!ending.signal.aborted) {
          const kind = done % 2 === 0 ? 'verify' : 'rebuild';
          done += 1;
          await api.run({ kind }, { signal: ending.signal, progress: () => undefined });
        }
      })();
      return async () => {
        ending.abort();
        await running;
        return done;
      };
    },
  };
}

function parkedRefunds({ server, ordersPerPaidDrop }: DisturbedServer): Disturbance {
  const parked = async () => (await server.operator().refunds('parked', PARKED_LISTED_MAX)).length;
  return {
    key: 'parked-refunds',
    label: 'refunds that are parked',
    about: 'A drop is cancelled whose orders were paid, and the provider refuses every refund.',
    own: [],
    work: 'refunds parked meanwhile',
    always: [],
    requests: [],
    async begin(round) {
      const before = await parked();
      await server.cancel(paidDropId(round), NEIGHBOUR_CREATOR);
      return async () => {
        const meanwhile = (await parked()) - before;
        const deadline = performance.now() + SETTLED_TIMEOUT_MS;
        while ((await parked()) < before + ordersPerPaidDrop) {
          if (performance.now() > deadline) throw new Error('refunds were not parked in time');
          await delay(POLL_INTERVAL_MS);
        }
        return meanwhile;
      };
    },
  };
}

function searches({ server, searched }: DisturbedServer): Disturbance {
  return {
    key: 'searches',
    label: 'searches',
    about: '100 searches a second among 50,000 products: brands, typos, two words, beginnings.',
    own: [],
    work: 'searches a second',
    always: [],
    requests: [searchRequests(searched, SEARCHES_PER_SECOND)],
    prepare: () => indexed(server, searched.products),
    async begin() {
      return async ({ result }) => result.kinds[SEARCHED]!.done.answers / result.seconds;
    },
  };
}

/** Resolves when all products are found. */
async function indexed(server: LiveDropsServer, products: number): Promise<void> {
  const deadline = performance.now() + INDEXED_TIMEOUT_MS;
  for (;;) {
    const [node] = await server.operator().searchNodes();
    if (node?.index?.isBuilding === false && node.index.documents >= products) return;
    if (performance.now() > deadline) throw new Error('the products were not indexed in time');
    await delay(POLL_INTERVAL_MS);
  }
}
