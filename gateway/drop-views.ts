// The gateway's copies of durable drop views: bounded, fed by the live bus, filled from the drop's
// actor. They answer reads, and orders for drops that are sold out with nothing held (H7). The bus
// is best effort, so a copy that has heard nothing for a second is asked for again; meanwhile, for
// another second, a sold-out answer stands "until it hears otherwise".

import { dropTopic, type LiveBus, type LiveMessage } from '../actors/live-bus.ts';
import type { CommandRouter } from '../actors/command-router.ts';
import type { OrderFilter } from '../contracts/orders.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { DropView } from '../contracts/drops.ts';
import { filterHas, orderFingerprint } from '../domain/order-filter.ts';

/** A copy older than this is asked for again before or while it is used. */
const FRESH_MS = 1_000;
/**
 * A sold-out copy of this age answers no order any more: it could not be had anew, so somebody may
 * have an order by now under the very key that would be refused (J4).
 */
const SOLD_OUT_AGE_MAX_MS = 2_000;
/** Drops watched at once. */
const DROPS_MAX = 10_000;
/** All order filters together; past it, orders of the drops without one go to their actor. */
const FILTER_BYTES_MAX = 64 * 1024 * 1024;
/** Entries looked at for one not used lately before the oldest goes. */
const EVICTION_PROBES = 16;

export interface WatchedDrop {
  readonly dropId: string;
  view: DropView | null;
  /** When the view was last known to be the newest. */
  heardAt: number;
  /**
   * The highest version that a reply through this gateway has shown: an older copy is not shown
   * after it.
   */
  versionShown: number;
  filter: OrderFilter | null;
  /** The body of the sold-out answer at `soldOutVersion`, kept by the order path. */
  soldOutVersion: number;
  soldOutBody: ArrayBuffer;
  /** Looked up since the last eviction came by. */
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
  readonly dropsMax?: number;
  readonly filterBytesMax?: number;
}

export class DropViews {
  readonly #bus: LiveBus;
  readonly #router: CommandRouter;
  readonly #monotonic: () => number;
  readonly #dropsMax: number;
  readonly #filterBytesMax: number;
  readonly #drops = new Map<string, WatchedDrop>();
  readonly #endGaps: () => void;
  #filterBytes = 0;

  constructor(options: DropViewsOptions) {
    this.#bus = options.bus;
    this.#router = options.router;
    this.#monotonic = options.monotonic;
    this.#dropsMax = options.dropsMax ?? DROPS_MAX;
    this.#filterBytesMax = options.filterBytesMax ?? FILTER_BYTES_MAX;
    this.#endGaps = options.bus.onGap(() => this.#doubtAll());
  }

  get size(): number {
    return this.#drops.size;
  }

  /** The watched drop, or undefined; costs one map lookup. */
  find(dropId: string): WatchedDrop | undefined {
    const drop = this.#drops.get(dropId);
    if (drop !== undefined) drop.used = true;
    return drop;
  }

  /** Begins to watch a drop that is known to exist. */
  watch(dropId: string): WatchedDrop {
    const known = this.find(dropId);
    if (known !== undefined) return known;
    if (this.#drops.size >= this.#dropsMax) this.#evict();
    const drop: WatchedDrop = {
      dropId,
      view: null,
      heardAt: -Infinity,
      versionShown: 0,
      filter: null,
      soldOutVersion: -1,
      soldOutBody: new ArrayBuffer(0),
      used: true,
      fetchedViewAt: -Infinity,
      fetchedFilterAt: -Infinity,
      watched: true,
      unsubscribe: () => undefined,
    };
    this.#drops.set(dropId, drop);
    // Listening comes before asking, so that no change between the two is missed.
    drop.unsubscribe = this.#bus.subscribe(dropTopic(dropId), (message) =>
      this.#hear(drop, message),
    );
    this.#fetchView(drop);
    return drop;
  }

  /**
   * The drop's durable view, at most a second old and not older than any reply given here. Answers
   * what the actor answers.
   */
  async get(dropId: string): Promise<Outcome<DropView>> {
    const drop = this.find(dropId);
    if (drop !== undefined && drop.view !== null && this.#fresh(drop, drop.view)) {
      return { ok: true, value: drop.view };
    }
    const reply = await this.#router.send({ type: 'get-drop', dropId });
    if (reply.ok) this.offer(reply.value);
    else if (reply.code === 'not-found' && drop !== undefined) this.#forget(drop);
    return reply;
  }

  /** A view that came with a reply: newer than the copy, or the same. */
  offer(view: DropView): void {
    const drop = this.watch(view.id);
    if (view.version > drop.versionShown) drop.versionShown = view.version;
    this.#take(drop, view);
  }

  /**
   * True when the gateway may say "sold out" by itself: the durable copy is live with nothing free
   * and nothing held, and the filter of the same version knows no order of this user under this
   * key. Otherwise the actor must be asked (O3).
   */
  soldOutFor(drop: WatchedDrop, userId: string, key: string, monotonicMs: number): boolean {
    const { view, filter } = drop;
    if (view === null || view.free !== 0 || view.held !== 0 || view.status !== 'live') return false;
    const ageMs = monotonicMs - drop.heardAt;
    if (ageMs >= FRESH_MS) this.#fetchView(drop);
    if (ageMs >= SOLD_OUT_AGE_MAX_MS) return false;
    if (filter === null || filter.version !== view.version) {
      this.#fetchFilter(drop);
      return false;
    }
    return !filterHas(filter, orderFingerprint(userId, key));
  }

  stop(): void {
    this.#endGaps();
    for (const drop of this.#drops.values()) this.#forget(drop);
  }

  #fresh(drop: WatchedDrop, view: DropView): boolean {
    return view.version >= drop.versionShown && this.#monotonic() - drop.heardAt < FRESH_MS;
  }

  /** Messages may have been lost: each copy is asked for again before or while it is used. */
  #doubtAll(): void {
    for (const drop of this.#drops.values()) drop.heardAt = -Infinity;
  }

  #hear(drop: WatchedDrop, message: LiveMessage): void {
    if (message.type === 'drop') this.#take(drop, message.view);
  }

  #take(drop: WatchedDrop, view: DropView): void {
    if (!drop.watched) return;
    if (drop.view !== null && view.version < drop.view.version) return;
    drop.view = view;
    drop.heardAt = this.#monotonic();
    if (drop.filter !== null && drop.filter.version !== view.version) this.#dropFilter(drop);
  }

  /**
   * At most once in `FRESH_MS` for each drop, so that a slow actor is not asked once for each
   * order.
   */
  #fetchView(drop: WatchedDrop): void {
    const now = this.#monotonic();
    if (now - drop.fetchedViewAt < FRESH_MS) return;
    drop.fetchedViewAt = now;
    this.#router.submit(
      { type: 'get-drop', dropId: drop.dropId },
      {
        complete: (reply) => {
          if (reply.ok) this.#take(drop, reply.value as DropView);
          else if (reply.code === 'not-found') this.#forget(drop);
        },
      },
    );
  }

  #fetchFilter(drop: WatchedDrop): void {
    const now = this.#monotonic();
    if (now - drop.fetchedFilterAt < FRESH_MS) return;
    drop.fetchedFilterAt = now;
    this.#router.submit(
      { type: 'get-order-filter', dropId: drop.dropId },
      {
        complete: (reply) => {
          if (reply.ok) this.#takeFilter(drop, reply.value as OrderFilter);
        },
      },
    );
  }

  #takeFilter(drop: WatchedDrop, filter: OrderFilter): void {
    if (!drop.watched) return;
    this.#dropFilter(drop);
    if (this.#filterBytes + filter.bitmap.length > this.#filterBytesMax) return;
    this.#filterBytes += filter.bitmap.length;
    drop.filter = filter;
  }

  #dropFilter(drop: WatchedDrop): void {
    if (drop.filter === null) return;
    this.#filterBytes -= drop.filter.bitmap.length;
    drop.filter = null;
    // The next version's filter may be asked for at once.
    drop.fetchedFilterAt = -Infinity;
  }

  #forget(drop: WatchedDrop): void {
    if (!drop.watched) return;
    drop.watched = false;
    this.#dropFilter(drop);
    this.#drops.delete(drop.dropId);
    drop.unsubscribe();
  }

  /**
   * The second-chance algorithm: whoever was used since the last visit goes to the back of the
   * queue once.
   */
  #evict(): void {
    let probes = 0;
    for (const drop of this.#drops.values()) {
      if (!drop.used || ++probes > EVICTION_PROBES) {
        this.#forget(drop);
        return;
      }
      drop.used = false;
      this.#drops.delete(drop.dropId);
      this.#drops.set(drop.dropId, drop);
    }
  }
}
