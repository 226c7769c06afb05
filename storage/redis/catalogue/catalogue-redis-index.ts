// The catalogue's lists: sorted sets of (createdAt, id), each in a slot of its own. The lists of
// all entities are spread over buckets, so that no single key takes every write. The lists of a
// creator and of a product are one set each. An entry is written after its entity, with the version
// of the entity, so writing is idempotent and a late write changes nothing. Between the two writes,
// or after a crash there, a list is behind its entities, never ahead.

import { fnv1a } from '../../../domain/ids.ts';
import type { DropStatus, DropView, DropFilter } from '../../../contracts/drops.ts';
import type { Product, ProductFilter } from '../../../contracts/products.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

/** Part of the stored format. A page of the lists of all entities takes this many short reads. */
const BUCKETS = 8;

const STATUSES: readonly DropStatus[] = ['upcoming', 'live', 'ended', 'cancelled'];

/** KEYS: the whole list, its entries (id -> "version status"), then a list for each status. */
const place = new Script(`
local id, createdAt, version, status = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local placed = redis.call('HGET', KEYS[2], id)
if placed then
  local old_version, old_status = placed:match('^(%d+) (%d+)$')
  if tonumber(old_version) >= version then return 0 end
  redis.call('ZREM', KEYS[3 + tonumber(old_status)], id)
end
redis.call('ZADD', KEYS[1], createdAt, id)
redis.call('ZADD', KEYS[3 + status], createdAt, id)
redis.call('HSET', KEYS[2], id, version .. ' ' .. status)
return 1`);

/** KEYS: list, its entries (id -> version). ARGV: id, createdAt, version. */
const PLACE_BY_EXTERNAL_ID = new Script(`
local placed = redis.call('HGET', KEYS[2], ARGV[1])
if placed and tonumber(placed) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return 1`);

/** KEYS and ARGV as above: the entity of this version has another external id. */
const REMOVE_BY_EXTERNAL_ID = new Script(`
local placed = redis.call('HGET', KEYS[2], ARGV[1])
if placed and tonumber(placed) >= tonumber(ARGV[3]) then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])`);

type Kind = 'products' | 'drops';
/** What is unlisted has lists of its own, so that a page of the others does not pass it. */
export type Lists = Kind | `unlisted-${Kind}`;

export function listsOf(kind: Kind, { unlisted }: Pick<DropView, 'unlisted'>): Lists {
  return unlisted === true ? `unlisted-${kind}` : kind;
}

function listsFor(kind: Kind, { withUnlisted = false }: Pick<DropFilter, 'withUnlisted'>): Lists[] {
  return withUnlisted ? [kind, `unlisted-${kind}`] : [kind];
}

/** What a list by external id needs of a product or of a drop's row. */
export interface ExternalEntry {
  readonly list: Lists;
  readonly id: string;
  readonly creatorId: string;
  readonly externalId: string;
  readonly createdAt: number;
  /** Of a product its revision. */
  readonly version: number;
}

/**
 * Adds the entry to the creator's list of the external id. The list ignores an older version.
 * Errors: `store-unavailable`.
 */
export async function placeByExternalId(
  redis: RedisConnection,
  entry: ExternalEntry,
): Promise<void> {
  const { list, id, creatorId, externalId, createdAt, version } = entry;
  const key = byExternalId(list, creatorId, externalId);
  await PLACE_BY_EXTERNAL_ID.run(redis, [key, `${key}:placed`], [id, createdAt, version]);
}

/** Removes an entry whose entity had another external id at this version or earlier. */
export async function removeByExternalId(
  redis: RedisConnection,
  entry: ExternalEntry,
): Promise<void> {
  const { list, id, creatorId, externalId, createdAt, version } = entry;
  const key = byExternalId(list, creatorId, externalId);
  await REMOVE_BY_EXTERNAL_ID.run(redis, [key, `${key}:placed`], [id, createdAt, version]);
}

/** The keys of the creator's products or drops with the external id. */
export function listsByExternalId(
  kind: Kind,
  creatorId: string,
  externalId: string,
  filter: Pick<DropFilter, 'withUnlisted'>,
): string[] {
  return listsFor(kind, filter).map((list) => byExternalId(list, creatorId, externalId));
}

/** Neither id has a space. */
function byExternalId(list: Lists, creatorId: string, externalId: string): string {
  return `index:{${list}:external:${creatorId} ${externalId}}`;
}

/** Adds a new product to its lists. Idempotent. Errors: `store-unavailable`. */
export async function placeProduct(redis: RedisConnection, product: Product): Promise<void> {
  const { id, creatorId, createdAt } = product;
  const list = listsOf('products', product);
  await Promise.all(
    [bucketOf(list, id), ofCreator(list, creatorId)].map((key) =>
      answerOf(redis.zadd(key, createdAt, id)),
    ),
  );
}

/** The keys of the list of all products, or of one creator's products. */
export function productLists({ creatorId, ...filter }: ProductFilter): string[] {
  return listsFor('products', filter).flatMap((list) =>
    creatorId === undefined ? buckets(list) : [ofCreator(list, creatorId)],
  );
}

/**
 * Adds a drop to its lists, by its status. A list that has the same version or a later one ignores
 * it. Errors: `store-unavailable`.
 */
export async function placeDrop(redis: RedisConnection, view: DropView): Promise<void> {
  const { id, creatorId, productId, createdAt, version, status } = view;
  const list = listsOf('drops', view);
  const keysOfLists = [bucketOf(list, id), ofCreator(list, creatorId), ofProduct(list, productId)];
  const args = [id, createdAt, version, STATUSES.indexOf(status)];
  await Promise.all(
    keysOfLists.map((key) => {
      const keys = [key, `${key}:placed`, ...STATUSES.map((name) => `${key}:${name}`)];
      return place.run(redis, keys, args);
    }),
  );
}

/**
 * The keys of the shortest lists with all drops of the filter. Only for a filter by product and
 * creator the lists may have other drops: they are the product's lists.
 */
export function dropLists({ productId, creatorId, status, ...filter }: DropFilter): string[] {
  const suffix = status === undefined ? '' : `:${status}`;
  return listsFor('drops', filter).flatMap((list) => {
    if (productId !== undefined) return [`${ofProduct(list, productId)}${suffix}`];
    if (creatorId !== undefined) return [`${ofCreator(list, creatorId)}${suffix}`];
    return buckets(list).map((key) => `${key}${suffix}`);
  });
}

function buckets(list: Lists): string[] {
  return Array.from({ length: BUCKETS }, (_, bucket) => `index:{${list}:${bucket}}`);
}

function bucketOf(list: Lists, id: string): string {
  return `index:{${list}:${fnv1a(id) % BUCKETS}}`;
}

function ofCreator(list: Lists, creatorId: string): string {
  return `index:{${list}:creator:${creatorId}}`;
}

function ofProduct(list: Lists, productId: string): string {
  return `index:{${list}:product:${productId}}`;
}
