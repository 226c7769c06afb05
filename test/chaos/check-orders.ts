// Compares the clients' answers about orders with the journal: it has every acknowledged order
// once, under its key, and no refused order; every order state in an answer is in the journal.

import { describe, type OrderAttempt, type OrderRead, type Where } from './history.ts';
import type { History, ShownOrder, Tolerance } from './history.ts';
import type { TrueDrop, TrueOrder, Truth } from './truth.ts';

export interface OrderIndex {
  readonly byId: ReadonlyMap<string, TrueOrder>;
  /** All orders of one user in one drop under one key; more than one is an error. */
  readonly byKey: ReadonlyMap<string, readonly TrueOrder[]>;
}

export function indexOrders(truth: Truth): OrderIndex {
  const byId = new Map<string, TrueOrder>();
  const byKey = new Map<string, TrueOrder[]>();
  for (const { orders } of truth.drops.values()) {
    for (const order of orders) {
      byId.set(order.id, order);
      const key = keyOf(order);
      byKey.set(key, [...(byKey.get(key) ?? []), order]);
    }
  }
  return { byId, byKey };
}

function keyOf({ userId, dropId, key }: Pick<TrueOrder, 'userId' | 'dropId' | 'key'>): string {
  return `${userId} ${dropId} ${key}`;
}

export function checkOrders(
  history: History,
  truth: Truth,
  index: OrderIndex,
  tolerance: Tolerance,
): string[] {
  const findings: string[] = [];
  const attempts = Map.groupBy(history.attempts, keyOf);
  for (const [key, made] of attempts) {
    findings.push(...checkKey(made, index.byKey.get(key) ?? [], tolerance));
  }
  for (const [key, orders] of index.byKey) {
    if (!attempts.has(key)) findings.push(`J4: ${orders[0]!.id} is there, and nobody placed it`);
  }
  for (const attempt of history.attempts) {
    if (attempt.order !== null) findings.push(...checkShown(attempt.where, attempt.order, index));
    if (attempt.refusedAt !== null) {
      findings.push(...checkRefusal(attempt, truth.drops.get(attempt.dropId)));
    }
  }
  for (const { where, order } of history.orders) findings.push(...checkShown(where, order, index));
  findings.push(...checkRisingVersions(history));
  return findings;
}

/** Compares all attempts of one user in one drop under one key with the journal. */
function checkKey(
  attempts: readonly OrderAttempt[],
  orders: readonly TrueOrder[],
  tolerance: Tolerance,
): string[] {
  if (orders.length > 1) {
    const ids = orders.map(({ id }) => id).join(' and ');
    return [`O3: ${ids} are there under one key; ${describe(attempts[0]!.where)}`];
  }
  const order = orders[0];
  const findings: string[] = [];
  let first: OrderAttempt | null = null;
  for (const attempt of attempts) {
    const { where, replayed } = attempt;
    if (attempt.order === null) continue;
    if (order === undefined || attempt.order.id !== order.id) {
      findings.push(`J4: acknowledged, but not there: ${attempt.order.id}; ${describe(where)}`);
    } else if (attempt.quantity !== order.quantity) {
      findings.push(`O4: another quantity than the order's was taken; ${describe(where)}`);
    }
    if (replayed) continue;
    if (first !== null) {
      findings.push(`O3: a second "first" answer; ${describe(first.where)}; ${describe(where)}`);
    }
    first = attempt;
  }
  if (order === undefined) return findings;
  if (!attempts.some((attempt) => couldMake(attempt, order, tolerance))) {
    const made = new Date(order.createdAt).toISOString();
    const exchanges = attempts.map(({ where }) => describe(where)).join('; ');
    findings.push(
      `J4: ${order.id} was made at ${made}, when its key was refused or idle; ${exchanges}`,
    );
  }
  for (const attempt of attempts) {
    const { where, quantity } = attempt;
    if (attempt.order !== null || isUnknown(where)) continue;
    if (where.beganAt <= order.createdAt + tolerance.skewMs) continue;
    const reused = where.code === 'idempotency-key-reused' && quantity !== order.quantity;
    if (!reused) findings.push(`O3: ${order.id} was there already; ${describe(where)}`);
  }
  return findings;
}

/** The outcome is unknown: no answer, or 503. */
function isUnknown({ status }: Where): boolean {
  return status === 0 || status === 503;
}

function couldMake(
  attempt: OrderAttempt,
  order: TrueOrder,
  { lateMs, skewMs }: Tolerance,
): boolean {
  const { where, quantity, order: shown } = attempt;
  if (quantity !== order.quantity || (shown === null && !isUnknown(where))) return false;
  // An answered request is complete. An unanswered request may still be processed later.
  const until = where.endedAt + (shown === null ? lateMs : 0);
  return where.beganAt <= order.createdAt + skewMs && order.createdAt <= until + skewMs;
}

/** An order in an answer must be one of the order's states in the journal. */
function checkShown(where: Where, shown: ShownOrder, { byId }: OrderIndex): string[] {
  const order = byId.get(shown.id);
  if (order === undefined)
    return [`J4: ${shown.id} was shown and is not there; ${describe(where)}`];
  const step = order.steps.find(({ version }) => version === shown.version);
  const last = order.steps.at(-1)!;
  if (step === undefined) {
    return [
      `O8: ${shown.id} was shown at version ${shown.version}, and is ${last.status} ` +
        `at ${last.version}; ${describe(where)}`,
    ];
  }
  const same =
    step.status === shown.status &&
    step.refundRequested === (shown.refundRequested ?? false) &&
    order.quantity === shown.quantity &&
    order.userId === shown.userId &&
    order.dropId === shown.dropId &&
    order.createdAt === Date.parse(shown.createdAt);
  if (same) return [];
  return [
    `O2: ${shown.id} was shown as ${shown.quantity} ${shown.status} at version ${shown.version}, ` +
      `and is ${order.quantity} ${step.status} there; ${describe(where)}`,
  ];
}

/** A later read of an order must not return an older version. */
function checkRisingVersions(history: History): string[] {
  const findings: string[] = [];
  const reads: OrderRead[] = [...history.orders];
  for (const { where, order } of history.attempts) {
    if (order !== null) reads.push({ where, order });
  }
  for (const ofOne of Map.groupBy(reads, ({ order }) => order.id).values()) {
    const ended = ofOne.toSorted((a, b) => a.where.ended - b.where.ended);
    let at = 0;
    let newest: OrderRead | null = null;
    for (const read of ofOne.toSorted((a, b) => a.where.began - b.where.began)) {
      for (; ended[at] !== undefined && ended[at]!.where.ended < read.where.began; at++) {
        if (newest === null || ended[at]!.order.version > newest.order.version) newest = ended[at]!;
      }
      if (newest !== null && read.order.version < newest.order.version) {
        const { id, version } = read.order;
        findings.push(
          `O8: ${id} went back from version ${newest.order.version} to ${version}; ` +
            `${describe(newest.where)}; ${describe(read.where)}`,
        );
      }
    }
  }
  return findings;
}

/** A refusal with a version must be correct for the drop's state at that version. */
function checkRefusal({ where, refusedAt, quantity }: OrderAttempt, drop?: TrueDrop): string[] {
  const stock = drop?.stock[refusedAt! - 1];
  if (stock === undefined) {
    return [`O2: refused at version ${refusedAt}, which is not there; ${describe(where)}`];
  }
  const free = stock.stocked - stock.held - stock.sold;
  const right: Readonly<Record<string, boolean>> = {
    'sold-out': free === 0,
    'insufficient-stock': free < quantity,
    'drop-not-live': stock.status === 'upcoming',
    'drop-ended': stock.status === 'ended' || stock.status === 'cancelled',
  };
  if (right[where.code] ?? true) return [];
  return [`S5: version ${refusedAt} was ${stock.status}, ${free} free; ${describe(where)}`];
}
