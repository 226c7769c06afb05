// One round of a shard's loop: what has come due by itself, then what waits, decided one by one on
// the drops in memory. It becomes one journal entry, and its answers leave together once that entry
// is durable.

import type { CommandReply, DropCommand } from '../../contracts/commands.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { RefusalCode } from '../../contracts/refusals.ts';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { assert } from '../../domain/assert.ts';
import { answerTo, decide, decideDueOrders, decideStatus } from '../../domain/decide.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { milestoneOf } from '../../domain/milestones.ts';
import { refusal } from '../../domain/refusal.ts';
import type { DropChanges } from '../../storage/formats/entry.ts';
import type { DecidedMilestone } from './back-in-stock.ts';
import { type DurableFact, type Fact, factAfter } from './facts.ts';
import type { DuePace } from './due-pace.ts';
import type { ShardDrops } from './shard-drops.ts';
import type { ShardReply } from './shard-reply.ts';
import type { BatchTrace } from '../tracing/batch-trace.ts';
import type { CallTraces } from '../tracing/call-traces.ts';

/** Openings and closings that go into one batch; the next follows at once. */
const STATUS_EVENTS_MAX = 1024;
/** Events of orders that come due by themselves and go into one batch. */
const DUE_EVENTS_MAX = 1024;
/** As many of one drop's turn: some tens of microseconds. */
const TURN_EVENTS_MAX = 32;
/**
 * Events of first turns in one batch. First turns wait for no pause, so that few holds end in time.
 */
const FIRST_TURNS_EVENTS_MAX = 128;
/** Ended holds that one batch releases before their turn, because an order wants their units. */
const RELEASED_EARLY_MAX = 256;
const UNAVAILABLE: CommandReply = refusal('unavailable');

/** Collects the replies to the commands of one call. */
export interface ReplySlots {
  /** Of the call, where it has any and this node traces. */
  readonly traces?: CallTraces | null;
  complete(index: number, reply: ShardReply): void;
}

export interface WaitingCommand {
  readonly command: DropCommand;
  readonly slots: ReplySlots;
  readonly index: number;
}

interface ChangedDrop extends DropChanges {
  readonly state: DropState;
  readonly milestones: DecidedMilestone[];
  /** One for each event. */
  readonly facts: DurableFact[];
}

export class ShardBatch {
  readonly time: number;
  readonly changes: ChangedDrop[] = [];
  eventCount = 0;
  /** Orders placed, for the rate that operators see. */
  placedCount = 0;
  /** The drop that is being decided, for whom a fault concerns. */
  deciding: string | null = null;
  /** Null: this node does not trace. */
  trace: BatchTrace | null = null;
  /** Of `RELEASED_EARLY_MAX`. */
  releasedEarlyCount = 0;
  readonly #waiting: WaitingCommand[] = [];
  /** To the commands, in their order. They may leave when `release` says so. */
  readonly replies: CommandReply[] = [];
  readonly #byDrop = new Map<string, ChangedDrop>();
  #last: ChangedDrop | null = null;
  #lastOrder: OrderView | null = null;

  constructor(time: number) {
    this.time = time;
  }

  /**
   * Applies an event to its drop and adds it; `state` is null for the event that makes the drop.
   * Returns the drop's state.
   */
  add(state: DropState | null, event: DropEvent): DropState {
    const freeBefore = state === null ? 0 : state.free;
    const endsAtBefore = state === null ? 0 : state.endsAt;
    const changed =
      state === null ? this.#begin(createDrop(event, this.time), 0) : this.#changed(state);
    if (state !== null) applyEvent(state, event, this.time);
    changed.events.push(event);
    const { facts } = changed;
    const before = facts.length === 0 ? null : facts[facts.length - 1]!.terms;
    const fact = factAfter(changed.state, event, before);
    facts.push(fact);
    this.#lastOrder = fact.order;
    this.eventCount += 1;
    if (event.type === 'order-placed') this.placedCount += 1;
    const milestone = milestoneOf(event, freeBefore, endsAtBefore, changed.state);
    if (milestone !== null) {
      const isRestock = event.type === 'drop-restocked';
      changed.milestones.push({ type: milestone, view: fact.drop, isRestock });
    }
    return changed.state;
  }

  /**
   * The order of the last event, as it stood after it; null where that was about the drop alone.
   */
  get lastOrder(): OrderView | null {
    return this.#lastOrder;
  }

  /** The facts of the entry that the batch has become. */
  facts(): Fact[] {
    const facts: Fact[] = [];
    for (const changed of this.changes) {
      for (const fact of changed.facts) {
        fact.index = facts.length;
        facts.push(fact);
      }
    }
    return facts;
  }

  answer(waiting: WaitingCommand, reply: CommandReply): void {
    this.#waiting.push(waiting);
    this.replies.push(reply);
  }

  /** Lets the answers out: only when the batch is durable, or held no events. */
  release(): void {
    for (let i = 0; i < this.#waiting.length; i++) {
      const waiting = this.#waiting[i]!;
      waiting.slots.complete(waiting.index, this.replies[i]!);
    }
  }

  /** Answers everybody alike instead: the batch came to nothing. */
  refuse(reply: ShardReply): void {
    for (const waiting of this.#waiting) waiting.slots.complete(waiting.index, reply);
  }

  #changed(state: DropState): ChangedDrop {
    if (this.#last?.state === state) return this.#last;
    const changed = this.#byDrop.get(state.id);
    if (changed === undefined) return this.#begin(state, state.version);
    this.#last = changed;
    return changed;
  }

  #begin(state: DropState, versionBefore: number): ChangedDrop {
    const changed = {
      dropId: state.id,
      state,
      versionBefore,
      events: [],
      milestones: [],
      facts: [],
    };
    this.changes.push(changed);
    this.#byDrop.set(state.id, changed);
    this.#last = changed;
    return changed;
  }
}

/**
 * Decides what is due, as far as `pace` allows, and all of `waiting`. Throws for a defect: then
 * those of `waiting` whose answer is not in the batch have been refused, and nobody is left without
 * one once the batch is refused as well.
 */
export function decideBatch(
  drops: ShardDrops,
  batch: ShardBatch,
  pace: DuePace,
  waiting: readonly WaitingCommand[],
): void {
  let decided = 0;
  try {
    decideDueStatus(drops, batch);
    const eventsMax = batch.eventCount + DUE_EVENTS_MAX;
    decideFirstTurns(drops, batch);
    if (drops.hasDueOrders && pace.isReady) decideSlice(drops, batch, pace, eventsMax);
    for (const one of waiting) {
      batch.deciding = one.command.dropId;
      batch.answer(one, decideOne(drops, batch, one.command));
      decided += 1;
    }
  } catch (error) {
    for (const rest of waiting.slice(decided)) rest.slots.complete(rest.index, UNAVAILABLE);
    throw error;
  }
}

/** Opens and closes drops. Drops whose orders are due wait for their turns from now on. */
function decideDueStatus(drops: ShardDrops, batch: ShardBatch): void {
  while (batch.eventCount < STATUS_EVENTS_MAX) {
    const dropId = drops.takeDue(batch.time);
    if (dropId === null) return;
    const state = drops.find(dropId);
    if (state === undefined) continue;
    batch.deciding = dropId;
    for (const event of decideStatus(state, batch.time)) batch.add(state, event);
    if (state.nextOrderDeadline() <= batch.time) drops.queueFirstTurn(dropId);
    drops.schedule(state);
  }
}

/** Few holds that end are released here, whatever else is due. */
function decideFirstTurns(drops: ShardDrops, batch: ShardBatch): void {
  const eventsMax = batch.eventCount + FIRST_TURNS_EVENTS_MAX;
  while (drops.hasFirstTurns && batch.eventCount < eventsMax) giveTurn(drops, batch);
}

/** Gives drops their turns until nothing is due, or the slice is used up. */
function decideSlice(drops: ShardDrops, batch: ShardBatch, pace: DuePace, eventsMax: number): void {
  pace.begin();
  while (drops.hasDueOrders && batch.eventCount < eventsMax && !pace.isSpent)
    giveTurn(drops, batch);
  pace.end(drops.hasDueOrders);
}

function giveTurn(drops: ShardDrops, batch: ShardBatch): void {
  const dropId = drops.takeTurn();
  const state = dropId === null ? undefined : drops.find(dropId);
  if (state === undefined) return;
  batch.deciding = state.id;
  releaseDue(state, batch, TURN_EVENTS_MAX);
  if (state.nextOrderDeadline() <= batch.time) drops.queueNextTurn(state.id);
  drops.schedule(state);
}

/** Decides orders of the drop that are due: at least one, or nothing would ever end. */
function releaseDue(state: DropState, batch: ShardBatch, limit: number): void {
  if (state.nextOrderDeadline() > batch.time) return;
  const events = decideDueOrders(state, batch.time, limit);
  assert(events.length > 0, `orders of ${state.id} are due, and none of them changes`);
  for (const event of events) batch.add(state, event);
}

function decideOne(drops: ShardDrops, batch: ShardBatch, command: DropCommand): CommandReply {
  let state = drops.find(command.dropId) ?? null;
  let decision = decide(state, command, batch.time);
  while (!decision.ok && mayReleaseFor(state, batch, decision.code)) {
    const before = batch.eventCount;
    releaseDue(state!, batch, TURN_EVENTS_MAX);
    batch.releasedEarlyCount += batch.eventCount - before;
    decision = decide(state, command, batch.time);
  }
  if (!decision.ok) return decision;
  for (const event of decision.events) {
    const made = batch.add(state, event);
    if (state === null) drops.add(made);
    state = made;
  }
  const order = batch.lastOrder;
  if (decision.events.length > 0 && decision.ordinal >= 0 && order !== null) {
    // The last event's fact has the very order that is the answer.
    return { ok: true, value: command.type === 'place-order' ? { order, replayed: false } : order };
  }
  const value = answerTo(state!, command, decision);
  return decision.replayed && command.type !== 'place-order'
    ? { ok: true, value, replayed: true }
    : { ok: true, value };
}

/**
 * Whether an order is refused for units that ended holds still have. Such holds end before their
 * turn, for a drop's own order.
 */
function mayReleaseFor(state: DropState | null, batch: ShardBatch, code: RefusalCode): boolean {
  if (code !== 'sold-out' && code !== 'insufficient-stock' && code !== 'limit-per-user')
    return false;
  return batch.releasedEarlyCount < RELEASED_EARLY_MAX && state!.nextOrderDeadline() <= batch.time;
}
