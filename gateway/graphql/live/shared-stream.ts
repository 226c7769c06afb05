// The subscribers of one source with one shape: each event is executed and encoded once for all of
// them. Whoever comes, or had no room for an event, gets the present state first and then every
// event behind it, so that versions only rise (N6). One piece of work is done at a time.

import type { DropView } from '../../../contracts/drops.ts';
import type { Outcome, RefusalCode } from '../../../contracts/refusals.ts';
import { success } from '../../../domain/refusal.ts';
import { turnOfOthers } from '../../../actors/shard/recovery.ts';
import { dropBody } from '../../present.ts';
import type { LiveContext } from '../../live/live-context.ts';
import type { DropEventRow, PublishedDrop } from './live-source.ts';
import type { Shape } from './shape.ts';

/** Events that wait for their execution; past it they become one that shows the newest state. */
const EVENTS_WAITING_MAX = 16;
/** Sent without a pause: a few milliseconds. */
const SENT_IN_ONE_TURN = 500;
/** How long an encoded snapshot is shown to those who come (C4). */
const SNAPSHOT_MS = 1_000;

/** One subscription of one client. */
export interface Subscriber {
  /** The state, before the first event and after `resend`: of each drop a payload. */
  state(payloads: readonly string[]): void;
  /** A subscriber that had no room for it asks for the state again with `resend`. */
  next(payload: string): void;
  /** There is no such source, or it cannot be read now. The stream has forgotten the subscriber. */
  refused(code: RefusalCode): void;
}

/** Where the events come from, while there are subscribers. */
export interface DropSource {
  /** Begins; `stream` gets `ready` or `refused`, and then `published`. */
  open(stream: SharedStream): void;
  /** The present state, or why there is none now. Only after `ready`. */
  present(): Outcome<readonly DropView[]> | Promise<Outcome<readonly DropView[]>>;
  close(): void;
}

interface Member {
  /** By drop: what the subscriber has seen when it joined. Shared by all that joined with it. */
  readonly seen: ReadonlyMap<string, number>;
}

interface Snapshot {
  readonly at: number;
  readonly views: readonly DropView[];
  readonly payloads: readonly string[];
}

export class SharedStream {
  readonly #context: LiveContext;
  readonly #shape: Shape;
  readonly #source: DropSource;
  readonly #onUnused: () => void;
  readonly #waiting = new Set<Subscriber>();
  readonly #members = new Map<Subscriber, Member>();
  #events: PublishedDrop[] = [];
  #snapshot: Snapshot | null = null;
  /** Events so far. */
  #publishedCount = 0;
  #isReady = false;
  #isWorking = false;
  #isClosed = false;
  /** Executions so far, of events and of snapshots. */
  executions = 0;

  constructor(options: {
    readonly context: LiveContext;
    readonly shape: Shape;
    readonly source: DropSource;
    readonly onUnused: () => void;
  }) {
    this.#context = options.context;
    this.#shape = options.shape;
    this.#source = options.source;
    this.#onUnused = options.onUnused;
  }

  /** To be called once somebody has joined. */
  open(): void {
    this.#source.open(this);
  }

  join(subscriber: Subscriber): void {
    this.#waiting.add(subscriber);
    this.#work();
  }

  leave(subscriber: Subscriber): void {
    this.#waiting.delete(subscriber);
    this.#members.delete(subscriber);
    if (this.#waiting.size === 0 && this.#members.size === 0) this.#close();
  }

  /** The subscriber had no room for an event, and has room again. */
  resend(subscriber: Subscriber): void {
    if (this.#members.delete(subscriber)) this.join(subscriber);
  }

  // Calls from the source.

  ready(): void {
    this.#isReady = true;
    this.#work();
  }

  refused(code: RefusalCode): void {
    const subscribers = [...this.#waiting, ...this.#members.keys()];
    this.#waiting.clear();
    this.#members.clear();
    this.#close();
    for (const subscriber of subscribers) subscriber.refused(code);
  }

  published(event: PublishedDrop): void {
    this.#snapshot = null;
    this.#publishedCount += 1;
    this.#events.push(event);
    if (this.#events.length > EVENTS_WAITING_MAX) this.#events = newestStates(this.#events);
    this.#work();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#source.close();
    this.#onUnused();
  }

  #work(): void {
    if (this.#isWorking || !this.#isReady) return;
    this.#isWorking = true;
    this.#workOff().catch((error: unknown) => {
      this.#isWorking = false;
      this.#context.log.error({ err: error }, 'a subscription met a defect');
      this.refused('unavailable');
    });
  }

  /** Ends in the same step in which nothing is left: what comes then begins again. */
  async #workOff(): Promise<void> {
    while (!this.#isClosed) {
      if (this.#waiting.size > 0) await this.#sendStates();
      else {
        const event = this.#events.shift();
        if (event === undefined) break;
        await this.#sendEvent(event);
      }
    }
    this.#isWorking = false;
  }

  async #sendStates(): Promise<void> {
    const present = await this.#present();
    if (!present.ok) return this.#refuseWaiting(present.code);
    const { views, payloads } = present.value;
    const seen = new Map(views.map(({ id, version }) => [id, version]));
    let sent = 0;
    for (const subscriber of this.#waiting) {
      this.#waiting.delete(subscriber);
      this.#members.set(subscriber, { seen });
      subscriber.state(payloads);
      sent += 1;
      if (sent % SENT_IN_ONE_TURN === 0) await turnOfOthers();
    }
  }

  /** Those who have the state go on. */
  #refuseWaiting(code: RefusalCode): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    if (this.#members.size === 0) this.#close();
    for (const subscriber of waiting) subscriber.refused(code);
  }

  async #present(): Promise<Outcome<Snapshot>> {
    const { clock, hidden } = this.#context;
    const known = this.#snapshot;
    const isFresh = known !== null && clock.monotonic() - known.at < SNAPSHOT_MS;
    if (isFresh && !known.views.some((view) => hidden.isHidden(view))) return success(known);
    const before = this.#publishedCount;
    const present = await this.#source.present();
    if (!present.ok) return present;
    const views = present.value;
    const payloads: string[] = [];
    for (const view of views) payloads.push(await this.#execute({ type: 'drop.snapshot', view }));
    const snapshot = { at: clock.monotonic(), views, payloads };
    // What was published meanwhile is not in it: it is right for those who wait, and get that next.
    if (this.#publishedCount === before) this.#snapshot = snapshot;
    return success(snapshot);
  }

  async #sendEvent(event: PublishedDrop): Promise<void> {
    const { id, version } = event.view;
    const payload = await this.#execute(event);
    const { clock, counters, pace } = this.#context;
    counters.framesPublished += 1;
    pace.spend(this.#members.size, clock.monotonic());
    let sent = 0;
    for (const [subscriber, { seen }] of this.#members) {
      if (version <= (seen.get(id) ?? -1)) continue;
      subscriber.next(payload);
      sent += 1;
      if (sent % SENT_IN_ONE_TURN === 0) await turnOfOthers();
    }
  }

  #execute({ type, view }: PublishedDrop): string | Promise<string> {
    this.executions += 1;
    const at = new Date(this.#context.clock.now()).toISOString();
    const row: DropEventRow = { type, at, drop: dropBody(view) };
    return this.#shape.payload(row);
  }
}

/** The last one of each drop, as a snapshot. */
function newestStates(events: readonly PublishedDrop[]): PublishedDrop[] {
  const byDrop = new Map(events.map(({ view }) => [view.id, view]));
  return [...byDrop.values()].map((view) => ({ type: 'drop.snapshot', view }));
}
