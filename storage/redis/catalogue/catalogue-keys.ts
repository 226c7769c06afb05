// The names of the keys of users, products and follows on Redis, and the bucket of each. All keys
// of a bucket share a hash tag, so that one script changes an entity and appends the record of the
// change. Part of the stored format. The keys of feature level 0, each in a slot of its own, are
// here as well (docs/decisions/030-change-stream-on-redis.md).

import { fnv1a } from '../../../domain/ids.ts';

export const CHANGE_BUCKETS = 32;

/** The bucket of a product, or of a user with the user's follows. */
export function changeBucketOf(id: string): number {
  return fnv1a(id) % CHANGE_BUCKETS;
}

/** The records of a bucket, a Redis stream: the id is `0-` and the sequence. */
export function changesKey(bucket: number): string {
  return `${tag(bucket)}:changes`;
}
/** A hash of the users whose records were removed from the stream, by sequence. */
export function forgottenKey(bucket: number): string {
  return `${tag(bucket)}:changes:forgotten`;
}
/** A sorted set of the bucket's entities, for a full pass: see `memberOf`. All scores are 0. */
export function entitiesKey(bucket: number): string {
  return `${tag(bucket)}:entities`;
}
/** A hash of what the stream has of drops, by their ids: see `drop-summaries.ts`. */
export function dropSummariesKey(bucket: number): string {
  return `${tag(bucket)}:drops`;
}
/** A sorted set of these drops' ids, for a full pass. All scores are 0. */
export function dropIdsKey(bucket: number): string {
  return `${tag(bucket)}:drops:ids`;
}
/** Exists once changes of the bucket's drops have records. */
export function dropsRecordedKey(bucket: number): string {
  return `${tag(bucket)}:drops:recorded`;
}
/** Exists once that is so in all buckets. */
export const ALL_DROPS_RECORDED_KEY = '{catalogue}:drops:recorded';

/** The state of the bucket's copy from level 0: absent, `copying` or `copied`. */
export function bucketLayoutKey(bucket: number): string {
  return `${tag(bucket)}:layout`;
}
/** A set of users whose follows are in the bucket, during the copy. */
export function arrivedKey(bucket: number): string {
  return `${tag(bucket)}:arrived`;
}
export function userKey(userId: string): string {
  return `${tag(changeBucketOf(userId))}:user:${userId}`;
}

/** A hash of the user's sessions by their ids. */
export function sessionsKey(userId: string): string {
  return `${tag(changeBucketOf(userId))}:sessions:${userId}`;
}

/** A hash of where the bucket's users are reached by push and mail, by their ids. */
export function recipientsKey(bucket: number): string {
  return `${tag(bucket)}:recipients`;
}

/** A hash of the links that were mailed to the user, by their ids. */
export function linksKey(userId: string): string {
  return `${tag(changeBucketOf(userId))}:links:${userId}`;
}

/** Hash tags outside the buckets whose slots have kept answers, too. */
const OTHER_PLACES = ['jobs', 'placement', 'refunds'] as const;
/** Where answers are kept: a bucket, or one of the other hash tags. */
export type RequestPlace = number | (typeof OTHER_PLACES)[number];
export const REQUEST_PLACES = CHANGE_BUCKETS + OTHER_PLACES.length;

/** The keys of the kept answers to requests in one place. */
export interface RequestKeys {
  /** A hash of the answers by the request's id: see `requests-redis.ts`. */
  readonly answers: string;
  /** A sorted set of the ids by the end of the answer, in milliseconds. */
  readonly ends: string;
  /** A hash of the bytes by caller; of all callers under the empty name. */
  readonly bytes: string;
}

export function requestKeys(place: RequestPlace): RequestKeys {
  const answers = `${typeof place === 'number' ? tag(place) : `{${place}}`}:requests`;
  return { answers, ends: `${answers}:ends`, bytes: `${answers}:bytes` };
}

const KINDS = {
  user: 'u',
  product: 'p',
  follows: 'f',
  drafts: 'd',
  organisation: 'o',
  restriction: 'r',
  media: 'm',
  // Only in cursors: drops have a set of their own.
  drop: 's',
} as const;
export type MemberKind = keyof typeof KINDS;

/** An entity in the sorted set of its bucket. */
export function memberOf(kind: MemberKind, id: string): string {
  return `${KINDS[kind]}:${id}`;
}
export function parseMember(member: string): { kind: MemberKind; id: string } | null {
  const found = Object.entries(KINDS).find(([, letter]) => member.startsWith(`${letter}:`));
  return found === undefined ? null : { kind: found[0] as MemberKind, id: member.slice(2) };
}

/** redis-om puts its schema's name before the ids of entities. */
export const ENTITY_PREFIX = 'entity';

export function entityKey(entityId: string): string {
  return `${ENTITY_PREFIX}:${entityId}`;
}
/** redis-om's entity id of a product. */
export function productEntityId(productId: string): string {
  return `${tag(changeBucketOf(productId))}:product:${productId}`;
}

/** The wrapped key of a buyer's order details. */
export function buyerKeyKey(userId: string): string {
  return `${tag(changeBucketOf(userId))}:details-key:${userId}`;
}
/** A set of the buyer's orders that have details. */
export function detailedOrdersKey(userId: string): string {
  return `${tag(changeBucketOf(userId))}:details-orders:${userId}`;
}
/** A hash of a creator's drafts by the drop's id. */
export function draftsKey(creatorId: string): string {
  return `${tag(changeBucketOf(creatorId))}:drafts:${creatorId}`;
}

/**
 * A picture or a film; a set of the ids of all of its owner; and the bytes of those. The id is made
 * so that its bucket is the owner's.
 */
export function mediaKeys({
  id,
  ownerId,
}: {
  readonly id: string;
  readonly ownerId: string;
}): readonly [media: string, ids: string, bytes: string] {
  const place = tag(changeBucketOf(id));
  return [
    `${place}:media:${id}`,
    `${place}:media-of:${ownerId}`,
    `${place}:media-bytes:${ownerId}`,
  ];
}

/**
 * A sorted set of the bucket's uploads by when they had to be finished, and perhaps of some that
 * are finished or gone.
 */
export function mediaExpiryKey(bucket: number): string {
  return `${tag(bucket)}:media-expiry`;
}

/** The bucket of all restrictions: one sequence counts their changes. */
export const RESTRICTIONS_BUCKET = 0;
/** All keys of the restrictions begin so. */
export const RESTRICTIONS_PREFIX = `${tag(RESTRICTIONS_BUCKET)}:restrictions`;

/** All organisations are in one bucket, because their members are anybody. */
export const ORGANISATIONS_BUCKET = 0;
/** A hash of all organisations by their ids. */
export function organisationsKey(): string {
  return `${tag(ORGANISATIONS_BUCKET)}:organisations`;
}
/** A hash of the user's roles by organisation. */
export function membershipsKey(userId: string): string {
  return `${tag(ORGANISATIONS_BUCKET)}:memberships:${userId}`;
}
/** A sorted set of the organisations that invited an address, by the end of the invitation. */
export function invitingKey(address: string): string {
  return `${tag(ORGANISATIONS_BUCKET)}:inviting:${address}`;
}

/** The keys of a user's follows and their pending steps. */
export interface FollowingKeys {
  /** A sorted set of creators by the time since when the user follows them. */
  readonly following: string;
  readonly pending: string;
  readonly revision: string;
}

export function followingKeys(userId: string): FollowingKeys {
  return followingKeysAt(`${tag(changeBucketOf(userId))}:following:${userId}`);
}
/** Where a user's follows are copied before the copy replaces the place. */
export function followingCopyKey(userId: string): string {
  return `${followingKeys(userId).following}:copy`;
}

export const OLD_USER_PREFIX = 'user:';
export const OLD_FOLLOWING_PREFIX = '{following:';

export function oldUserKey(userId: string): string {
  return `${OLD_USER_PREFIX}${userId}`;
}
/** redis-om's entity id of a product at level 0. */
export function oldProductEntityId(productId: string): string {
  return `{product:${productId}}`;
}
export function oldFollowingKeys(userId: string): FollowingKeys {
  return followingKeysAt(`${OLD_FOLLOWING_PREFIX}${userId}}`);
}
/** Exists once a user's follows at level 0 are frozen. */
export function oldFollowingMovedKey(userId: string): string {
  return `${oldFollowingKeys(userId).following}:moved`;
}

function followingKeysAt(following: string): FollowingKeys {
  return {
    following,
    pending: `${following}:pending`,
    revision: `${following}:revision`,
  };
}

function tag(bucket: number): string {
  return `{c:${String(bucket).padStart(2, '0')}}`;
}
