// The gateway's copy of the drops that are live now, so that `ready` can name those of followed
// creators (N5a) without a read for each client or creator. Every owner publishes starts and ends
// on one topic of the bus. The list of live drops is read when the first client comes, and again
// after lost messages; then all clients wait for one read.

import { type LiveMessage, STATUS_TOPIC } from '../../actors/live-bus.ts';
import { PAGE_LIMIT_MAX } from '../../contracts/bounds.ts';
import type { DropsPage, DropView } from '../../contracts/drops.ts';
import { READY_DROPS_MAX } from '../../contracts/live.ts';
import type { PageRequest } from '../../contracts/paging.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { DropsByStart, type LiveDrop } from './drops-by-start.ts';
import type { LiveContext } from './live-context.ts';

/** Reads in a row that messages were lost in; past it the copy is not known. */
const READS_MAX = 3;

export class LiveDrops {
  readonly #context: LiveContext;
  #all = new DropsByStart();
  #byCreator = new Map<string, DropsByStart>();
  #byId = new Map<string, LiveDrop>();
  #unsubscribe: (() => void) | null = null;
  /** Nothing was lost since the last read began. */
  #isKnown = false;
  /** Monotonic. */
  #readAt = 0;
  /** Raised whenever messages may have been lost. */
  #losses = 0;
  #reading: Promise<void> | null = null;
  /** The last news of each drop since the read under way began. Null without one. */
  #news: Map<string, DropView> | null = null;
  #stopped = false;

  constructor(context: LiveContext) {
    this.#context = context;
  }

  /**
   * Whether `newestOf` has every start that the bus has delivered. Where the last read of the list
   * is old, the next begins, for what the bus lost without a gap.
   */
  known(): boolean {
    const { clock, bounds } = this.#context;
    const isOld = clock.monotonic() - this.#readAt > bounds.liveDropsReadMs;
    if (this.#isKnown && isOld) void this.#read();
    return this.#isKnown;
  }

  /** Resolves when the copy is known, or cannot be soon. Never rejects. */
  async settled(): Promise<void> {
    if (!this.known()) await this.#read();
  }

  /**
   * The newest live drops of these creators, the one that started last first. Null while they are
   * not known.
   */
  newestOf(
    creators: Iterable<{ readonly creatorId: string }>,
    creatorCount: number,
    follows: (creatorId: string) => boolean,
  ): readonly LiveDrop[] | null {
    if (!this.#isKnown) return null;
    const now = this.#context.clock.now();
    if (creatorCount > this.#byCreator.size)
      return this.#all.newest(READY_DROPS_MAX, now, ({ creatorId }) => follows(creatorId));
    const found = new DropsByStart();
    for (const { creatorId } of creators) {
      const drops = this.#byCreator.get(creatorId)?.newest(READY_DROPS_MAX, now) ?? [];
      for (const drop of drops) if (!found.addNewest(drop, READY_DROPS_MAX)) break;
    }
    return found.newest(READY_DROPS_MAX, now);
  }

  /** Starts or ends may have been lost. */
  lost(): void {
    this.#losses++;
    this.#isKnown = false;
  }

  stop(): void {
    this.#stopped = true;
    this.#isKnown = false;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  /** One read for all who wait. It ends in time for them also where the store does not answer. */
  #read(): Promise<void> {
    this.#reading ??= new Promise<void>((resolve) => {
      const { clock, bounds } = this.#context;
      const timer = clock.after(bounds.liveDropsWaitMsMax, resolve);
      void this.#readUnlost().then(() => {
        timer.cancel();
        this.#reading = null;
        this.#news = null;
        resolve();
      });
    });
    return this.#reading;
  }

  async #readUnlost(): Promise<void> {
    try {
      for (let reads = 0; reads < READS_MAX && !this.#stopped; reads++) {
        const losses = this.#losses;
        const views = await this.#readList();
        if (this.#stopped || views === null) return;
        if (losses !== this.#losses) continue;
        this.#replace(views);
        this.#isKnown = true;
        return;
      }
    } catch (error) {
      this.#context.log.error({ err: error }, 'live drops could not be read for the live stream');
    }
  }

  /** Null where the list cannot be read now. */
  async #readList(): Promise<readonly DropView[] | null> {
    const { bus, bounds, call, clock } = this.#context;
    this.#unsubscribe ??= bus.subscribe(STATUS_TOPIC, (message) => this.#receive(message));
    this.#news = new Map();
    await bus.settled();
    this.#readAt = clock.monotonic();
    // What changed before the subscription is in the list after this time (D4a).
    if (bounds.dropListLagMs > 0)
      await new Promise<void>((resolve) => void clock.after(bounds.dropListLagMs, resolve));
    if (this.#stopped) return null;
    const views: DropView[] = [];
    let cursor: string | null = null;
    do {
      const page: PageRequest = { limit: PAGE_LIMIT_MAX, cursor };
      const outcome: Outcome<DropsPage> = await call('catalogue.drops', { status: 'live', page });
      if (!outcome.ok) return null;
      views.push(...outcome.value.items);
      cursor = outcome.value.nextCursor;
    } while (cursor !== null && views.length < bounds.liveDropsMax && !this.#stopped);
    return views;
  }

  #replace(views: readonly DropView[]): void {
    const news = this.#news!;
    this.#all = new DropsByStart();
    this.#byCreator = new Map();
    this.#byId = new Map();
    for (const view of views) if (!news.has(view.id)) this.#apply(view);
    for (const view of news.values()) this.#apply(view);
  }

  #receive(message: LiveMessage): void {
    if (message.type !== 'milestone') return;
    const { view } = message.milestone;
    if (this.#news !== null) {
      this.#news.set(view.id, view);
      if (this.#news.size > this.#context.bounds.liveDropsMax) {
        this.#news.clear();
        this.lost();
      }
    }
    this.#apply(view);
  }

  #apply({ id, creatorId, productId, startsAt, endsAt, status }: DropView): void {
    const known = this.#byId.get(id);
    if (known !== undefined) this.#remove(known);
    if (status !== 'live') return;
    const drop: LiveDrop = { dropId: id, creatorId, productId, startsAt, endsAt };
    this.#byId.set(id, drop);
    this.#all.add(drop);
    let drops = this.#byCreator.get(creatorId);
    if (drops === undefined) {
      drops = new DropsByStart();
      this.#byCreator.set(creatorId, drops);
    }
    drops.add(drop);
    if (this.#byId.size > this.#context.bounds.liveDropsMax) this.#remove(this.#all.oldest!);
  }

  #remove(drop: LiveDrop): void {
    this.#byId.delete(drop.dropId);
    this.#all.remove(drop);
    const drops = this.#byCreator.get(drop.creatorId)!;
    drops.remove(drop);
    if (drops.oldest === undefined) this.#byCreator.delete(drop.creatorId);
  }
}
