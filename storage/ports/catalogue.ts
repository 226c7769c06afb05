// The catalogue port: creators' products, and the list of drops. A drop's row is a projection of its journal events: it says when
// and whose, and carries the stock as last projected; the owner's durable view is fresher.

import type { DropStatus, DropView } from '../../contracts/drops.ts';
import type { Page, PageRequest } from './page.ts';

export interface Product {
  readonly id: string;
  readonly creatorId: string;
  readonly name: string;
  readonly description: string;
  readonly imageUrls: readonly string[];
  readonly createdAt: number;
  /** Grows by one at each change. */
  readonly revision: number;
}

export interface ProductChange {
  readonly name?: string;
  readonly description?: string;
  readonly imageUrls?: readonly string[];
}

export interface DropFilter {
  readonly status?: DropStatus;
  readonly creatorId?: string;
  readonly productId?: string;
}

export interface Catalogue {
  /** Durable when it resolves. */
  addProduct(product: Product): Promise<void>;
  /** The changed product, or null where there is none. */
  changeProduct(productId: string, change: ProductChange): Promise<Product | null>;
  findProduct(productId: string): Promise<Product | null>;
  /** Newest first. */
  listProducts(filter: { creatorId?: string }, page: PageRequest): Promise<Page<Product>>;

  /** Adds or replaces rows; a row whose version is not above the stored one is ignored, so any view may be put twice or late (N11). */
  putDrops(views: readonly DropView[]): Promise<void>;
  findDrop(dropId: string): Promise<DropView | null>;
  /** Newest first (by createdAt, then id, both descending): stable while drops change. */
  listDrops(filter: DropFilter, page: PageRequest): Promise<Page<DropView>>;
}
