// Products and drop rows on Redis. The entity is written first and its lists after it, so a crash
// in between leaves a list behind its entity. For a drop the relay then puts the same view again.
// Until then a read leaves out a list entry that contradicts its entity, and corrects the entry.

import type { Catalogue, NoChange } from '../../ports/catalogue.ts';
import type { DropView, DropFilter } from '../../../contracts/drops.ts';
import type { Product, ProductFilter, ProductPatch } from '../../../contracts/products.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import {
  decodeCursor,
  encodeCursor,
  type ListName,
  type ListPosition,
} from '../../formats/cursor.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import type { Answered, Kept } from '../../ports/requests.ts';
import { changeBucketOf } from './catalogue-keys.ts';
import type { Found } from './either-place.ts';
import type { RedisRequests } from './requests-redis.ts';
import { CatalogueEntities } from './catalogue-redis-entities.ts';
import { DropSummaries } from './drop-summaries.ts';
import { changedProduct } from '../../rows/changed-product.ts';
import {
  dropLists,
  type ExternalEntry,
  listsByExternalId,
  listsOf,
  placeByExternalId,
  placeDrop,
  placeProduct,
  productLists,
  removeByExternalId,
} from './catalogue-redis-index.ts';
import type { RedisConnection } from '../connection/connection.ts';
import type { EntityParts } from './entity-parts.ts';
import { readNewestFirst } from '../connection/newest-first.ts';

/** Rows that are written at the same time. */
const PUTS_MAX = 32;
/** Attempts of one change: of concurrent changes of one product, each round lets one succeed. */
const CHANGE_ROUNDS_MAX = 20;
/**
 * Reads of a list for one page when entries are left out. Past it the page is shorter than its
 * limit, and its cursor continues after the entries read. A page without an item reads on.
 */
const PAGE_ROUNDS_MAX = 8;
/** Entries of each such read but the first: a page of one item is not read one by one. */
const FURTHER_ENTRIES_MIN = 100;

export class RedisCatalogue implements Catalogue {
  readonly #redis: RedisConnection;
  readonly #entities: CatalogueEntities;
  readonly #requests: RedisRequests;
  readonly #summaries: DropSummaries;

  constructor(options: EntityParts) {
    this.#redis = options.redis;
    this.#summaries = new DropSummaries(options);
    this.#entities = new CatalogueEntities(options);
    this.#requests = options.requests;
  }

  /** After a crash half way the product may exist without a list entry: no caller got its id. */
  async addProduct(product: Product): Promise<void> {
    await this.#entities.addProduct(product);
    await placeProduct(this.#redis, product);
    await this.#placeExternal(entryOfProduct(product));
  }

  /** The id of the product puts it into the bucket of the request. */
  async addProductOnce(request: KeyedRequest, make: () => Product): Promise<Answered<Product>> {
    let product = make();
    while (!this.fits(request, product.id)) product = make();
    const answered = await this.#entities.addProductOnce(request, product);
    if (!('value' in answered)) return answered;
    // Also of a repeat: its first try may have died before the lists.
    await placeProduct(this.#redis, answered.value);
    await this.#placeExternalNow(answered.value.id);
    return answered;
  }

  async findAnswer(request: KeyedRequest): Promise<Kept<Product> | null> {
    const kept = await this.#requests.findIn(changeBucketOf(request.id), request);
    return kept?.result === 'repeated'
      ? { ...kept, value: JSON.parse(kept.value) as Product }
      : kept;
  }

  changeProduct(
    productId: string,
    change: ProductPatch,
    revisions?: readonly number[],
  ): Promise<Product | NoChange> {
    return this.#change(productId, change, revisions, async (found, changed) => {
      if (!(await this.#entities.changeProduct(found, changed))) return null;
      await this.#placeExternal(entryOfProduct(changed));
      return changed;
    });
  }

  async changeProductOnce(
    request: KeyedRequest,
    productId: string,
    change: ProductPatch,
    revisions?: readonly number[],
  ): Promise<Answered<Product | NoChange>> {
    // A repeat is answered whatever the product's revision is by now.
    const before = await this.#requests.findIn(changeBucketOf(productId), request);
    if (before?.result === 'reused') return before;
    const answered =
      before === null
        ? await this.#change(productId, change, revisions, (found, changed) =>
            this.#entities.changeProductOnce(request, found, changed),
          )
        : { ...before, value: JSON.parse(before.value) as Product };
    if (typeof answered === 'string') return { result: 'new', value: answered };
    if ('value' in answered) await this.#placeExternalNow(productId);
    return answered;
  }

  /** Retries a change that a concurrent change overtook: then `write` says null. */
  async #change<T>(
    productId: string,
    change: ProductPatch,
    revisions: readonly number[] | undefined,
    write: (found: Found<Product>, changed: Product) => Promise<T | null>,
  ): Promise<T | NoChange> {
    for (let round = 0; round < CHANGE_ROUNDS_MAX; round++) {
      const [found] = await this.#entities.products([productId]);
      if (!found) return 'not-found';
      const product = found.value;
      if (revisions?.includes(product.revision) === false) return 'other-revision';
      const changed = changedProduct(product, change);
      const written = await write(found, changed);
      if (written !== null) return written;
    }
    throw tooManyChanges();
  }

  fits(request: KeyedRequest, productId: string): boolean {
    return changeBucketOf(productId) === changeBucketOf(request.id);
  }

  async announceProduct(productId: string): Promise<void> {
    for (let round = 0; round < CHANGE_ROUNDS_MAX; round++) {
      const [found] = await this.#entities.products([productId]);
      if (!found || found.value.announced === true) return;
      if (await this.#entities.announceProduct(found)) return;
    }
    throw tooManyChanges();
  }

  async findProduct(productId: string): Promise<Product | null> {
    const [found] = await this.#entities.products([productId]);
    return found?.value ?? null;
  }

  /** One command for each product, all in one write, because each is in a slot of its own. */
  async findProducts(productIds: readonly string[]): Promise<Map<string, Product>> {
    const found = await this.#entities.products(productIds);
    return new Map(found.flatMap((one) => (one ? [[one.value.id, one.value]] : [])));
  }

  listProducts(filter: ProductFilter, page: PageRequest): Promise<Page<Product>> {
    const { creatorId, externalId } = filter;
    if (creatorId !== undefined && externalId !== undefined)
      return this.#productsByExternalId({ ...filter, creatorId, externalId }, page);
    return this.#list('products', productLists(filter), page, async (ids) =>
      (await this.#entities.products(ids)).map((found) => found?.value ?? null),
    );
  }

  #productsByExternalId(
    filter: Required<Pick<ProductFilter, 'creatorId' | 'externalId'>> & ProductFilter,
    page: PageRequest,
  ) {
    const { creatorId, externalId } = filter;
    const lists = listsByExternalId('products', creatorId, externalId, filter);
    return this.#list('products', lists, page, async (ids) => {
      const found = (await this.#entities.products(ids)).map((one) => one?.value ?? null);
      return await this.#ofExternalId(found, externalId, (product) => ({
        list: listsOf('products', product),
        creatorId,
        version: product.revision,
      }));
    });
  }

  /**
   * Entities of a list by external id that have another one by now are left out, and removed from
   * the list.
   */
  async #ofExternalId<T extends Product | DropView>(
    found: readonly (T | null)[],
    externalId: string,
    entryOf: (item: T) => Pick<ExternalEntry, 'list' | 'creatorId' | 'version'>,
  ): Promise<(T | null)[]> {
    const others = found.filter((item) => item !== null && item.externalId !== externalId);
    await this.#whereWritable(
      others.map(async (item) => {
        if (item === null) return;
        const { id, createdAt } = item;
        await removeByExternalId(this.#redis, { ...entryOf(item), id, createdAt, externalId });
      }),
    );
    return found.map((item) => (item?.externalId === externalId ? item : null));
  }

  /** As the product is now: a first answer may be old. */
  async #placeExternalNow(productId: string): Promise<void> {
    const product = await this.findProduct(productId);
    if (product !== null) await this.#placeExternal(entryOfProduct(product));
  }

  async #placeExternal(entry: ExternalEntry | null): Promise<void> {
    if (entry !== null) await placeByExternalId(this.#redis, entry);
  }

  async putDrops(views: readonly DropView[]): Promise<void> {
    for (let first = 0; first < views.length; first += PUTS_MAX) {
      const together = views.slice(first, first + PUTS_MAX);
      await Promise.all(together.map((view) => this.#putDrop(view)));
    }
  }

  async replaceDrop(view: DropView, version: number): Promise<boolean> {
    if (view.unlisted !== true) await this.#summaries.replace(view, version);
    if (!(await this.#entities.replaceDrop(view, version))) return false;
    await placeDrop(this.#redis, view);
    await this.#placeExternal(entryOfDrop(view));
    return true;
  }

  /**
   * The summary first: whoever dies before the row comes again with the same view, and the stream
   * has it once. Also adds a stored view to its lists: its first writer may have died before that.
   */
  async #putDrop(view: DropView): Promise<void> {
    if (view.unlisted !== true) await this.#summaries.put(view);
    const isTaken = await this.#entities.putDrop(view);
    const stored = isTaken ? view : await this.findDrop(view.id);
    if (stored === null) return;
    await placeDrop(this.#redis, stored);
    await this.#placeExternal(entryOfDrop(stored));
  }

  async findDrop(dropId: string): Promise<DropView | null> {
    const [drop] = await this.#entities.drops([dropId]);
    return drop ?? null;
  }

  listDrops(filter: DropFilter, page: PageRequest): Promise<Page<DropView>> {
    const { creatorId, externalId } = filter;
    const byExternalId = creatorId !== undefined && externalId !== undefined;
    const lists = byExternalId
      ? listsByExternalId('drops', creatorId, externalId, filter)
      : dropLists(filter);
    return this.#list('drops', lists, page, async (ids) => {
      const found = await this.#entities.drops(ids);
      const drops = byExternalId
        ? await this.#ofExternalId(found, externalId, (drop) => ({
            list: listsOf('drops', drop),
            creatorId,
            version: drop.version,
          }))
        : found;
      await this.#repair(drops.filter((drop) => drop !== null && !hasStatus(drop, filter)));
      return drops.map((drop) =>
        drop !== null && hasStatus(drop, filter) && isOf(drop, filter) ? drop : null,
      );
    });
  }

  /** `read` gives null for entries that contradict; then the list is read further. */
  async #list<T>(
    list: ListName,
    keys: readonly string[],
    page: PageRequest,
    read: (ids: readonly string[]) => Promise<(T | null)[]>,
  ): Promise<Page<T>> {
    const items: T[] = [];
    let position: ListPosition = decodeCursor(list, page.cursor);
    for (let round = 0; round < PAGE_ROUNDS_MAX || items.length === 0; round++) {
      const needed = page.limit - items.length;
      const count = round === 0 ? needed : Math.max(needed, FURTHER_ENTRIES_MIN);
      // One entry more shows whether another page follows.
      const found = await readNewestFirst(this.#redis, keys, position, count + 1);
      const entries = found.slice(0, count);
      const values = await read(entries.map(({ id }) => id));
      let taken = 0;
      while (taken < entries.length && items.length < page.limit) {
        const value = values[taken]!;
        position = entries[taken]!;
        taken += 1;
        if (value !== null) items.push(value);
      }
      if (taken === entries.length && found.length <= count) return { items, nextCursor: null };
      if (items.length === page.limit) break;
    }
    return { items, nextCursor: encodeCursor(list, position) };
  }

  async #repair(drops: readonly (DropView | null)[]): Promise<void> {
    await this.#whereWritable(
      drops.map(async (drop) => {
        if (drop !== null) await placeDrop(this.#redis, drop);
      }),
    );
  }

  async #whereWritable(writes: readonly Promise<void>[]): Promise<void> {
    try {
      await Promise.all(writes);
    } catch (error) {
      // A store that refuses writes is still readable: the next read retries.
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
  }
}

function hasStatus(drop: DropView, { status }: DropFilter): boolean {
  return status === undefined || drop.status === status;
}

function isOf(drop: DropView, { creatorId, productId }: DropFilter): boolean {
  if (productId !== undefined && drop.productId !== productId) return false;
  return creatorId === undefined || drop.creatorId === creatorId;
}

function entryOfProduct(product: Product): ExternalEntry | null {
  const { id, creatorId, externalId, createdAt, revision: version } = product;
  if (externalId === undefined) return null;
  const list = listsOf('products', product);
  return { list, id, creatorId, externalId, createdAt, version };
}

function entryOfDrop(drop: DropView): ExternalEntry | null {
  const { id, creatorId, externalId, createdAt, version } = drop;
  if (externalId === undefined) return null;
  const list = listsOf('drops', drop);
  return { list, id, creatorId, externalId, createdAt, version };
}

function tooManyChanges(): StoreUnavailableError {
  return new StoreUnavailableError('too many changes of one product at the same time');
}
