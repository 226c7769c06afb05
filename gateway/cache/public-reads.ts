// The near caches of a gateway by kind, and which changes outdate what (C2, C3). Values are whole
// bodies with their tags, so a hit costs neither a call nor JSON. Drop cards are in
// `../drop-views.ts`, which the order path shares.
//
// A list that a fact of a drop may change is outdated by starts and ends of drops. Other facts of
// drops come by no message: for them lists are fresh so shortly that a change is seen in time (D4a,
// C4). Pages of followers are outdated by the tag of their creator, all at once.

import type { Clock } from '../../actors/clock.ts';
import {
  CHANGES_TOPIC,
  type ChangedEntity,
  type LiveBus,
  STATUS_TOPIC,
} from '../../actors/live-bus.ts';
import type { RestrictionSet } from '../../events/restriction-set.ts';
import type { CacheEviction } from '../../contracts/caches.ts';
import type { CacheKind } from '../../contracts/cache-kinds.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { SharedBody, SharedSource } from '../http/shared-replies.ts';
import { hitLines } from './cache-headers.ts';
import { Fences } from './fences.ts';
import {
  type CacheCounts,
  type CachedRead,
  type CacheRules,
  type Read,
  ReadCache,
} from './read-cache.ts';

const MIB = 1024 * 1024;

/** A page of drops has their stock, which may be a second old (C4), and their status (D4a). */
const LIST_OF_DROPS: CacheRules = {
  freshMs: 100,
  staleMs: 0,
  faultAgeMaxMs: 1_000,
  missMs: 100,
  bytesMax: 16 * MIB,
  hearsAll: false,
};
const ENTITY: CacheRules = {
  freshMs: 5_000,
  staleMs: 5_000,
  faultAgeMaxMs: 60_000,
  missMs: 1_000,
  bytesMax: 32 * MIB,
  hearsAll: true,
};
/**
 * No message tells when an index has what changed. It has it within some 500 ms, and the rest of
 * the second in which it is found (Q4) is not used up.
 */
const SEARCH: CacheRules = {
  freshMs: 250,
  staleMs: 0,
  faultAgeMaxMs: 1_000,
  missMs: 0,
  bytesMax: 16 * MIB,
  hearsAll: false,
};
const PAGE: CacheRules = { ...ENTITY, freshMs: 1_000, staleMs: 1_000 };

/**
 * Services leave out what is taken down (A11). One that had not heard of it yet may have answered a
 * load from after this gateway had.
 */
const TAKE_DOWN_HEARD_MS = 500;

export const CACHE_RULES = {
  products: ENTITY,
  'product-lists': PAGE,
  profiles: ENTITY,
  follows: PAGE,
  'drop-lists': LIST_OF_DROPS,
  searches: SEARCH,
} as const satisfies Readonly<Record<Exclude<CacheKind, 'drops'>, CacheRules>>;
type ReadKind = keyof typeof CACHE_RULES;

/** What a creator's eviction outdates, besides what has the creator's own tag. */
const LISTS_OF_ALL = ['products', 'drops'] as const;
/** Pages that name users. */
const NAMES = 'names';

export interface PublicReadsOptions {
  readonly bus: LiveBus;
  readonly restrictions: Pick<RestrictionSet, 'onTakeDown'>;
  readonly clock: Clock;
  /** From 0 to 1; `Math.random` unless given. */
  readonly random?: () => number;
  /** A cached body had changed, and nothing was heard of it (L3). */
  readonly onDrift?: (kind: CacheKind, key: string) => void;
}

export class PublicReads {
  readonly #fences = new Fences();
  readonly #caches: Readonly<Record<ReadKind, ReadCache<SharedBody>>>;
  readonly #unsubscribe: readonly (() => void)[];
  readonly #monotonic: () => number;

  constructor(options: PublicReadsOptions) {
    const { bus, restrictions, clock, random = Math.random, onDrift } = options;
    this.#monotonic = () => clock.monotonic();
    const shared = { fences: this.#fences, clock, random, isSame };
    const made = Object.entries(CACHE_RULES).map(([kind, rules]) => {
      const drifted = (key: string): void => onDrift?.(kind as ReadKind, key);
      const cache = new ReadCache<SharedBody>({ ...shared, rules, onDrift: drifted });
      return [kind, cache] as const;
    });
    this.#caches = Object.fromEntries(made) as Record<ReadKind, ReadCache<SharedBody>>;
    this.#unsubscribe = [
      bus.subscribe(CHANGES_TOPIC, (message) => {
        if (message.type !== 'entities-changed') return;
        if (message.changes === null) this.#fences.raiseAll();
        else for (const change of message.changes) this.changed(change);
      }),
      bus.subscribe(STATUS_TOPIC, () => this.dropsChanged()),
      bus.onGap(() => this.#fences.raiseAll()),
      restrictions.onTakeDown(() => {
        this.#fences.raiseAll();
        clock.after(TAKE_DOWN_HEARD_MS, () => this.#fences.raiseAll());
      }),
    ];
  }

  /** `tags` are those of `changed`, from `TAGS`. */
  read(kind: ReadKind, read: Read<SharedBody>): Promise<CachedRead<SharedBody>> {
    const tags = [...read.tags, kindTag(kind), keyTag(read.key)];
    return this.#caches[kind].read({ ...read, tags });
  }

  /** The body that a read of the key would be a hit of; null: it would not be one. */
  fresh(kind: ReadKind, key: string): Outcome<SharedBody> | null {
    return this.#caches[kind].fresh(key, this.#monotonic())?.outcome ?? null;
  }

  /** The body of a key for as long as a read of it would be a hit. */
  source(kind: ReadKind, key: string): SharedSource {
    const cache = this.#caches[kind];
    const linesOf = hitLines();
    return {
      find(monotonicMs) {
        const found = cache.fresh(key, monotonicMs);
        if (found === null || !found.outcome.ok) return null;
        const body = found.outcome.value;
        return { body, cacheStatus: linesOf(found, body.lagMs) };
      },
      noteHit: () => cache.noteHit(),
    };
  }

  /** Heard of a change, from wherever; hearing of it again is harmless. */
  changed(change: ChangedEntity): void {
    const fences = this.#fences;
    if (change.kind === 'user') {
      fences.raise(TAGS.user(change.userId), null);
      if (change.isGone) fences.raise(NAMES, null);
    } else if (change.kind === 'follow') {
      const { userId, creatorId } = change;
      for (const id of [userId, creatorId]) fences.raise(TAGS.user(id), null);
      fences.raise(TAGS.following(userId), null);
      fences.raise(TAGS.followers(creatorId), null);
    } else this.#productChanged(change);
  }

  dropsChanged(): void {
    this.#fences.raise(TAGS.drops, null);
  }

  #productChanged(change: ChangedEntity & { readonly kind: 'product' }): void {
    const { productId, creatorId, revision } = change;
    const isNews = this.#fences.raise(TAGS.product(productId), revision);
    if (!isNews) return;
    if (creatorId === null) this.#fences.raise(kindTag('product-lists'), null);
    else this.#fences.raise(TAGS.productsOf(creatorId), null);
    this.#fences.raise(TAGS.products, null);
  }

  counts(): Readonly<Record<ReadKind, CacheCounts>> {
    const counted = Object.entries(this.#caches).map(([kind, cache]) => [kind, cache.counts()]);
    return Object.fromEntries(counted) as Record<ReadKind, CacheCounts>;
  }

  /** Returns how many entries went. */
  evict({ kind, key, creatorId, all }: CacheEviction): number {
    // What is outdated already does not count.
    for (const cache of Object.values(this.#caches)) cache.removeOutdated();
    const fences = this.#fences;
    if (all === true) fences.raiseAll();
    if (kind !== undefined) fences.raise(kindTag(kind), null);
    if (key !== undefined) fences.raise(keyTag(key), null);
    if (creatorId !== undefined)
      for (const tag of [...LISTS_OF_ALL, TAGS.creator(creatorId)]) fences.raise(tag, null);
    let removed = 0;
    for (const cache of Object.values(this.#caches)) removed += cache.removeOutdated();
    return removed;
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }
}

function isSame(one: SharedBody, other: SharedBody): boolean {
  return one.etag === other.etag;
}

/** What reads are outdated by. */
export const TAGS = {
  products: 'products',
  drops: 'drops',
  names: NAMES,
  product: (productId: string) => `product:${productId}`,
  productsOf: (creatorId: string) => `products:${creatorId}`,
  user: (userId: string) => `user:${userId}`,
  followers: (creatorId: string) => `followers:${creatorId}`,
  following: (userId: string) => `following:${userId}`,
  /** Of everything that is shown of a creator, for evictions. */
  creator: (creatorId: string) => `creator:${creatorId}`,
} as const;

function kindTag(kind: string): string {
  return `kind:${kind}`;
}

function keyTag(key: string): string {
  return `key:${key}`;
}
