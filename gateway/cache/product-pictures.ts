// The pictures of products in what is shown of something else, such as drops and hits of a search:
// from the cached reads of the products, so they are invalidated with these. What is not there is
// loaded by one call.

import type { Clock } from '../../actors/clock.ts';
import type { Picture } from '../../contracts/media.ts';
import type { MediaUrls } from '../media-urls.ts';
import type { RouteCall } from '../http/route.ts';
import { cachedBody } from './cached-reply.ts';
import { productKey, productRead } from './entity-reads.ts';
import { loadTogether } from './load-together.ts';
import type { PublicReads } from './public-reads.ts';

/** Lists do not wait longer: they are shown with the pictures that are there by then. */
const WAIT_MAX_MS = 250;
/** After a picture was waited for in vain, single drops are shown without one at once. */
const AWAY_MS = 1_000;

export interface ProductPicturesOptions {
  readonly reads: PublicReads;
  readonly urls: MediaUrls;
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
}

export class ProductPictures {
  readonly #options: ProductPicturesOptions;
  /** By the monotonic clock. */
  #awayUntil = -Infinity;

  constructor(options: ProductPicturesOptions) {
    this.#options = options;
  }

  /** False: nothing delivers them, so no product is read for its picture. */
  get areThere(): boolean {
    return this.#options.urls.origin !== null;
  }

  /** Gives the public one, where it is known without a load; null: there is none. */
  knownOf(productId: string): () => Picture | null | undefined {
    if (!this.areThere) return () => null;
    const { reads } = this.#options;
    const key = productKey(productId);
    return () => {
      const product = reads.fresh('products', key);
      return product === null ? undefined : product.ok ? (product.value.picture ?? null) : null;
    };
  }

  /** The public one; null where there is none, or it cannot be read in time. Never fails. */
  async find(productId: string, call: RouteCall): Promise<Picture | null> {
    const known = this.knownOf(productId)();
    if (known !== undefined) return known;
    if (this.#options.clock.monotonic() < this.#awayUntil) return null;
    return (await this.of(new Set([productId]), call)).get(productId) ?? null;
  }

  /**
   * Public pictures by the ids of their products, of which there may be a page. Never fails: a
   * product that cannot be read has none.
   */
  async of(
    productIds: ReadonlySet<string>,
    call: RouteCall,
  ): Promise<ReadonlyMap<string, Picture>> {
    const { reads, urls, clock } = this.#options;
    const pictures = new Map<string, Picture>();
    if (productIds.size === 0) return pictures;
    const loads = loadTogether((ids) => call('catalogue.productsById', { productIds: ids }));
    const find = async (id: string): Promise<void> => {
      const read = productRead(id, () => loads.load(id), urls);
      const { outcome } = await cachedBody(reads, read);
      if (!outcome.ok) {
        if (outcome.code !== 'not-found') this.#failed();
      } else if (outcome.value.picture !== undefined) pictures.set(id, outcome.value.picture);
    };
    // The cache counts what fails.
    const found = Promise.all([...productIds].map((id) => find(id).catch(() => this.#failed())));
    await new Promise<void>((resolve) => {
      const timer = clock.after(WAIT_MAX_MS, () => {
        this.#failed();
        resolve();
      });
      void found.then(() => {
        timer.cancel();
        resolve();
      });
    });
    return pictures;
  }

  #failed(): void {
    this.#awayUntil = this.#options.clock.monotonic() + AWAY_MS;
  }
}
