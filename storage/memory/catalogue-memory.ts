// Products and drop rows in memory, for tests.

import type { Catalogue, NoChange } from '../ports/catalogue.ts';
import type { DropView, DropFilter } from '../../contracts/drops.ts';
import type { Product, ProductFilter, ProductPatch } from '../../contracts/products.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Answered, Kept } from '../ports/requests.ts';
import type { MemoryChangeStream } from './change-stream-memory.ts';
import { changedProduct } from '../rows/changed-product.ts';
import { dropChange, isRecorded } from '../rows/drop-summary.ts';
import type { MemoryRequests } from './requests-memory.ts';
import { pageNewestFirst } from './newest-first.ts';

export class MemoryCatalogue implements Catalogue {
  readonly #changes: MemoryChangeStream;
  readonly #products = new Map<string, Product>();
  readonly #drops = new Map<string, DropView>();

  readonly #requests: MemoryRequests;

  constructor(options: {
    readonly changes: MemoryChangeStream;
    readonly requests: MemoryRequests;
  }) {
    this.#changes = options.changes;
    this.#requests = options.requests;
  }

  async addProduct(product: Product): Promise<void> {
    this.#putProduct(product);
  }

  async addProductOnce(request: KeyedRequest, make: () => Product): Promise<Answered<Product>> {
    return this.#requests.once(request, () => {
      const product = make();
      this.#putProduct(product);
      return product;
    });
  }

  async findAnswer(request: KeyedRequest): Promise<Kept<Product> | null> {
    return this.#requests.findKept<Product>(request);
  }

  async changeProduct(
    productId: string,
    change: ProductPatch,
    revisions?: readonly number[],
  ): Promise<Product | NoChange> {
    return this.#changeProduct(productId, change, revisions);
  }

  async changeProductOnce(
    request: KeyedRequest,
    productId: string,
    change: ProductPatch,
    revisions?: readonly number[],
  ): Promise<Answered<Product | NoChange>> {
    return this.#requests.once(
      request,
      () => this.#changeProduct(productId, change, revisions),
      (result) => typeof result === 'string',
    );
  }

  #changeProduct(
    productId: string,
    change: ProductPatch,
    revisions?: readonly number[],
  ): Product | NoChange {
    const product = this.#products.get(productId);
    if (product === undefined) return 'not-found';
    if (revisions?.includes(product.revision) === false) return 'other-revision';
    const changed = changedProduct(product, change);
    this.#putProduct(changed);
    return changed;
  }

  fits(): boolean {
    return true;
  }

  async announceProduct(productId: string): Promise<void> {
    const product = this.#products.get(productId);
    if (product === undefined || product.announced === true) return;
    const announced: Product = { ...product, announced: true };
    if (product.mediaIds === undefined) {
      this.#products.set(productId, announced);
      this.#changes.keep({ kind: 'product', productId, product: announced });
    } else this.#putProduct(announced);
  }

  async findProducts(productIds: readonly string[]): Promise<Map<string, Product>> {
    const found = productIds.flatMap((id) => this.#products.get(id) ?? []);
    return new Map(found.map((product) => [product.id, product]));
  }

  async findProduct(productId: string): Promise<Product | null> {
    return this.#products.get(productId) ?? null;
  }

  async listProducts(filter: ProductFilter, page: PageRequest): Promise<Page<Product>> {
    const { creatorId, externalId, withUnlisted = false } = filter;
    const shown = [...this.#products.values()].filter(
      (product) =>
        (withUnlisted || product.unlisted !== true) &&
        (creatorId === undefined || product.creatorId === creatorId) &&
        (externalId === undefined || product.externalId === externalId),
    );
    return pageNewestFirst('products', shown, positionOf, page);
  }

  async putDrops(views: readonly DropView[]): Promise<void> {
    for (const view of views) {
      const present = this.#drops.get(view.id);
      if (present === undefined || view.version > present.version) this.#putDrop(view);
    }
  }

  async replaceDrop(view: DropView, version: number): Promise<boolean> {
    if (this.#drops.get(view.id)?.version !== version) return false;
    this.#putDrop(view);
    return true;
  }

  async findDrop(dropId: string): Promise<DropView | null> {
    return this.#drops.get(dropId) ?? null;
  }

  async listDrops(filter: DropFilter, page: PageRequest): Promise<Page<DropView>> {
    const shown = [...this.#drops.values()].filter(
      (drop) =>
        (filter.withUnlisted === true || drop.unlisted !== true) &&
        (filter.status === undefined || drop.status === filter.status) &&
        (filter.creatorId === undefined || drop.creatorId === filter.creatorId) &&
        (filter.productId === undefined || drop.productId === filter.productId) &&
        (filter.externalId === undefined || drop.externalId === filter.externalId),
    );
    return pageNewestFirst('drops', shown, positionOf, page);
  }

  #putDrop(view: DropView): void {
    const before = this.#drops.get(view.id) ?? null;
    this.#drops.set(view.id, view);
    if (view.unlisted === true) return;
    if (isRecorded(before, view)) this.#changes.append(dropChange(view));
    else this.#changes.keep(dropChange(view));
  }

  #putProduct(product: Product): void {
    this.#products.set(product.id, product);
    this.#changes.append({ kind: 'product', productId: product.id, product });
  }
}

function positionOf(item: { createdAt: number; id: string }): { time: number; id: string } {
  return { time: item.createdAt, id: item.id };
}
