// The steps of one change of follows (`follows-redis.ts` explains them). Each step is one script in
// one slot, and may be repeated or come late. They are a file of their own so that tests can stop
// between them, as a crash does.
//
// A user's follows are in the user's bucket, where the deciding script appends the record of the
// change. Or they are still at the keys of level 0, where it appends no record, and refuses once
// they have moved.

import { fnv1a } from '../../../domain/ids.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import type { Answered } from '../../ports/requests.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import {
  arrivedKey,
  bucketLayoutKey,
  changeBucketOf,
  changesKey,
  entitiesKey,
  type FollowingKeys,
  followingKeys,
  memberOf,
  oldFollowingKeys,
  oldFollowingMovedKey,
} from './catalogue-keys.ts';
import type { RedisChangeStream } from './change-stream-redis.ts';
import {
  abandoned,
  applyFirst,
  applyOther,
  change,
  changeOld,
  changeOnce,
  ELSEWHERE,
  finish,
  GO_ON,
  noteAgain,
  TOO_LATE,
} from './follows-redis-scripts.ts';
import { answeredOf, type RedisRequests } from './requests-redis.ts';

/** Part of the stored format. Bucket 0 alone holds a creator's first followers. */
export const FOLLOWER_BUCKETS = 32;

/** Abandoned steps that one call finishes. */
const ABANDONED_MAX = 8;

/** The pending step of one pair: the buckets still need this change. */
export interface PendingFollow {
  /** The place of its note. */
  readonly place: FollowsPlace;
  readonly userId: string;
  readonly creatorId: string;
  /** Microseconds since the Unix epoch by Redis's clock; always rises for one user. */
  readonly revision: number;
  /** Since when the user follows; null after an unfollow. */
  readonly since: number | null;
}

export interface FollowChange {
  readonly changed: boolean;
  /** Null if the buckets are up to date. */
  readonly pending: PendingFollow | null;
}

/** The place of a user's follows: the user's bucket, or the keys of level 0. */
export type FollowsPlace = 'bucket' | 'old';

export function keysIn(place: FollowsPlace, userId: string): FollowingKeys {
  return place === 'bucket' ? followingKeys(userId) : oldFollowingKeys(userId);
}

export interface FollowDecision {
  readonly userId: string;
  readonly creatorId: string;
  /** Null unfollows. */
  readonly since: number | null;
}

/**
 * First step, in the user's bucket: decides, and appends the record. Null if the user's follows
 * have not arrived there. `isCopied`: the follows of all users have.
 */
export async function changeFollowing(
  changes: Pick<RedisChangeStream, 'append'>,
  { userId, creatorId, since }: FollowDecision,
  isCopied: boolean,
): Promise<FollowChange | null> {
  const { keys, args } = changeParts({ userId, creatorId, since }, isCopied);
  const answer = await changes.append(change, keys, args);
  return followChangeOf('bucket', userId, creatorId, answer);
}

/** The same, unless the request was answered, in the same step. */
export async function changeFollowingOnce(
  changes: Pick<RedisChangeStream, 'append'>,
  requests: Pick<RedisRequests, 'partOf'>,
  request: KeyedRequest,
  decision: FollowDecision,
  isCopied: boolean,
): Promise<Answered<FollowChange | null>> {
  const { userId, creatorId } = decision;
  const { keys, args } = changeParts(decision, isCopied);
  const kept = requests.partOf(request, changeBucketOf(userId), 'null');
  const answered = answeredOf(
    await changes.append(changeOnce, [...keys, ...kept.keys], [...args, ...kept.args]),
  );
  if (answered.result === 'repeated') return { result: 'repeated', value: null };
  if (answered.result !== 'new') return answered;
  return {
    result: 'new',
    value: followChangeOf('bucket', userId, creatorId, answered.value),
  };
}

/** The keys and arguments of the deciding script. */
function changeParts(
  { userId, creatorId, since }: FollowDecision,
  isCopied: boolean,
): { keys: string[]; args: (string | number)[] } {
  const bucket = changeBucketOf(userId);
  const { following, pending, revision } = followingKeys(userId);
  const record = JSON.stringify({ kind: 'follow', userId, creatorId, since });
  return {
    keys: [
      following,
      pending,
      revision,
      changesKey(bucket),
      entitiesKey(bucket),
      bucketLayoutKey(bucket),
      arrivedKey(bucket),
    ],
    args: [creatorId, since ?? '', record, userId, memberOf('follows', userId), isCopied ? 1 : 0],
  };
}

/**
 * Notes what the user's set says of the pair as a step of its own, so that the buckets are brought
 * to it; null where a step is pending already. The follows of all users are in buckets.
 */
export async function noteFollowAgain(
  redis: RedisConnection,
  userId: string,
  creatorId: string,
): Promise<PendingFollow | null> {
  const { following, pending, revision } = followingKeys(userId);
  const step = await noteAgain.run(redis, [following, pending, revision], [creatorId]);
  return step === null ? null : parseStep('bucket', userId, creatorId, step as string);
}

/** The step of one pair that is pending in the user's bucket; null for none. */
export async function pendingFollow(
  redis: RedisConnection,
  userId: string,
  creatorId: string,
): Promise<PendingFollow | null> {
  const step = await answerOf(redis.hget(followingKeys(userId).pending, creatorId));
  return step === null ? null : parseStep('bucket', userId, creatorId, step);
}

/**
 * First step at the keys of level 0, without a record. Null if the user's follows have moved.
 */
export async function changeOldFollowing(
  redis: RedisConnection,
  { userId, creatorId, since }: FollowDecision,
): Promise<FollowChange | null> {
  const { following, pending, revision } = oldFollowingKeys(userId);
  const keys = [following, pending, revision, oldFollowingMovedKey(userId)];
  const answer = await changeOld.run(redis, keys, [creatorId, since ?? '']);
  return followChangeOf('old', userId, creatorId, answer);
}

function followChangeOf(
  place: FollowsPlace,
  userId: string,
  creatorId: string,
  answer: unknown,
): FollowChange | null {
  const [outcome, step] = answer as [number, string | undefined];
  if (outcome === ELSEWHERE) return null;
  const pending = step === undefined ? null : parseStep(place, userId, creatorId, step);
  return { changed: outcome === 1, pending };
}

/**
 * Second step, in bucket 0, and then in the user's other bucket if bucket 0 says so. Errors:
 * `store-unavailable`, also for a step that is too old to compare.
 */
export async function applyToBuckets(
  redis: RedisConnection,
  { userId, creatorId, revision, since }: PendingFollow,
  spreadAt: number,
): Promise<void> {
  const step = [userId, revision, since ?? ''];
  const other = fnv1a(userId) % FOLLOWER_BUCKETS;
  const first = followersKey(creatorId, 0);
  let outcome = await applyFirst.run(
    redis,
    [first, knownKey(first), spreadKey(creatorId)],
    [...step, other === 0 ? 0 : 1, spreadAt],
  );
  if (outcome === GO_ON) {
    const key = followersKey(creatorId, other);
    outcome = await applyOther.run(redis, [key, knownKey(key)], step);
  }
  if (outcome === TOO_LATE) throw new StoreUnavailableError('a change of follows came too late');
}

/** Third step, in the user's slot: removes the note. */
export async function finishFollow(
  redis: RedisConnection,
  { place, userId, creatorId, revision, since }: PendingFollow,
): Promise<void> {
  const { pending } = keysIn(place, userId);
  await finish.run(redis, [pending], [creatorId, `${revision} ${since ?? ''}`]);
}

/** The abandoned steps of this user: those pending for longer than `afterMs`. */
export async function takeAbandoned(
  redis: RedisConnection,
  place: FollowsPlace,
  userId: string,
  afterMs: number,
): Promise<PendingFollow[]> {
  const { pending, revision } = keysIn(place, userId);
  // Mostly no step is pending, and then this check writes nothing.
  if ((await answerOf(redis.exists(pending))) === 0) return [];
  const keys = [pending, revision, ...(place === 'old' ? [oldFollowingMovedKey(userId)] : [])];
  const flat = (await abandoned.run(redis, keys, [afterMs * 1_000, ABANDONED_MAX])) as string[];
  const found: PendingFollow[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    found.push(parseStep(place, userId, flat[i]!, flat[i + 1]!));
  }
  return found;
}

/** Whether all buckets are in use, because the creator has many followers. Stays true. */
export async function isSpread(redis: RedisConnection, creatorId: string): Promise<boolean> {
  return (await answerOf(redis.exists(spreadKey(creatorId)))) === 1;
}

/** A sorted set of users by the time since when they follow. */
export function followersKey(creatorId: string, bucket: number): string {
  return `{follow:${creatorId}:${bucket}}`;
}

/** The creator and the bucket that the key of a sorted set of followers names; null for others. */
export function parseFollowersKey(key: string): { creatorId: string; bucket: number } | null {
  const match = /^\{follow:(.*):(\d+)\}$/s.exec(key);
  return match === null ? null : { creatorId: match[1]!, bucket: Number(match[2]) };
}

export function spreadKey(creatorId: string): string {
  return `${followersKey(creatorId, 0)}:spread`;
}

/** A sorted set of users by the newest revision in the bucket. */
export function knownKey(bucketKey: string): string {
  return `${bucketKey}:revisions`;
}

function parseStep(
  place: FollowsPlace,
  userId: string,
  creatorId: string,
  step: string,
): PendingFollow {
  const [revision, since] = step.split(' ') as [string, string];
  return {
    place,
    userId,
    creatorId,
    revision: Number(revision),
    since: since === '' ? null : Number(since),
  };
}
