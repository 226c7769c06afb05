// The ids of runs in SQLite. An id is a place as well: the runs that one read, scan or merge needs
// have neighbouring ids, so that no index is needed beside the ids. All ids are safe integers.

import { USER_BUCKETS } from '../../ports/read-models.ts';

/** Rows are indexed by bucket: the low bits of their user's hash. */
export const BUCKETS = USER_BUCKETS;

/** Runs of one bucket in one generation: four million rows, many times what a generation holds. */
const RUNS_PER_BUCKET = 1 << 14;

/** Ranks of the users of one bucket. */
export const BUCKET_RANKS = 1 << 17;
const RANKS = BUCKETS * BUCKET_RANKS;
/** Hashes with the same rank. */
const RANK_HASHES = 2 ** 32 / BUCKET_RANKS;
/** Runs of a merge that begin with the same rank: more than one if a user has very many rows. */
export const RUNS_PER_RANK = 1 << 11;
/** The highest id of a merge. */
export const MERGE_ID_MAX = 2 ** 53 / RANKS / RUNS_PER_RANK - 1;

/**
 * The first id of a bucket's runs in a generation. Their ids rise in the order of adding, below the
 * first id of the next bucket.
 */
export function firstRunId(generation: number, bucket: number): number {
  return (generation * BUCKETS + bucket) * RUNS_PER_BUCKET;
}

/**
 * The rank of the rows of the users with that hash: merged rows are in the order of their ranks, so
 * by bucket, then by the highest bits of the hash.
 */
export function rankOfHash(hash: number): number {
  return (hash % BUCKETS) * BUCKET_RANKS + Math.floor(hash / RANK_HASHES);
}

/**
 * The first id of the runs of a merge that begin with that rank. Their ids rise in the order of
 * adding, below the first id of the next rank.
 */
export function firstMergedRunId(merge: number, rank: number): number {
  return (merge * RANKS + rank) * RUNS_PER_RANK;
}
