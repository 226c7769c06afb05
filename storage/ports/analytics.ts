// The analytics port: sums by subject and time. Two parts share its form. The exact part is what
// the journals say; it moves together with the position in each journal, so it has every entry
// once, and it can be made again beside the one that serves, as a further generation. The counted
// part is what gateways saw; each of their flushes counts once. Both are read as one.

/** Sums of one second, minute or hour, which begins at `start`; or of all time, at 0. */
export const STEPS = ['second', 'minute', 'hour', 'all'] as const;
export type Step = (typeof STEPS)[number];

export const STEP_MS: Readonly<Record<Exclude<Step, 'all'>, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
};

/** Seconds and minutes are kept for 30 days; hours and sums of all time for good. */
export const FINE_KEPT_MS = 30 * 24 * 3_600_000;

/** Of the whole store. */
export const ALL = 'all';
export const subjectOfDrop = (dropId: string) => `drop/${dropId}`;
export const subjectOfCreator = (creatorId: string) => `creator/${creatorId}`;

/** What is added to one sum. */
export interface Amount {
  readonly subject: string;
  readonly step: Step;
  /** Milliseconds since the Unix epoch. */
  readonly start: number;
  /** Such as `orders`, or `revenue/EUR`. */
  readonly name: string;
  readonly value: number;
}

/** The sums of one subject in one step of time. */
export interface Sums {
  readonly start: number;
  readonly values: Readonly<Record<string, number>>;
}

/** What the exact part knows of a drop, as of its positions. */
export interface AccountedDrop {
  readonly id: string;
  readonly creatorId: string;
  readonly productId: string;
  readonly currency: string;
  readonly unitAmount: number;
  /** Whether orders are sold as they are placed. */
  readonly isInstant: boolean;
  readonly stocked: number;
  readonly held: number;
  readonly sold: number;
  /** Orders placed so far, which is the next order's ordinal. */
  readonly orders: number;
  readonly version: number;
  /** Milliseconds since the Unix epoch, as all times; null: not yet. */
  readonly openedAt: number | null;
  /** When nothing was free for the first time. */
  readonly soldOutAt: number | null;
}

/** Some orders of a drop, by `index`, as `events/analytics/order-segment.ts` writes them. */
export interface StoredSegment {
  readonly dropId: string;
  readonly index: number;
  readonly bytes: Uint8Array;
}

export interface ExactChange {
  readonly positions: readonly {
    readonly shard: number;
    /** The stored position that the change begins behind. */
    readonly from: number;
    readonly to: number;
  }[];
  readonly drops: readonly AccountedDrop[];
  readonly segments: readonly StoredSegment[];
  readonly amounts: readonly Amount[];
}

export interface CountedFlush {
  /** Names one run of one gateway. */
  readonly gateway: string;
  /** Rises with each flush of the gateway; one that is repeated counts once. */
  readonly flush: number;
  readonly at: number;
  readonly amounts: readonly Amount[];
  /**
   * Who watches each drop at this gateway now; drops without anybody are left out. Null: as it was
   * told before.
   */
  readonly watching: readonly WatchingCount[] | null;
}

export interface WatchingCount {
  readonly dropId: string;
  readonly count: number;
}

/** After this long without a flush nobody watches at a gateway. */
export const WATCHING_KEPT_MS = 5_000;
/** Sums that one call of `sums` returns. */
export const SUMS_MAX = 1_500;

export interface ExactAnalytics {
  /** The positions in the journals, by shard; 0 where there is none. */
  positions(): Promise<ReadonlyMap<number, number>>;
  /**
   * Stores all of it in one atomic step. False: it changes nothing, since a position is not where
   * the change begins, or the generation is gone.
   */
  commit(change: ExactChange): Promise<boolean>;
  /** In the order of the ids; null for drops that are not known. */
  drops(ids: readonly string[]): Promise<(AccountedDrop | null)[]>;
  /** The ids of all drops of a creator. */
  dropsOf(creatorId: string): Promise<string[]>;
  /** By index, from `first` on, at most `limit`. */
  segments(dropId: string, first: number, limit: number): Promise<StoredSegment[]>;
}

/** Every method can raise `store-unavailable`. */
export interface AnalyticsStore {
  /** The generation that serves. */
  generation(): Promise<number>;
  /** One generation. One that was removed has no positions, and takes no change. */
  exact(generation: number): ExactAnalytics;
  /** Begins an empty generation, and removes others that do not serve. */
  begin(): Promise<number>;
  /** The generation serves from now on, and the one before is removed. */
  serve(generation: number): Promise<void>;
  /** Removes a generation that does not serve. Nothing happens where it is gone, or serves. */
  discard(generation: number): Promise<void>;
  /** Adds a flush of a gateway. False: it was added already. */
  count(flush: CountedFlush): Promise<boolean>;
  /**
   * What both parts have of a subject from `from` up to before `to`, oldest first, without what is
   * 0, at most `SUMS_MAX`.
   */
  sums(subject: string, step: Step, from: number, to: number): Promise<Sums[]>;
  /** Who watches the drop now, at all gateways together. */
  watching(dropId: string, now: number): Promise<number>;
  /**
   * Removes sums that are older than they are kept, at most `limit`. Resolves to how many it
   * removed; 0 where they go by themselves.
   */
  trim(now: number, limit: number): Promise<number>;
}
