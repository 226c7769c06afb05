// All caches of this gateway, for its operators and metrics (C5).

import type { CacheEviction, CacheSample } from '../../contracts/caches.ts';
import { CACHE_KINDS } from '../../contracts/cache-kinds.ts';
import type { DropCards } from './drop-cards.ts';
import type { PublicReads } from './public-reads.ts';

export class GatewayCaches {
  readonly #cards: DropCards;
  readonly #reads: PublicReads;

  constructor(options: { readonly cards: DropCards; readonly reads: PublicReads }) {
    this.#cards = options.cards;
    this.#reads = options.reads;
  }

  report(): CacheSample[] {
    const counts = { ...this.#reads.counts(), drops: this.#cards.counts() };
    return CACHE_KINDS.map((kind) => ({ kind, ...counts[kind] }));
  }

  /** What is evicted is read anew by the next reader. Returns how many entries there were. */
  evict(eviction: CacheEviction): number {
    return this.#reads.evict(eviction) + this.#cards.evict(eviction);
  }
}
