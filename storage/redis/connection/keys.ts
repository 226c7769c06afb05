// The names of a shard's keys in Redis. All keys of one shard share a hash tag, so that a script
// may use them together, also on a Redis Cluster. Part of the stored format.

import { SHARD_COUNT, shardOf } from '../../../domain/ids.ts';

/** The journal's epoch. The node that raised it last is stored for people only. */
export function epochKey(shard: number): string {
  return `{s${shard}}:epoch`;
}
export function ownerKey(shard: number): string {
  return `{s${shard}}:owner`;
}
/** The number of trimmed entries. */
export function trimmedKey(shard: number): string {
  return `{s${shard}}:trimmed`;
}
/** The stream of entries: the id is the sequence and `-0`. */
export function logKey(shard: number): string {
  return `{s${shard}}:log`;
}
/** The contents of the snapshot, and the save that is in progress. */
export function snapshotKey(shard: number): string {
  return `{s${shard}}:snapshot`;
}
/** The pieces of the snapshot's head and parts. */
export function partsKey(shard: number): string {
  return `{s${shard}}:parts`;
}
export function sealedDropKey(dropId: string): string {
  return `{s${shardOf(dropId, SHARD_COUNT)}}:sealed:${dropId}`;
}
