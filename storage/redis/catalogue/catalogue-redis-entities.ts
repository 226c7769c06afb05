// Products and rows of drops as redis-om entities: hashes at `entity:{product:<id>}` and
// `entity:{drop:<id>}`. redis-om writes an entity whole but knows no conditions, so a new one is
// written beside the present one, in the same slot, and a script takes it over only where it is
// newer. What a crash leaves beside ends by itself.

import { randomUUID } from 'node:crypto';
import { type Entity, Schema } from 'redis-om';
import type { DropView } from '../../../contracts/drops.ts';
import type { Product } from '../../ports/catalogue.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import type { RedisConnection } from '../connection/connection.ts';
import type { OmConnection } from './om-connection.ts';
import { Script } from '../connection/script.ts';

const SCHEMA_NAME = 'entity';
/** Far longer than anything waits for Redis. */
const STAGED_LIFETIME_SECONDS = 60;

/** The URLs are JSON text, because redis-om joins lists with a character that may be in a URL. */
type ProductEntity = Omit<Product, 'imageUrls'> & { readonly imageUrls: string };
type DropEntity = { readonly [name in keyof DropView]: DropView[name] };

const productSchema = new Schema<ProductEntity>(
  SCHEMA_NAME,
  {
    id: { type: 'string' },
    creatorId: { type: 'string' },
    name: { type: 'text' },
    description: { type: 'text' },
    imageUrls: { type: 'string' },
    createdAt: { type: 'number' },
    revision: { type: 'number' },
  },
  { dataStructure: 'HASH' },
);

const dropSchema = new Schema<DropEntity>(
  SCHEMA_NAME,
  {
    id: { type: 'string' },
    productId: { type: 'string' },
    creatorId: { type: 'string' },
    startsAt: { type: 'number' },
    endsAt: { type: 'number' },
    priceCents: { type: 'number' },
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
    createdAt: { type: 'number' },
  },
  { dataStructure: 'HASH' },
);

/** Answers 1 where the staged entity took the place, 0 where the present one is not older. */
const takeOver = new Script(`
local present, staged, counter = KEYS[1], KEYS[2], ARGV[1]
local new = redis.call('HGET', staged, counter)
if not new then return -1 end
local old = redis.call('HGET', present, counter)
if old and tonumber(old) >= tonumber(new) then
  redis.call('UNLINK', staged)
  return 0
end
redis.call('RENAME', staged, present)
redis.call('PERSIST', present)
return 1`);

export class CatalogueEntities {
  readonly #redis: RedisConnection;
  readonly #om: OmConnection;

  constructor({ redis, om }: { redis: RedisConnection; om: OmConnection }) {
    this.#redis = redis;
    this.#om = om;
  }

  /** False where a revision is stored that is not below this one. Atomic. */
  putProduct(product: Product): Promise<boolean> {
    const entity = { ...product, imageUrls: JSON.stringify(product.imageUrls) };
    return this.#put(productSchema, `{product:${product.id}}`, entity, 'revision');
  }

  /** False where a version is stored that is not below this one. Atomic. */
  putDrop(view: DropView): Promise<boolean> {
    return this.#put(dropSchema, `{drop:${view.id}}`, { ...view }, 'version');
  }

  /** In the order of the ids. */
  async products(ids: readonly string[]): Promise<(Product | null)[]> {
    const entities = await this.#om.fetch(
      productSchema,
      ids.map((id) => `{product:${id}}`),
    );
    return entities.map((entity) => (entity === null ? null : productOf(entity)));
  }

  /** In the order of the ids. */
  drops(ids: readonly string[]): Promise<(DropView | null)[]> {
    return this.#om.fetch(
      dropSchema,
      ids.map((id) => `{drop:${id}}`),
    );
  }

  async #put<T extends Entity>(
    schema: Schema<T>,
    id: string,
    entity: T,
    counter: 'revision' | 'version',
  ): Promise<boolean> {
    const staged = `${id}:next:${randomUUID()}`;
    await this.#om.saveForAWhile(schema, staged, entity, STAGED_LIFETIME_SECONDS);
    const keys = [`${SCHEMA_NAME}:${id}`, `${SCHEMA_NAME}:${staged}`];
    const outcome = await takeOver.run(this.#redis, keys, [counter]);
    if (outcome === -1) throw new StoreUnavailableError('a staged entity ended before its use');
    return outcome === 1;
  }
}

function productOf(entity: ProductEntity): Product {
  const { id, creatorId, name, description, imageUrls, createdAt, revision } = entity;
  const urls = JSON.parse(imageUrls) as string[];
  return { id, creatorId, name, description, imageUrls: urls, createdAt, revision };
}
