// Looks at a cluster and pictures of it, for the tests of `livedrops top`.

import type { Alarm } from '../../../contracts/alarms.ts';
import { parseExposition } from '../../../operator/top/exposition.ts';
import type { Look, Picture } from '../../../operator/top/picture.ts';
import type { Drop, Node, Shard } from '../../../sdk/api.ts';

export function nodeOf(nodeId: string, more: Partial<Node> = {}): Node {
  return {
    nodeId,
    state: 'serving',
    incarnation: 'i',
    weight: 1,
    startedAt: '2026-11-30T00:00:00.000Z',
    url: `http://${nodeId}:8080`,
    shardsOwned: 86,
    shardsWanted: 86,
    liveDrops: 2,
    ordersPerSecond: 1234.5,
    relayLag: 0,
    leaseMs: 2_500,
    clockSkewMs: 3,
    level: 6,
    ...more,
  };
}

export function shardOf(shard: number, more: Partial<Shard> = {}): Shard {
  return {
    shard,
    status: 'serving',
    fault: null,
    quarantined: [],
    epoch: 1,
    sequence: 1,
    waiting: 0,
    drops: 1,
    liveDrops: 1,
    ordersPerSecond: 0,
    relayLag: 0,
    owner: 'node-1',
    wanted: 'node-1',
    pinned: false,
    answered: true,
    ...more,
  };
}

export function dropOf(id: string, stocked: number, free: number): Drop {
  return { id, stocked, free } as Drop;
}

/** `metrics`: of each node, in the text of Prometheus. */
export function lookOf(
  at: number,
  metrics: Record<string, string>,
  more: Partial<Look> = {},
): Look {
  return {
    at,
    nodes: [nodeOf('node-1')],
    shards: [],
    drops: [],
    scrapes: new Map(
      Object.entries(metrics).map(([node, text]) => [node, parseExposition(text)] as const),
    ),
    silent: [],
    ...more,
  };
}

export function alarmOf(name: Alarm['name'], more: Partial<Alarm>): Alarm {
  const alarm = { severity: 'page', limit: 0, unit: 'count', runbook: '/docs' } as const;
  return { name, ...alarm, nodes: [], value: 1, command: null, ...more };
}

export const PICTURE: Picture = {
  nodesThere: 2,
  nodesLost: 1,
  rates: {
    requests: 12_345.6,
    orders: 4_321.2,
    placed: 99.5,
    refusals: 4_221,
    failures: 0.5,
    frames: 31,
  },
  refusals: [
    { code: 'sold-out', perSecond: 4_200 },
    { code: 'limit-per-user', perSecond: 21 },
  ],
  latencies: [
    { of: 'orders', seconds: { p50: 0.0042, p95: 0.021, p99: 0.12 } },
    { of: 'other requests', seconds: { p50: 0.0011, p95: 0.004, p99: 1.5 } },
    { of: 'appends', seconds: null },
    { of: 'mailboxes', seconds: { p50: 0.001, p95: 0.002, p99: 0.003 } },
  ],
  inFlight: 17,
  ordersWaiting: 9,
  streams: 10_000,
  liveDrops: 4,
  nodes: ['node-1', 'node-2', 'node-3'].map((nodeId, index) => ({
    nodeId,
    state: index === 2 ? 'lost' : 'serving',
    shardsOwned: 86,
    liveDrops: 2,
    ordersPerSecond: 1_234.5,
    relayLag: index,
  })),
  shards: Array.from({ length: 20 }, (_, shard) => ({
    shard,
    owner: 'node-1',
    status: shard === 0 ? 'damaged' : 'serving',
    waiting: shard,
    ordersPerSecond: 100 - shard,
  })),
  drops: Array.from({ length: 12 }, (_, index) => ({
    id: `d_${String(index).padStart(2, '0')}8jjnbha414edmr42yf5a86p`,
    perSecond: 50 - index,
    free: index,
    stocked: 500,
  })),
  consumers: [
    { consumer: 'projections', waiting: 12, lagSeconds: 0.4 },
    { consumer: 'payments', waiting: 0, lagSeconds: 0 },
  ],
  jobs: [{ kind: 'refund-orders', queued: 3, running: 1, overdueSeconds: 2 }],
  parkedRefunds: 2,
  alarms: [
    alarmOf('node-lost', { value: 1, nodes: ['node-3'] }),
    alarmOf('refunds-parked', { value: 2, command: 'livedrops refunds' }),
  ],
};
