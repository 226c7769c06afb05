// Folds the journal by rules written a second time, from SPEC.md and not from `domain/apply.ts`, so
// that this oracle does not share the product's errors. Stores the state of each drop at each
// version, because every state that a client received must be one of these.

import { orderId, SHARD_COUNT } from '../../domain/ids.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import { decodeEntry, type Entry } from '../../storage/formats/entry.ts';
import type { Journal } from '../../storage/ports/journal.ts';

export interface TrueStock {
  readonly status: string;
  readonly stocked: number;
  readonly held: number;
  readonly sold: number;
}

export interface TrueStep {
  readonly version: number;
  readonly status: string;
  readonly refundRequested: boolean;
}

export interface TrueOrder {
  readonly id: string;
  readonly dropId: string;
  readonly userId: string;
  readonly key: string;
  readonly quantity: number;
  readonly createdAt: number;
  /** From the first to the last. */
  readonly steps: TrueStep[];
}

export interface ExpectedNotice {
  readonly userId: string;
  readonly type: string;
  readonly orderId: string;
  readonly refundRequested: boolean;
}

export interface TrueDrop {
  readonly terms: DropTerms;
  /** The states at version 1, 2 and so on. */
  readonly stock: TrueStock[];
  readonly orders: TrueOrder[];
  /** In the order in which each user must receive them. */
  readonly notices: ExpectedNotice[];
  /** Units added by each restock. */
  readonly restocks: number[];
}

export interface Truth {
  readonly drops: ReadonlyMap<string, TrueDrop>;
  /** Errors of the journal itself. */
  readonly findings: readonly string[];
}

interface Fold {
  readonly drops: Map<string, TrueDrop>;
  readonly findings: string[];
}

const READ_ENTRIES_MAX = 256;

/** Reads every shard's journal. No process may write during the read. */
export async function readTruth(journal: Journal): Promise<Truth> {
  const fold: Fold = { drops: new Map(), findings: [] };
  for (let shard = 0; shard < SHARD_COUNT; shard++) await readShard(fold, journal, shard);
  return fold;
}

/** Sequences have no gaps, and epochs were claimed and never decrease (J2, W1). */
async function readShard(fold: Fold, journal: Journal, shard: number): Promise<void> {
  const head = await journal.head(shard);
  let sequence = 0;
  let epoch = 0;
  while (sequence < head.lastSequence) {
    const entries = await journal.read(shard, sequence, READ_ENTRIES_MAX);
    for (const found of entries) {
      fold.findings.push(...checkPlace(shard, { sequence, epoch }, found, head.epoch));
      ({ sequence, epoch } = found);
      foldEntry(fold, decodeEntry(found.bytes, shard, sequence));
    }
    if (entries.length > 0) continue;
    fold.findings.push(`J2: shard ${shard} ends at ${sequence}, not at ${head.lastSequence}`);
    return;
  }
}

interface Place {
  readonly sequence: number;
  readonly epoch: number;
}

/** Checks an entry's sequence and epoch against the previous entry and the claimed epochs. */
export function checkPlace(shard: number, last: Place, next: Place, claimed: number): string[] {
  const findings: string[] = [];
  const which = `entry ${next.sequence} of shard ${shard}`;
  if (next.sequence !== last.sequence + 1) {
    findings.push(`J2: ${which} follows ${last.sequence}`);
  }
  if (next.epoch < last.epoch) {
    findings.push(`W1: ${which} is of epoch ${next.epoch}, after one of epoch ${last.epoch}`);
  }
  if (next.epoch < 1 || next.epoch > claimed) {
    findings.push(`W1: ${which} is of epoch ${next.epoch}, and ${claimed} were claimed`);
  }
  return findings;
}

/** Folds entries that the caller has. */
export function truthOf(entries: Iterable<Entry>): Truth {
  const fold: Fold = { drops: new Map(), findings: [] };
  for (const entry of entries) foldEntry(fold, entry);
  return fold;
}

function foldEntry(fold: Fold, entry: Entry): void {
  for (const { dropId, versionBefore, events } of entry.changes) {
    const known = fold.drops.get(dropId)?.stock.length ?? 0;
    if (known !== versionBefore) {
      fold.findings.push(
        `J2: the journal goes on with ${dropId} after version ${versionBefore}, not ${known}`,
      );
      return;
    }
    for (const event of events) foldEvent(fold, dropId, event, entry.time);
  }
}

function foldEvent(fold: Fold, dropId: string, event: DropEvent, time: number): void {
  if (event.type === 'drop-created') {
    const stock = { status: 'upcoming', stocked: event.stock, held: 0, sold: 0 };
    const { terms } = event;
    fold.drops.set(dropId, { terms, stock: [stock], orders: [], notices: [], restocks: [] });
    return;
  }
  const drop = fold.drops.get(dropId);
  const before = drop?.stock.at(-1);
  if (drop === undefined || before === undefined) {
    fold.findings.push(`J1: the journal has ${event.type} of ${dropId} before its creation`);
    return;
  }
  const after = stockAfter(drop, before, event);
  drop.stock.push(after);
  const version = drop.stock.length;
  if (after.held < 0 || after.sold < 0 || after.held + after.sold > after.stocked) {
    const { stocked, held, sold } = after;
    fold.findings.push(
      `S1: ${dropId} at version ${version}: ${held} held, ${sold} sold of ${stocked}`,
    );
  }
  foldOrder(drop, event, version, time);
  if (event.type === 'order-placed' || event.type === 'order-confirmed-late') {
    checkLimit(fold, drop, version);
  }
}

function stockAfter(drop: TrueDrop, before: TrueStock, event: DropEvent): TrueStock {
  const { status, stocked, held, sold } = before;
  switch (event.type) {
    case 'drop-opened':
      return { ...before, status: 'live' };
    case 'drop-closed':
      return { ...before, status: 'ended' };
    case 'drop-cancelled':
      return { ...before, status: 'cancelled' };
    case 'drop-restocked':
      drop.restocks.push(event.units);
      return { ...before, stocked: stocked + event.units };
    case 'order-placed':
      return drop.terms.payment === 'instant'
        ? { ...before, sold: sold + event.quantity }
        : { ...before, held: held + event.quantity };
    case 'drop-created':
    case 'drop-amended':
    case 'drop-paused':
    case 'drop-resumed':
    case 'drop-repriced':
    case 'drop-described':
    case 'drop-access-changed':
    case 'order-details-added':
    case 'request-answered':
      return before;
  }
  const quantity = drop.orders[event.ordinal]?.quantity ?? Number.NaN;
  switch (event.type) {
    case 'order-confirmed':
      return { status, stocked, held: held - quantity, sold: sold + quantity };
    case 'order-confirmed-late':
      return { ...before, sold: sold + quantity };
    case 'order-failed':
    case 'order-expired':
    case 'order-cancelled':
      return { ...before, held: held - quantity };
    case 'order-refunded':
    case 'order-refunded-at-provider':
    case 'payment-voided':
      return { ...before, sold: sold - quantity };
    case 'order-part-refunded':
    case 'order-rest-refunded': {
      const withdrawn = event.restock ? 0 : event.quantity;
      return { ...before, sold: sold - event.quantity, stocked: stocked - withdrawn };
    }
    case 'refund-requested':
    case 'payment-declined':
    case 'payment-prepared':
    case 'payment-rejected':
    case 'payment-disputed':
    case 'dispute-closed':
    case 'payment-refunded':
      return before;
  }
}

function foldOrder(drop: TrueDrop, event: DropEvent, version: number, time: number): void {
  if (event.type === 'order-placed') {
    const instant = drop.terms.payment === 'instant';
    const { userId, key, quantity } = event;
    const dropId = drop.terms.id;
    const id = orderId(dropId, drop.orders.length);
    const status = instant ? 'confirmed' : 'reserved';
    const steps = [{ version, status, refundRequested: false }];
    drop.orders.push({ id, dropId, userId, key, quantity, createdAt: time, steps });
    if (instant) drop.notices.push({ userId, type: 'order.confirmed', orderId: id, ...PLAIN });
    return;
  }
  if (!('ordinal' in event)) return;
  const order = drop.orders[event.ordinal];
  const last = order?.steps.at(-1);
  if (order === undefined || last === undefined) return;
  const { type } = event;
  const isOfPayment =
    (type.startsWith('payment-') && type !== 'payment-voided') || type === 'dispute-closed';
  if (isOfPayment || event.type === 'order-part-refunded') {
    order.steps.push({ ...last, version });
    return;
  }
  const status = statusAfter(last.status, event.type);
  const asked = event.type === 'refund-requested';
  const refundRequested =
    asked || (event.type === 'order-refunded' && drop.terms.payment === 'provider');
  order.steps.push({ version, status, refundRequested });
  drop.notices.push({
    userId: order.userId,
    type: `order.${status}`,
    orderId: order.id,
    refundRequested: asked,
  });
}

const PLAIN = { refundRequested: false } as const;

function statusAfter(before: string, type: string): string {
  switch (type) {
    case 'order-confirmed-late':
      return 'confirmed';
    case 'refund-requested':
      return before === 'expired' ? 'failed' : before;
    case 'order-refunded-at-provider':
    case 'order-rest-refunded':
      return 'refunded';
    case 'payment-voided':
      return 'failed';
    case 'order-details-added':
      return before;
    default:
      return type.slice('order-'.length);
  }
}

/** The limit of a drop that is not amended holds at every version (O6). */
function checkLimit(fold: Fold, drop: TrueDrop, version: number): void {
  const placed = drop.orders.find(({ steps }) => steps.at(-1)?.version === version);
  if (placed === undefined) return;
  let units = 0;
  for (const { userId, quantity, steps } of drop.orders) {
    const status = steps.at(-1)?.status;
    if (userId !== placed.userId) continue;
    if (status === 'reserved' || status === 'confirmed') units += quantity;
  }
  const { id, limitPerUser } = drop.terms;
  if (units > limitPerUser) {
    fold.findings.push(
      `O6: ${placed.userId} has ${units} units of ${id}, the limit ${limitPerUser}`,
    );
  }
}
