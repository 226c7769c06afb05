// The assignment of shards to nodes that every node computes from its copy of the placement.

import { assignShards, rendezvousOwners } from '../../domain/placement.ts';
import type { NodeSession, Placement } from '../../storage/ports/placement.ts';

/**
 * From this feature level on the load is bounded. Below it a node of an older version may live,
 * which assigns by plain rendezvous hashing: every node does the same, or two of them would move
 * shards back and forth.
 */
const BOUNDED_LOAD_LEVEL = 2;

/**
 * The nodes that take shards: alive, not leaving and not drained. If the clocks of all of these are
 * wrong, all of them take shards: then it is rather the store's clock that was set.
 */
export function takersOf({ sessions, drained }: Placement): NodeSession[] {
  const present = sessions.filter(({ nodeId }) => !drained.has(nodeId));
  const takers = present.filter(({ leaving }) => !leaving);
  return takers.length > 0 ? takers : present.filter(({ clockIsWrong }) => clockIsWrong);
}

/** The node that should serve each shard; null while no node takes shards. */
export function assignmentOf(placement: Placement, shardCount: number): (string | null)[] {
  const nodes = takersOf(placement);
  const { level, pins, shards } = placement;
  if (level < BOUNDED_LOAD_LEVEL) return rendezvousOwners(shardCount, nodes, pins);
  // By name, not by run: a node that started again takes its own shards back.
  const owners = Array.from(
    { length: shardCount },
    (_, shard) => shards.get(shard)?.nodeId ?? null,
  );
  return assignShards({ owners, nodes, pins });
}
