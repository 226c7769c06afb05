// The catalogue port: creators' products, and the list of drops. A drop's row is a projection of
// its journal events. It has the drop's terms and the stock as last projected; the owner's durable
// view is newer.

import type { DropFilter, DropView } from '../../contracts/drops.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { Product, ProductFilter, ProductPatch } from '../../contracts/products.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Answered, Kept } from './requests.ts';

/** Why a product was not changed. */
export type NoChange = 'not-found' | 'other-revision';

export interface Catalogue {
  /** Durable when it resolves. */
  addProduct(product: Product): Promise<void>;
  /**
   * Adds the product that `make` makes, and answers with it, at most once for the request (H11).
   * `make` may be called several times, for a product whose id puts it beside the kept answer.
   */
  addProductOnce(request: KeyedRequest, make: () => Product): Promise<Answered<Product>>;
  /**
   * What was answered to a request that adds a product (H11); null where nothing is kept. Errors:
   * `store-unavailable`.
   */
  findAnswer(request: KeyedRequest): Promise<Kept<Product> | null>;
  /**
   * The changed product. `revisions`: where it has none of these, nothing changes (H12). The
   * comparison and the change are one atomic step.
   */
  changeProduct(
    productId: string,
    change: ProductPatch,
    revisions?: readonly number[],
  ): Promise<Product | NoChange>;
  /** The same at most once for the request (H11). */
  changeProductOnce(
    request: KeyedRequest,
    productId: string,
    change: ProductPatch,
    revisions?: readonly number[],
  ): Promise<Answered<Product | NoChange>>;
  /** Whether a product of this id can be added with the request: see `make`. */
  fits(request: KeyedRequest, productId: string): boolean;
  /**
   * Marks the product: a drop of it is announced. Its revision stays; where it has media, there is
   * a record in the change stream, in the same step. Idempotent, ignores unknown ids. Durable.
   * Errors: `store-unavailable`.
   */
  announceProduct(productId: string): Promise<void>;
  findProduct(productId: string): Promise<Product | null>;
  /** Products by their ids, in one read; without unknown ids. At most 100 ids. */
  findProducts(productIds: readonly string[]): Promise<ReadonlyMap<string, Product>>;
  /** Newest first. Without those that are unlisted, unless the filter asks for them, too. */
  listProducts(filter: ProductFilter, page: PageRequest): Promise<Page<Product>>;

  /**
   * Adds or replaces rows, each with its record in the change stream where there is one to write
   * (`storage/rows/drop-summary.ts`); of a drop that is unlisted there is none, and full passes
   * leave it out. Ignores a row whose version is not above the stored version, so callers may put a
   * view twice or late (N11).
   */
  putDrops(views: readonly DropView[]): Promise<void>;
  /**
   * Replaces a row that is not what its drop is, though its version is not below the view's, with
   * the record as above. False: the row has no longer `version`, and stays. Durable. Errors:
   * `store-unavailable`.
   */
  replaceDrop(view: DropView, version: number): Promise<boolean>;
  findDrop(dropId: string): Promise<DropView | null>;
  /**
   * Newest first (by createdAt, then id, both descending). The order never changes. Without those
   * that are unlisted, unless the filter asks for them, too.
   */
  listDrops(filter: DropFilter, page: PageRequest): Promise<Page<DropView>>;
}
