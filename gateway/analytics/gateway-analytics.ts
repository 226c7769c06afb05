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
  type Amount,
  type AnalyticsStore,
  type CountedFlush,
  type ExactAnalytics,
  STEP_MS,
  subjectOfCreator,
  subjectOfDrop,
  type WatchingCount,
} from '../../storage/ports/analytics.ts';
import { DropCounts } from './drop-counts.ts';

const FLUSH_MS = 1_000;
/** Drops that are counted by themselves in one flush; all others are counted together. */
const DROPS_MAX = 10_000;
/** Counts of so many times more drops wait for a flush. */
const WAITING_FACTOR = 4;
/** Of the drops beyond: they are in the sums of the whole store only. */
const OTHERS = '';
/** Sums that one call of the store changes, which on Redis is one script. */
const AMOUNTS_MAX = 1_500;

/** The most streams at once that a step of time has been given so far. */
interface GivenStep {
  start: number;
  most: number;
}
interface Given {
  readonly minute: GivenStep;
  readonly hour: GivenStep;
}

export interface GatewayAnalyticsOptions {
  readonly store: Pick<AnalyticsStore, 'generation' | 'count'> & {
    exact(generation: number): Pick<ExactAnalytics, 'drops'>;
  };
  readonly clock: Clock;
  readonly log: Logger;
  readonly dropsMax?: number;
}

export class GatewayAnalytics {
  readonly #options: GatewayAnalyticsOptions;
  readonly #gateway = randomUUID();
  readonly #others: DropCounts;
  /** Counted since the last flush. */
  readonly #touched = new Set<DropCounts>();
  /** Where streams are. */
  readonly #watched = new Set<DropCounts>();
  /** By drop, while its hour lasts, whoever leaves and comes back; used last at the end. */
  readonly #given = new Map<string, Given>();
  #flushes = 0;
  /** Not stored yet, in their order. */
  #pending: CountedFlush[] = [];
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
    const hadPending = this.#pending.length > 0;
    await this.flush();
    if (hadPending && this.#pending.length === 0) await this.flush();
  }

  /** Never rejects: what could not be stored is in the next flush. */
  async flush(): Promise<void> {
    const { store, log } = this.#options;
    try {
      if (this.#pending.length === 0) this.#pending = await this.#take();
      for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
        await store.count(next);
        this.#pending.shift();
      }
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

  async #take(): Promise<CountedFlush[]> {
    if (this.#touched.size === 0 && this.#watched.size === 0) return [];
    const { clock, dropsMax = DROPS_MAX } = this.#options;
    const ids = new Set<string>();
    // What is touched while the drops are looked up waits for the next flush.
    const touched = [...this.#touched];
    for (const { dropId } of [...touched, ...this.#watched]) {
      if (ids.size >= dropsMax) break;
      if (dropId !== OTHERS) ids.add(dropId);
    }
    // Before anything is taken, since it may fail.
    const known = await this.#known([...ids]);
    const sums = new AmountSums();
    const at = clock.now();
    // In the middle of what is counted.
    const time = at - FLUSH_MS / 2;
    for (const counts of touched) {
      this.#touched.delete(counts);
      counts.isTouched = false;
      const { dropId } = ids.has(counts.dropId) ? counts : this.#others;
      addCounts(sums, counts, dropId, known.get(dropId), time);
      this.#followWatched(counts);
    }
    const watching = this.#takeWatched(ids, sums, time);
    return this.#portions(sums.amounts(), watching, at);
  }

  /** Stays as long as somebody watches, and for the flush after. */
  #followWatched(counts: DropCounts): void {
    if (counts.mostWatching > 0) this.#watched.add(counts);
  }

  /** Who watches now. Adds the most of each drop to the sums. */
  #takeWatched(ids: ReadonlySet<string>, sums: AmountSums, time: number): WatchingCount[] {
    const watching = new Map<string, number>();
    const most = new Map<string, number>();
    for (const counts of this.#watched) {
      const { dropId, watching: present, mostWatching } = counts;
      if (present === 0) this.#watched.delete(counts);
      if (!ids.has(dropId)) continue;
      if (present > 0) watching.set(dropId, (watching.get(dropId) ?? 0) + present);
      // Of several counts of a drop one is of streams that have left.
      most.set(dropId, Math.max(most.get(dropId) ?? 0, mostWatching));
      counts.mostWatching = present;
    }
    for (const [dropId, count] of most) addMost(sums, dropId, count, this.#givenOf(dropId), time);
    this.#removeGiven(time);
    return Array.from(watching, ([dropId, count]) => ({ dropId, count }));
  }

  #givenOf(dropId: string): Given {
    const none = { minute: { start: 0, most: 0 }, hour: { start: 0, most: 0 } };
    const given = this.#given.get(dropId) ?? none;
    this.#given.delete(dropId);
    this.#given.set(dropId, given);
    return given;
  }

  /** Those of hours that have passed, and beyond the bound those without a watcher for longest. */
  #removeGiven(time: number): void {
    const { dropsMax = DROPS_MAX } = this.#options;
    const present = time - (time % STEP_MS.hour);
    for (const [dropId, { hour }] of this.#given) {
      if (hour.start >= present && this.#given.size <= WAITING_FACTOR * dropsMax) return;
      this.#given.delete(dropId);
    }
  }

  /** The last one says who watches. */
  #portions(
    amounts: readonly Amount[],
    watching: readonly WatchingCount[],
    at: number,
  ): CountedFlush[] {
    const portions: CountedFlush[] = [];
    let first = 0;
    do {
      const end = first + AMOUNTS_MAX;
      portions.push({
        gateway: this.#gateway,
        flush: ++this.#flushes,
        at,
        amounts: amounts.slice(first, end),
        watching: end < amounts.length ? null : watching,
      });
      first = end;
    } while (first < amounts.length);
    return portions;
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
function addMost(sums: AmountSums, dropId: string, most: number, given: Given, time: number): void {
  for (const step of ['minute', 'hour'] as const) {
    const start = time - (time % STEP_MS[step]);
    const one = given[step];
    if (one.start !== start) {
      one.start = start;
      one.most = 0;
    }
    if (most <= one.most) continue;
    sums.add(subjectOfDrop(dropId), step, start, 'watchersMax', most - one.most);
    one.most = most;
  }
}
