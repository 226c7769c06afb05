// Where a user's orders and notifications stand in Redis: users are spread over buckets, each with
// a hash tag of its own, so that one script call does for all that an append has for a bucket.

import { fnv1a } from '../../../domain/ids.ts';

/**
 * Part of the stored format. More of them spread finer over the nodes of a Redis Cluster, and cost
 * more: an append is a call for each bucket it touches.
 */
export const BUCKETS = 32;

export function bucketOf(userId: string): number {
  return fnv1a(userId) % BUCKETS;
}

/** The last journal sequence of each shard that the feeds of a bucket have rows of. */
export function feedPositionsKey(bucket: number): string {
  return `{users:${bucket}}:feed-positions`;
}
export function feedKey(bucket: number, userId: string): string {
  return `{users:${bucket}}:feed:${userId}`;
}
export function oneReadKey(bucket: number, userId: string): string {
  return `{users:${bucket}}:one-read:${userId}`;
}
export function allReadKey(bucket: number, userId: string): string {
  return `{users:${bucket}}:all-read:${userId}`;
}
export function ordersKey(bucket: number, userId: string): string {
  return `{users:${bucket}}:orders:${userId}`;
}
