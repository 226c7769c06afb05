// Stores each second what this gateway counts of drops (L2). A flush that fails is repeated with
// its number, and counts once; a gateway that is killed loses what it counted since the last one.

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import { AmountSums } from '../../events/analytics/amount-sums.ts';
import { FINE_MS } from '../../events/analytics/accounted-state.ts';
import {
  type AccountedDrop,
  ALL,
  type AnalyticsStore,
  type CountedFlush,
  STEP_MS,
  subjectOfCreator,
  subjectOfDrop,
} from '../../storage/ports/analytics.ts';
import { DropCounts } from './drop-counts.ts';

const FLUSH_MS = 1_000;
/** Drops that are counted by themselves in one flush; all others are counted together. */
const DROPS_MAX = 10_000;
/** Counts of so many times more drops wait for a flush. */
const WAITING_FACTOR = 4;
/** Of the drops beyond: they are in the sums of the whole store only. */
const OTHERS = '';

/** The most streams at once that a step of time has been given so far. */
interface Given {
  start: number;
  most: number;
}

export interface GatewayAnalyticsOptions {
  readonly store: Pick<AnalyticsStore, 'generation' | 'exact' | 'count'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dropsMax?: number;
}

export class GatewayAnalytics {
  readonly #options: GatewayAnalyticsOptions;
  readonly #gateway = randomUUID();
  readonly #others: DropCounts;
  /** Counted since the last flush. */
  #touched = new Set<DropCounts>();
  /** By drop: where streams are, and what their minute and their hour were given. */
  readonly #watched = new Map<DropCounts, { minute: Given; hour: Given }>();
  #flushes = 0;
  /** Not stored yet. */
  #pending: CountedFlush | null = null;
  #timer: Timer | null = null;
  #flushing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: GatewayAnalyticsOptions) {
    this.#options = options;
    this.#others = this.#counts(OTHERS);
  }

  /**
   * The counts of a drop, for somebody who holds them for as long as the drop is read, sold or
   * watched there. Several may have counts of one drop.
   */
  countsOf(dropId: string): DropCounts {
    return this.#counts(dropId);
  }

  start(): void {
    this.#plan();
  }

  /** Stores what is counted. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#flushing;
    await this.flush();
  }

  /** Never rejects: what could not be stored is in the next flush. */
  async flush(): Promise<void> {
    const { store, log } = this.#options;
    try {
      this.#pending ??= await this.#take();
      if (this.#pending === null) return;
      await store.count(this.#pending);
      this.#pending = null;
    } catch (error) {
      log.warn({ err: error }, 'what this gateway counted could not be stored');
    }
  }

  #counts(dropId: string): DropCounts {
    return new DropCounts(dropId, (counts) => this.#touch(counts));
  }

  /** While the store does not answer, drops beyond the bound are not counted. */
  #touch(counts: DropCounts): void {
    const { dropsMax = DROPS_MAX } = this.#options;
    if (this.#touched.size < WAITING_FACTOR * dropsMax) this.#touched.add(counts);
    else counts.discard();
  }

  #plan(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(FLUSH_MS, () => {
      this.#flushing = this.flush().finally(() => this.#plan());
    });
  }

  async #take(): Promise<CountedFlush | null> {
    if (this.#touched.size === 0 && this.#watched.size === 0) return null;
    const { clock, dropsMax = DROPS_MAX } = this.#options;
    const ids = new Set<string>();
    for (const { dropId } of [...this.#touched, ...this.#watched.keys()]) {
      if (ids.size >= dropsMax) break;
      if (dropId !== OTHERS) ids.add(dropId);
    }
    // Before anything is taken, since it may fail.
    const known = await this.#known([...ids]);
    const touched = this.#touched;
    this.#touched = new Set();
    const sums = new AmountSums();
    const watching = new Map<string, number>();
    const at = clock.now();
    // In the middle of what is counted.
    const time = at - FLUSH_MS / 2;
    for (const counts of touched) {
      counts.isTouched = false;
      const { dropId } = ids.has(counts.dropId) ? counts : this.#others;
      addCounts(sums, counts, dropId, known.get(dropId), time);
      this.#followWatched(counts);
    }
    for (const [counts, given] of this.#watched) {
      const { dropId, watching: present } = counts;
      if (!ids.has(dropId)) continue;
      if (present > 0) watching.set(dropId, (watching.get(dropId) ?? 0) + present);
      addMost(sums, counts, given, time);
      if (present === 0) this.#watched.delete(counts);
    }
    const present = Array.from(watching, ([dropId, count]) => ({ dropId, count }));
    const flush = ++this.#flushes;
    return { gateway: this.#gateway, flush, at, amounts: sums.amounts(), watching: present };
  }

  /** Stays as long as somebody watches, and for the flush after. */
  #followWatched(counts: DropCounts): void {
    if (counts.mostWatching === 0 || this.#watched.has(counts)) return;
    this.#watched.set(counts, { minute: { start: 0, most: 0 }, hour: { start: 0, most: 0 } });
  }

  async #known(ids: readonly string[]): Promise<ReadonlyMap<string, AccountedDrop>> {
    if (ids.length === 0) return new Map();
    const { store } = this.#options;
    const drops = await store.exact(await store.generation()).drops(ids);
    return new Map(drops.filter((drop) => drop !== null).map((drop) => [drop.id, drop]));
  }
}

/** A drop that is not known yet has no sums of seconds, and none of its creator. */
function addCounts(
  sums: AmountSums,
  counts: DropCounts,
  dropId: string,
  known: AccountedDrop | undefined,
  time: number,
): void {
  const openedAt = known?.openedAt ?? null;
  const isFine = openedAt !== null && time >= openedAt && time < openedAt + FINE_MS;
  for (const [name, value] of counts.take()) {
    if (value === 0) continue;
    sums.addCoarse(ALL, time, name, value);
    if (dropId === OTHERS) continue;
    sums.addCoarse(subjectOfDrop(dropId), time, name, value);
    if (known !== undefined) sums.addCoarse(subjectOfCreator(known.creatorId), time, name, value);
    if (isFine)
      sums.add(subjectOfDrop(dropId), 'second', time - (time % STEP_MS.second), name, value);
  }
}

/** Adds by how much the most of this flush is more than what the step has been given before. */
function addMost(
  sums: AmountSums,
  counts: DropCounts,
  given: { minute: Given; hour: Given },
  time: number,
): void {
  const { dropId, mostWatching, watching } = counts;
  for (const step of ['minute', 'hour'] as const) {
    const start = time - (time % STEP_MS[step]);
    const one = given[step];
    if (one.start !== start) {
      one.start = start;
      one.most = 0;
    }
    if (mostWatching <= one.most) continue;
    sums.add(subjectOfDrop(dropId), step, start, 'watchersMax', mostWatching - one.most);
    one.most = mostWatching;
  }
  counts.mostWatching = watching;
}
