// Which traces of this node are sent, and when.
//
// Code records what it did as something held (`Held`), which costs an object and no text. A trace
// is sent where its ratio chose it, or where some node chose it later, because it was slow or
// failed (the tail rule). So everything is held for a while, whatever becomes of it. The node that
// finds a trace slow or failed adds its id to the chosen ones and announces it to all nodes within
// `ANNOUNCE_MS`; each node makes spans of what it holds of chosen traces when the time of holding
// is over. Nobody asks and nobody answers: the announcement has the time of holding to arrive.
//
// A journal entry has a trace of its own, whose ids every node makes of the entry
// (`entryContext`). It is sent where one of its orders' traces is. The owner knows that when it
// makes spans of the batch, and announces the entry's trace then; so what follows from an entry is
// held half as long again.
//
// All of it is bounded: what is held, the ids, the traces chosen in a second, and the spans that
// wait to be sent. What a bound leaves out is counted.

import type { Clock, Timer } from '../clock.ts';
import { ChosenTraces, markIn } from './chosen-traces.ts';
import { HoldQueue } from './hold-queue.ts';
import { type JoinedOrder, JoinedOrders } from './joined-orders.ts';
import { OpenSpan, type SpanStart } from './open-span.ts';
import type { FinishedSpan, Held, SpanOutput } from './span.ts';
import { isInRatio, saysSampled, type SpanPlace, traceIdOf } from './trace-context.ts';

/** Between two looks at what is held. */
const TURN_MS = 250;
const ANNOUNCE_MS = 100;
/** Ids are known for one to two times as long. Spans that end later are of no chosen trace. */
const GENERATION_MS = 120_000;
const CHOSEN_MAX = 20_000;
/**
 * Ids in one announcement, and orders. Each is 32 bytes, or some 170, and a message of NATS has at
 * most 1 MiB.
 */
const ANNOUNCED_MAX = 4_000;
/** Traces chosen for each reason in a second, here. */
const CHOSEN_PER_SECOND_MAX = 100;

export type Announce = (traceIds: readonly string[], orders: readonly JoinedOrder[]) => void;

export type Reason = 'slow' | 'failed';

/** Service levels, in milliseconds: what takes longer is slow. */
export interface ServiceLevels {
  readonly ordersMs: number;
  readonly readsMs: number;
}

export interface TracingOptions {
  /** Of all traces, from 0 to 1. */
  readonly ratio: number;
  readonly slow: ServiceLevels;
  /** How long what was done is held until its trace may be chosen. */
  readonly holdMs: number;
  /** Requests, batches and spans that are held. */
  readonly heldMax: number;
  readonly clock: Clock;
  readonly spans: {
    /** For how many more spans there is room. */
    readonly room: number;
    /** Takes spans to be sent. Never throws and never waits. */
    add(span: FinishedSpan): void;
  };
}

/** Since the start, but `held`. */
export interface TracingSample {
  readonly held: number;
  /** Left before their traces could be chosen, for want of room. */
  readonly hurried: number;
  /** Chosen here because they were slow or failed. */
  readonly chosen: Readonly<Record<Reason, number>>;
  /** Slow or failed, and not chosen: there were too many in that second. */
  readonly passedOver: Readonly<Record<Reason, number>>;
  /** Of traces to be sent, what this node had, for want of room among what waits to be sent. */
  readonly noRoom: number;
  /** Ids and orders that other nodes were not told of, because there were too many. */
  readonly notAnnounced: number;
}

/** Spans of one trace and one thing held, at most: they go together, or none does. */
const SPANS_TOGETHER_MAX = 16;

export class Tracing implements SpanOutput {
  readonly slow: ServiceLevels;
  readonly ratio: number;
  readonly #clock: Clock;
  readonly #spans: TracingOptions['spans'];
  readonly #held: HoldQueue<Held>;
  readonly #followers: HoldQueue<Held>;
  readonly #chosen = new ChosenTraces({ countMax: CHOSEN_MAX });
  readonly #joined = new JoinedOrders({ countMax: CHOSEN_MAX });
  readonly #counts = { slow: 0, failed: 0 };
  readonly #passedOver = { slow: 0, failed: 0 };
  /** In this second. */
  #budget = { slow: CHOSEN_PER_SECOND_MAX, failed: CHOSEN_PER_SECOND_MAX };
  #noRoom = 0;
  #notAnnounced = 0;
  #toAnnounce: string[] = [];
  #ordersToAnnounce: JoinedOrder[] = [];
  readonly #announces: Announce[] = [];
  #announceTimer: Timer | null = null;
  #turnTimer: Timer | null = null;
  #turns = 0;
  /** Of the turn under way. */
  #epochOffset = 0;

  constructor(options: TracingOptions) {
    const { ratio, slow, holdMs, heldMax: countMax, clock, spans } = options;
    this.ratio = ratio;
    this.slow = slow;
    this.#clock = clock;
    this.#spans = spans;
    const delayTurns = Math.max(1, Math.ceil(holdMs / TURN_MS));
    const take = (items: readonly Held[]) => this.#emit(items);
    this.#held = new HoldQueue({ delayTurns, countMax, take });
    const followersTurns = Math.ceil(delayTurns * 1.5);
    this.#followers = new HoldQueue({ delayTurns: followersTurns, countMax, take });
  }

  start(): void {
    this.#turnTimer = this.#clock.after(TURN_MS, () => {
      this.#turn();
      this.start();
    });
  }

  /** Makes spans of all that is held, as far as is known now which traces are sent. */
  stop(): void {
    this.#turnTimer?.cancel();
    this.#announceTimer?.cancel();
    this.#sendAnnouncement();
    this.#held.takeAll();
    this.#followers.takeAll();
  }

  /**
   * Where goes what is chosen here: to all other nodes, or to another thread of this one, which
   * give it to `chosen`.
   */
  announceBy(announce: Announce): void {
    this.#announces.push(announce);
  }

  /** Of a request, or a batch of commands. `weight`: how many requests it may have. */
  hold(held: Held, weight = 1): void {
    this.#held.add(held, weight);
  }

  /** Of what follows from a request or from a journal entry. */
  holdFollower(held: Held): void {
    this.#followers.add(held);
  }

  /** Begins a span, which is held when it ends. Where no parent is given it begins a trace. */
  begin(start: SpanStart): OpenSpan {
    return new OpenSpan(this, start, this.#clock.monotonic());
  }

  now(): number {
    return this.#clock.monotonic();
  }

  /** A trace was slow or failed: it is sent, on all nodes. */
  choose(traceId: string, reason: Reason): void {
    if (this.#chosen.has(traceId)) return;
    if (this.#budget[reason] <= 0) {
      this.#passedOver[reason] += 1;
      return;
    }
    this.#budget[reason] -= 1;
    this.#counts[reason] += 1;
    this.follow(traceId);
  }

  /** Another node or thread chose these. `from`: as given to `announceBy`; all others hear it. */
  chosen(traceIds: readonly string[], orders: readonly JoinedOrder[] = [], from?: Announce): void {
    for (const traceId of traceIds) this.#chosen.add(traceId);
    for (const order of orders) this.#joined.add(order);
    if (from === undefined) return;
    for (const announce of this.#announces) if (announce !== from) announce(traceIds, orders);
  }

  /** Whether its ratio chooses the trace: the same on every node of the same ratio. */
  samples(traceId: string): boolean {
    return isInRatio(traceId, 0, this.ratio);
  }

  mayHaveChosen(mark: number): boolean {
    return this.#chosen.mayHave(mark);
  }

  wants(traceparent: string): boolean {
    const isWanted =
      saysSampled(traceparent) ||
      (this.#chosen.mayHave(markIn(traceparent, 0)) && this.#chosen.has(traceIdOf(traceparent)));
    return isWanted && this.hasRoom();
  }

  wantsEntry({ traceId }: SpanPlace): boolean {
    return (this.#chosen.has(traceId) || this.samples(traceId)) && this.hasRoom();
  }

  hasRoom(): boolean {
    if (this.#spans.room >= SPANS_TOGETHER_MAX) return true;
    this.#noRoom += 1;
    return false;
  }

  follow(traceId: string): void {
    if (this.#chosen.has(traceId)) return;
    this.#chosen.add(traceId);
    this.#announceSoon(this.#toAnnounce, traceId);
  }

  join(order: JoinedOrder): void {
    this.#joined.add(order);
    this.#announceSoon(this.#ordersToAnnounce, order);
  }

  commandOf(entryTraceId: string, orderId: string): SpanPlace | null {
    return this.#joined.find(entryTraceId, orderId);
  }

  add(span: FinishedSpan): void {
    this.#spans.add(span);
  }

  epochMs(monotonic: number): number {
    return monotonic + this.#epochOffset;
  }

  sample(): TracingSample {
    return {
      held: this.#held.count + this.#followers.count,
      hurried: this.#held.hurried + this.#followers.hurried,
      chosen: { ...this.#counts },
      passedOver: { ...this.#passedOver },
      noRoom: this.#noRoom,
      notAnnounced: this.#notAnnounced,
    };
  }

  #announceSoon<T>(waiting: T[], one: T): void {
    if (this.#announces.length === 0) return;
    if (waiting.length >= ANNOUNCED_MAX) {
      this.#notAnnounced += 1;
      return;
    }
    waiting.push(one);
    this.#announceTimer ??= this.#clock.after(ANNOUNCE_MS, () => this.#sendAnnouncement());
  }

  #sendAnnouncement(): void {
    this.#announceTimer = null;
    const traceIds = this.#toAnnounce;
    const orders = this.#ordersToAnnounce;
    if (traceIds.length === 0 && orders.length === 0) return;
    this.#toAnnounce = [];
    this.#ordersToAnnounce = [];
    for (const announce of this.#announces) announce(traceIds, orders);
  }

  #turn(): void {
    this.#turns += 1;
    if (this.#turns % (1_000 / TURN_MS) === 0)
      this.#budget = { slow: CHOSEN_PER_SECOND_MAX, failed: CHOSEN_PER_SECOND_MAX };
    if (this.#turns % (GENERATION_MS / TURN_MS) === 0) this.#ageChosen();
    this.#held.turn();
    this.#followers.turn();
  }

  #ageChosen(): void {
    this.#chosen.age();
    this.#joined.age();
  }

  #emit(items: readonly Held[]): void {
    this.#epochOffset = this.#clock.now() - this.#clock.monotonic();
    for (const held of items) held.emit(this);
  }
}
