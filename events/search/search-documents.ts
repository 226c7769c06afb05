// The documents of one search index, as the change stream makes them. A product's document has the
// name of its creator, a drop's the words of its product as well: so a changed name, or an account
// that is gone, changes the documents that belong to it, in slices. Steps take turns, because
// buckets, and rows of drops, change the same documents.
//
// Every step may come again after a crash and has the effect of once: it sets what is so, and adds
// nothing up but the difference to what is stored. A document whose own ones are still to follow
// says so (`UNFOLLOWED`) until the last slice is written, and before its record's position is.

import type { DropSummary, EntityChange, PublicUser } from '../../contracts/changes.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { Product } from '../../contracts/products.ts';
import type {
  DocumentFilter,
  SearchDocument,
  SearchFeed,
  SearchKey,
  SearchPosition,
} from '../../storage/ports/search-index.ts';
import { DocumentSet, nameOf } from './document-set.ts';
import {
  creatorKey,
  dropKey,
  dropOfParents,
  keyOfTakeDown,
  parentsOf,
  productKey,
  productKeyOf,
  productOfParents,
  putDrop,
  putProduct,
  putTakeDown,
  putUser,
  type TakeDownChange,
} from './document-rules.ts';
import {
  has,
  KNOWN,
  NO_SOURCE,
  placeholder,
  sourceOfDrops,
  TAKEN_DOWN,
  UNFOLLOWED,
  withState,
} from './document-state.ts';

/** Documents of one slice: a few milliseconds. */
const SLICE_DOCUMENTS = 256;

export interface SearchDocumentsOptions {
  readonly feed: SearchFeed;
  /** The present number of followers. Errors: `store-unavailable`. */
  readonly followers: (creatorId: string) => Promise<number>;
}

export class SearchDocuments {
  readonly feed: SearchFeed;
  readonly #options: SearchDocumentsOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SearchDocumentsOptions) {
    this.feed = options.feed;
    this.#options = options;
  }

  /**
   * Takes over accounts, products, drops, follows and take-downs of a bucket, and the positions
   * with the last of them. Errors: `store-unavailable`; then a part may be taken over.
   */
  async putEntities(
    bucket: number,
    entities: readonly EntityChange[],
    positions: readonly SearchPosition[],
  ): Promise<void> {
    const unfollowed = await this.#inTurn(async (): Promise<readonly SearchKey[]> => {
      const set = new DocumentSet(this.feed);
      // Not only of changed ones: a crash may have left them half way.
      const parents = (await this.#putAll(set, bucket, entities)).filter((key) => {
        const document = set.get(key);
        return document !== null && has(document, UNFOLLOWED);
      });
      const isWhole = parents.length === 0;
      if (set.changed.length > 0 || (isWhole && positions.length > 0))
        await this.feed.apply({ upserts: set.changed, positions: isWhole ? positions : [] });
      return parents;
    });
    if (unfollowed.length === 0) return;
    for (const parent of unfollowed) await this.#follow(parent);
    await this.#inTurn(async () => {
      const set = new DocumentSet(this.feed);
      await set.load(unfollowed);
      for (const key of unfollowed) {
        const parent = set.get(key);
        if (parent !== null) set.put(withState(parent, { isUnfollowed: false }));
      }
      await this.feed.apply({ upserts: set.changed, positions });
    });
  }

  /** Takes over drops that no stream has brought. Errors: `store-unavailable`. */
  async putRows(rows: readonly DropView[]): Promise<void> {
    await this.#inTurn(async () => {
      const set = new DocumentSet(this.feed);
      await set.load(rows.flatMap((row) => keysOfDrop(row.id, row)));
      for (const row of rows) putDrop(set, row.id, row, NO_SOURCE);
      if (set.changed.length > 0) await this.feed.apply({ upserts: set.changed });
    });
  }

  /**
   * Removes drops, at most a page of them. What they sold counts for their products no more; that
   * they are taken down is said by another stream, and stays.
   */
  async removeDrops(dropIds: readonly string[]): Promise<void> {
    const keys = dropIds.map(dropKey);
    await this.#inTurn(async () => {
      const set = new DocumentSet(this.feed);
      await set.load(keys);
      const drops = keys
        .map((key) => set.get(key))
        .filter((drop) => drop !== null && drop.productId !== null) as SearchDocument[];
      await set.load(drops.map(productKey));
      for (const drop of drops) {
        const isTakenDown = has(drop, TAKEN_DOWN);
        if (isTakenDown) set.put(withState(placeholder(drop, drop.creatorId), { isTakenDown }));
        const product = set.get(productKey(drop));
        if (product !== null)
          set.put({ ...product, popularity: product.popularity - drop.popularity });
      }
      const kept = new Set(set.changed.map(({ id }) => id));
      const deletes = keys.filter(({ id }) => !kept.has(id));
      await this.feed.apply({ upserts: set.changed, deletes });
    });
  }

  /** All documents of a filter, in pages. */
  async *pages(filter: DocumentFilter): AsyncGenerator<readonly SearchDocument[], void, undefined> {
    let after: SearchKey | null = null;
    for (;;) {
      const page = await this.feed.list(filter, after, SLICE_DOCUMENTS);
      if (page.length > 0) yield page;
      if (page.length < SLICE_DOCUMENTS) return;
      after = page.at(-1)!;
    }
  }

  /** Brings the documents that belong to a creator or a product to its present state. */
  async #follow({ type, id }: SearchKey): Promise<void> {
    const filter: DocumentFilter =
      type === 'creator' ? { of: 'creator', creatorId: id } : { of: 'product', productId: id };
    let after: SearchKey | null = null;
    do {
      const from = after;
      after = await this.#inTurn(async () => {
        const slice = await this.feed.list(filter, from, SLICE_DOCUMENTS);
        const set = new DocumentSet(this.feed);
        set.add(slice);
        await set.load(slice.flatMap(parentsOf));
        // Products first: their drops take from them.
        for (const document of slice)
          if (document.type === 'product') set.put(productOfParents(document, set));
        for (const document of slice)
          if (document.type === 'drop') set.put(dropOfParents(document, set));
        if (set.changed.length > 0) await this.feed.apply({ upserts: set.changed });
        return slice.length < SLICE_DOCUMENTS ? null : slice.at(-1)!;
      });
    } while (after !== null);
  }

  /** Of several changes of one entity the last counts. The keys of what came. */
  async #putAll(
    set: DocumentSet,
    bucket: number,
    entities: readonly EntityChange[],
  ): Promise<SearchKey[]> {
    const users = new Map<string, PublicUser | null>();
    const products = new Map<string, Product | null>();
    const drops = new Map<string, DropSummary>();
    const takeDowns = new Map<string, TakeDownChange>();
    const followed = new Set<string>();
    for (const entity of entities) {
      if (entity.kind === 'user') users.set(entity.userId, entity.user);
      else if (entity.kind === 'product') products.set(entity.productId, foundProduct(entity));
      else if (entity.kind === 'drop') drops.set(entity.dropId, entity.drop);
      else if (entity.kind === 'follow') followed.add(entity.creatorId);
      else if (entity.kind === 'take-down') takeDowns.set(nameOf(keyOfTakeDown(entity)), entity);
    }
    const creators = new Set([...users.keys(), ...followed]);
    for (const product of products.values()) if (product !== null) creators.add(product.creatorId);
    for (const { creatorId } of takeDowns.values()) creators.add(creatorId);
    const takenDown = Array.from(takeDowns.values(), keyOfTakeDown);
    await set.load([
      ...Array.from(creators, creatorKey),
      ...Array.from(products.keys(), productKeyOf),
      ...Array.from(drops, ([id, drop]) => keysOfDrop(id, drop)).flat(),
      ...takenDown,
    ]);
    await set.load(takenDown.flatMap((key) => parentsOf(set.get(key))));
    for (const [id, user] of users) {
      putUser(set, id, user, bucket);
      if (user !== null) followed.add(id);
    }
    for (const [id, product] of products) putProduct(set, id, product, bucket);
    for (const [id, drop] of drops) putDrop(set, id, drop, sourceOfDrops(bucket));
    for (const takeDown of takeDowns.values()) putTakeDown(set, takeDown);
    for (const id of followed) {
      const creator = set.get(creatorKey(id));
      if (creator === null || !has(creator, KNOWN)) continue;
      set.put({ ...creator, popularity: await this.#options.followers(id) });
    }
    return [
      ...Array.from(users.keys(), creatorKey),
      ...Array.from(products.keys(), productKeyOf),
      ...takenDown,
    ];
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(step);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/** Null where nobody finds it. */
function foundProduct({ product }: Extract<EntityChange, { kind: 'product' }>): Product | null {
  return product?.unlisted === true ? null : product;
}

/** Of all that a drop changes. */
function keysOfDrop(id: string, drop: Pick<DropSummary, 'productId' | 'creatorId'>): SearchKey[] {
  return [dropKey(id), productKeyOf(drop.productId), creatorKey(drop.creatorId)];
}
