// How drops are written into snapshots. What never changes again (full segments of users and orders) goes into parts that are
// written once; the status and version of full segments' orders into parts that are written again when one of them changed; the
// rest, which is small, into the head every time. Taking a snapshot only copies what may change; encoding and checksums come later,
// part by part, so that they need not hold up the shard (`actors/shard-snapshots.ts`).

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
interface StoredStates {
  states: Uint8Array;
  versions: Uint8Array;
  references: [number, string][] | null;
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
  /** `changedAt` of each full segment of orders: the last element of its part's name. */
  changes: number[];
  lastUsers: StoredTexts | null;
  lastOrders: StoredOrders | null;
  lastStates: StoredStates | null;
}

/** A part that is yet to be encoded. Its bytes are either copied already or never change. */
export interface PendingPart {
  readonly name: string;
  readonly content: unknown;
}

export interface DropSnapshot {
  readonly head: StoredDrop;
  readonly partNames: readonly string[];
}

/** Takes a drop's snapshot, adding to `parts` those that are not stored yet. For a million orders that all changed: 5 MB of copying. */
export function snapshotDrop(
  state: DropState,
  isStored: (name: string) => boolean,
  parts: PendingPart[],
): DropSnapshot {
  const { users, orders } = state;
  const userSegments = Math.floor(users.size / SEGMENT_LENGTH);
  const orderSegments = Math.floor(orders.size / SEGMENT_LENGTH);
  const usersLeft = users.size % SEGMENT_LENGTH;
  const ordersLeft = orders.size % SEGMENT_LENGTH;
  const head: StoredDrop = {
    terms: termsOf(state),
    createdAt: state.createdAt,
    status: state.status,
    stocked: state.stocked,
    held: state.held,
    sold: state.sold,
    version: state.version,
    users: users.size,
    orders: orders.size,
    sweepCursor: state.sweepCursor,
    changes: orders.columns.slice(0, orderSegments).map((columns) => columns.changedAt),
    lastUsers:
      usersLeft === 0 ? null : copyTexts(viewTexts(users.segments[userSegments]!, usersLeft)),
    lastOrders: ordersLeft === 0 ? null : copyOrders(viewOrders(state, orderSegments, ordersLeft)),
    lastStates: ordersLeft === 0 ? null : copyStates(state, orderSegments, ordersLeft),
  };
  const names = partNamesOf(head);
  const add = (name: string, content: () => unknown) => {
    if (!isStored(name)) parts.push({ name, content: content() });
  };
  for (let i = 0; i < userSegments; i++) {
    add(names.users[i]!, () => viewTexts(users.segments[i]!, SEGMENT_LENGTH));
  }
  for (let i = 0; i < orderSegments; i++) {
    add(names.orders[i]!, () => viewOrders(state, i, SEGMENT_LENGTH));
    add(names.states[i]!, () => copyStates(state, i, SEGMENT_LENGTH));
  }
  return { head, partNames: [...names.users, ...names.orders, ...names.states] };
}

export function encodePart(part: PendingPart): SnapshotPart {
  return { name: part.name, bytes: seal(part.content) };
}

/** Makes the drop again. Errors: CorruptError where a part is missing or damaged. */
export function restoreDrop(
  snapshot: DropSnapshot,
  partBytes: (name: string) => Uint8Array | undefined,
): DropState {
  const { head } = snapshot;
  const state = new DropState(head.terms, head.stocked, head.createdAt);
  state.status = head.status;
  state.held = head.held;
  state.sold = head.sold;
  state.version = head.version;
  state.sweepCursor = head.sweepCursor;

  const open = (name: string): unknown => {
    const bytes = partBytes(name);
    if (bytes === undefined) throw new CorruptError(`snapshot part ${name} is missing`);
    return unseal(bytes, `snapshot part ${name}`);
  };
  const names = partNamesOf(head);
  for (const name of names.users)
    state.users.adopt(restoreTexts(open(name) as StoredTexts), SEGMENT_LENGTH);
  if (head.lastUsers !== null)
    state.users.adopt(restoreTexts(head.lastUsers), head.users % SEGMENT_LENGTH);
  names.orders.forEach((name, i) => {
    adoptOrders(
      state,
      open(name) as StoredOrders,
      open(names.states[i]!) as StoredStates,
      SEGMENT_LENGTH,
    );
  });
  if (head.lastOrders !== null && head.lastStates !== null) {
    adoptOrders(state, head.lastOrders, head.lastStates, head.orders % SEGMENT_LENGTH);
  }
  countUserUnits(state);
  return state;
}

function partNamesOf(head: StoredDrop): { users: string[]; orders: string[]; states: string[] } {
  const { id } = head.terms;
  const userSegments = Math.floor(head.users / SEGMENT_LENGTH);
  return {
    users: Array.from({ length: userSegments }, (_, i) => `${id}/users/${i}`),
    orders: head.changes.map((_, i) => `${id}/orders/${i}`),
    states: head.changes.map((changedAt, i) => `${id}/states/${i}/${changedAt}`),
  };
}

function adoptOrders(
  state: DropState,
  stored: StoredOrders,
  changing: StoredStates,
  count: number,
): void {
  const versions = new Uint32Array(copyOf(changing.versions));
  const columns: OrderColumns = {
    quantities: new Uint32Array(copyOf(stored.quantities)),
    createdAt: new Float64Array(copyOf(stored.createdAt)),
    states: new Uint8Array(changing.states),
    versions,
    changedAt: versions.reduce((latest, version) => Math.max(latest, version), 0),
    references: changing.references && new Map(changing.references),
  };
  state.orders.adopt(restoreTexts(stored.keys), columns, count);
}

/** A drop in one piece, for drops that are over. */
export function encodeSealedDrop(state: DropState): Uint8Array {
  const parts: PendingPart[] = [];
  const snapshot = snapshotDrop(state, () => false, parts);
  return seal({ snapshot, parts: parts.map(encodePart) });
}

export function decodeSealedDrop(bytes: Uint8Array): DropState {
  const { snapshot, parts } = unseal(bytes, 'a sealed drop') as {
    snapshot: DropSnapshot;
    parts: SnapshotPart[];
  };
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
  if (packed.length === 0 || crc32(packed) !== checksum)
    throw new CorruptError(`${what} does not match its checksum`);
  const [version, value] = packr.unpack(packed) as [number, unknown];
  if (version !== FORMAT_VERSION)
    throw new CorruptError(`${what} has format ${version}, which this version cannot read`);
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

function viewTexts(segment: TextSegment, count: number): StoredTexts {
  return {
    salts: bytesOf(segment.salts, count),
    hashes: bytesOf(segment.hashes, count),
    ends: bytesOf(segment.ends, count),
    bytes: segment.bytes.subarray(0, count === 0 ? 0 : segment.ends[count - 1]!),
  };
}

function copyTexts(texts: StoredTexts): StoredTexts {
  const { salts, hashes, ends, bytes } = texts;
  return { salts: salts.slice(), hashes: hashes.slice(), ends: ends.slice(), bytes: bytes.slice() };
}

function viewOrders(state: DropState, segment: number, count: number): StoredOrders {
  const columns = state.orders.columns[segment]!;
  return {
    keys: viewTexts(state.orders.keys.segments[segment]!, count),
    quantities: bytesOf(columns.quantities, count),
    createdAt: bytesOf(columns.createdAt, count),
  };
}

function copyOrders(orders: StoredOrders): StoredOrders {
  const { keys, quantities, createdAt } = orders;
  return { keys: copyTexts(keys), quantities: quantities.slice(), createdAt: createdAt.slice() };
}

function copyStates(state: DropState, segment: number, count: number): StoredStates {
  const columns = state.orders.columns[segment]!;
  return {
    states: columns.states.slice(0, count),
    versions: bytesOf(columns.versions, count).slice(),
    references: columns.references && [...columns.references],
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

function bytesOf(array: Uint32Array | Float64Array, count: number): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, count * array.BYTES_PER_ELEMENT);
}

/** A copy that begins at 0, as typed arrays of wider elements need. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
