// Segments of users and orders as stored in snapshots and sealed drops: typed arrays as bytes,
// without the unused end. A view shares memory with the drop, so it must be encoded before the drop
// changes.

import type { DropState } from '../../domain/drop-state.ts';
import type { TextSegment } from '../../domain/text-index.ts';

/** Texts of a segment as stored: typed arrays as bytes, without the unused end. */
export interface StoredTexts {
  salts: Uint8Array;
  hashes: Uint8Array;
  ends: Uint8Array;
  bytes: Uint8Array;
}
export interface StoredOrders {
  keys: StoredTexts;
  quantities: Uint8Array;
  createdAt: Uint8Array;
  /** The metadata of some orders, by ordinal; absent without any, and before feature level 3. */
  metadata?: [number, string][];
  /** The passes of some orders, by ordinal; absent without any, and before feature level 4. */
  passes?: [number, number][];
}
export interface StoredStates {
  states: Uint8Array;
  versions: Uint8Array;
  /** The payments of some orders, by ordinal. */
  references: [number, string][] | null;
}
export function viewTexts(segment: TextSegment, count: number): StoredTexts {
  return {
    salts: bytesOf(segment.salts, count),
    hashes: bytesOf(segment.hashes, count),
    ends: bytesOf(segment.ends, count),
    bytes: segment.bytes.subarray(0, count === 0 ? 0 : segment.ends[count - 1]!),
  };
}

export function copyTexts(texts: StoredTexts): StoredTexts {
  const { salts, hashes, ends, bytes } = texts;
  return { salts: salts.slice(), hashes: hashes.slice(), ends: ends.slice(), bytes: bytes.slice() };
}

export function viewOrders(state: DropState, segment: number, count: number): StoredOrders {
  const columns = state.orders.columns[segment]!;
  return {
    keys: viewTexts(state.orders.keys.segments[segment]!, count),
    quantities: bytesOf(columns.quantities, count),
    createdAt: bytesOf(columns.createdAt, count),
    ...(columns.metadata !== null && { metadata: [...columns.metadata] }),
    ...(columns.passes !== null && { passes: [...columns.passes] }),
  };
}

export function copyOrders(orders: StoredOrders): StoredOrders {
  const { keys, quantities, createdAt, ...rest } = orders;
  const columns = { quantities: quantities.slice(), createdAt: createdAt.slice() };
  return { keys: copyTexts(keys), ...columns, ...rest };
}

export function copyStates(state: DropState, segment: number, count: number): StoredStates {
  const columns = state.orders.columns[segment]!;
  return {
    states: columns.states.slice(0, count),
    versions: bytesOf(columns.versions, count).slice(),
    references: columns.payments && [...columns.payments],
  };
}

/** Makes a column of its stored bytes: `copiedColumn` or `movedColumn`. */
export type MakeColumn = <A extends Column>(bytes: Uint8Array, type: ColumnType<A>) => A;

type Column = Uint8Array | Uint32Array | Float64Array;

interface ColumnType<A extends Column> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, offset: number, length: number): A;
}

export function copiedColumn<A extends Column>(bytes: Uint8Array, type: ColumnType<A>): A {
  const length = bytes.length / type.BYTES_PER_ELEMENT;
  return new type(new Uint8Array(bytes).buffer, 0, length);
}

/**
 * A column in the memory of its part, which is spent by this. Elements of 8 bytes begin at a
 * multiple of 8 only, so the bytes move by up to 7, over the column's name and length.
 */
export function movedColumn<A extends Column>(bytes: Uint8Array, type: ColumnType<A>): A {
  const { buffer, byteOffset } = bytes;
  const offset = byteOffset - (byteOffset % type.BYTES_PER_ELEMENT);
  new Uint8Array(buffer, offset, bytes.length).set(bytes);
  return new type(buffer, offset, bytes.length / type.BYTES_PER_ELEMENT);
}

export function restoreTexts(stored: StoredTexts, column: MakeColumn): TextSegment {
  return {
    salts: column(stored.salts, Uint32Array),
    hashes: column(stored.hashes, Uint32Array),
    ends: column(stored.ends, Uint32Array),
    bytes: column(stored.bytes, Uint8Array),
  };
}

function bytesOf(array: Uint32Array | Float64Array, count: number): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, count * array.BYTES_PER_ELEMENT);
}
