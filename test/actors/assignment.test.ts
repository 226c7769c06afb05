import test from 'ava';
import { assignmentOf } from '../../actors/cluster/assignment.ts';
import { rendezvousOwners } from '../../domain/placement.ts';
import type { NodeSession, Placement } from '../../storage/ports/placement.ts';

const SHARDS = 256;

function session(nodeId: string, change: Partial<NodeSession> = {}): NodeSession {
  return {
    nodeId,
    incarnation: `run of ${nodeId}`,
    weight: 1,
    leaving: false,
    clockIsWrong: false,
    startedAt: 0,
    url: null,
    liveShards: [],
    level: 2,
    ...change,
  };
}

function placementOf(owner: (shard: number) => string, change: Partial<Placement> = {}): Placement {
  const shards = Array.from({ length: SHARDS }, (_, shard) => shard);
  return {
    sessions: [session('n1'), session('n2'), session('n3')],
    lost: [],
    shards: new Map(
      shards.map((shard) => [
        shard,
        { shard, nodeId: owner(shard), incarnation: 'an earlier run', version: 1 },
      ]),
    ),
    pins: new Map(),
    drained: new Set(),
    level: 2,
    ...change,
  };
}

const inTurn = (shard: number) => `n${(shard % 3) + 1}`;

test('W5: while a node of level 1 may live, all assign by plain rendezvous hashing', (t) => {
  const placement = placementOf(inTurn, { level: 1 });
  const old = rendezvousOwners(SHARDS, placement.sessions, placement.pins);
  t.deepEqual(assignmentOf(placement, SHARDS), old);
  const count = (name: string) => old.filter((owner) => owner === name).length;
  t.deepEqual([count('n1'), count('n2'), count('n3')], [79, 91, 86]);
});

test('W5: from level 2 on shards stay where they are, also after a restart of their node', (t) => {
  const owners = Array.from({ length: SHARDS }, (_, shard) => inTurn(shard));
  t.deepEqual(assignmentOf(placementOf(inTurn), SHARDS), owners);
});

test('W5: leaving and drained nodes are assigned nothing', (t) => {
  const sessions = [session('n1'), session('n2', { leaving: true }), session('n3')];
  const placement = placementOf(inTurn, { sessions, drained: new Set(['n3']) });
  t.true(assignmentOf(placement, SHARDS).every((owner) => owner === 'n1'));
});
