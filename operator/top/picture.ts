// What `livedrops top` shows, made from two looks at the cluster: rates, latencies, nodes, shards,
// drops, consumers, jobs and alarms. Pure.

import { alarmsOf } from '../../app/alarms/alarms.ts';
import {
  byLabel,
  maxOf,
  type Percentiles,
  percentiles,
  rise,
  riseByLabel,
  type Scrapes,
  sumOf,
} from '../../app/alarms/samples.ts';
import type { Alarm } from '../../contracts/alarms.ts';
import type { Drop, Node, Shard } from '../../sdk/api.ts';

/** What was read at one moment. */
export interface Look {
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
  readonly nodes: readonly Node[];
  readonly shards: readonly Shard[];
  /** Those live drops that started last, 100 at most. */
  readonly drops: readonly Drop[];
  readonly scrapes: Scrapes;
  /** Addresses of nodes that did not answer. */
  readonly silent: readonly string[];
}

export interface Picture {
  readonly nodesThere: number;
  readonly nodesLost: number;
  /** By the second, between the two looks. */
  readonly rates: {
    readonly requests: number;
    readonly orders: number;
    readonly placed: number;
    readonly refusals: number;
    readonly failures: number;
    readonly frames: number;
  };
  readonly refusals: readonly { readonly code: string; readonly perSecond: number }[];
  readonly latencies: readonly { readonly of: string; readonly seconds: Percentiles | null }[];
  readonly inFlight: number;
  readonly ordersWaiting: number;
  readonly streams: number;
  readonly liveDrops: number;
  readonly nodes: readonly Pick<
    Node,
    'nodeId' | 'state' | 'shardsOwned' | 'liveDrops' | 'ordersPerSecond' | 'relayLag'
  >[];
  readonly shards: readonly Pick<
    Shard,
    'shard' | 'owner' | 'status' | 'waiting' | 'ordersPerSecond'
  >[];
  readonly drops: readonly {
    readonly id: string;
    readonly perSecond: number;
    readonly free: number;
    readonly stocked: number;
  }[];
  readonly consumers: readonly {
    readonly consumer: string;
    readonly waiting: number;
    readonly lagSeconds: number;
  }[];
  readonly jobs: readonly {
    readonly kind: string;
    readonly queued: number;
    readonly running: number;
    readonly overdueSeconds: number;
  }[];
  readonly parkedRefunds: number;
  readonly alarms: readonly Alarm[];
}

const REFUSALS_MAX = 5;
const ORDERS_ROUTE = '/v1/drops/{id}/orders';

const isOrder = ({ method, route }: Readonly<Record<string, string>>) =>
  method === 'POST' && route === ORDERS_ROUTE;

export function pictureOf(before: Look, after: Look): Picture {
  const seconds = Math.max((after.at - before.at) / 1_000, 0.001);
  const [was, is] = [before.scrapes, after.scrapes];
  const perSecond = (...args: [string, ((labels: Readonly<Record<string, string>>) => boolean)?]) =>
    rise(was, is, ...args) / seconds;
  const requests = 'livedrops_http_request_duration_seconds' as const;
  const refusals = [...riseByLabel(was, is, 'livedrops_http_refusals_total', 'code')]
    .map(([code, count]) => ({ code, perSecond: count / seconds }))
    .filter((refusal) => refusal.perSecond > 0)
    .toSorted((a, b) => b.perSecond - a.perSecond);
  const lost = after.nodes.flatMap(({ nodeId, state }) => (state === 'lost' ? nodeId : []));
  return {
    nodesThere: after.nodes.length - lost.length,
    nodesLost: lost.length,
    rates: {
      requests: perSecond(`${requests}_count`),
      orders: perSecond(`${requests}_count`, isOrder),
      placed: perSecond('livedrops_orders_placed_total'),
      refusals: refusals.reduce((sum, refusal) => sum + refusal.perSecond, 0),
      failures: perSecond('livedrops_service_failures_total'),
      frames: perSecond('livedrops_live_frames_published_total'),
    },
    refusals: refusals.slice(0, REFUSALS_MAX),
    latencies: [
      { of: 'orders', seconds: percentiles(was, is, requests, isOrder) },
      { of: 'other requests', seconds: percentiles(was, is, requests, (one) => !isOrder(one)) },
      { of: 'appends', seconds: percentiles(was, is, 'livedrops_journal_append_duration_seconds') },
      { of: 'mailboxes', seconds: percentiles(was, is, 'livedrops_shard_mailbox_wait_seconds') },
    ],
    inFlight: sumOf(is, 'livedrops_http_requests_in_flight'),
    ordersWaiting: sumOf(is, 'livedrops_orders_waiting'),
    streams: sumOf(is, 'livedrops_live_connections'),
    liveDrops: after.nodes.reduce((sum, node) => sum + node.liveDrops, 0),
    nodes: after.nodes.map((node) => {
      const { nodeId, state, shardsOwned, liveDrops, ordersPerSecond, relayLag } = node;
      return { nodeId, state, shardsOwned, liveDrops, ordersPerSecond, relayLag };
    }),
    shards: after.shards
      .filter((shard) => shard.ordersPerSecond > 0 || shard.waiting > 0 || isAmiss(shard))
      .toSorted((a, b) => Number(isAmiss(b)) - Number(isAmiss(a)) || weightOf(b) - weightOf(a))
      .map(({ shard, owner, status, waiting, ordersPerSecond }) => {
        return { shard, owner, status, waiting, ordersPerSecond };
      }),
    drops: hottest(before.drops, after.drops, seconds),
    consumers: consumersOf(is),
    jobs: jobsOf(is),
    parkedRefunds: maxOf(is, 'livedrops_refunds', ({ state }) => state === 'parked'),
    alarms: alarmsOf(was, { lost, silent: after.silent, scrapes: is }),
  };
}

function isAmiss({ status }: Shard): boolean {
  return status !== 'serving';
}

function weightOf({ ordersPerSecond, waiting }: Shard): number {
  return ordersPerSecond + waiting;
}

/** By the units that left the free ones since the last look; of those the fewest free first. */
function hottest(
  before: readonly Drop[],
  after: readonly Drop[],
  seconds: number,
): Picture['drops'] {
  const freeBefore = new Map(before.map(({ id, free, stocked }) => [id, stocked - free]));
  return after
    .map(({ id, free, stocked }) => {
      const taken = stocked - free;
      const perSecond = Math.max(0, taken - (freeBefore.get(id) ?? taken)) / seconds;
      return { id, perSecond, free, stocked };
    })
    .toSorted((a, b) => b.perSecond - a.perSecond || a.free - b.free);
}

function consumersOf(scrapes: Scrapes): Picture['consumers'] {
  const lags = byLabel(scrapes, 'livedrops_relay_lag_seconds', 'consumer');
  const facts = byLabel(scrapes, 'livedrops_relay_facts_waiting', 'consumer');
  const entries = byLabel(scrapes, 'livedrops_relay_entries_behind', 'consumer');
  return [...new Set([...lags.keys(), ...facts.keys()])]
    .map((consumer) => ({
      consumer,
      waiting: (facts.get(consumer)?.sum ?? 0) + (entries.get(consumer)?.sum ?? 0),
      lagSeconds: lags.get(consumer)?.max ?? 0,
    }))
    .toSorted((a, b) => b.lagSeconds - a.lagSeconds || b.waiting - a.waiting);
}

function jobsOf(scrapes: Scrapes): Picture['jobs'] {
  const inState = (wanted: string) =>
    byLabel(scrapes, 'livedrops_jobs', 'kind', ({ state }) => state === wanted);
  const [queued, running] = [inState('queued'), inState('running')];
  const overdue = byLabel(scrapes, 'livedrops_jobs_overdue_seconds', 'kind');
  return [...new Set([...queued.keys(), ...running.keys()])]
    .map((kind) => ({
      kind,
      queued: queued.get(kind)?.max ?? 0,
      running: running.get(kind)?.max ?? 0,
      overdueSeconds: overdue.get(kind)?.max ?? 0,
    }))
    .filter((job) => job.queued + job.running > 0)
    .toSorted((a, b) => b.overdueSeconds - a.overdueSeconds || b.queued - a.queued);
}
