// A drop as it is stored, in a snapshot or sealed, for readers of its orders. Segments of orders
// and users are read when they are needed and released afterwards, so a reader of a drop with ten
// million orders has a few segments in memory, and the first page of its orders costs no more than
// that of a small drop. Nothing is found by user or key: for that a drop is restored
// (`drop-snapshot.ts`).

import type { ListOrders } from '../../contracts/commands.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import type { DropOrdersSlice, OrderView } from '../../contracts/orders.ts';
import { DropState } from '../../domain/drop-state.ts';
import { isPlacedBefore, matchesOrder } from '../../domain/newest-orders.ts';
import { type NewOrder, type OrderColumns, OrderTable } from '../../domain/order-table.ts';
import { SEGMENT_LENGTH, type TextSegment } from '../../domain/text-index.ts';
import { CorruptError } from '../ports/journal.ts';
import { withOurNames } from './amount-names.ts';
import { decodeChecksummed } from './checksummed.ts';
import {
  copiedColumn,
  restoreTexts,
  type StoredOrders,
  type StoredStates,
  type StoredTexts,
} from './drop-segments.ts';
import { adoptHead, partNamesOf, type StoredHead, type StoredTail } from './drop-snapshot.ts';

/** Segments of users in memory, some 150 KB each; those read first leave first. */
const USER_SEGMENTS_MAX = 64;
/** Segments of orders read for one slice of a list. */
const SLICE_SEGMENTS_MAX = 64;
const NO_BYTES = new Uint8Array(0);
const NO_NUMBERS = new Uint32Array(0);
const RELEASED_COLUMNS: OrderColumns = {
  quantities: NO_NUMBERS,
  createdAt: new Float64Array(0),
  states: NO_BYTES,
  versions: NO_NUMBERS,
  changedAt: 0,
  payments: null,
  metadata: null,
  passes: null,
};
const RELEASED_KEYS: TextSegment = {
  salts: NO_NUMBERS,
  hashes: NO_NUMBERS,
  ends: NO_NUMBERS,
  bytes: NO_BYTES,
};
const NO_STATES: StoredStates = { states: NO_BYTES, versions: NO_BYTES, references: null };

/** Undefined where there is no such part. */
export type ReadPart = (name: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

export interface StoredDropOptions {
  readonly head: StoredHead & StoredTail;
  readonly readPart: ReadPart;
}

/** Orders of which some segments are in memory, and those that events added. */
class SparseOrders extends OrderTable {
  #size: number;

  constructor(size: number) {
    super();
    this.#size = size;
  }

  override get size(): number {
    return this.#size;
  }

  override add(
    user: number,
    _userHash: number,
    _key: string,
    order: NewOrder,
    metadata?: string,
  ): number {
    const ordinal = this.#size;
    this.#size += 1;
    const segment = segmentOf(ordinal);
    const at = ordinal % SEGMENT_LENGTH;
    if (at === 0) this.place(segment, NO_STATES, null);
    const columns = this.columns[segment]!;
    this.keys.segments[segment]!.salts[at] = user;
    columns.quantities[at] = order.quantity;
    columns.createdAt[at] = order.createdAt;
    this.change(ordinal, order.status, false, order.version);
    this.putMetadata(ordinal, metadata);
    return ordinal;
  }

  /** Puts a segment into memory; without `orders` only the statuses and versions. */
  place(segment: number, stored: StoredStates, orders: StoredOrders | null): void {
    this.columns[segment] = {
      quantities: new Uint32Array(SEGMENT_LENGTH),
      createdAt: new Float64Array(SEGMENT_LENGTH),
      states: filled(new Uint8Array(SEGMENT_LENGTH), stored.states),
      versions: filled(new Uint32Array(SEGMENT_LENGTH), stored.versions),
      changedAt: 0,
      payments: stored.references && new Map(stored.references),
      metadata: null,
      passes: null,
    };
    const salts = new Uint32Array(SEGMENT_LENGTH);
    this.keys.segments[segment] = { salts, hashes: NO_NUMBERS, ends: NO_NUMBERS, bytes: NO_BYTES };
    if (orders !== null) this.placeOrders(segment, orders);
  }

  placeOrders(segment: number, orders: StoredOrders): void {
    const { keys, quantities, createdAt, metadata } = orders;
    const columns = this.columns[segment]!;
    filled(columns.quantities, quantities);
    filled(columns.createdAt, createdAt);
    filled(this.keys.segments[segment]!.salts, keys.salts);
    columns.metadata = metadata === undefined ? null : new Map(metadata);
  }

  release(segment: number): void {
    this.columns[segment] = RELEASED_COLUMNS;
    this.keys.segments[segment] = RELEASED_KEYS;
  }
}

export class StoredDrop extends DropState {
  override readonly orders: SparseOrders;
  readonly #readPart: ReadPart;
  readonly #names: ReturnType<typeof partNamesOf>;
  readonly #storedUsers: number;
  readonly #lastUsers: StoredTexts | null;
  /** Those read first come first. */
  readonly #userSegments = new Map<number, TextSegment>();
  /** Of segments that are not retained. */
  readonly #states = new Map<number, StoredStates>();
  /** The users of orders that events added. */
  readonly #addedUsers: string[] = [];
  /** Segments that stay in memory, because events may have changed them. */
  readonly #retained = new Set<number>();

  constructor({ head, readPart }: StoredDropOptions) {
    super(withOurNames<DropTerms>(head.terms), head.stocked, head.createdAt);
    adoptHead(this, head);
    // A sweep looks at every order. Nothing decides here, so it is over.
    this.sweepCursor = Infinity;
    this.#readPart = readPart;
    this.#names = partNamesOf(head);
    this.#storedUsers = head.users;
    this.#lastUsers = head.lastUsers;
    this.orders = new SparseOrders(head.orders);
    if (head.lastOrders === null || head.lastStates === null) return;
    const last = this.#names.orders.length;
    this.orders.place(last, head.lastStates, head.lastOrders);
    this.#retained.add(last);
  }

  get segmentCount(): number {
    return Math.ceil(this.orders.size / SEGMENT_LENGTH);
  }

  /** Loads a segment of orders; it stays in memory. Errors: `corrupt`; those of `readPart`. */
  async retain(ordinal: number): Promise<void> {
    const segment = segmentOf(ordinal);
    if (this.#retained.has(segment) || this.#isAdded(segment)) return;
    await this.#loadStates(segment);
    await this.#loadOrders(segment);
    this.#retained.add(segment);
  }

  /**
   * Reads all statuses and versions into memory: the only parts that later changes replace. Errors:
   * `corrupt`; those of `readPart`.
   */
  async holdStates(): Promise<void> {
    for (let segment = 0; segment < this.#names.states.length; segment++) {
      if (!this.#retained.has(segment)) this.#states.set(segment, await this.#readStates(segment));
    }
  }

  /**
   * The orders of a segment, oldest first. Errors: `corrupt`; those of `readPart`.
   */
  async ordersOf(segment: number): Promise<OrderView[]> {
    await this.#loadStates(segment);
    await this.#loadOrders(segment);
    const end = Math.min(this.orders.size, (segment + 1) * SEGMENT_LENGTH);
    const views: OrderView[] = [];
    for (let ordinal = segment * SEGMENT_LENGTH; ordinal < end; ordinal++) {
      const userId = this.#userInMemory(ordinal) ?? (await this.#readUser(ordinal));
      views.push(this.orderView(ordinal, userId));
    }
    this.#release(segment);
    return views;
  }

  /**
   * As `newestOrders` of a drop in memory. Errors: `corrupt`; those of `readPart`.
   */
  async newestOrders(
    query: Pick<ListOrders, 'filter' | 'before' | 'limit'>,
  ): Promise<DropOrdersSlice> {
    const { filter, limit } = query;
    const { version } = this;
    const items: OrderView[] = [];
    let before = Math.min(query.before ?? this.orders.size, this.orders.size);
    for (let read = 0; before > 0 && read < SLICE_SEGMENTS_MAX; read++) {
      const segment = segmentOf(before - 1);
      await this.#loadStates(segment);
      const isWanted = this.#hasStatus(segment, before, filter.status);
      if (isWanted) await this.#loadOrders(segment);
      const first = isWanted ? segment * SEGMENT_LENGTH : before;
      for (let ordinal = before - 1; ordinal >= first; ordinal--) {
        if (isPlacedBefore(this, ordinal, filter)) return { items, before: null, version };
        before = ordinal;
        if (!matchesOrder(this, ordinal, filter)) continue;
        const userId = this.#userInMemory(ordinal) ?? (await this.#readUser(ordinal));
        if (filter.userId !== undefined && userId !== filter.userId) continue;
        items.push(this.orderView(ordinal, userId));
        if (items.length === limit) return { items, before: ordinal || null, version };
      }
      before = segment * SEGMENT_LENGTH;
      this.#release(segment);
    }
    return { items, before: before || null, version };
  }

  /** For `applyEvent`: a user has an ordinal for each of the orders that events add. */
  override userOrdinal(userId: string): number {
    return this.#storedUsers + this.#addedUsers.push(userId) - 1;
  }

  /** Nothing is answered here (H11). */
  override addAnswered(): void {}

  /** Nothing is ordered here (D9). */
  override usePass(): void {}

  /** Without `userId` an order whose user is not in memory is shown without it. */
  override orderView(ordinal: number, userId = this.#userInMemory(ordinal) ?? ''): OrderView {
    return super.orderView(ordinal, userId);
  }

  #isAdded(segment: number): boolean {
    return segment >= this.#names.orders.length;
  }

  #hasStatus(segment: number, before: number, status: OrderView['status'] | undefined): boolean {
    if (status === undefined) return true;
    for (let ordinal = segment * SEGMENT_LENGTH; ordinal < before; ordinal++)
      if (this.orders.status(ordinal) === status) return true;
    return false;
  }

  async #loadStates(segment: number): Promise<void> {
    if (this.#retained.has(segment) || this.#isAdded(segment)) return;
    this.orders.place(
      segment,
      this.#states.get(segment) ?? (await this.#readStates(segment)),
      null,
    );
  }

  async #readStates(segment: number): Promise<StoredStates> {
    return (await this.#read(this.#names.states[segment]!)) as StoredStates;
  }

  async #loadOrders(segment: number): Promise<void> {
    if (this.#retained.has(segment) || this.#isAdded(segment)) return;
    const orders = (await this.#read(this.#names.orders[segment]!)) as StoredOrders;
    this.orders.placeOrders(segment, orders);
  }

  #release(segment: number): void {
    if (this.#retained.has(segment) || this.#isAdded(segment)) return;
    this.orders.release(segment);
  }

  /** Null where the segment with the user of the order is to be read first. */
  #userInMemory(ordinal: number): string | null {
    const user = this.orders.user(ordinal);
    if (user >= this.#storedUsers) return this.#addedUsers[user - this.#storedUsers]!;
    const texts = this.#userSegments.get(segmentOf(user));
    return texts === undefined ? null : textAt(texts, user % SEGMENT_LENGTH);
  }

  async #readUser(ordinal: number): Promise<string> {
    const user = this.orders.user(ordinal);
    const segment = segmentOf(user);
    const name = this.#names.users[segment];
    const stored =
      name === undefined ? this.#lastUsers! : ((await this.#read(name)) as StoredTexts);
    const texts = restoreTexts(stored, copiedColumn);
    this.#userSegments.set(segment, texts);
    if (this.#userSegments.size > USER_SEGMENTS_MAX)
      this.#userSegments.delete(this.#userSegments.keys().next().value!);
    return textAt(texts, user % SEGMENT_LENGTH);
  }

  async #read(name: string): Promise<unknown> {
    const bytes = await this.#readPart(name);
    if (bytes === undefined) throw new CorruptError(`snapshot part ${name} is missing`);
    return decodeChecksummed(bytes, `snapshot part ${name}`);
  }
}

function segmentOf(ordinal: number): number {
  return Math.floor(ordinal / SEGMENT_LENGTH);
}

/** The column, which begins with the stored bytes. */
function filled<C extends Uint8Array | Uint32Array | Float64Array>(
  column: C,
  stored: Uint8Array,
): C {
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength).set(stored);
  return column;
}

function textAt({ ends, bytes }: TextSegment, at: number): string {
  const start = at === 0 ? 0 : ends[at - 1]!;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, ends[at]! - start).toString('latin1');
}
