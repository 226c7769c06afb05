// Compares what was asked and answered with the journals: what was answered is in them once, what
// nobody asked for is not, no rule is broken on the way, and each answer is what the drop was at
// the version that it names.

import { isDeepStrictEqual } from 'node:util';
import type { PlaceOrder } from '../../contracts/commands.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { OrderFilter, OrderView } from '../../contracts/orders.ts';
import type { Refusal } from '../../contracts/refusals.ts';
import { mayHaveOrder } from '../../domain/order-filter.ts';
import { decodeEntry, type DropChanges } from '../../storage/formats/entry.ts';
import type { Claim, JournalEntry } from '../../storage/ports/journal.ts';
import { DropModel } from './drop-model.ts';
import { type Asked, orderIn, versionIn } from './clients.ts';
import type { History } from './history.ts';
import { isUsed } from './passes.ts';
import { SHARDS } from './simulated-cluster.ts';
import { SKEW_MAX_MS } from './steps.ts';

const ENTRIES_MAX = 1_000_000;

export interface Journalled {
  readonly drops: ReadonlyMap<string, DropModel>;
  readonly findings: string[];
}

export async function checkJournals(history: History): Promise<Journalled> {
  const check = new JournalCheck(history);
  for (let shard = 0; shard < SHARDS; shard++) await check.read(shard);
  return { drops: check.drops, findings: check.finish() };
}

class JournalCheck {
  readonly drops = new Map<string, DropModel>();
  readonly #history: History;
  readonly #findings: string[] = [];
  /** `drop@version`: the answers that show the drop, or one of its orders, as of that version. */
  readonly #answers = new Map<string, Asked[]>();
  /** Every change that somebody asked for. */
  readonly #wanted = new Set<string>();

  constructor(history: History) {
    this.#history = history;
    for (const asked of history.clients.asked) {
      for (const change of changesAskedFor(asked)) this.#wanted.add(change);
      if (asked.reply === null) continue;
      const version = orderIn(asked.reply)?.version ?? versionIn(asked.reply);
      if (version === null) continue;
      const name = `${asked.command.dropId}@${version}`;
      const answers = this.#answers.get(name);
      if (answers === undefined) this.#answers.set(name, [asked]);
      else answers.push(asked);
    }
  }

  async read(shard: number): Promise<void> {
    const { journal } = this.#history.cluster;
    const claims = this.#history.claims.filter((claim) => claim.shard === shard);
    let [epoch, sequence, time] = [0, 0, 0];
    for (const stored of await journal.read(shard, 0, ENTRIES_MAX)) {
      const entry = decodeEntry(stored.bytes, shard, stored.sequence);
      if (stored.epoch < epoch)
        this.#find(`J2, W1: in shard ${shard} an entry of epoch ${stored.epoch} follows ${epoch}`);
      const late = claims.find((claim) => isFenced(claim, stored));
      if (late !== undefined)
        this.#find(
          `W1: in shard ${shard} epoch ${stored.epoch} wrote ${stored.sequence}, when epoch ` +
            `${late.epoch} had claimed it at ${late.lastSequence}`,
        );
      if (stored.sequence !== sequence + 1) this.#find(`J2: shard ${shard} lacks ${sequence + 1}`);
      if (entry.time < time) this.#find(`O11: the time of shard ${shard} goes back`);
      ({ epoch, sequence } = stored);
      ({ time } = entry);
      for (const changes of entry.changes) this.#apply(changes, time);
    }
  }

  finish(): string[] {
    for (const model of this.drops.values()) this.#findings.push(...model.findings);
    for (const [name, answers] of this.#answers)
      this.#find(`J4: ${answers[0]!.command.type} was answered with ${name}, which never was`);
    return this.#findings;
  }

  #apply({ dropId, versionBefore, events }: DropChanges, time: number): void {
    let model = this.drops.get(dropId);
    if (versionBefore !== (model?.version ?? 0))
      this.#find(`J1: changes of ${dropId} follow version ${versionBefore}`);
    for (const [i, event] of events.entries()) {
      if (event.type === 'drop-restocked' && events[i + 1]?.type !== 'request-answered')
        this.#find(`H11: ${dropId} was restocked without the key in the same entry`);
      if (model === undefined) {
        if (event.type !== 'drop-created') return this.#find(`${dropId} begins with ${event.type}`);
        model = new DropModel(event, time);
        this.drops.set(dropId, model);
      } else model.apply(event, time);
      this.#askedFor(model, event);
      this.#compareAnswers(model);
    }
  }

  #askedFor(model: DropModel, event: DropEvent): void {
    const change = changeOf(model, event);
    if (change === null || this.#wanted.has(change)) return;
    const isSwept =
      event.type === 'order-cancelled' ||
      event.type === 'order-refunded' ||
      event.type === 'order-rest-refunded';
    if (isSwept && model.status === 'cancelled') return;
    this.#find(`J4: nobody asked for this: ${change}`);
  }

  #compareAnswers(model: DropModel): void {
    const name = `${model.id}@${model.version}`;
    for (const asked of this.#answers.get(name) ?? []) {
      const finding = contradiction(asked, model);
      if (finding !== null) this.#find(`${asked.command.type} at ${name}: ${finding}`);
    }
    this.#answers.delete(name);
  }

  #find(finding: string): void {
    this.#findings.push(finding);
  }
}

/** The entry was written after that claim, by an earlier owner. */
function isFenced({ epoch, lastSequence }: Claim, stored: JournalEntry): boolean {
  return stored.epoch < epoch && stored.sequence > lastSequence;
}

function placed(
  dropId: string,
  order: Pick<PlaceOrder, 'userId' | 'key' | 'quantity'>,
  pass = 0,
): string {
  return `place ${dropId} ${order.userId} ${order.key} ${order.quantity} ${pass}`;
}

/** What a command may change, in the words of `changeOf`. */
function changesAskedFor({ command }: Asked): string[] {
  switch (command.type) {
    case 'create-drop':
      return [`create ${command.dropId}`];
    case 'place-order':
      return [placed(command.dropId, command, command.pass?.number)];
    case 'cancel-order':
      return [`order-cancelled ${command.orderId}`];
    case 'refund-order':
      return [
        `order-refunded ${command.orderId}`,
        `part ${command.orderId} ${command.quantity} ${command.restock}`,
      ];
    case 'pause-drop':
      return [`pause ${command.dropId} ${command.extendHolds}`];
    case 'resume-drop':
      return [`resume ${command.dropId}`];
    case 'cancel-drop':
      return [`cancel ${command.dropId}`];
    case 'amend-drop':
      return command.endsAt === undefined
        ? [`restock ${command.dropId} ${command.addStock}`]
        : [`amend ${command.dropId} ${command.endsAt}`];
    case 'record-payment':
      return command.outcome === 'succeeded'
        ? [`paid ${command.orderId}`]
        : [`declined ${command.orderId}`];
    default:
      return [];
  }
}

/** Null: it happens by itself. */
function changeOf(model: DropModel, event: DropEvent): string | null {
  const order = 'ordinal' in event ? model.orders[event.ordinal] : undefined;
  switch (event.type) {
    case 'drop-created':
      return `create ${model.id}`;
    case 'order-placed':
      return placed(model.id, event, event.pass);
    case 'order-cancelled':
    case 'order-refunded':
      return `${event.type} ${order?.id}`;
    case 'order-rest-refunded':
      return `order-refunded ${order?.id}`;
    case 'order-part-refunded':
      return `part ${order?.id} ${event.quantity} ${event.restock}`;
    case 'drop-paused':
      return `pause ${model.id} ${event.extendHolds}`;
    case 'drop-resumed':
      return `resume ${model.id}`;
    case 'order-confirmed':
    case 'order-confirmed-late':
    case 'refund-requested':
      return `paid ${order?.id}`;
    case 'payment-declined':
      return `declined ${order?.id}`;
    case 'drop-cancelled':
      return `cancel ${model.id}`;
    case 'drop-restocked':
      return `restock ${model.id} ${event.units}`;
    case 'drop-amended':
      return `amend ${model.id} ${event.endsAt}`;
    default:
      return null;
  }
}

/** Why the answer is not what the drop was at that version; null where it is. */
function contradiction(asked: Asked, model: DropModel): string | null {
  const { command } = asked;
  const reply = asked.reply!;
  if (!reply.ok) return isJustified(asked, reply, model) ? null : `${reply.code} is not true`;
  const shown = orderIn(reply);
  if (shown !== null) {
    const order = model.find(shown.id);
    if (order === undefined) return `${shown.id} is not there`;
    if (!isSameOrder(shown, model.orderView(order))) return `${shown.id} is not so`;
    const isOwn = command.type !== 'place-order' || order.key === command.key;
    return isOwn ? null : `${shown.id} was placed under another key`;
  }
  if (command.type !== 'get-order-filter')
    return isDeepStrictEqual({ ...reply.value }, model.view()) ? null : 'the drop is not so';
  const filter = reply.value as OrderFilter;
  const lost = model.orders.find(({ userId, key }) => !mayHaveOrder(filter, userId, key));
  return lost === undefined ? null : `the filter lacks ${lost.id}`;
}

function isJustified({ command, repliedAt }: Asked, { code }: Refusal, model: DropModel): boolean {
  if (command.type === 'place-order') {
    const { userId, key, quantity, pass } = command;
    const earlier = model.orderUnder(userId, key);
    // O3: a key that has an order gets it, whatever became of the drop.
    if (earlier !== undefined)
      return code === 'idempotency-key-reused' && earlier.quantity !== quantity;
    const opensEarly = pass !== undefined && model.earlyMs > 0;
    if (code === 'drop-not-live') return model.status === 'upcoming' && !opensEarly;
    if (code === 'pass-not-yet') return model.status === 'upcoming' && opensEarly;
    if (code === 'pass-required') return model.terms.access === 'pass' && pass === undefined;
    if (code === 'pass-used')
      return pass !== undefined && isUsed(model.orders, pass.number, quantity);
    if (code === 'drop-ended') return model.isOver || repliedAt + SKEW_MAX_MS >= model.endsAt;
    if (code === 'drop-paused') return model.pause !== null;
    if (code === 'sold-out') return model.free === 0;
    if (code === 'insufficient-stock') return model.free > 0 && model.free < quantity;
    return code === 'limit-per-user' && model.unitsOf(userId) + quantity > model.limitPerUser;
  }
  if (command.type === 'amend-drop') {
    if (code === 'drop-ended') return model.isOver || repliedAt + SKEW_MAX_MS >= model.endsAt;
    if (code === 'drop-already-started') return model.status === 'live';
    return code === 'insufficient-stock' && -(command.addStock ?? 0) > model.free;
  }
  if (command.type === 'pause-drop' || command.type === 'resume-drop')
    return code === 'drop-ended' && (model.isOver || repliedAt + SKEW_MAX_MS >= model.endsAt);
  if (!('orderId' in command)) return false;
  const order = model.find(command.orderId);
  if (order === undefined) return false;
  const { status } = order;
  if (code === 'order-not-refundable') {
    const quantity = command.type === 'refund-order' ? command.quantity : undefined;
    if (quantity === undefined) return status !== 'confirmed' && status !== 'refunded';
    return status !== 'confirmed' || quantity > order.quantity - order.refundedQuantity;
  }
  const holdEnded = status === 'reserved' && model.holdEnd(order) <= repliedAt + SKEW_MAX_MS;
  if (code === 'hold-expired') return status === 'expired' || holdEnded;
  return code === 'order-not-cancellable' && !['reserved', 'cancelled', 'expired'].includes(status);
}

/**
 * A later pause may move the end of a hold without a change of its order (D8), so that only never
 * comes earlier.
 */
export function isSameOrder(shown: OrderView, order: OrderView): boolean {
  const { holdExpiresAt } = shown;
  return isDeepStrictEqual({ ...shown }, { ...order, holdExpiresAt });
}
