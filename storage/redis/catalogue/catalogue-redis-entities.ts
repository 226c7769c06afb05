// Products and rows of drops as redis-om entities, which are hashes. redis-om writes a whole entity
// without a condition. So the new entity is staged beside the present one, in the same slot, and a
// script replaces the present one only if the staged one is newer. After a crash a staged entity
// expires by itself.
//
// Products are in buckets, and the script appends the record of the change (C1). Before the copy
// from level 0 begins, products are written at the keys of level 0, without records, by a script
// that respects the mark of a moved product. Records of drops are written with their summaries
// (`drop-summaries.ts`).

import { randomUUID } from 'node:crypto';
import { type Entity, Schema } from 'redis-om';
import type { DropView } from '../../../contracts/drops.ts';
import type { Metadata } from '../../../contracts/metadata.ts';
import type { Product } from '../../../contracts/products.ts';
import { STORED_NAMES } from '../../formats/amount-names.ts';
import { withRevision } from '../../formats/drop-row.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import type { Answered } from '../../ports/requests.ts';
import type { RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import {
  changeBucketOf,
  changesKey,
  entitiesKey,
  ENTITY_PREFIX,
  entityKey,
  memberOf,
  oldProductEntityId,
  productEntityId,
} from './catalogue-keys.ts';
import type { CatalogueLayout } from './catalogue-layout.ts';
import { APPEND_CHANGE } from './change-append.ts';
import type { RedisChangeStream } from './change-stream-redis.ts';
import { type Found, readEitherPlace } from './either-place.ts';
import { type EntityMoves, MOVED_FIELD } from './entity-moves.ts';
import type { EntityParts } from './entity-parts.ts';
import type { OmConnection } from './om-connection.ts';
import { answeredOf, onceScript, type RedisRequests } from './requests-redis.ts';
import { ANNOUNCED_FIELD, productEntityOf, productsAt, productSchema } from './stored-products.ts';

/** Far longer than any call waits for Redis. */
const STAGED_LIFETIME_SECONDS = 60;

/** Metadata is JSON text. */
type DropEntity = { readonly [name in keyof Omit<DropView, 'metadata'>]: DropView[name] } & {
  readonly metadata?: string;
};

const dropSchema = new Schema<DropEntity>(
  ENTITY_PREFIX,
  {
    id: { type: 'string' },
    productId: { type: 'string' },
    creatorId: { type: 'string' },
    startsAt: { type: 'number' },
    endsAt: { type: 'number' },
    unitAmount: { type: 'number', field: STORED_NAMES.unitAmount },
    currency: { type: 'string' },
    limitPerUser: { type: 'number' },
    holdSeconds: { type: 'number' },
    payment: { type: 'string' },
    status: { type: 'string' },
    soldOut: { type: 'boolean' },
    stocked: { type: 'number' },
    held: { type: 'number' },
    sold: { type: 'number' },
    free: { type: 'number' },
    version: { type: 'number' },
    revision: { type: 'number' },
    createdAt: { type: 'number' },
    access: { type: 'string' },
    earlyAccessSeconds: { type: 'number' },
    unlisted: { type: 'boolean' },
    paused: { type: 'boolean' },
    pausedAt: { type: 'number' },
    pauseReason: { type: 'string' },
    holdsPaused: { type: 'boolean' },
    pausedVersion: { type: 'number' },
    metadata: { type: 'string' },
    externalId: { type: 'string' },
  },
  { dataStructure: 'HASH' },
);

const [TAKEN, NOT_NEWER, ENDED, MOVED] = [1, 0, -1, -2];

/** Whether the staged entity is newer by its counter; removes it if not. */
const IS_NEWER = `
local function is_newer(present, staged, counter)
  local new = redis.call('HGET', staged, counter)
  if not new then return ${ENDED} end
  local old = redis.call('HGET', present, counter)
  if not old or tonumber(old) < tonumber(new) then return ${TAKEN} end
  redis.call('UNLINK', staged)
  return ${NOT_NEWER}
end
local function take_over(present, staged)
  redis.call('RENAME', staged, present)
  redis.call('PERSIST', present)
  return ${TAKEN}
end`;

/** KEYS: drop, staged. */
const TAKE_DROP = new Script(`${IS_NEWER}
local outcome = is_newer(KEYS[1], KEYS[2], 'version')
if outcome ~= ${TAKEN} then return outcome end
return take_over(KEYS[1], KEYS[2])`);

/** KEYS: drop, staged. ARGV: the version of the row that is replaced. */
const REPLACE_DROP = new Script(`${IS_NEWER}
if redis.call('EXISTS', KEYS[2]) == 0 then return ${ENDED} end
if redis.call('HGET', KEYS[1], 'version') == ARGV[1] then return take_over(KEYS[1], KEYS[2]) end
redis.call('UNLINK', KEYS[2])
return ${NOT_NEWER}`);

/** KEYS: product, staged, changes, entities. ARGV: most records, record, member. */
const TAKE_PRODUCT = new Script(`${IS_NEWER}${APPEND_CHANGE}
local outcome = is_newer(KEYS[1], KEYS[2], 'revision')
if outcome ~= ${TAKEN} then return outcome end
append_change(KEYS[3], ARGV[1], ARGV[2])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZADD', KEYS[4], 0, ARGV[3]) end
if redis.call('HGET', KEYS[1], '${ANNOUNCED_FIELD}') then
  redis.call('HSET', KEYS[2], '${ANNOUNCED_FIELD}', '1')
end
return take_over(KEYS[1], KEYS[2])`);

/** KEYS: product, changes. ARGV: most records, record or nothing, the product's revision. */
const ANNOUNCE_PRODUCT = new Script(`${APPEND_CHANGE}
if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[3] then return ${NOT_NEWER} end
if redis.call('HGET', KEYS[1], '${ANNOUNCED_FIELD}') == '1' then return ${TAKEN} end
if ARGV[2] ~= '' then append_change(KEYS[2], ARGV[1], ARGV[2]) end
redis.call('HSET', KEYS[1], '${ANNOUNCED_FIELD}', '1')
return ${TAKEN}`);

const TAKE_PRODUCT_ONCE = onceScript(TAKE_PRODUCT, `result == ${TAKEN}`);

/** KEYS: product of level 0, staged. ARGV: 1 if the product must exist already. */
const TAKE_OLD_PRODUCT = new Script(`${IS_NEWER}
local is_moved = redis.call('HEXISTS', KEYS[1], '${MOVED_FIELD}') == 1
if is_moved or (ARGV[1] == '1' and redis.call('EXISTS', KEYS[1]) == 0) then
  redis.call('UNLINK', KEYS[2])
  return ${MOVED}
end
local outcome = is_newer(KEYS[1], KEYS[2], 'revision')
if outcome ~= ${TAKEN} then return outcome end
return take_over(KEYS[1], KEYS[2])`);

/** Errors of all methods: `store-unavailable`. */
export class CatalogueEntities {
  readonly #redis: RedisConnection;
  readonly #om: OmConnection;
  readonly #layout: CatalogueLayout;
  readonly #moves: EntityMoves;
  readonly #changes: RedisChangeStream;
  readonly #requests: RedisRequests;

  constructor({ redis, om, layout, moves, changes, requests }: EntityParts) {
    this.#redis = redis;
    this.#om = om;
    this.#layout = layout;
    this.#moves = moves;
    this.#changes = changes;
    this.#requests = requests;
  }

  /** False if the product exists already. Atomic. */
  async addProduct(product: Product): Promise<boolean> {
    let addedOld = false;
    if (this.#layout.phase === 'old') {
      addedOld = (await this.#putOldProduct(product, { mustExist: false })) === TAKEN;
      // Only products written before the copy began are certain to be copied.
      if ((await this.#layout.refresh()) === 'old') return addedOld;
    }
    if (!this.#layout.isCopied) await this.#moves.product(product.id);
    return (await this.#putProduct(product)) || addedOld;
  }

  /**
   * Replaces the found product by a higher revision. False if the product has changed or moved
   * since: find it again. Atomic.
   */
  async changeProduct(found: Found<Product>, changed: Product): Promise<boolean> {
    if (!found.inBucket) {
      if (this.#layout.phase === 'old') {
        const outcome = await this.#putOldProduct(changed, { mustExist: true });
        if (outcome === MOVED) await this.#layout.refresh();
        return outcome === TAKEN;
      }
      await this.#moves.product(changed.id);
    }
    return this.#putProduct(changed);
  }

  /** Adds the product unless the request was answered, in one step. Its id must be new. */
  async addProductOnce(request: KeyedRequest, product: Product): Promise<Answered<Product>> {
    await this.#needBuckets();
    return (await this.#putProductOnce(request, product))!;
  }

  /**
   * As `changeProduct`, unless the request was answered, in the same step. Null where that says
   * false.
   */
  async changeProductOnce(
    request: KeyedRequest,
    found: Found<Product>,
    changed: Product,
  ): Promise<Answered<Product> | null> {
    await this.#needBuckets();
    if (!found.inBucket) await this.#moves.product(changed.id);
    return this.#putProductOnce(request, changed);
  }

  /** False if the product has changed since: find it again. Atomic. */
  async announceProduct(found: Found<Product>): Promise<boolean> {
    await this.#needBuckets();
    const product: Product = { ...found.value, announced: true };
    const { id: productId, mediaIds, revision } = product;
    if (!found.inBucket) await this.#moves.product(productId);
    const record = JSON.stringify({ kind: 'product', productId, product });
    const keys = [entityKey(productEntityId(productId)), changesKey(changeBucketOf(productId))];
    const args = [mediaIds === undefined ? '' : record, revision];
    return (await this.#changes.append(ANNOUNCE_PRODUCT, keys, args)) === TAKEN;
  }

  /** False if the stored version is not below this one. Atomic. */
  async putDrop(view: DropView): Promise<boolean> {
    return isTaken(await TAKE_DROP.run(this.#redis, await this.#stageDrop(view), []));
  }

  /** False: the row has no longer that version. */
  async replaceDrop(view: DropView, version: number): Promise<boolean> {
    return isTaken(await REPLACE_DROP.run(this.#redis, await this.#stageDrop(view), [version]));
  }

  /** The key of the row, and of the row to come. */
  async #stageDrop(view: DropView): Promise<[present: string, staged: string]> {
    const id = dropEntityId(view.id);
    const { metadata, ...rest } = view;
    const texts = metadata === undefined ? {} : { metadata: JSON.stringify(metadata) };
    return [entityKey(id), await this.#stage(dropSchema, id, { ...rest, ...texts })];
  }

  /** In the order of the ids. */
  products(ids: readonly string[]): Promise<(Found<Product> | null)[]> {
    return readEitherPlace(this.#layout, ids, {
      inBucket: (some) => productsAt(this.#om, some.map(productEntityId)),
      atOldKeys: (some) => productsAt(this.#om, some.map(oldProductEntityId)),
    });
  }

  /** In the order of the ids. */
  async drops(ids: readonly string[]): Promise<(DropView | null)[]> {
    const rows = await this.#om.fetch(dropSchema, ids.map(dropEntityId));
    return rows.map((row) => {
      if (row === null) return null;
      const { metadata, ...rest } = row;
      const texts = metadata === undefined ? {} : { metadata: JSON.parse(metadata) as Metadata };
      return withRevision({ ...rest, ...texts });
    });
  }

  async #putProduct(product: Product): Promise<boolean> {
    const { keys, args } = await this.#stageProduct(product);
    return isTaken(await this.#changes.append(TAKE_PRODUCT, keys, args));
  }

  /** Null where the stored revision is not below this one. */
  async #putProductOnce(
    request: KeyedRequest,
    product: Product,
  ): Promise<Answered<Product> | null> {
    const { keys, args } = await this.#stageProduct(product);
    const bucket = changeBucketOf(product.id);
    const kept = this.#requests.partOf(request, bucket, JSON.stringify(product));
    const answered = answeredOf(
      await this.#changes.append(
        TAKE_PRODUCT_ONCE,
        [...keys, ...kept.keys],
        [...args, ...kept.args],
      ),
    );
    if (answered.result === 'new')
      return isTaken(answered.value) ? { result: 'new', value: product } : null;
    if (answered.result !== 'repeated') return answered;
    return { result: 'repeated', value: JSON.parse(answered.value as string) as Product };
  }

  /** The keys and arguments of `TAKE_PRODUCT`. */
  async #stageProduct(product: Product): Promise<{ keys: string[]; args: string[] }> {
    const id = productEntityId(product.id);
    const staged = await this.#stage(productSchema, id, productEntityOf(product));
    const bucket = changeBucketOf(product.id);
    const record = JSON.stringify({ kind: 'product', productId: product.id, product });
    return {
      keys: [entityKey(id), staged, changesKey(bucket), entitiesKey(bucket)],
      args: [record, memberOf('product', product.id)],
    };
  }

  /** Answers are kept in buckets only. Errors: `store-unavailable` before the copy into them. */
  async #needBuckets(): Promise<void> {
    if (this.#layout.phase !== 'old' || (await this.#layout.refresh()) !== 'old') return;
    throw new StoreUnavailableError('products are not in buckets yet');
  }

  async #putOldProduct(product: Product, { mustExist }: { mustExist: boolean }): Promise<unknown> {
    const id = oldProductEntityId(product.id);
    const staged = await this.#stage(productSchema, id, productEntityOf(product));
    const keys = [entityKey(id), staged];
    const outcome = await TAKE_OLD_PRODUCT.run(this.#redis, keys, [mustExist ? 1 : 0]);
    return outcome === MOVED ? MOVED : isTaken(outcome) ? TAKEN : NOT_NEWER;
  }

  /** Stages an entity beside its place, and returns the key. */
  async #stage<T extends Entity>(schema: Schema<T>, id: string, entity: T): Promise<string> {
    const staged = `${id}:next:${randomUUID()}`;
    await this.#om.saveForAWhile(schema, staged, entity, STAGED_LIFETIME_SECONDS);
    return entityKey(staged);
  }
}

function isTaken(outcome: unknown): boolean {
  if (outcome === ENDED) throw new StoreUnavailableError('a staged entity ended before its use');
  return outcome === TAKEN;
}

function dropEntityId(dropId: string): string {
  return `{drop:${dropId}}`;
}
