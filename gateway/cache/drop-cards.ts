// Reads of single drops (C2, C4): from the gateway's copies where those are fresh, else from the
// drop's actor, who is asked once however many read. That there is no such drop is not remembered
// beyond that: followers who are told of a draft that was announced read it at once, through any
// gateway.

import type { CommandRouter } from '../../actors/command-router.ts';
import type { CacheEviction } from '../../contracts/caches.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { success } from '../../domain/refusal.ts';
import type { DropViews } from '../drop-views.ts';
import type { RouteCall } from '../http/route.ts';
import type { SharedBody, SharedSource } from '../http/shared-replies.ts';
import { sharedDrop } from '../present.ts';
import { cacheStatus } from './cache-headers.ts';
import type { ProductPictures } from './product-pictures.ts';
import type { CacheCounts, Served } from './read-cache.ts';

/** How long after an actor was asked others wait for the same reply. */
const JOIN_MS = 250;

export interface DropCardsOptions {
  readonly views: DropViews;
  readonly router: CommandRouter;
  readonly pictures: Pick<ProductPictures, 'knownOf' | 'find'>;
  readonly monotonic: () => number;
}

export interface DropRead {
  readonly outcome: Outcome<DropView>;
  readonly served: Served;
}

const HIT = cacheStatus('hit');

interface Ask {
  readonly askedAt: number;
  readonly reply: Promise<Outcome<DropView>>;
}

export class DropCards {
  readonly #options: DropCardsOptions;
  /** By drop; not more than there are requests in flight. */
  readonly #asks = new Map<string, Ask>();
  #hits = 0;
  #misses = 0;
  #collapsed = 0;
  #faults = 0;

  constructor(options: DropCardsOptions) {
    this.#options = options;
  }

  /**
   * The drop's durable view: at most a second old, and not older than any reply of this gateway.
   * Where there is no such view, the actor's reply.
   */
  async read(dropId: string): Promise<DropRead> {
    const { views, monotonic } = this.#options;
    const view = views.fresh(dropId);
    const now = monotonic();
    if (view !== null) {
      this.#hits += 1;
      return { outcome: success(view), served: 'hit' };
    }
    const known = this.#asks.get(dropId);
    if (known === undefined || now - known.askedAt >= JOIN_MS) {
      this.#misses += 1;
      return { outcome: this.#newest(dropId, await this.#ask(dropId, now)), served: 'miss' };
    }
    const least = views.find(dropId)?.versionShown ?? 0;
    const reply = await known.reply;
    // The actor was asked before a reply of this gateway showed more.
    if (reply.ok && reply.value.version < least) return await this.read(dropId);
    this.#collapsed += 1;
    return { outcome: this.#newest(dropId, reply), served: 'collapsed' };
  }

  /** The drop was shown to somebody. */
  viewed(dropId: string): void {
    this.#options.views.find(dropId)?.counts.viewed();
  }

  /** What everybody is shown of it: with the public picture of its product. */
  async body(view: DropView, call: RouteCall): Promise<SharedBody> {
    return sharedDrop(view, await this.#options.pictures.find(view.productId, call));
  }

  /**
   * The card of a drop for as long as a read of it would be a hit, and it is shown to everybody.
   */
  source(
    { id, productId }: Pick<DropView, 'id' | 'productId'>,
    isHidden: (view: DropView) => boolean,
  ): SharedSource {
    const { views, pictures } = this.#options;
    const counts = views.find(id)?.counts;
    const pictureOf = pictures.knownOf(productId);
    return {
      find: (monotonicMs) => {
        const view = views.fresh(id, monotonicMs);
        if (view === null || isHidden(view)) return null;
        const picture = pictureOf();
        return picture === undefined ? null : { body: sharedDrop(view, picture), cacheStatus: HIT };
      },
      noteHit: () => {
        this.#hits += 1;
        counts?.viewed();
      },
    };
  }

  /** The next reader of each asks its actor. Returns how many views there were. */
  evict({ kind, key, creatorId, all }: CacheEviction): number {
    if (kind !== undefined && kind !== 'drops') return 0;
    const isAll = all === true || kind !== undefined;
    return this.#options.views.outdate(({ dropId, view }) => {
      return isAll || key === `/v1/drops/${dropId}` || view?.creatorId === creatorId;
    });
  }

  counts(): CacheCounts {
    const { views } = this.#options;
    return {
      entries: views.size,
      bytes: views.bytes,
      hits: this.#hits,
      misses: this.#misses,
      collapsed: this.#collapsed,
      stale: 0,
      faults: this.#faults,
      evictions: views.evictions,
    };
  }

  async #ask(dropId: string, askedAt: number): Promise<Outcome<DropView>> {
    const { views, router } = this.#options;
    const ask: Ask = { askedAt, reply: router.send({ type: 'get-drop', dropId }) };
    this.#asks.set(dropId, ask);
    let reply: Outcome<DropView>;
    try {
      reply = await ask.reply;
    } finally {
      if (this.#asks.get(dropId) === ask) this.#asks.delete(dropId);
    }
    if (reply.ok) views.accept(reply.value);
    else if (reply.code === 'not-found') views.forget(dropId);
    else this.#faults += 1;
    return reply;
  }

  /** What came over the bus meanwhile may be newer than the reply. */
  #newest(dropId: string, reply: Outcome<DropView>): Outcome<DropView> {
    const view = this.#options.views.fresh(dropId);
    return view !== null && reply.ok && view.version > reply.value.version ? success(view) : reply;
  }
}
