// All orders of one drop, in columns: about 90 bytes an order with a key of 36 characters, and no
// object for an order. Orders are numbered by their ordinal. User, key, quantity and time never
// change; status, flags and version do.

import { SEGMENT_LENGTH, TextIndex, type TextSegment } from './text-index.ts';
import type { OrderStatus } from '../contracts/orders.ts';

const SEGMENT_SHIFT = 12;
const SEGMENT_MASK = SEGMENT_LENGTH - 1;
const COLUMN_LENGTH_FIRST = 16;
const REFUND_REQUESTED = 0x80;
const HAS_DETAILS = 0x40;
const STATUS = 0x3f;

/** The number of each status in memory and in snapshots: append only. */
const STATUSES: readonly OrderStatus[] = [
  'reserved',
  'confirmed',
  'failed',
  'cancelled',
  'expired',
  'refunded',
];
const RESERVED = 0;
const CONFIRMED = 1;
/** An entry of a map, with its text. */
const PAYMENTS_BYTES = 128;
/** As much, beside its text. */
const METADATA_BYTES = 100;
const PASS_BYTES = 48;
const STATUS_NUMBERS = new Map(STATUSES.map((status, number) => [status, number]));

/** The columns, without the keys, of up to 4,096 orders. */
export interface OrderColumns {
  quantities: Uint32Array;
  createdAt: Float64Array;
  /** Status number, with high bits for "refund requested" and "has details". */
  states: Uint8Array;
  versions: Uint32Array;
  /** The drop's version at the last change of any of these orders. */
  changedAt: number;
  /**
   * The payments of orders of which the status does not tell everything, by ordinal, as text
   * (domain/order-payments.ts); null without any.
   */
  payments: Map<number, string> | null;
  /** The metadata of orders that have any, by ordinal; null without any. Never changes. */
  metadata: Map<number, string> | null;
  /**
   * The numbers of passes that orders were placed with (domain/pass.ts), by ordinal; null without
   * any. Never changes.
   */
  passes: Map<number, number> | null;
}

export interface NewOrder {
  readonly quantity: number;
  readonly createdAt: number;
  readonly status: OrderStatus;
  readonly version: number;
}

export class OrderTable {
  /** The key of each order; the salt is the user's ordinal. */
  readonly keys = new TextIndex();
  readonly columns: OrderColumns[] = [];

  get size(): number {
    return this.keys.size;
  }

  /** What the orders take in memory, about. */
  get memoryBytes(): number {
    let bytes = this.keys.memoryBytes;
    for (const columns of this.columns) {
      const { quantities, createdAt, states, versions, payments, metadata, passes } = columns;
      bytes += quantities.byteLength + createdAt.byteLength + states.byteLength;
      bytes += versions.byteLength + (payments?.size ?? 0) * PAYMENTS_BYTES;
      bytes += (passes?.size ?? 0) * PASS_BYTES;
      for (const text of metadata?.values() ?? []) bytes += METADATA_BYTES + text.length * 2;
    }
    return bytes;
  }

  /**
   * `userHash` is `fnv1a` of the user's id, so that a key's hash is the order's fingerprint
   * (domain/order-filter.ts).
   */
  find(user: number, userHash: number, key: string): number {
    return this.keys.find(user, key, userHash);
  }

  add(user: number, userHash: number, key: string, order: NewOrder, metadata?: string): number {
    const ordinal = this.keys.add(user, key, userHash);
    const at = ordinal & SEGMENT_MASK;
    if (at === 0) this.columns.push(emptyColumns(COLUMN_LENGTH_FIRST));
    const columns = this.columns[this.columns.length - 1]!;
    if (at === columns.states.length) growColumns(columns);
    columns.quantities[at] = order.quantity;
    columns.createdAt[at] = order.createdAt;
    columns.states[at] = STATUS_NUMBERS.get(order.status)!;
    columns.versions[at] = order.version;
    columns.changedAt = order.version;
    this.putMetadata(ordinal, metadata);
    return ordinal;
  }

  protected putMetadata(ordinal: number, metadata: string | undefined): void {
    if (metadata === undefined) return;
    const columns = this.columns[ordinal >>> SEGMENT_SHIFT]!;
    columns.metadata ??= new Map();
    columns.metadata.set(ordinal, metadata);
  }

  /** Adds a filled segment, like `TextIndex.adopt`. */
  adopt(keys: TextSegment, columns: OrderColumns, count: number): void {
    this.keys.adopt(keys, count);
    this.columns.push(columns);
  }

  user(ordinal: number): number {
    return this.keys.saltOf(ordinal);
  }
  quantity(ordinal: number): number {
    return this.columns[ordinal >>> SEGMENT_SHIFT]!.quantities[ordinal & SEGMENT_MASK]!;
  }
  createdAt(ordinal: number): number {
    return this.columns[ordinal >>> SEGMENT_SHIFT]!.createdAt[ordinal & SEGMENT_MASK]!;
  }
  version(ordinal: number): number {
    return this.columns[ordinal >>> SEGMENT_SHIFT]!.versions[ordinal & SEGMENT_MASK]!;
  }
  status(ordinal: number): OrderStatus {
    return STATUSES[this.#state(ordinal) & STATUS]!;
  }
  hasDetails(ordinal: number): boolean {
    return (this.#state(ordinal) & HAS_DETAILS) !== 0;
  }
  /** The caller must call `change` next. */
  addDetails(ordinal: number): void {
    this.columns[ordinal >>> SEGMENT_SHIFT]!.states[ordinal & SEGMENT_MASK]! |= HAS_DETAILS;
  }
  refundRequested(ordinal: number): boolean {
    return (this.#state(ordinal) & REFUND_REQUESTED) !== 0;
  }
  isReserved(ordinal: number): boolean {
    return (this.#state(ordinal) & ~HAS_DETAILS) === RESERVED;
  }

  /** Held or bought. */
  hasUnits(ordinal: number): boolean {
    const state = this.#state(ordinal) & ~HAS_DETAILS;
    return state === RESERVED || state === CONFIRMED;
  }

  /** As `metadataText` wrote it. */
  metadata(ordinal: number): string | undefined {
    return this.columns[ordinal >>> SEGMENT_SHIFT]!.metadata?.get(ordinal);
  }

  /** The number of the order's pass. */
  pass(ordinal: number): number | undefined {
    return this.columns[ordinal >>> SEGMENT_SHIFT]!.passes?.get(ordinal);
  }

  /** To be called next after `add`. */
  setPass(ordinal: number, pass: number): void {
    const columns = this.columns[ordinal >>> SEGMENT_SHIFT]!;
    columns.passes ??= new Map();
    columns.passes.set(ordinal, pass);
  }

  /** What the status does not tell of the payments: see domain/order-payments.ts. */
  payments(ordinal: number): string | undefined {
    return this.columns[ordinal >>> SEGMENT_SHIFT]!.payments?.get(ordinal);
  }

  /** Null where the status tells everything. The caller must call `change` next. */
  setPayments(ordinal: number, text: string | null): void {
    const columns = this.columns[ordinal >>> SEGMENT_SHIFT]!;
    if (text === null) {
      columns.payments?.delete(ordinal);
      return;
    }
    columns.payments ??= new Map();
    columns.payments.set(ordinal, text);
  }

  change(ordinal: number, status: OrderStatus, refundRequested: boolean, version: number): void {
    const columns = this.columns[ordinal >>> SEGMENT_SHIFT]!;
    const at = ordinal & SEGMENT_MASK;
    const flags = (refundRequested ? REFUND_REQUESTED : 0) | (columns.states[at]! & HAS_DETAILS);
    columns.states[at] = STATUS_NUMBERS.get(status)! | flags;
    columns.versions[at] = version;
    columns.changedAt = version;
  }

  #state(ordinal: number): number {
    return this.columns[ordinal >>> SEGMENT_SHIFT]!.states[ordinal & SEGMENT_MASK]!;
  }
}

function emptyColumns(length: number): OrderColumns {
  return {
    quantities: new Uint32Array(length),
    createdAt: new Float64Array(length),
    states: new Uint8Array(length),
    versions: new Uint32Array(length),
    changedAt: 0,
    payments: null,
    metadata: null,
    passes: null,
  };
}

function growColumns(columns: OrderColumns): void {
  const grown = emptyColumns(Math.min(columns.states.length * 2, SEGMENT_LENGTH));
  grown.quantities.set(columns.quantities);
  grown.createdAt.set(columns.createdAt);
  grown.states.set(columns.states);
  grown.versions.set(columns.versions);
  Object.assign(columns, {
    ...grown,
    changedAt: columns.changedAt,
    payments: columns.payments,
    metadata: columns.metadata,
    passes: columns.passes,
  });
}
