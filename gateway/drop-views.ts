// The gateway's bounded cache of durable drop views. The live bus updates it, and drops' actors
// fill it. Cached views answer reads, and orders for drops that are paused, or sold out with
// nothing held (H7). The bus is best effort, so a view without an update for a second is fetched
// again. Until the fetch ends, and for at most another second, the cached view still answers
// orders.

import { dropTopic, type LiveBus, type LiveMessage } from '../actors/live-bus.ts';
import type { CommandRouter } from '../actors/command-router.ts';
import type { OrderFilter } from '../contracts/orders.ts';
import type { DropView } from '../contracts/drops.ts';
import { mayHaveOrder } from '../domain/order-filter.ts';
import { DropCounts } from './analytics/drop-counts.ts';
import { orderLane } from './orders/order-window.ts';

/** A view older than this is fetched again, before or while it is used. */
const FRESH_MS = 1_000;
/**
 * A view of this age answers no order: it could not be refreshed, so an order may exist by now
 * under the very key that would be refused (J4).
 */
const REFUSAL_AGE_MAX_MS = 2_000;
/** A view with its JSON and its subscription, roughly. */
const DROP_BYTES = 2_048;
/** Drops in the cache. */
const DROPS_MAX = 10_000;
/** Bytes of all order filters. Past it, orders of drops without a filter go to the drop's actor. */
const FILTER_BYTES_MAX = 64 * 1024 * 1024;
/**
 * Entries that an eviction inspects for one that was not used lately; then it evicts the oldest.
 */
const EVICTION_PROBES = 16;

/** What the gateway answers orders with, without the drop's actor (H7). */
export type OwnRefusal = 'sold-out' | 'drop-paused' | 'pass-required';

export interface WatchedDrop {
  readonly dropId: string;
  readonly counts: DropCounts;
  /** The lane of its orders in the order window. */
  readonly orderLane: number;
  view: DropView | null;
  /** The monotonic time at which the view was last known to be the newest. */
  refreshedAt: number;
  /**
   * The highest version that a reply of this gateway has shown. An older view is not shown after
   * it.
   */
  versionShown: number;
  filter: OrderFilter | null;
  /** The body of the gateway's own refusal at `refusalVersion`, cached by the order path. */
  refusalVersion: number;
  refusalBody: ArrayBuffer;
  /** Used since the last eviction inspected the drop. */
  used: boolean;
  fetchedViewAt: number;
  fetchedFilterAt: number;
  watched: boolean;
  unsubscribe: () => void;
}

export interface DropViewsOptions {
  readonly bus: LiveBus;
  readonly router: CommandRouter;
  readonly monotonic: () => number;
  /** For what is counted of drops; it is not stored unless given. */
  readonly countsOf?: (dropId: string) => DropCounts;
  readonly dropsMax?: number;
  readonly filterBytesMax?: number;
}

export class DropViews {
  readonly #bus: LiveBus;
  readonly #router: CommandRouter;
  readonly #monotonic: () => number;
  readonly #countsOf: (dropId: string) => DropCounts;
  readonly #dropsMax: number;
  readonly #filterBytesMax: number;
  readonly #drops = new Map<string, WatchedDrop>();
  readonly #unsubscribeGaps: () => void;
  #filterBytes = 0;
  #evictions = 0;

  constructor(options: DropViewsOptions) {
    this.#bus = options.bus;
    this.#router = options.router;
    this.#monotonic = options.monotonic;
    this.#countsOf = options.countsOf ?? ((dropId) => new DropCounts(dropId));
    this.#dropsMax = options.dropsMax ?? DROPS_MAX;
    this.#filterBytesMax = options.filterBytesMax ?? FILTER_BYTES_MAX;
    this.#unsubscribeGaps = options.bus.onGap(() => this.outdate(() => true));
  }

  get size(): number {
    return this.#drops.size;
  }

  /** The cached drop, or undefined. Costs one map lookup. */
  find(dropId: string): WatchedDrop | undefined {
    const drop = this.#drops.get(dropId);
    if (drop !== undefined) drop.used = true;
    return drop;
  }

  /** Adds a drop that is known to exist, and subscribes to its updates. */
  watch(dropId: string): WatchedDrop {
    const known = this.find(dropId);
    if (known !== undefined) return known;
    const drop = this.#add(dropId);
    // Subscribe first, then fetch: no change between the two is missed.
    this.#fetchView(drop);
    return drop;
  }

  #add(dropId: string): WatchedDrop {
    if (this.#drops.size >= this.#dropsMax) this.#evict();
    const drop: WatchedDrop = {
      dropId,
      counts: this.#countsOf(dropId),
      orderLane: orderLane(dropId),
      view: null,
      refreshedAt: -Infinity,
      versionShown: 0,
      filter: null,
      refusalVersion: -1,
      refusalBody: new ArrayBuffer(0),
      used: true,
      fetchedViewAt: -Infinity,
      fetchedFilterAt: -Infinity,
      watched: true,
      unsubscribe: () => undefined,
    };
    this.#drops.set(dropId, drop);
    drop.unsubscribe = this.#bus.subscribe(dropTopic(dropId), (message) =>
      this.#onMessage(drop, message),
    );
    return drop;
  }

  /** The view, at most a second old, and not older than any reply of this gateway; else null. */
  fresh(dropId: string, monotonicMs = this.#monotonic()): DropView | null {
    const drop = this.find(dropId);
    return drop !== undefined && drop.view !== null && isFresh(drop, drop.view, monotonicMs)
      ? drop.view
      : null;
  }

  /** Views that are fetched again, before or while they are used. Returns how many. */
  outdate(which: (drop: WatchedDrop) => boolean): number {
    let count = 0;
    for (const drop of this.#drops.values()) {
      if (drop.view === null || !which(drop)) continue;
      drop.refreshedAt = -Infinity;
      count += 1;
    }
    return count;
  }

  /** There is no such drop. */
  forget(dropId: string): void {
    const drop = this.#drops.get(dropId);
    if (drop !== undefined) this.#remove(drop);
  }

  /** Of all that is cached, roughly. */
  get bytes(): number {
    return this.#drops.size * DROP_BYTES + this.#filterBytes;
  }

  /** Drops that went because there were too many. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Caches a view from a reply. It is as new as the cached one, or newer. */
  accept(view: DropView): void {
    // One that is over hardly changes: the view is fetched again after a second, as any other.
    const drop = this.find(view.id) ?? (isOver(view) ? this.#add(view.id) : this.watch(view.id));
    if (view.version > drop.versionShown) drop.versionShown = view.version;
    this.#update(drop, view);
  }

  /**
   * Why the gateway may refuse an order without the actor, null where it may not: the durable view
   * is live, and is paused, or has nothing free and nothing held; and a filter that is valid for it
   * has no order of this user. Otherwise the actor must decide: it replays the order (O3), or names
   * it (O6a).
   */
  refusalFor(
    drop: WatchedDrop,
    userId: string,
    key: string,
    monotonicMs: number,
  ): OwnRefusal | null {
    const { view, filter } = drop;
    if (view === null || view.status !== 'live') return null;
    if (!refusesAll(view)) return null;
    if (!this.#isRecent(drop, monotonicMs)) return null;
    if (filter === null || !isValid(filter, view)) {
      this.#fetchFilter(drop);
      return null;
    }
    if (mayHaveOrder(filter, userId, key)) return null;
    return view.paused === true ? 'drop-paused' : 'sold-out';
  }

  /**
   * Whether the gateway may refuse an order without a pass: the durable view sells, and asks for
   * one. No order without a pass is in such a drop (D9), so there is none to replay. A reply that
   * showed a later version may have shown that the drop is open to everybody. Of a view for which
   * `refusalFor` may refuse, false: a version has one refusal of the gateway's.
   */
  asksForPass(drop: WatchedDrop, monotonicMs: number): boolean {
    const { view } = drop;
    if (view === null || view.access !== 'pass' || view.status !== 'live') return false;
    if (refusesAll(view)) return false;
    return view.version >= drop.versionShown && this.#isRecent(drop, monotonicMs);
  }

  stop(): void {
    this.#unsubscribeGaps();
    for (const drop of this.#drops.values()) this.#remove(drop);
  }

  /** Whether the view may refuse an order. One that is no longer fresh is fetched. */
  #isRecent(drop: WatchedDrop, monotonicMs: number): boolean {
    const ageMs = monotonicMs - drop.refreshedAt;
    if (ageMs >= FRESH_MS) this.#fetchView(drop);
    return ageMs < REFUSAL_AGE_MAX_MS;
  }

  #onMessage(drop: WatchedDrop, message: LiveMessage): void {
    if (message.type === 'drop') this.#update(drop, message.view);
  }

  #update(drop: WatchedDrop, view: DropView): void {
    if (!drop.watched) return;
    if (drop.view !== null && view.version < drop.view.version) return;
    drop.view = view;
    drop.refreshedAt = this.#monotonic();
    if (drop.filter !== null && !isValid(drop.filter, view)) this.#removeFilter(drop);
  }

  /**
   * At most once in `FRESH_MS` for each drop, so that a slow actor does not get one request for
   * each order.
   */
  #fetchView(drop: WatchedDrop): void {
    const now = this.#monotonic();
    if (now - drop.fetchedViewAt < FRESH_MS) return;
    drop.fetchedViewAt = now;
    this.#router.submit(
      { type: 'get-drop', dropId: drop.dropId },
      {
        complete: (reply) => {
          if (reply.ok) this.#update(drop, reply.value as DropView);
          else if (reply.code === 'not-found') this.#remove(drop);
        },
      },
    );
  }

  #fetchFilter(drop: WatchedDrop): void {
    const now = this.#monotonic();
    if (now - drop.fetchedFilterAt < FRESH_MS) return;
    drop.fetchedFilterAt = now;
    this.#router.submit(
      { type: 'get-order-filter', dropId: drop.dropId, by: 'user' },
      {
        complete: (reply) => {
          if (reply.ok) this.#storeFilter(drop, reply.value as OrderFilter);
        },
      },
    );
  }

  #storeFilter(drop: WatchedDrop, filter: OrderFilter): void {
    if (!drop.watched) return;
    this.#removeFilter(drop);
    if (this.#filterBytes + filter.bitmap.length > this.#filterBytesMax) return;
    this.#filterBytes += filter.bitmap.length;
    drop.filter = filter;
  }

  #removeFilter(drop: WatchedDrop): void {
    if (drop.filter === null) return;
    this.#filterBytes -= drop.filter.bitmap.length;
    drop.filter = null;
    // The filter of the next version may be fetched at once.
    drop.fetchedFilterAt = -Infinity;
  }

  #remove(drop: WatchedDrop): void {
    if (!drop.watched) return;
    drop.watched = false;
    this.#removeFilter(drop);
    this.#drops.delete(drop.dropId);
    drop.unsubscribe();
  }

  /**
   * Evicts one drop by the second-chance algorithm: a drop that was used since the last inspection
   * moves to the back of the queue once.
   */
  #evict(): void {
    let probes = 0;
    for (const drop of this.#drops.values()) {
      if (!drop.used || ++probes > EVICTION_PROBES) {
        this.#evictions += 1;
        this.#remove(drop);
        return;
      }
      drop.used = false;
      this.#drops.delete(drop.dropId);
      this.#drops.set(drop.dropId, drop);
    }
  }
}

/** Paused, or nothing is free and nothing held. */
function isFresh({ versionShown, refreshedAt }: WatchedDrop, view: DropView, now: number): boolean {
  return view.version >= versionShown && now - refreshedAt < FRESH_MS;
}

function refusesAll({ paused, free, held }: DropView): boolean {
  return paused === true || (free === 0 && held === 0);
}

/** While a drop is paused it gets no orders, however its holds end. */
function isValid(filter: OrderFilter, { version, pausedVersion }: DropView): boolean {
  return pausedVersion === undefined ? filter.version === version : filter.version >= pausedVersion;
}

function isOver({ status, held }: DropView): boolean {
  return (status === 'ended' || status === 'cancelled') && held === 0;
}
