// How drops are written into snapshots. What never changes again (full segments of users and orders) goes into parts that are
// written once; what changes (counters, each order's status and version, the unfinished segments) goes into the head every time.
// For a million orders the head is 5 MB of plain copying.

import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import { DropState } from '../domain/drop-state.ts';
import type { OrderColumns } from '../domain/order-table.ts';
import { SEGMENT_LENGTH, type TextSegment } from '../domain/text-index.ts';
import type { DropStatus, DropTerms } from '../domain/views.ts';
import { CorruptError } from './journal.ts';
import type { SnapshotPart } from './snapshots.ts';

const FORMAT_VERSION = 1;
const CHECKSUM_BYTES = 4;
const packr = new Packr({ useRecords: false });

/** Texts of a segment as stored: typed arrays as bytes, cut to what is in use. */
interface StoredTexts {
  salts: Uint8Array;
  hashes: Uint8Array;
  ends: Uint8Array;
  bytes: Uint8Array;
}
interface StoredOrders {
  keys: StoredTexts;
  quantities: Uint8Array;
  createdAt: Uint8Array;
}
interface StoredDrop {
  terms: DropTerms;
  createdAt: number;
  status: DropStatus;
  stocked: number;
  held: number;
  sold: number;
  version: number;
  users: number;
  orders: number;
  sweepCursor: number;
  references: [number, string][];
  /** Of all orders, in order. */
  states: Uint8Array[];
  versions: Uint8Array[];
  lastUsers: StoredTexts | null;
  lastOrders: StoredOrders | null;
}

export interface DropSnapshot {
  readonly head: StoredDrop;
  /** Names of all parts: users' segments first, then orders'. */
  readonly partNames: readonly string[];
}

/** Takes a drop's snapshot. `needsPart` tells for which part names bytes are wanted: the others are stored already. */
export function snapshotDrop(
  state: DropState,
  needsPart: (name: string) => boolean,
  newParts: SnapshotPart[],
): DropSnapshot {
  const userSegments = Math.floor(state.users.size / SEGMENT_LENGTH);
  const orderSegments = Math.floor(state.orders.size / SEGMENT_LENGTH);
  const partNames: string[] = [];
  const addPart = (name: string, store: () => unknown) => {
    partNames.push(name);
    if (needsPart(name)) newParts.push({ name, bytes: seal(store()) });
  };
  for (let i = 0; i < userSegments; i++) {
    addPart(`${state.id}/users/${i}`, () => storeTexts(state.users.segments[i]!, SEGMENT_LENGTH));
  }
  for (let i = 0; i < orderSegments; i++) {
    addPart(`${state.id}/orders/${i}`, () => storeOrders(state, i, SEGMENT_LENGTH));
  }
  const usersLeft = state.users.size % SEGMENT_LENGTH;
  const ordersLeft = state.orders.size % SEGMENT_LENGTH;
  const head: StoredDrop = {
    terms: termsOf(state),
    createdAt: state.createdAt,
    status: state.status,
    stocked: state.stocked,
    held: state.held,
    sold: state.sold,
    version: state.version,
    users: state.users.size,
    orders: state.orders.size,
    sweepCursor: state.sweepCursor,
    references: [...state.references],
    states: state.orders.columns.map((columns, i) => columns.states.subarray(0, ordersIn(state.orders.size, i))),
    versions: state.orders.columns.map((columns, i) => bytesOf(columns.versions, ordersIn(state.orders.size, i))),
    lastUsers: usersLeft === 0 ? null : storeTexts(state.users.segments[userSegments]!, usersLeft),
    lastOrders: ordersLeft === 0 ? null : storeOrders(state, orderSegments, ordersLeft),
  };
  return { head, partNames };
}

/** Makes the drop again. Errors: CorruptError where a part is missing or damaged. */
export function restoreDrop(snapshot: DropSnapshot, partBytes: (name: string) => Uint8Array | undefined): DropState {
  const { head } = snapshot;
  const state = new DropState(head.terms, head.stocked, head.createdAt);
  state.status = head.status;
  state.held = head.held;
  state.sold = head.sold;
  state.version = head.version;
  state.sweepCursor = head.sweepCursor;
  for (const [ordinal, reference] of head.references) state.references.set(ordinal, reference);

  const open = (name: string): unknown => {
    const bytes = partBytes(name);
    if (bytes === undefined) throw new CorruptError(`snapshot part ${name} is missing`);
    return unseal(bytes, `snapshot part ${name}`);
  };
  const userSegments = Math.floor(head.users / SEGMENT_LENGTH);
  for (const name of snapshot.partNames.slice(0, userSegments)) {
    state.users.adopt(restoreTexts(open(name) as StoredTexts), SEGMENT_LENGTH);
  }
  if (head.lastUsers !== null) state.users.adopt(restoreTexts(head.lastUsers), head.users % SEGMENT_LENGTH);
  const orderParts = snapshot.partNames.slice(userSegments).map((name) => open(name) as StoredOrders);
  if (head.lastOrders !== null) orderParts.push(head.lastOrders);
  orderParts.forEach((stored, i) => {
    const columns: OrderColumns = {
      quantities: new Uint32Array(copyOf(stored.quantities)),
      createdAt: new Float64Array(copyOf(stored.createdAt)),
      states: new Uint8Array(head.states[i]!),
      versions: new Uint32Array(copyOf(head.versions[i]!)),
    };
    state.orders.adopt(restoreTexts(stored.keys), columns, ordersIn(head.orders, i));
  });
  countUserUnits(state);
  return state;
}

/** A drop in one piece, for drops that are over. */
export function encodeSealedDrop(state: DropState): Uint8Array {
  const parts: SnapshotPart[] = [];
  const snapshot = snapshotDrop(state, () => true, parts);
  return seal({ snapshot, parts });
}

export function decodeSealedDrop(bytes: Uint8Array): DropState {
  const { snapshot, parts } = unseal(bytes, 'a sealed drop') as { snapshot: DropSnapshot; parts: SnapshotPart[] };
  const byName = new Map(parts.map((part) => [part.name, part.bytes]));
  return restoreDrop(snapshot, (name) => byName.get(name));
}

export interface ShardHead {
  readonly time: number;
  readonly drops: readonly DropSnapshot[];
}

export function encodeShardHead(head: ShardHead): Uint8Array {
  return seal(head);
}

export function decodeShardHead(bytes: Uint8Array, shard: number): ShardHead {
  return unseal(bytes, `the snapshot of shard ${shard}`) as ShardHead;
}

function seal(value: unknown): Uint8Array {
  const packed = packr.pack([FORMAT_VERSION, value]);
  const bytes = Buffer.allocUnsafeSlow(CHECKSUM_BYTES + packed.length);
  bytes.writeUInt32LE(crc32(packed), 0);
  packed.copy(bytes, CHECKSUM_BYTES);
  return bytes;
}

function unseal(bytes: Uint8Array, what: string): unknown {
  const packed = bytes.subarray(CHECKSUM_BYTES);
  const checksum = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (packed.length === 0 || crc32(packed) !== checksum) throw new CorruptError(`${what} does not match its checksum`);
  const [version, value] = packr.unpack(packed) as [number, unknown];
  if (version !== FORMAT_VERSION) throw new CorruptError(`${what} has format ${version}, which this version cannot read`);
  return value;
}

function termsOf(state: DropState): DropTerms {
  return {
    id: state.id,
    productId: state.productId,
    creatorId: state.creatorId,
    startsAt: state.startsAt,
    endsAt: state.endsAt,
    priceCents: state.priceCents,
    currency: state.currency,
    limitPerUser: state.limitPerUser,
    holdSeconds: state.holdSeconds,
    payment: state.payment,
  };
}

function storeTexts(segment: TextSegment, count: number): StoredTexts {
  return {
    salts: bytesOf(segment.salts, count),
    hashes: bytesOf(segment.hashes, count),
    ends: bytesOf(segment.ends, count),
    bytes: segment.bytes.subarray(0, count === 0 ? 0 : segment.ends[count - 1]!),
  };
}

function storeOrders(state: DropState, segment: number, count: number): StoredOrders {
  const columns = state.orders.columns[segment]!;
  return {
    keys: storeTexts(state.orders.keys.segments[segment]!, count),
    quantities: bytesOf(columns.quantities, count),
    createdAt: bytesOf(columns.createdAt, count),
  };
}

function restoreTexts(stored: StoredTexts): TextSegment {
  return {
    salts: new Uint32Array(copyOf(stored.salts)),
    hashes: new Uint32Array(copyOf(stored.hashes)),
    ends: new Uint32Array(copyOf(stored.ends)),
    bytes: new Uint8Array(stored.bytes),
  };
}

function countUserUnits(state: DropState): void {
  const units = new Uint32Array(Math.max(16, state.users.size));
  for (let ordinal = 0; ordinal < state.orders.size; ordinal++) {
    const status = state.orders.status(ordinal);
    if (status === 'reserved' || status === 'confirmed') {
      units[state.orders.user(ordinal)]! += state.orders.quantity(ordinal);
    }
  }
  state.userUnits = units;
}

function ordersIn(orders: number, segment: number): number {
  return Math.min(SEGMENT_LENGTH, orders - segment * SEGMENT_LENGTH);
}

function bytesOf(array: Uint32Array | Float64Array, count: number): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, count * array.BYTES_PER_ELEMENT);
}

/** A copy that begins at 0, as typed arrays of wider elements need. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
