// The pictures of products in lists of something else, such as hits of a search: from the cached
// reads of the products. What is not there is loaded by one call.

import type { Clock } from '../../actors/clock.ts';
import type { Picture } from '../../contracts/media.ts';
import type { MediaUrls } from '../media-urls.ts';
import type { RouteCall } from '../http/route.ts';
import { cachedBody } from './cached-reply.ts';
import { productRead } from './entity-reads.ts';
import { loadTogether } from './load-together.ts';
import type { PublicReads } from './public-reads.ts';

/** Lists do not wait longer: they are shown with the pictures that are there by then. */
const WAIT_MAX_MS = 250;

export interface ProductPicturesOptions {
  readonly reads: PublicReads;
  readonly urls: MediaUrls;
  readonly clock: Pick<Clock, 'after'>;
}

export class ProductPictures {
  readonly #options: ProductPicturesOptions;

  constructor(options: ProductPicturesOptions) {
    this.#options = options;
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
      if (outcome.ok && outcome.value.picture !== undefined)
        pictures.set(id, outcome.value.picture);
    };
    // The cache counts what fails.
    const found = Promise.allSettled([...productIds].map(find));
    await new Promise<void>((resolve) => {
      const timer = clock.after(WAIT_MAX_MS, resolve);
      void found.then(() => {
        timer.cancel();
        resolve();
      });
    });
    return pictures;
  }
}
