// The format of drops in snapshots. Full segments of users and orders never change, so they are
// parts that are written once. The status and version of orders in full segments are parts that are
// written again after a change. The rest is small, and goes into the head each time. Taking a
// snapshot only copies data that may change. Encoding and checksums follow later, part by part, so
// that they do not block the shard (`actors/shard/shard-snapshots.ts`). Restoring a drop goes part
// by part as well.

import { accessOf, DropState, type SalePause } from '../../domain/drop-state.ts';
import type { HoldStop } from '../../domain/hold-stops.ts';
import type { OrderColumns } from '../../domain/order-table.ts';
import { returnedUnits } from '../../domain/order-refunds.ts';
import { SEGMENT_LENGTH } from '../../domain/text-index.ts';
import type { DropStatus, DropTerms } from '../../contracts/drops.ts';
import { type Stored, withOurNames, withStoredNames } from './amount-names.ts';
import { decodeChecksummed, encodeChecksummed } from './checksummed.ts';
import {
  adoptAnswered,
  answeredSegment,
  fullSegments,
  lastAnswered,
  numbersOf,
  type StoredAnswered,
} from './answered-segments.ts';
import {
  copiedColumn,
  copyOrders,
  copyStates,
  copyTexts,
  type MakeColumn,
  movedColumn,
  restoreTexts,
  type StoredOrders,
  type StoredStates,
  type StoredTexts,
  viewOrders,
  viewTexts,
} from './drop-segments.ts';
import { CorruptError } from '../ports/journal.ts';
import type { SnapshotPart } from '../ports/snapshots.ts';
import { type Pause, Steps } from './steps.ts';

/** Parts encoded without a pause: about 2 ms. */
export const PARTS_PER_STEP = 4;
/**
 * Users and orders restored without a pause: a full segment, which takes 1 to 3 ms with its
 * checksum and the hashing of its texts. Two segments would come close to 5 ms, the longest that
 * work may block the event loop.
 */
const TEXTS_PER_STEP = SEGMENT_LENGTH;
/** Restoring a drop without users and orders takes as long as this many. */
const TEXTS_OF_EMPTY_DROP = 16;
/** The same for answered requests. */
const TEXTS_OF_ANSWERED_SEGMENT = SEGMENT_LENGTH / 2;

/** A drop without its orders and users. */
export interface StoredHead {
  terms: Stored<DropTerms>;
  createdAt: number;
  status: DropStatus;
  stocked: number;
  held: number;
  sold: number;
  version: number;
  /** Absent in snapshots of level 2: then `version` is a number that it has never passed. */
  revision?: number;
  /** While the drop is paused. */
  pause?: SalePause;
  /** Where pauses have extended holds. */
  holdStops?: readonly HoldStop[];
  users: number;
  orders: number;
  sweepCursor: number;
  /** `changedAt` of each full segment of orders: the last element of its part's name. */
  changes: number[];
  /** Numbers of the answered requests: the oldest one, and the next one. Absent: there are none. */
  answered?: [first: number, next: number];
}

/** The unfinished segments. */
export interface StoredTail {
  lastUsers: StoredTexts | null;
  lastOrders: StoredOrders | null;
  lastStates: StoredStates | null;
  lastAnswered?: StoredAnswered;
}

type StoredDrop = StoredHead & StoredTail;

/** A part that is not encoded yet. Its bytes are either copied already or never change. */
export interface PendingPart {
  readonly name: string;
  readonly content: unknown;
}

export interface DropSnapshot {
  readonly head: StoredDrop;
  readonly partNames: readonly string[];
}

/**
 * Takes a drop's snapshot, and adds to `parts` the parts that are not stored yet. Copies 5 MB for a
 * million orders that all changed.
 */
export function snapshotDrop(
  state: DropState,
  isStored: (name: string) => boolean,
  parts: PendingPart[],
): DropSnapshot {
  const head = { ...headOf(state), ...tailOf(state) };
  const partNames: string[] = [];
  for (const { name, content } of segmentParts(state, head)) {
    partNames.push(name);
    if (!isStored(name)) parts.push({ name, content: content() });
  }
  return { head, partNames };
}

/** Of a drop with 10 million orders: 2,441 numbers beside the counters. */
export function headOf(state: DropState): StoredHead {
  const { users, orders } = state;
  const orderSegments = Math.floor(orders.size / SEGMENT_LENGTH);
  return {
    terms: termsOf(state),
    createdAt: state.createdAt,
    status: state.status,
    stocked: state.stocked,
    held: state.held,
    sold: state.sold,
    version: state.version,
    revision: state.revision,
    users: users.size,
    orders: orders.size,
    sweepCursor: state.sweepCursor,
    changes: orders.columns.slice(0, orderSegments).map((columns) => columns.changedAt),
    ...(state.pause !== null && { pause: state.pause }),
    ...(state.holdStops !== null && { holdStops: state.holdStops }),
    ...(state.answered !== null && { answered: numbersOf(state.answered) }),
  };
}

/** Copies of the unfinished segments. */
export function tailOf(state: DropState): StoredTail {
  const { users, orders } = state;
  const userSegments = Math.floor(users.size / SEGMENT_LENGTH);
  const orderSegments = Math.floor(orders.size / SEGMENT_LENGTH);
  const usersLeft = users.size % SEGMENT_LENGTH;
  const ordersLeft = orders.size % SEGMENT_LENGTH;
  return {
    lastUsers:
      usersLeft === 0 ? null : copyTexts(viewTexts(users.segments[userSegments]!, usersLeft)),
    lastOrders: ordersLeft === 0 ? null : copyOrders(viewOrders(state, orderSegments, ordersLeft)),
    lastStates: ordersLeft === 0 ? null : copyStates(state, orderSegments, ordersLeft),
    ...(state.answered !== null && { lastAnswered: lastAnswered(state.answered) }),
  };
}

/** The full segments. `content` reads the drop as it stands at the call. */
export function* segmentParts(
  state: DropState,
  head: StoredHead,
): Generator<{ name: string; content: () => unknown }, void, undefined> {
  const names = partNamesOf(head);
  for (const [i, name] of names.users.entries()) {
    yield { name, content: () => viewTexts(state.users.segments[i]!, SEGMENT_LENGTH) };
  }
  for (const [i, name] of names.orders.entries()) {
    yield { name, content: () => viewOrders(state, i, SEGMENT_LENGTH) };
    yield { name: names.states[i]!, content: () => copyStates(state, i, SEGMENT_LENGTH) };
  }
  for (const { name, segment } of names.answered)
    yield { name, content: () => answeredSegment(state.answered!, segment) };
}

export function encodePart(part: PendingPart): SnapshotPart {
  return { name: part.name, bytes: encodeChecksummed(part.content) };
}

/** Errors: CorruptError if the part does not match its checksum. */
export function checkPart({ name, bytes }: SnapshotPart): void {
  decodeChecksummed(bytes, `snapshot part ${name}`);
}

/** The steps of `restoreDrop`, for several drops that are restored one after the other. */
export function restoreSteps(pause: Pause): Steps {
  return new Steps(TEXTS_PER_STEP, pause);
}

/** The drop without its orders and users. */
export function restoreHead(head: StoredHead): DropState {
  const terms = withOurNames<DropTerms>(head.terms);
  const state = new DropState(terms, head.stocked, head.createdAt);
  adoptHead(state, head);
  return state;
}

/** Takes over what the head has besides terms. */
export function adoptHead(state: DropState, head: StoredHead): void {
  state.status = head.status;
  state.held = head.held;
  state.sold = head.sold;
  state.version = head.version;
  state.revision = head.revision ?? head.version;
  state.sweepCursor = head.sweepCursor;
  state.pause = head.pause ?? null;
  state.holdStops = head.holdStops ?? null;
}

/**
 * Restores the drop, and reads one part after the other. A part that has a buffer of its own is
 * spent: the drop lives in that memory. So loading leaves no garbage behind, of which every 32 MiB
 * would make V8 mark all of the heap. Errors: CorruptError if a part is missing or damaged; those
 * of `readPart`.
 */
export async function restoreDrop(
  head: StoredHead & StoredTail,
  readPart: (name: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>,
  steps: Steps,
): Promise<DropState> {
  await steps.before(TEXTS_OF_EMPTY_DROP);
  const state = restoreHead(head);
  const open = async (name: string): Promise<unknown> => {
    const bytes = await readPart(name);
    if (bytes === undefined) throw new CorruptError(`snapshot part ${name} is missing`);
    const own = bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
    return decodeChecksummed(own, `snapshot part ${name}`);
  };
  const names = partNamesOf(head);
  for (const name of names.users) {
    await steps.before(SEGMENT_LENGTH);
    const users = restoreTexts((await open(name)) as StoredTexts, movedColumn);
    state.users.adopt(users, SEGMENT_LENGTH);
  }
  if (head.lastUsers !== null) {
    const count = head.users % SEGMENT_LENGTH;
    await steps.before(count);
    state.users.adopt(restoreTexts(head.lastUsers, copiedColumn), count);
  }
  state.userUnits = new Uint32Array(Math.max(16, head.users));
  state.userOrders = new Uint32Array(state.userUnits.length);
  for (const [i, name] of names.orders.entries()) {
    await steps.before(SEGMENT_LENGTH);
    const orders = (await open(name)) as StoredOrders;
    const states = (await open(names.states[i]!)) as StoredStates;
    adoptOrders(state, { orders, states, count: SEGMENT_LENGTH, column: movedColumn });
  }
  if (head.lastOrders !== null && head.lastStates !== null) {
    const count = head.orders % SEGMENT_LENGTH;
    await steps.before(count);
    const { lastOrders: orders, lastStates: states } = head;
    adoptOrders(state, { orders, states, count, column: copiedColumn });
  }
  for (const { name } of names.answered) {
    await steps.before(TEXTS_OF_ANSWERED_SEGMENT);
    adoptAnswered(state, head, (await open(name)) as StoredAnswered);
  }
  if (head.lastAnswered !== undefined) adoptAnswered(state, head, head.lastAnswered);
  return state;
}

export function partNamesOf(head: StoredHead): {
  users: string[];
  orders: string[];
  states: string[];
  answered: { name: string; segment: number }[];
} {
  const { id } = head.terms;
  const userSegments = Math.floor(head.users / SEGMENT_LENGTH);
  return {
    users: Array.from({ length: userSegments }, (_, i) => `${id}/users/${i}`),
    orders: head.changes.map((_, i) => `${id}/orders/${i}`),
    states: head.changes.map((changedAt, i) => `${id}/states/${i}/${changedAt}`),
    answered: fullSegments(head.answered).map((segment) => {
      return { name: `${id}/answered/${segment}`, segment };
    }),
  };
}

interface RestoredOrders {
  readonly orders: StoredOrders;
  readonly states: StoredStates;
  readonly count: number;
  readonly column: MakeColumn;
}

/** The users of the orders must be restored before. */
function adoptOrders(state: DropState, { orders, states, count, column }: RestoredOrders): void {
  const versions = column(states.versions, Uint32Array);
  const columns: OrderColumns = {
    quantities: column(orders.quantities, Uint32Array),
    createdAt: column(orders.createdAt, Float64Array),
    states: column(states.states, Uint8Array),
    versions,
    changedAt: versions.reduce((latest, version) => Math.max(latest, version), 0),
    payments: states.references && new Map(states.references),
    metadata: orders.metadata === undefined ? null : new Map(orders.metadata),
    passes: orders.passes === undefined ? null : new Map(orders.passes),
  };
  const first = state.orders.size;
  state.orders.adopt(restoreTexts(orders.keys, column), columns, count);
  for (let ordinal = first; ordinal < state.orders.size; ordinal++) {
    const pass = state.orders.pass(ordinal);
    if (!state.orders.hasUnits(ordinal)) {
      if (pass !== undefined) state.usePass(pass, 0);
      continue;
    }
    const user = state.orders.user(ordinal);
    const returned = returnedUnits(state.orders.payments(ordinal));
    const units = state.orders.quantity(ordinal) - returned;
    state.userUnits[user]! += units;
    state.userOrders[user] = ordinal;
    if (pass !== undefined) state.usePass(pass, units);
  }
}

export interface ShardHead {
  readonly time: number;
  readonly drops: readonly DropSnapshot[];
}

export function encodeShardHead(head: ShardHead): Uint8Array {
  return encodeChecksummed(head);
}

export function decodeShardHead(bytes: Uint8Array, shard: number): ShardHead {
  return decodeChecksummed(bytes, `the snapshot of shard ${shard}`) as ShardHead;
}

function termsOf(state: DropState): Stored<DropTerms> {
  return withStoredNames<DropTerms>({
    id: state.id,
    productId: state.productId,
    creatorId: state.creatorId,
    startsAt: state.startsAt,
    endsAt: state.endsAt,
    unitAmount: state.unitAmount,
    currency: state.currency,
    limitPerUser: state.limitPerUser,
    holdSeconds: state.holdSeconds,
    payment: state.payment,
    ...accessOf(state),
    ...state.description,
    ...(state.paymentPaceMs > 0 && { paymentPaceMs: state.paymentPaceMs }),
  });
}
