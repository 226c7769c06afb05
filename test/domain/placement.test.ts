import test from 'ava';
import fc from 'fast-check';
import {
  movesTo,
  planRebalance,
  type RebalanceOptions,
  rendezvousOwners,
} from '../../domain/placement.ts';
import type { PlacementNode } from '../../domain/rendezvous.ts';

const SHARDS = 256;
const NO_PINS: ReadonlyMap<number, string> = new Map();

const nodeId = fc.string({ minLength: 1, maxLength: 12 });
const weight = fc.double({ min: 0.1, max: 10, noNaN: true });
const cluster = (minLength: number) =>
  fc.uniqueArray(fc.record({ nodeId, weight }), {
    selector: (node) => node.nodeId,
    minLength,
    maxLength: 20,
  });

/** As people name nodes. */
const SCHEMES: readonly ((index: number) => string)[] = [
  (index) => `node-${index + 1}`,
  (index) => `n${index}`,
  (index) => `actors-${index}`,
  (index) => `10.0.0.${index + 10}`,
  (index) => String.fromCharCode(97 + index),
  (index) => `livedrops-actors-${index}.livedrops`,
];

function equalNodes(count: number, name: (index: number) => string): PlacementNode[] {
  return Array.from({ length: count }, (_, index) => ({ nodeId: name(index), weight: 1 }));
}

function countsOf(
  owners: readonly (string | null)[],
  nodes: readonly PlacementNode[],
): Map<string, number> {
  const counts = new Map(nodes.map((node) => [node.nodeId, 0]));
  for (const owner of owners) if (owner !== null) counts.set(owner, counts.get(owner)! + 1);
  return counts;
}

test('W5: every shard has an owner among the nodes, and none where there are none', (t) => {
  fc.assert(
    fc.property(cluster(1), (nodes) => {
      const names = new Set<string | null>(nodes.map((node) => node.nodeId));
      const wanted = rendezvousOwners(SHARDS, nodes, NO_PINS);
      t.is(wanted.length, SHARDS);
      t.true(wanted.every((owner) => names.has(owner)));
    }),
    { numRuns: 50 },
  );
  t.deepEqual(rendezvousOwners(3, [], new Map([[1, 'gone']])), [null, null, null]);
});

test('W5: of 3 to 20 equal nodes none has more than twice its fair share of 256 shards', (t) => {
  let deviation = 0;
  let randomDeviation = 0;
  for (const name of SCHEMES) {
    for (let count = 3; count <= 20; count++) {
      const nodes = equalNodes(count, name);
      const fair = SHARDS / count;
      for (const owned of countsOf(rendezvousOwners(SHARDS, nodes, NO_PINS), nodes).values()) {
        t.true(owned <= 2 * fair, `${owned} of ${fair}`);
        deviation += Math.abs(owned - fair) / count;
      }
      // Of a binomial distribution: sqrt(2 / pi) standard deviations.
      randomDeviation += Math.sqrt(((2 / Math.PI) * SHARDS * (1 - 1 / count)) / count);
    }
  }
  const ratio = deviation / randomDeviation;
  t.true(ratio > 0.9 && ratio < 1.1, `${ratio} of the deviation of a random assignment`);
});

test('W5: over many shards the shares are the weights, within a few percent', (t) => {
  const shards = 100_000;
  const weights = [1, 1, 2, 3, 0.5, 5];
  const sum = weights.reduce((total, value) => total + value);
  for (const name of SCHEMES) {
    const nodes = weights.map((value, index) => ({ nodeId: name(index), weight: value }));
    const counts = countsOf(rendezvousOwners(shards, nodes, NO_PINS), nodes);
    for (const node of nodes) {
      const share = counts.get(node.nodeId)! / ((shards * node.weight) / sum);
      t.true(Math.abs(share - 1) < 0.05, `${node.nodeId} has ${share} of its share`);
    }
  }
});

test('W5: a node without weight is wanted nowhere', (t) => {
  const nodes = [0, -1, Number.NaN].map((value) => ({ nodeId: `n${value}`, weight: value }));
  t.deepEqual(rendezvousOwners(2, nodes, NO_PINS), [null, null]);
  const wanted = rendezvousOwners(SHARDS, [...nodes, { nodeId: 'only', weight: 1 }], NO_PINS);
  t.true(wanted.every((owner) => owner === 'only'));
});

test('W5: when a node joins or gets more weight, shards move only to it', (t) => {
  fc.assert(
    fc.property(cluster(2), fc.double({ min: 1, max: 5, noNaN: true }), (nodes, factor) => {
      const [grown, ...rest] = nodes as [PlacementNode, ...PlacementNode[]];
      const before = rendezvousOwners(SHARDS, nodes, NO_PINS);
      const heavier = [{ ...grown, weight: grown.weight * factor }, ...rest];
      for (const [from, to] of [
        [rendezvousOwners(SHARDS, rest, NO_PINS), before],
        [before, rendezvousOwners(SHARDS, heavier, NO_PINS)],
      ] as const) {
        t.true(movesTo(to, from).every((move) => move.to === grown.nodeId));
      }
    }),
    { numRuns: 50 },
  );
});

test('W5: when a node leaves, only its shards move', (t) => {
  fc.assert(
    fc.property(cluster(2), (nodes) => {
      const [left, ...rest] = nodes as [PlacementNode, ...PlacementNode[]];
      const before = rendezvousOwners(SHARDS, nodes, NO_PINS);
      const moves = movesTo(rendezvousOwners(SHARDS, rest, NO_PINS), before);
      t.true(moves.every((move) => move.from === left.nodeId));
      t.is(moves.length, before.filter((owner) => owner === left.nodeId).length);
    }),
    { numRuns: 50 },
  );
});

test('W5: the order in which nodes are known does not matter', (t) => {
  const shuffled = cluster(1).chain((nodes) =>
    fc.tuple(
      fc.constant(nodes),
      fc.shuffledSubarray(nodes, { minLength: nodes.length, maxLength: nodes.length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, ([nodes, otherwise]) => {
      t.deepEqual(
        rendezvousOwners(SHARDS, otherwise, NO_PINS),
        rendezvousOwners(SHARDS, nodes, NO_PINS),
      );
    }),
    { numRuns: 50 },
  );
});

test('W5: of equal scores the name decides', (t) => {
  // Weights beyond reason, so that scores overflow and are equal.
  const nodes = ['b', 'a', 'c'].map((name) => ({ nodeId: name, weight: Number.MAX_VALUE }));
  const wanted = rendezvousOwners(SHARDS, nodes, NO_PINS);
  t.deepEqual(rendezvousOwners(SHARDS, nodes.toReversed(), NO_PINS), wanted);
});

test('W5: a pin overrules, touches no other shard, and is ignored while its node is away', (t) => {
  fc.assert(
    fc.property(cluster(1), fc.nat(SHARDS - 1), fc.nat(20), (nodes, shard, index) => {
      const unpinned = rendezvousOwners(SHARDS, nodes, NO_PINS);
      const pinnedTo = nodes[index % nodes.length]!.nodeId;
      const expected = unpinned.with(shard, pinnedTo);
      t.deepEqual(rendezvousOwners(SHARDS, nodes, new Map([[shard, pinnedTo]])), expected);
      const away = 'a node that no generator makes';
      t.deepEqual(rendezvousOwners(SHARDS, nodes, new Map([[shard, away]])), unpinned);
    }),
    { numRuns: 50 },
  );
});

test('W5: what would have to move is what is wanted elsewhere, nothing more', (t) => {
  t.deepEqual(movesTo(['a', 'b', 'a', null, 'b'], ['a', 'a', null, 'b']), [
    { shard: 1, from: 'a', to: 'b' },
    { shard: 2, from: null, to: 'a' },
    { shard: 4, from: null, to: 'b' },
  ]);
  t.deepEqual(movesTo(['a', 'b'], ['a', 'b']), []);
});

/** Loads are whole numbers, so that sums are exact in any order. */
const rebalance: fc.Arbitrary<RebalanceOptions> = cluster(1).chain((nodes) =>
  fc
    .array(
      fc.record({
        owner: fc.oneof(
          { weight: 9, arbitrary: fc.constantFrom(...nodes.map((node) => node.nodeId)) },
          { weight: 1, arbitrary: fc.constantFrom('a node that no generator makes', null) },
        ),
        load: fc.oneof(fc.constant(0), fc.nat(20), fc.nat(10_000)),
      }),
      { maxLength: 64 },
    )
    .chain((shards) =>
      fc.record({
        owners: fc.constant(shards.map(({ owner }) => owner)),
        loads: fc.constant(shards.map(({ load }) => load)),
        nodes: fc.constant(nodes),
        movesMax: fc.nat(80),
      }),
    ),
);

function relativeLoads(
  { nodes, loads }: RebalanceOptions,
  owners: readonly (string | null)[],
): number[] {
  return nodes.map((node) => {
    const own = loads.filter((_, shard) => owners[shard] === node.nodeId);
    return own.reduce((sum, load) => sum + load, 0) / node.weight;
  });
}

test('W5: no rebalance step raises the highest load, and each lowers its giver’s', (t) => {
  fc.assert(
    fc.property(rebalance, (options) => {
      const moves = planRebalance(options);
      t.true(moves.length <= options.movesMax);
      t.is(new Set(moves.map(({ shard }) => shard)).size, moves.length, 'once for each shard');
      const names = options.nodes.map((node) => node.nodeId);
      let owners = options.owners;
      let loads = relativeLoads(options, owners);
      for (const { shard, from, to } of moves) {
        t.is(owners[shard], from);
        const giver = names.indexOf(from!);
        const worst = Math.max(...loads);
        t.is(loads[giver], worst, 'the busiest gives');
        owners = owners.with(shard, to);
        loads = relativeLoads(options, owners);
        t.true(Math.max(...loads) <= worst);
        t.true(Math.max(loads[giver]!, loads[names.indexOf(to)]!) < worst);
      }
    }),
    { numRuns: 300 },
  );
});

test('W5: a rebalance is the same for every order of the nodes', (t) => {
  fc.assert(
    fc.property(rebalance, (options) => {
      const nodes = options.nodes.toReversed();
      t.deepEqual(planRebalance({ ...options, nodes }), planRebalance(options));
    }),
    { numRuns: 100 },
  );
});

test('W5: a rebalance evens out what one node had alone, by weight', (t) => {
  const nodes = [
    { nodeId: 'a', weight: 1 },
    { nodeId: 'b', weight: 2 },
    { nodeId: 'c', weight: 1 },
  ];
  const options = {
    owners: Array.from({ length: SHARDS }, () => 'a'),
    loads: Array.from({ length: SHARDS }, () => 10),
    nodes,
    movesMax: SHARDS,
  };
  let owners: (string | null)[] = options.owners;
  for (const { shard, to } of planRebalance(options)) owners = owners.with(shard, to);
  t.deepEqual([...countsOf(owners, nodes).values()], [64, 128, 64]);
});

test('W5: a rebalance moves nothing for less than a named gain, and not what cannot help', (t) => {
  const two = [
    { nodeId: 'a', weight: 1 },
    { nodeId: 'b', weight: 1 },
  ];
  const plan = (owners: string[], loads: number[], movesMax = 9) =>
    planRebalance({ owners, loads, nodes: two, movesMax });
  // One hot shard: elsewhere it is as hot.
  t.deepEqual(plan(['a', 'b'], [1000, 1]), []);
  // Its neighbour can go.
  t.deepEqual(plan(['a', 'a', 'b'], [1000, 500, 1]), [{ shard: 1, from: 'a', to: 'b' }]);
  // 1 of 1000 is not worth a blackout, 3 of 1000 are.
  t.deepEqual(plan(['a', 'a', 'b'], [999, 1, 1]), []);
  t.deepEqual(plan(['a', 'a', 'b'], [997, 3, 1]), [{ shard: 1, from: 'a', to: 'b' }]);
  t.deepEqual(plan(['a', 'a', 'b'], [1000, 500, 1], 0), []);
  // Of two that could go the one that evens out best.
  t.deepEqual(plan(['a', 'a', 'a'], [700, 480, 20])[0], { shard: 0, from: 'a', to: 'b' });
});
