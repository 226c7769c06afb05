import test from 'ava';
import { ClaimQueue, type ShardClaim } from '../../actors/cluster/claim-queue.ts';
import type { NodeSession, Placement } from '../../storage/ports/placement.ts';
import { flush } from './manual-clock.ts';

const NO_PLACEMENT: Placement = {
  sessions: [],
  lost: [],
  shards: new Map(),
  pins: new Map(),
  drained: new Set(),
  level: 0,
};

/** A queue whose claims end when the test says so. */
function heldQueue() {
  const begun: number[] = [];
  const ends = new Map<number, () => void>();
  const queue = new ClaimQueue({
    claim: ({ shard }) => {
      begun.push(shard);
      return new Promise((resolve) => ends.set(shard, resolve));
    },
  });
  return { queue, begun, ends };
}

function claims(shards: readonly number[]): ShardClaim[] {
  return shards.map((shard) => ({ shard, expectedVersion: 0 }));
}

test('W3: sixteen shards are claimed at once, the next as soon as one ends', async (t) => {
  const { queue, begun, ends } = heldQueue();
  queue.replace(claims(Array.from({ length: 20 }, (_, shard) => shard)), NO_PLACEMENT);
  t.is(begun.length, 16);
  ends.get(3)!();
  await flush();
  t.deepEqual(begun.slice(16), [16]);
  t.false(queue.isUnderWay(3));
  t.true(queue.isUnderWay(16));
});

test('W3: shards that had a live drop when their node was lost are claimed first', (t) => {
  const { queue, begun } = heldQueue();
  const lost: NodeSession = {
    nodeId: 'a',
    incarnation: 'run-1',
    weight: 1,
    url: null,
    liveShards: [7, 5],
    level: 0,
    leaving: false,
    clockIsWrong: false,
    startedAt: 0,
  };
  queue.replace(claims([1, 5, 6, 7]), { ...NO_PLACEMENT, lost: [lost] });
  t.deepEqual(begun, [5, 7, 1, 6]);
});

test('a newer plan replaces waiting claims, and no shard is claimed twice at once', async (t) => {
  const { queue, begun, ends } = heldQueue();
  queue.replace(claims(Array.from({ length: 18 }, (_, shard) => shard)), NO_PLACEMENT);
  queue.replace(claims([0, 30]), NO_PLACEMENT);
  ends.get(5)!();
  await flush();
  t.deepEqual(begun.slice(16), [30]);
});
