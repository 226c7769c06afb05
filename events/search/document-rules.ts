// What a record or an event makes of the documents it is about: of its own, and of those that it
// shows something of. All of them are in the set by then, where the caller has loaded them.

import { CREATOR_ROLE } from '../../contracts/role-names.ts';
import type { DropSummary, EntityChange, PublicUser } from '../../contracts/changes.ts';
import type { Product } from '../../contracts/products.ts';
import type { SearchDocument, SearchKey } from '../../storage/ports/search-index.ts';
import type { DocumentSet } from './document-set.ts';
import {
  GONE,
  has,
  KNOWN,
  placeholder,
  TAKEN_DOWN,
  UNFOLLOWED,
  withState,
} from './document-state.ts';

export type TakeDownChange = Extract<EntityChange, { kind: 'take-down' }>;

export function parentsOf(document: SearchDocument | null): SearchKey[] {
  if (document === null) return [];
  const { creatorId, productId } = document;
  return [creatorKey(creatorId), ...(productId === null ? [] : [productKeyOf(productId)])];
}

export function creatorKey(id: string): SearchKey {
  return { type: 'creator', id };
}

export function productKeyOf(id: string): SearchKey {
  return { type: 'product', id };
}

export function dropKey(id: string): SearchKey {
  return { type: 'drop', id };
}

export function productKey({ productId }: Pick<SearchDocument, 'productId'>): SearchKey {
  return { type: 'product', id: productId! };
}

/** Buyers are not found: there is a document of creators only, and of who owns products. */
export function putUser(
  set: DocumentSet,
  id: string,
  user: PublicUser | null,
  source: number,
): void {
  const stored = set.get(creatorKey(id));
  const isCreator = user?.roles.includes(CREATOR_ROLE) === true;
  if (stored === null && !isCreator) return;
  const before = stored ?? placeholder(creatorKey(id), id);
  const name = user?.name ?? '';
  const isGone = user === null;
  const changes = before.name !== name || has(before, GONE) !== isGone;
  const isUnfollowed = stored !== null && (changes || has(before, UNFOLLOWED));
  const createdAt = user?.createdAt ?? before.createdAt;
  const known = { ...before, source, name, createdAt };
  set.put(creatorOf(withState(known, { isKnown: isCreator, isGone, isUnfollowed })));
}

export function putTakeDown(set: DocumentSet, takeDown: TakeDownChange): void {
  const key = keyOfTakeDown(takeDown);
  const { creatorId, since } = takeDown;
  const isTakenDown = since !== null;
  const stored = set.get(key);
  if (stored === null && !isTakenDown) return;
  if (key.type !== 'creator') set.ensure(creatorKey(creatorId), creatorId);
  const before = set.ensure(key, creatorId);
  const changes = has(before, TAKEN_DOWN) !== isTakenDown || has(before, UNFOLLOWED);
  const isUnfollowed = key.type !== 'drop' && stored !== null && changes;
  const document = withState(before, { isTakenDown, isUnfollowed });
  if (key.type === 'creator') set.put(creatorOf(document));
  else if (key.type === 'product') set.put(productOfParents(document, set));
  else set.put(dropOfParents(document, set));
}

export function keyOfTakeDown({ of, id }: TakeDownChange): SearchKey {
  return { type: of, id };
}

function creatorOf(creator: SearchDocument): SearchDocument {
  return { ...creator, listed: has(creator, KNOWN) && isShownWith(creator) };
}

export function putProduct(
  set: DocumentSet,
  id: string,
  product: Product | null,
  source: number,
): void {
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

export function putDrop(set: DocumentSet, id: string, drop: DropSummary, source: number): void {
  const { productId, creatorId, status, startsAt, unitAmount, currency, createdAt, sold } = drop;
  const key = dropKey(id);
  const stored = set.get(key);
  set.ensure(creatorKey(creatorId), creatorId);
  const product = set.ensure(productKeyOf(productId), creatorId);
  const before = stored ?? placeholder(key, creatorId);
  set.put({ ...product, popularity: product.popularity + sold - before.popularity });
  const known = {
    ...before,
    creatorId,
    productId,
    status,
    startsAt,
    amount: unitAmount,
    currency,
    createdAt,
    popularity: sold,
    source,
  };
  set.put(dropOfParents(withState(known, { isKnown: true }), set));
}

/** What a product's document has of its creator, whose document is loaded. */
export function productOfParents(product: SearchDocument, set: DocumentSet): SearchDocument {
  const creator = set.get(creatorKey(product.creatorId));
  const isShown = isProductShown(product) && isShownWith(creator);
  return { ...product, creatorName: creator?.name ?? '', listed: isShown };
}

/** What a drop's document has of its product and its creator, whose documents are loaded. */
export function dropOfParents(drop: SearchDocument, set: DocumentSet): SearchDocument {
  if (drop.productId === null) return drop;
  const product = set.get(productKey(drop));
  const creator = set.get(creatorKey(drop.creatorId));
  const isShown = product !== null && isProductShown(product) && isShownWith(creator);
  return {
    ...drop,
    name: product?.name ?? '',
    description: product?.description ?? '',
    creatorName: creator?.name ?? '',
    listed: has(drop, KNOWN) && !has(drop, TAKEN_DOWN) && isShown,
  };
}

function isProductShown(product: SearchDocument): boolean {
  return has(product, KNOWN) && !has(product, GONE) && !has(product, TAKEN_DOWN);
}

/** Creators of an issuer of one's own may have no account: nothing says that they are gone. */
function isShownWith(creator: SearchDocument | null): boolean {
  return creator === null || (!has(creator, GONE) && !has(creator, TAKEN_DOWN));
}
