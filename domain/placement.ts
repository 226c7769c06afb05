// Computes which node should serve each shard, and a plan of moves for uneven load. Pure arithmetic
// that changes nothing by itself. The placement store records the owner of a shard; the journal
// decides who may write the shard.

import {
  type Candidate,
  candidateOf,
  highestScoring,
  type PlacementNode,
  score,
} from './rendezvous.ts';

export interface ShardMove {
  readonly shard: number;
  /** Null if no node serves the shard. */
  readonly from: string | null;
  readonly to: string;
}

/*
 * Bounded-load rendezvous hashing. Of 256 shards, plain rendezvous hashing gives three equal nodes
 * 73, 106 and 77, as random draws do. Mirrokni, Thorup and Zadimoghaddam ("Consistent Hashing with
 * Bounded Loads", SODA 2018) bound the load of every node by (1 + e) times its fair share, and pass
 * a full node over for the next one. Here e is 0.1.
 *
 * Their assignment depends on the nodes alone. When a node joins or leaves, shards that passed a
 * full node over move too: up to 0.7 of these for each move that is needed (docs/decisions/040). So
 * this assignment also depends on the present owners: a shard stays where it is, unless its node is
 * gone or is past the bound. Then a leave moves exactly the shards of the node that left, and a
 * join exactly the shards past the smaller bounds, which is the least.
 *
 * A shard that has to move goes to the highest score among the nodes below their fair share, not
 * among those below the bound. So the nodes with the fewest shards fill up first.
 *
 * Nodes that read the owners while moves are under way must agree all the same. They do: the
 * assignment stays the same after any part of its moves, in any order. A node past the bound sheds
 * its lowest scores, whichever of them have gone already. And a shard that moved early fills the
 * place that it would have filled in its turn.
 */

/** A node keeps up to this share of its fair share, rounded up to whole shards. */
const LOAD_FACTOR_MAX = 1.1;
/** Fair shares are sums of fractions: a hair above a whole number is that number. */
const ROUNDING = 1e-9;

interface Member extends Candidate {
  /** The most shards that the node keeps, apart from pinned ones. */
  readonly keptMax: number;
  /** The node takes shards while it has fewer. */
  readonly fairCount: number;
  readonly shards: number[];
}

export interface AssignmentOptions {
  /** The node that holds each shard, or was the last to hold it; null if none ever did. */
  readonly owners: readonly (string | null)[];
  /** The nodes that may have shards. */
  readonly nodes: readonly PlacementNode[];
  /** By shard. A pin to a node that is not among `nodes` is ignored. */
  readonly pins: ReadonlyMap<number, string>;
}

/**
 * The node that should serve each shard; null without nodes. Apart from pinned shards, which count
 * nowhere, no node has more than `LOAD_FACTOR_MAX` times its fair share by weight of all shards,
 * rounded up. The same input gives the same result, in any order of the nodes and on every machine.
 * With 256 shards and 50 nodes it takes under 1 ms if no shard has an owner, and a tenth of that if
 * all stay (docs/decisions/040 has the command).
 */
export function assignShards({ owners, nodes, pins }: AssignmentOptions): (string | null)[] {
  const members = membersOf(nodes, owners.length);
  const byName = new Map(members.map((member) => [member.nodeId, member]));
  const assigned = new Array<string | null>(owners.length).fill(null);
  const unplaced: number[] = [];
  for (const [shard, owner] of owners.entries()) {
    const pinnedTo = pins.get(shard);
    if (pinnedTo !== undefined && byName.has(pinnedTo)) assigned[shard] = pinnedTo;
    else if (owner !== null && byName.has(owner)) byName.get(owner)!.shards.push(shard);
    else unplaced.push(shard);
  }
  for (const member of members) {
    unplaced.push(...shedExcess(member));
    for (const shard of member.shards) assigned[shard] = member.nodeId;
  }
  let takers = members.filter(hasRoom);
  for (const shard of unplaced.sort((a, b) => a - b)) {
    const taker = highestScoring(shard, takers);
    if (taker === null) continue;
    assigned[shard] = taker.nodeId;
    taker.shards.push(shard);
    if (!hasRoom(taker)) takers = takers.filter((other) => other !== taker);
  }
  return assigned;
}

function membersOf(nodes: readonly PlacementNode[], shardCount: number): Member[] {
  // Divided by the highest weight, so that the sum of very large weights stays finite.
  const highest = nodes.reduce((most, { weight }) => Math.max(most, positive(weight)), 0);
  const normalized = (weight: number) => (highest > 0 ? positive(weight) / highest : 0);
  const sum = nodes.reduce((total, { weight }) => total + normalized(weight), 0);
  return nodes.map((node) => {
    const fairShare = sum > 0 ? (shardCount * normalized(node.weight)) / sum : 0;
    return {
      ...candidateOf(node),
      keptMax: Math.ceil(LOAD_FACTOR_MAX * fairShare - ROUNDING),
      fairCount: Math.ceil(fairShare - ROUNDING),
      shards: [],
    };
  });
}

/** 0 for a weight that is not above 0, also for one that is no number. */
function positive(weight: number): number {
  return weight > 0 ? weight : 0;
}

/** Removes the shards with the lowest scores past the bound, and returns them. */
function shedExcess(member: Member): number[] {
  if (member.shards.length <= member.keptMax) return [];
  const scores = new Map(member.shards.map((shard) => [shard, score(member, shard)]));
  member.shards.sort((a, b) => scores.get(b)! - scores.get(a)! || a - b);
  return member.shards.splice(member.keptMax);
}

function hasRoom({ shards, fairCount }: Member): boolean {
  return shards.length < fairCount;
}

/**
 * The highest-scoring node of every shard, or its pin; null without nodes. The load has no bound.
 * For stores of a feature level below that of `assignShards`.
 */
export function rendezvousOwners(
  shardCount: number,
  nodes: readonly PlacementNode[],
  pins: ReadonlyMap<number, string>,
): (string | null)[] {
  const candidates = nodes.map(candidateOf);
  const names = new Set(nodes.map(({ nodeId }) => nodeId));
  return Array.from({ length: shardCount }, (_, shard) => {
    const pinnedTo = pins.get(shard);
    if (pinnedTo !== undefined && names.has(pinnedTo)) return pinnedTo;
    return highestScoring(shard, candidates)?.nodeId ?? null;
  });
}

/** The moves, in order of the shards, that turn `owners` into `assigned`. */
export function movesTo(
  assigned: readonly (string | null)[],
  owners: readonly (string | null)[],
): ShardMove[] {
  const moves: ShardMove[] = [];
  for (const [shard, to] of assigned.entries()) {
    const from = owners[shard] ?? null;
    if (to !== null && to !== from) moves.push({ shard, from, to });
  }
  return moves;
}

/**
 * A move must lower the relative load of the busiest node by more than this share, or it is not
 * worth its blackout. The value is half the effect of moving one of 256 equal shards, so that a
 * node with all shards still starts to move some away.
 */
const MOVE_GAIN_SHARE_MIN = 0.002;

export interface RebalanceOptions {
  /** The owner of each shard. */
  readonly owners: readonly (string | null)[];
  /**
   * Load of each shard, in any unit of work a time; missing values and values below 0 count as 0.
   */
  readonly loads: readonly number[];
  readonly nodes: readonly PlacementNode[];
  readonly movesMax: number;
}

interface NodeLoad {
  readonly nodeId: string;
  readonly weight: number;
  /** Without the shards that this plan moved to the node: a shard moves at most once. */
  readonly shards: Set<number>;
  load: number;
}

/**
 * Plans moves that even out the load. Each move is an improvement by itself, so a plan may stop
 * after any move. Greedy: move one shard from the node with the highest load / weight to the node
 * that minimises max(load / weight) of the pair; no node ends with as much as the source had. Stops
 * after `movesMax`, or when no move of the busiest node gains more than `MOVE_GAIN_SHARE_MIN`. The
 * same input gives the same plan, in any order of the nodes. Shards owned by nodes outside of
 * `nodes` do not move. Takes under 0.5 ms a move with 256 shards and 50 nodes.
 */
export function planRebalance(options: RebalanceOptions): ShardMove[] {
  const { owners, loads, movesMax } = options;
  const nodes = nodeLoads(options);
  const moves: ShardMove[] = [];
  while (moves.length < movesMax && nodes.length > 1) {
    const busiest = nodes.reduce((most, node) => (relative(node) > relative(most) ? node : most));
    const step = bestStep(busiest, nodes, loads);
    if (step === null) break;
    const { shard, to } = step;
    const load = loads[shard]!;
    busiest.shards.delete(shard);
    busiest.load -= load;
    to.load += load;
    moves.push({ shard, from: owners[shard]!, to: to.nodeId });
  }
  return moves;
}

/** Sorted by name, so that the first of equal nodes is always the same. */
function nodeLoads({ owners, loads, nodes }: RebalanceOptions): NodeLoad[] {
  const found = nodes
    .filter(({ weight }) => weight > 0)
    .map(({ nodeId, weight }): NodeLoad => ({ nodeId, weight, shards: new Set(), load: 0 }))
    .sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  const byName = new Map(found.map((node) => [node.nodeId, node]));
  for (const [shard, owner] of owners.entries()) {
    const load = loads[shard] ?? 0;
    const node = owner === null ? undefined : byName.get(owner);
    if (node === undefined || !(load > 0)) continue;
    node.shards.add(shard);
    node.load += load;
  }
  return found;
}

function relative(node: NodeLoad): number {
  return node.load / node.weight;
}

/** Null if no move from the node gains enough. */
function bestStep(
  from: NodeLoad,
  nodes: readonly NodeLoad[],
  loads: readonly number[],
): { shard: number; to: NodeLoad } | null {
  let step: { shard: number; to: NodeLoad } | null = null;
  // Both shrink with each better step. The target's own load decides between steps after which the
  // source still has the higher load of the pair.
  let worst = relative(from) * (1 - MOVE_GAIN_SHARE_MIN);
  let target = 0;
  for (const shard of from.shards) {
    const load = loads[shard]!;
    const fromAfter = (from.load - load) / from.weight;
    for (const to of nodes) {
      if (to === from) continue;
      const toAfter = (to.load + load) / to.weight;
      const after = Math.max(fromAfter, toAfter);
      if (after > worst || (after === worst && toAfter >= target)) continue;
      worst = after;
      target = toAfter;
      step = { shard, to };
    }
  }
  return step;
}
