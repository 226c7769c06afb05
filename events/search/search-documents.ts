// The documents of one search index, as the change stream and the journals make them. A product's
// document has the name of its creator, a drop's the words of its product as well: so a changed
// name, or an account that is gone, changes the documents that belong to it, in slices. Steps take
// turns, because the streams change the same documents.
//
// Every step may come again after a crash and has the effect of once: it sets what is so, and adds
// nothing up but the difference to what is stored. A document whose own ones are still to follow
// says so (`UNFOLLOWED`) until the last slice is written, and before its record's position is.

import { CREATOR_ROLE } from '../../contracts/accounts.ts';
import type { EntityChange, PublicUser } from '../../contracts/changes.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { Product } from '../../contracts/products.ts';
import type {
  DocumentFilter,
  SearchDocument,
  SearchFeed,
  SearchKey,
  SearchPosition,
} from '../../storage/ports/search-index.ts';
import { DocumentSet } from './document-set.ts';
import {
  GONE,
  has,
  KNOWN,
  placeholder,
  UNFOLLOWED,
  versionOf,
  withState,
} from './document-state.ts';

/** Documents of one slice: a few milliseconds. */
const SLICE_DOCUMENTS = 256;
/** Drops of one step; each may bring a product and a creator. */
const STEP_DROPS = 1024;

export interface SearchDocumentsOptions {
  readonly feed: SearchFeed;
  /** The present number of followers. Errors: `store-unavailable`. */
  readonly followers: (creatorId: string) => Promise<number>;
}

/** A drop as it stood after an event. */
export type DropStanding = Pick<
  DropView,
  | 'id'
  | 'productId'
  | 'creatorId'
  | 'status'
  | 'startsAt'
  | 'unitAmount'
  | 'currency'
  | 'createdAt'
  | 'sold'
  | 'version'
> & { readonly shard: number };

export class SearchDocuments {
  readonly feed: SearchFeed;
  readonly #options: SearchDocumentsOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SearchDocumentsOptions) {
    this.feed = options.feed;
    this.#options = options;
  }

  /**
   * Takes over accounts, products and follows of a bucket, and the positions with the last of
   * them. Errors: `store-unavailable`; then a part may be taken over.
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

  /**
   * Takes over drops as they stand, each at most once in the list, and the positions with the last
   * of them. A drop that is stored in the same or a newer version stays. Errors:
   * `store-unavailable`; then a part may be taken over.
   */
  async putDrops(
    drops: readonly DropStanding[],
    positions: readonly SearchPosition[],
  ): Promise<void> {
    for (let from = 0; from < drops.length || from === 0; from += STEP_DROPS) {
      const step = drops.slice(from, from + STEP_DROPS);
      const isLast = from + STEP_DROPS >= drops.length;
      await this.#inTurn(async () => {
        const set = new DocumentSet(this.feed);
        await set.load(
          step.flatMap(({ id, productId, creatorId }) => [
            { type: 'drop', id },
            { type: 'product', id: productId },
            { type: 'creator', id: creatorId },
          ]),
        );
        for (const drop of step) putDrop(set, drop);
        const { changed } = set;
        if (changed.length > 0 || (isLast && positions.length > 0))
          await this.feed.apply({ upserts: changed, positions: isLast ? positions : [] });
      });
    }
  }

  /** Removes drops. What they sold counts for their products no more. */
  async removeDrops(dropIds: readonly string[]): Promise<void> {
    for (let from = 0; from < dropIds.length; from += STEP_DROPS) {
      const keys = dropIds
        .slice(from, from + STEP_DROPS)
        .map((id): SearchKey => ({ type: 'drop', id }));
      await this.#inTurn(async () => {
        const set = new DocumentSet(this.feed);
        await set.load(keys);
        const drops = keys.map((key) => set.get(key)).filter((drop) => drop !== null);
        await set.load(drops.map(productKey));
        for (const drop of drops) {
          const product = set.get(productKey(drop));
          if (product !== null)
            set.put({ ...product, popularity: product.popularity - drop.popularity });
        }
        await this.feed.apply({ upserts: set.changed, deletes: keys });
      });
    }
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
        await set.load(
          slice.flatMap((document) => [
            { type: 'creator', id: document.creatorId },
            ...(document.productId === null ? [] : [productKey(document)]),
          ]),
        );
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
    const followed = new Set<string>();
    for (const entity of entities) {
      if (entity.kind === 'user') users.set(entity.userId, entity.user);
      else if (entity.kind === 'product') products.set(entity.productId, entity.product);
      else if (entity.kind === 'follow') followed.add(entity.creatorId);
    }
    const creators = new Set([...users.keys(), ...followed]);
    for (const product of products.values()) if (product !== null) creators.add(product.creatorId);
    await set.load([
      ...Array.from(creators, creatorKey),
      ...Array.from(products.keys(), productKeyOf),
    ]);
    for (const [id, user] of users) {
      putUser(set, id, user, bucket);
      if (user !== null) followed.add(id);
    }
    for (const [id, product] of products) putProduct(set, id, product, bucket);
    for (const id of followed) {
      const creator = set.get(creatorKey(id));
      if (creator === null || !creator.listed) continue;
      set.put({ ...creator, popularity: await this.#options.followers(id) });
    }
    return [...Array.from(users.keys(), creatorKey), ...Array.from(products.keys(), productKeyOf)];
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(step);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

function creatorKey(id: string): SearchKey {
  return { type: 'creator', id };
}

function productKeyOf(id: string): SearchKey {
  return { type: 'product', id };
}

function productKey({ productId }: Pick<SearchDocument, 'productId'>): SearchKey {
  return { type: 'product', id: productId! };
}

/** Buyers are not found: there is a document of creators only, and of who owns products. */
function putUser(set: DocumentSet, id: string, user: PublicUser | null, source: number): void {
  const stored = set.get(creatorKey(id));
  const isCreator = user?.roles.includes(CREATOR_ROLE) === true;
  if (stored === null && !isCreator) return;
  const before = stored ?? placeholder(creatorKey(id), id);
  const name = user?.name ?? '';
  const isGone = user === null;
  const changes = before.name !== name || has(before, GONE) !== isGone;
  set.put(
    withState(
      {
        ...before,
        source,
        name,
        createdAt: user?.createdAt ?? before.createdAt,
        listed: isCreator,
      },
      {
        isKnown: isCreator,
        isGone,
        isUnfollowed: stored !== null && (changes || has(before, UNFOLLOWED)),
      },
    ),
  );
}

function putProduct(set: DocumentSet, id: string, product: Product | null, source: number): void {
  const key: SearchKey = { type: 'product', id };
  const stored = set.get(key);
  if (product === null) {
    if (stored === null) return;
    const gone = { ...stored, name: '', description: '', listed: false, source };
    set.put(withState(gone, { isGone: true, isUnfollowed: true }));
    return;
  }
  const { creatorId, name, description, createdAt, revision } = product;
  set.ensure(creatorKey(creatorId), creatorId);
  const before = stored ?? placeholder(key, creatorId);
  const changes =
    before.name !== name ||
    before.description !== description ||
    !has(before, KNOWN) ||
    has(before, GONE);
  const isUnfollowed = stored !== null && (changes || has(before, UNFOLLOWED));
  const known = withState(
    { ...before, creatorId, name, description, createdAt, source },
    { version: revision, isKnown: true, isGone: false, isUnfollowed },
  );
  set.put(productOfParents(known, set));
}

function putDrop(set: DocumentSet, drop: DropStanding): void {
  const { id, productId, creatorId, status, startsAt, unitAmount, currency, createdAt } = drop;
  const key: SearchKey = { type: 'drop', id };
  const stored = set.get(key);
  if (stored !== null && has(stored, KNOWN) && versionOf(stored) >= drop.version) return;
  set.ensure(creatorKey(creatorId), creatorId);
  const product = set.ensure({ type: 'product', id: productId }, creatorId);
  const before = stored ?? placeholder(key, creatorId);
  const sold = product.popularity + drop.sold - before.popularity;
  set.put({ ...product, popularity: sold });
  const known = withState(
    {
      ...before,
      productId,
      status,
      startsAt,
      amount: unitAmount,
      currency,
      createdAt,
      popularity: drop.sold,
      source: drop.shard,
    },
    { version: drop.version, isKnown: true },
  );
  set.put(dropOfParents(known, set));
}

/** What a product's document has of its creator, whose document is loaded. */
function productOfParents(product: SearchDocument, set: DocumentSet): SearchDocument {
  const creator = set.get(creatorKey(product.creatorId));
  const isShown = has(product, KNOWN) && !has(product, GONE) && isShownWith(creator);
  return { ...product, creatorName: creator?.name ?? '', listed: isShown };
}

/** What a drop's document has of its product and its creator, whose documents are loaded. */
function dropOfParents(drop: SearchDocument, set: DocumentSet): SearchDocument {
  const product = set.get(productKey(drop));
  const creator = set.get(creatorKey(drop.creatorId));
  const isShown =
    product !== null && has(product, KNOWN) && !has(product, GONE) && isShownWith(creator);
  return {
    ...drop,
    name: product?.name ?? '',
    description: product?.description ?? '',
    creatorName: creator?.name ?? '',
    listed: has(drop, KNOWN) && isShown,
  };
}

/** Creators of an issuer of one's own may have no account: nothing says that they are gone. */
function isShownWith(creator: SearchDocument | null): boolean {
  return creator === null || !has(creator, GONE);
}
