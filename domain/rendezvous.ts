// Weighted rendezvous hashing: the scores of nodes for shards. Pure arithmetic.

import { fnv1a } from './ids.ts';

export interface PlacementNode {
  readonly nodeId: string;
  /** Share of the shards relative to other nodes. A node whose weight is not above 0 gets none. */
  readonly weight: number;
}

/*
 * Rendezvous hashing (Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates",
 * IEEE/ACM Transactions on Networking 6(1), 1998): every node gets a score for every shard, hashed
 * from both names, and the highest score wins. Scores of two nodes do not depend on a third, so a
 * node that joins only takes shards, and one that leaves only gives its own.
 *
 * Weights enter as score = -w / ln(h), with h even in (0, 1) (Schindelhauer and Schomaker,
 * "Weighted Distributed Hash Tables", SPAA 2005, the logarithmic method): -ln(h) / w is
 * exponentially distributed with rate w, and the smallest of several such values is that of a node
 * with the probability of its weight among all weights. So changing one weight, too, moves shards
 * only to or from that node.
 *
 * FNV-1a alone would not do for h: names that differ in their last character only give hashes whose
 * upper bits are nearly the same. Both halves of h go through the finalizer of MurmurHash3 (Austin
 * Appleby, public domain, <https://github.com/aappleby/smhasher>), in which every bit of the input
 * changes every bit of the result with a chance near one half.
 */

/** A node with the two independent hashes of its name that start each of its scores. */
export interface Candidate {
  readonly nodeId: string;
  readonly weight: number;
  readonly high: number;
  readonly low: number;
}

/**
 * A start value other than FNV's own, so that names which collide in one half differ in the other.
 */
const LOW_SEED = 0x9747b28c;
/** 2^32 divided by the golden ratio: spreads neighbouring shards over all 32 bits. */
const SHARD_STEP = 0x9e3779b1;

export function candidateOf({ nodeId, weight }: PlacementNode): Candidate {
  return {
    nodeId,
    weight,
    high: finalized(fnv1a(nodeId)),
    low: finalized(fnv1a(nodeId, LOW_SEED)),
  };
}

/** MurmurHash3's fmix32. */
function finalized(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Above 0 for a weight above 0. h has 52 bits plus one half, so it is exact and never 0 or 1. */
export function score(candidate: Candidate, shard: number): number {
  const step = Math.imul(shard + 1, SHARD_STEP);
  const high = finalized(candidate.high ^ step);
  const low = finalized(candidate.low ^ step ^ high);
  const hash = ((high >>> 6) * 2 ** 26 + (low >>> 6) + 0.5) / 2 ** 52;
  return -candidate.weight / Math.log(hash);
}

/** The candidate with the highest score for the shard; null if no score is above 0. */
export function highestScoring<C extends Candidate>(
  shard: number,
  candidates: readonly C[],
): C | null {
  let winner: C | null = null;
  let highest = 0;
  for (const candidate of candidates) {
    const value = score(candidate, shard);
    // The name breaks ties, so that the result does not depend on the order of the nodes.
    const wins =
      value > highest || (value === highest && candidate.nodeId < (winner?.nodeId ?? ''));
    if (!wins) continue;
    highest = value;
    winner = candidate;
  }
  return winner;
}
