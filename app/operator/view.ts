// The operators' view of nodes and shards: the placement combined with the nodes' reports. Pure:
// the caller has read the store and the reports.

import { assignmentOf } from '../../actors/cluster/assignment.ts';
import type { NodeReport } from '../../actors/node-report.ts';
import type { ShardReport, NodeRow, ShardRow } from '../../contracts/operator.ts';
import type { NodeSession, Placement } from '../../storage/ports/placement.ts';

/** By node id. Nodes without a report are missing. */
export type Reports = ReadonlyMap<string, NodeReport>;

/** The owner of each shard; null where no living node serves it. */
export function ownersOf(placement: Placement, shardCount: number): (string | null)[] {
  const living = new Set(placement.sessions.map(({ incarnation }) => incarnation));
  return Array.from({ length: shardCount }, (_, shard) => {
    const record = placement.shards.get(shard);
    return record !== undefined && living.has(record.incarnation) ? record.nodeId : null;
  });
}

/** The placement of one node alone: it serves all shards. */
export function placementOfOne(session: NodeSession, shardCount: number): Placement {
  const { nodeId, incarnation } = session;
  const shards = Array.from({ length: shardCount }, (_, shard) => shard);
  return {
    sessions: [session],
    lost: [],
    shards: new Map(shards.map((shard) => [shard, { shard, nodeId, incarnation, version: 1 }])),
    pins: new Map(),
    drained: new Set(),
    level: session.level,
  };
}

/** Living nodes, then lost ones, each sorted by name. */
export function nodeRows(placement: Placement, shardCount: number, reports: Reports): NodeRow[] {
  const wanted = assignmentOf(placement, shardCount);
  const shardsWanted = countsOf(wanted);
  // Counted by run: shards of an earlier run of a node have no owner until they are claimed again.
  const shardsOwned = countsOf([...placement.shards.values()].map((held) => held.incarnation));
  const row = (session: NodeSession, state: NodeRow['state']): NodeRow => {
    const { nodeId, incarnation, weight, startedAt, url, level } = session;
    const report = state === 'lost' ? undefined : reports.get(nodeId);
    const shards = report?.shards ?? [];
    return {
      nodeId,
      state,
      incarnation,
      weight,
      startedAt,
      url,
      shardsOwned: shardsOwned.get(incarnation) ?? 0,
      shardsWanted: shardsWanted.get(nodeId) ?? 0,
      liveDrops: sum(shards, ({ liveDrops }) => liveDrops),
      ordersPerSecond: sum(shards, ({ ordersPerSecond }) => ordersPerSecond),
      relayLag: sum(shards, ({ relayLag }) => relayLag),
      leaseMs: report?.leaseMs ?? null,
      clockSkewMs: report?.clockSkewMs ?? null,
      level,
    };
  };
  const stateOf = ({ nodeId, incarnation, leaving }: NodeSession): NodeRow['state'] => {
    if (leaving) return 'leaving';
    if (!placement.drained.has(nodeId)) return 'serving';
    return (shardsOwned.get(incarnation) ?? 0) === 0 ? 'drained' : 'draining';
  };
  return [
    ...byName(placement.sessions).map((session) => row(session, stateOf(session))),
    ...byName(placement.lost).map((session) => row(session, 'lost')),
  ];
}

/** One row for each shard, in order. */
export function shardRows(placement: Placement, shardCount: number, reports: Reports): ShardRow[] {
  const wanted = assignmentOf(placement, shardCount);
  const reported = new Map<string, Map<number, ShardReport>>();
  for (const [nodeId, { shards }] of reports) {
    reported.set(nodeId, new Map(shards.map((report) => [report.shard, report])));
  }
  return wanted.map((wantedNode, shard) => {
    const owner = placement.shards.get(shard)?.nodeId ?? null;
    const report = owner === null ? undefined : reported.get(owner)?.get(shard);
    return {
      ...silentShard(shard),
      // A node of an earlier version leaves `quarantined` out.
      ...report,
      owner,
      wanted: wantedNode,
      pinned: placement.pins.has(shard),
      answered: report !== undefined,
    };
  });
}

function silentShard(shard: number): ShardReport {
  return {
    shard,
    status: 'stopped',
    fault: null,
    quarantined: [],
    epoch: 0,
    sequence: 0,
    waiting: 0,
    drops: 0,
    liveDrops: 0,
    ordersPerSecond: 0,
    relayLag: 0,
  };
}

function countsOf(names: readonly (string | null)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) {
    if (name !== null) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function byName(sessions: readonly NodeSession[]): NodeSession[] {
  return sessions.toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += amount(item);
  return total;
}
