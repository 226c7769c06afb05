// The orders of a replayed drop, in pages of fixed rows that can be evicted one by one. A replay
// finds orders by their ordinal only, so there is no index by user or key: an order takes 32 bytes
// and the text of its user's id, where a shard's own table takes about 180 (domain/order-table.ts).
//
// A page is one buffer: rows first, then the texts of its rows. It is spilled unchanged. Buffers of
// evicted pages are used again (`PageBuffers`): memory outside of the heap is collected late, so
// buffers that were dropped would take several times the memory of the pages.

import { assert } from '../../domain/assert.ts';
import { type NewOrder, OrderTable } from '../../domain/order-table.ts';
import type { OrderStatus } from '../../contracts/orders.ts';

const PAGE_SHIFT = 7;
/** Small, so that many drops with a few recent orders each fit into memory together. */
export const PAGE_ORDERS = 1 << PAGE_SHIFT;
const ROW_BYTES = 32;
const ROWS_BYTES = PAGE_ORDERS * ROW_BYTES;
/** A new page has room for 32 bytes of text for each order. Larger ones are a power of two, too. */
const BUFFER_BYTES_FIRST = 2 * ROWS_BYTES;

/** The offset of each field in a row. */
const CREATED_AT = 0;
const QUANTITY = 8;
const VERSION = 12;
const USER_AT = 16;
const PAYMENTS_AT = 20;
const USER_LENGTH = 24;
const PAYMENTS_LENGTH = 26;
const STATE = 28;
const HAS_METADATA = 29;
/** The length of metadata, behind it. */
const LENGTH_BYTES = 2;
const REFUND_REQUESTED = 0x80;
const HAS_DETAILS = 0x40;
const STATUS = 0x3f;

/** The number of each status in a page; no page outlives its process. */
const STATUSES: readonly OrderStatus[] = [
  'reserved',
  'confirmed',
  'failed',
  'cancelled',
  'expired',
  'refunded',
];

/** The buffers of pages, each of a power of two, for use by one page after the other. */
export class PageBuffers {
  readonly #bytesMax: number;
  /** By their length. */
  readonly #unused = new Map<number, Buffer[]>();
  #unusedBytes = 0;

  /** `bytesMax` bounds the unused buffers. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** With at least this many bytes, and any content. */
  take(bytesMin: number): Buffer {
    let length = BUFFER_BYTES_FIRST;
    while (length < bytesMin) length *= 2;
    const unused = this.#unused.get(length)?.pop();
    if (unused === undefined) return Buffer.allocUnsafeSlow(length);
    this.#unusedBytes -= length;
    return unused;
  }

  /** Nobody may use the buffer any more. */
  give(buffer: Buffer): void {
    const { length } = buffer;
    if (this.#unusedBytes + length > this.#bytesMax) return;
    this.#unusedBytes += length;
    const unused = this.#unused.get(length);
    if (unused === undefined) this.#unused.set(length, [buffer]);
    else unused.push(buffer);
  }
}

export class OrderPage {
  readonly #buffers: PageBuffers;
  #bytes: Buffer;
  /** The end of the texts. */
  #end: number;
  /** Whether memory has something that the spill store does not. */
  changed = false;
  /** The ordinal of its last use. */
  usedAt = 0;
  /** Its `bytes` when `DropStates` last counted them. */
  countedBytes = 0;

  /** `content` from the method of that name; null for a page without orders. */
  constructor(content: Uint8Array | null, buffers: PageBuffers) {
    this.#buffers = buffers;
    this.#end = content?.length ?? ROWS_BYTES;
    this.#bytes = buffers.take(this.#end);
    if (content === null) this.#bytes.fill(0, 0, ROWS_BYTES);
    else this.#bytes.set(content);
  }

  /** In memory. */
  get bytes(): number {
    return this.#bytes.length;
  }

  /** Valid until `close`. */
  content(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }

  /** The page has left memory. No method may be called afterwards. */
  close(): void {
    this.#buffers.give(this.#bytes);
  }

  number(row: number, field: number): number {
    return this.#bytes.readUInt32LE(row * ROW_BYTES + field);
  }
  time(row: number): number {
    return this.#bytes.readDoubleLE(row * ROW_BYTES + CREATED_AT);
  }
  state(row: number): number {
    return this.#bytes[row * ROW_BYTES + STATE]!;
  }
  /** Null where there is none. */
  text(row: number, atField: number, lengthField: number): string | null {
    const at = this.number(row, atField);
    if (at === 0) return null;
    const length = this.#bytes.readUInt16LE(row * ROW_BYTES + lengthField);
    return this.#bytes.toString('latin1', at, at + length);
  }

  put(row: number, order: NewOrder): void {
    const at = row * ROW_BYTES;
    this.#bytes.writeDoubleLE(order.createdAt, at + CREATED_AT);
    this.#bytes.writeUInt32LE(order.quantity, at + QUANTITY);
    this.change(row, STATUSES.indexOf(order.status), order.version);
  }
  change(row: number, state: number, version: number): void {
    const at = row * ROW_BYTES;
    this.#bytes[at + STATE] = state;
    this.#bytes.writeUInt32LE(version, at + VERSION);
    this.changed = true;
  }
  /** Stores a text of any characters. The user's text must be stored next. */
  putMetadata(row: number, text: string): void {
    const bytes = Buffer.byteLength(text);
    const end = this.#end + bytes + LENGTH_BYTES;
    this.#makeRoom(end);
    this.#bytes.write(text, this.#end);
    this.#bytes.writeUInt16LE(bytes, end - LENGTH_BYTES);
    this.#bytes[row * ROW_BYTES + HAS_METADATA] = 1;
    this.#end = end;
  }
  /** It is before the user's text, so that a row without it takes no room for it. */
  metadata(row: number): string | undefined {
    if (this.#bytes[row * ROW_BYTES + HAS_METADATA] === 0) return undefined;
    const end = this.number(row, USER_AT) - LENGTH_BYTES;
    return this.#bytes.toString('utf8', end - this.#bytes.readUInt16LE(end), end);
  }
  /** Stores an ASCII text. The room of a replaced text stays unused. */
  putText(row: number, atField: number, lengthField: number, text: string | null): void {
    const row0 = row * ROW_BYTES;
    this.changed = true;
    this.#bytes.writeUInt32LE(text === null ? 0 : this.#end, row0 + atField);
    if (text === null) return;
    const end = this.#end + text.length;
    this.#makeRoom(end);
    this.#bytes.write(text, this.#end, 'latin1');
    this.#bytes.writeUInt16LE(text.length, row0 + lengthField);
    this.#end = end;
  }

  #makeRoom(end: number): void {
    if (end <= this.#bytes.length) return;
    const grown = this.#buffers.take(end);
    this.#bytes.copy(grown, 0, 0, this.#end);
    this.#buffers.give(this.#bytes);
    this.#bytes = grown;
  }
}

export type FindPage = (index: number) => OrderPage;

/** An order table whose rows are in pages, for `applyEvent`. Orders are found by ordinal only. */
export class PagedOrders extends OrderTable {
  readonly #find: FindPage;
  #size: number;
  /** The page used last. The next order is mostly in it too. */
  #recent: OrderPage | null = null;
  #recentIndex = -1;

  constructor(options: { readonly find: FindPage; readonly size: number }) {
    super();
    this.#find = options.find;
    this.#size = options.size;
  }

  override get size(): number {
    return this.#size;
  }

  /** The page may be evicted from now on. */
  release(): void {
    this.#recent = null;
    this.#recentIndex = -1;
  }

  userId(ordinal: number): string {
    const user = this.#page(ordinal).text(rowOf(ordinal), USER_AT, USER_LENGTH);
    assert(user !== null, `order ${ordinal} has no user`);
    return user;
  }
  /** To be called next after `add`. */
  setUserId(ordinal: number, userId: string): void {
    this.#page(ordinal).putText(rowOf(ordinal), USER_AT, USER_LENGTH, userId);
  }

  override add(
    _user: number,
    _userHash: number,
    _key: string,
    order: NewOrder,
    metadata?: string,
  ): number {
    const ordinal = this.#size;
    this.#size += 1;
    const page = this.#page(ordinal);
    page.put(rowOf(ordinal), order);
    if (metadata !== undefined) page.putMetadata(rowOf(ordinal), metadata);
    return ordinal;
  }
  /** A replay does not count units by user. */
  override user(): number {
    return 0;
  }
  override quantity(ordinal: number): number {
    return this.#page(ordinal).number(rowOf(ordinal), QUANTITY);
  }
  override createdAt(ordinal: number): number {
    return this.#page(ordinal).time(rowOf(ordinal));
  }
  override version(ordinal: number): number {
    return this.#page(ordinal).number(rowOf(ordinal), VERSION);
  }
  override status(ordinal: number): OrderStatus {
    return STATUSES[this.#page(ordinal).state(rowOf(ordinal)) & STATUS]!;
  }
  override hasDetails(ordinal: number): boolean {
    return (this.#page(ordinal).state(rowOf(ordinal)) & HAS_DETAILS) !== 0;
  }
  override addDetails(ordinal: number): void {
    const page = this.#page(ordinal);
    const state = page.state(rowOf(ordinal)) | HAS_DETAILS;
    page.change(rowOf(ordinal), state, this.version(ordinal));
  }
  override refundRequested(ordinal: number): boolean {
    return (this.#page(ordinal).state(rowOf(ordinal)) & REFUND_REQUESTED) !== 0;
  }
  override isReserved(ordinal: number): boolean {
    return this.status(ordinal) === 'reserved';
  }
  override metadata(ordinal: number): string | undefined {
    return this.#page(ordinal).metadata(rowOf(ordinal));
  }
  /** A replay does not count what is used of passes. */
  override pass(): undefined {
    return undefined;
  }
  override setPass(): void {}
  override payments(ordinal: number): string | undefined {
    const page = this.#page(ordinal);
    return page.text(rowOf(ordinal), PAYMENTS_AT, PAYMENTS_LENGTH) ?? undefined;
  }
  override setPayments(ordinal: number, text: string | null): void {
    this.#page(ordinal).putText(rowOf(ordinal), PAYMENTS_AT, PAYMENTS_LENGTH, text);
  }
  override change(
    ordinal: number,
    status: OrderStatus,
    refundRequested: boolean,
    version: number,
  ): void {
    const details = this.hasDetails(ordinal) ? HAS_DETAILS : 0;
    const state = STATUSES.indexOf(status) | (refundRequested ? REFUND_REQUESTED : 0) | details;
    this.#page(ordinal).change(rowOf(ordinal), state, version);
  }

  #page(ordinal: number): OrderPage {
    assert(ordinal >= 0 && ordinal < this.#size, `there is no order ${ordinal}`);
    const index = ordinal >>> PAGE_SHIFT;
    if (this.#recent === null || this.#recentIndex !== index) {
      this.#recent = this.#find(index);
      this.#recentIndex = index;
    }
    return this.#recent;
  }
}

function rowOf(ordinal: number): number {
  return ordinal & (PAGE_ORDERS - 1);
}
