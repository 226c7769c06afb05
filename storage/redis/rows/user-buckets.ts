// The keys of a user's orders and notifications in Redis. Users are spread over buckets, each with
// its own hash tag, so that one script call writes all rows of an append for a bucket.

import { fnv1a } from '../../../domain/ids.ts';

/**
 * Part of the stored format. More buckets spread users more evenly over the nodes of a Redis
 * Cluster, but cost more, because an append makes one call for each bucket.
 */
export const BUCKETS = 32;

export function bucketOf(userId: string): number {
  return fnv1a(userId) % BUCKETS;
}

/** For each shard, the last journal sequence whose rows are in the feeds of a bucket. */
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
