// The account of all drops of a store by what the events of the journals say, without the state of
// their orders beyond some columns (events/analytics/order-segment.ts). A replay takes 7 to 8 µs of
// CPU for each fact, this about a tenth of it, so that it can keep up beside a sale on one core.
//
// What it was given is stored by `flush`, in one step with the positions. Whoever gets false from
// it has been overtaken, and must begin again at the stored positions with a new account.

import { CorruptError, StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { DropChanges, Entry } from '../../storage/formats/entry.ts';
import {
  ALL,
  type AccountedDrop,
  type Amount,
  type ExactAnalytics,
  type StoredSegment,
  STEP_MS,
  subjectOfCreator,
  subjectOfDrop,
} from '../../storage/ports/analytics.ts';
import { AccountedState } from './accounted-state.ts';
import { AmountSums } from './amount-sums.ts';
import { Buyers, type BuyerChange, isFineMark, timeOfMark } from './buyers.ts';
import { OrderSegment } from './order-segment.ts';
import { namedValues } from './tally.ts';

/** Drops, segments of orders, and bytes of buyers in memory, once what has changed is stored. */
const DROPS_MAX = 1_024;
const SEGMENTS_MAX = 4_096;
const BUYERS_BYTES_MAX = 64 << 20;
const SEGMENTS_AT_ONCE = 64;

export interface AccountBounds {
  readonly dropsMax: number;
  readonly segmentsMax: number;
  readonly buyersBytesMax: number;
}

export interface AccountOptions {
  readonly store: ExactAnalytics;
  /** For tests. */
  readonly bounds?: Partial<AccountBounds>;
}

/** Somebody else stored what a drop is at: a node that had the lease before, or has it now. */
export class OvertakenError extends StoreUnavailableError {}

export class Account {
  readonly #store: ExactAnalytics;
  readonly #bounds: AccountBounds;
  readonly #drops = new Map<string, AccountedState>();
  /** By creator. */
  readonly #buyers = new Map<string, Buyers>();
  #stored: ReadonlyMap<number, number> = new Map();
  readonly #taken = new Map<number, number>();
  readonly #buyerChanges: BuyerChange[] = [];
  #uses = 0;
  #events = 0;
  /** Whose event is applied, and its time. */
  #state: AccountedState | null = null;
  #time = 0;
  /** One function for all sales. What changes elsewhere is rare. */
  readonly #changed = (change: BuyerChange): void => {
    const { sale, name, value } = change;
    const state = this.#state!;
    if (sale.dropId === state.record.id && timeOfMark(sale.mark) === this.#time)
      state.tallyAt(this.#time)[name] += value;
    else this.#buyerChanges.push(change);
  };

  private constructor({ store, bounds }: AccountOptions) {
    this.#store = store;
    this.#bounds = {
      dropsMax: DROPS_MAX,
      segmentsMax: SEGMENTS_MAX,
      buyersBytesMax: BUYERS_BYTES_MAX,
      ...bounds,
    };
  }

  /** Errors: `store-unavailable`. */
  static async open(options: AccountOptions): Promise<Account> {
    const account = new Account(options);
    account.#stored = await options.store.positions();
    return account;
  }

  /** The last entry of a shard that it has, stored or not. */
  position(shard: number): number {
    return this.#taken.get(shard) ?? this.#stored.get(shard) ?? 0;
  }

  /** Events that are not stored yet. */
  get waiting(): number {
    return this.#events;
  }

  /**
   * Takes the next entry of its shard. Errors: `corrupt`, `invariant`, `store-unavailable`, of
   * which `OvertakenError` is one; then the account is of no use any more.
   */
  async add(entry: Entry): Promise<void> {
    for (const changes of entry.changes) await this.#change(changes, entry);
    this.#taken.set(entry.shard, entry.sequence);
  }

  /** False: somebody else stored these entries, or the generation is gone. */
  async flush(): Promise<boolean> {
    if (this.#taken.size === 0) return true;
    const positions = Array.from(this.#taken, ([shard, to]) => ({
      shard,
      from: this.#stored.get(shard) ?? 0,
      to,
    }));
    const changed = [...this.#drops.values()].filter(({ isChanged }) => isChanged);
    const drops = changed.map(({ record }): AccountedDrop => ({ ...record }));
    const segments = changed.flatMap(changedSegments);
    const amounts = await this.#amounts(changed);
    if (!(await this.#store.commit({ positions, drops, segments, amounts }))) return false;
    const stored = new Map(this.#stored);
    for (const { shard, to } of positions) stored.set(shard, to);
    this.#stored = stored;
    this.#taken.clear();
    this.#buyerChanges.length = 0;
    this.#events = 0;
    for (const state of changed) {
      state.isChanged = false;
      state.minutes.clear();
      state.seconds.clear();
      for (const segment of state.segments.values()) segment.isChanged = false;
    }
    this.#spare();
    return true;
  }

  async #change(
    { dropId, versionBefore, events }: DropChanges,
    { shard, time }: Entry,
  ): Promise<void> {
    let state = this.#drops.get(dropId) ?? (await this.#load(dropId));
    if ((state?.record.version ?? 0) !== versionBefore) {
      const stored = await this.#store.positions();
      if (stored.get(shard) !== this.#stored.get(shard)) throw new OvertakenError();
      const version = state?.record.version ?? 0;
      throw new CorruptError(`drop ${dropId} is at ${version}, not at ${versionBefore}`);
    }
    if (state !== undefined) state.usedAt = ++this.#uses;
    this.#events += events.length;
    for (const event of events) {
      if (state === undefined) {
        state = AccountedState.created(event);
        state.usedAt = ++this.#uses;
        this.#drops.set(dropId, state);
        continue;
      }
      const missing = state.missingSegment(event);
      if (missing !== null) await this.#loadSegment(state, missing);
      const { creatorId } = state.record;
      const sells = event.type.startsWith('order-confirmed') || event.type === 'order-placed';
      // Before the order is among the stored ones of which they are made.
      const buyers =
        sells && !this.#buyers.has(creatorId)
          ? await this.#loadBuyers(creatorId)
          : this.#buyers.get(creatorId);
      this.#state = state;
      this.#time = time;
      const sold = state.apply(event, time);
      if (sold === null) continue;
      buyers!.usedAt = this.#uses;
      const { low, high, mark } = sold;
      buyers!.sold(low, high, { dropId, mark }, this.#changed);
    }
  }

  async #amounts(changed: readonly AccountedState[]): Promise<Amount[]> {
    const sums = new AmountSums();
    for (const state of changed) {
      state.settle();
      const { record, minutes, seconds } = state;
      const subject = subjectOfDrop(record.id);
      const subjects = [subject, subjectOfCreator(record.creatorId), ALL];
      for (const [start, tally] of minutes)
        for (const [name, value] of namedValues(tally, record.currency))
          for (const one of subjects) sums.addCoarse(one, start, name, value);
      for (const [start, tally] of seconds)
        for (const [name, value] of namedValues(tally, record.currency))
          sums.add(subject, 'second', start, name, value);
    }
    const creators = await this.#creatorsOf(this.#buyerChanges);
    for (const { sale, name, value } of this.#buyerChanges) {
      const { dropId, mark } = sale;
      const time = timeOfMark(mark);
      const subject = subjectOfDrop(dropId);
      for (const one of [subject, subjectOfCreator(creators.get(dropId)!), ALL])
        sums.addCoarse(one, time, name, value);
      if (isFineMark(mark))
        sums.add(subject, 'second', time - (time % STEP_MS.second), name, value);
    }
    return sums.amounts();
  }

  /** A sale that changed its place may be of a drop that is not in memory. */
  async #creatorsOf(changes: readonly BuyerChange[]): Promise<ReadonlyMap<string, string>> {
    const creators = new Map<string, string>();
    const others = new Set<string>();
    for (const { sale } of changes) {
      const state = this.#drops.get(sale.dropId);
      if (state === undefined) others.add(sale.dropId);
      else creators.set(sale.dropId, state.record.creatorId);
    }
    const found = others.size === 0 ? [] : await this.#store.drops([...others]);
    for (const drop of found) if (drop !== null) creators.set(drop.id, drop.creatorId);
    return creators;
  }

  async #load(dropId: string): Promise<AccountedState | undefined> {
    const [record] = await this.#store.drops([dropId]);
    if (record === null || record === undefined) return undefined;
    const state = new AccountedState(record);
    this.#drops.set(dropId, state);
    return state;
  }

  async #loadSegment(state: AccountedState, index: number): Promise<void> {
    const { id } = state.record;
    const [stored] = await this.#store.segments(id, index, 1);
    if (stored?.index !== index) throw new CorruptError(`orders of drop ${id} are missing`);
    state.segments.set(index, OrderSegment.decode(stored.bytes));
  }

  /** Nothing sold by this creator waits to be stored, since such a sale would have loaded them. */
  async #loadBuyers(creatorId: string): Promise<Buyers> {
    const buyers = new Buyers();
    for (const dropId of await this.#store.dropsOf(creatorId)) {
      for (let first = 0, isLast = false; !isLast; ) {
        const stored = await this.#store.segments(dropId, first, SEGMENTS_AT_ONCE);
        for (const { bytes } of stored) addBuyers(buyers, dropId, OrderSegment.decode(bytes));
        isLast = stored.length < SEGMENTS_AT_ONCE;
        first = (stored.at(-1)?.index ?? 0) + 1;
      }
    }
    this.#buyers.set(creatorId, buyers);
    return buyers;
  }

  /** Everything is stored: what was not used lately may leave. */
  #spare(): void {
    const { dropsMax, segmentsMax, buyersBytesMax } = this.#bounds;
    let segments = 0;
    for (const { segments: own } of this.#drops.values()) segments += own.size;
    if (this.#drops.size > dropsMax || segments > segmentsMax) {
      const oldestFirst = [...this.#drops.values()].sort((a, b) => a.usedAt - b.usedAt);
      for (const state of oldestFirst) {
        if (this.#drops.size <= dropsMax && segments <= segmentsMax) break;
        segments -= state.segments.size;
        state.segments.clear();
        if (this.#drops.size > dropsMax) this.#drops.delete(state.record.id);
      }
    }
    let bytes = 0;
    for (const buyers of this.#buyers.values()) bytes += buyers.bytes;
    if (bytes <= buyersBytesMax) return;
    const oldestFirst = [...this.#buyers].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    // The one used last stays, however large it is: it is about to be used again.
    for (const [creatorId, buyers] of oldestFirst.slice(0, -1)) {
      if (bytes <= buyersBytesMax) break;
      bytes -= buyers.bytes;
      this.#buyers.delete(creatorId);
    }
  }
}

function changedSegments({ record, segments }: AccountedState): StoredSegment[] {
  const changed: StoredSegment[] = [];
  for (const [index, segment] of segments)
    if (segment.isChanged) changed.push({ dropId: record.id, index, bytes: segment.encode() });
  return changed;
}

function addBuyers(buyers: Buyers, dropId: string, segment: OrderSegment): void {
  for (let i = 0; i < segment.size; i++) {
    const mark = segment.soldAt[i]!;
    if (mark === 0) continue;
    buyers.load(segment.userLow[i]!, segment.userHigh[i]!, { dropId, mark });
  }
}
