// One drop's live topic: one bus subscription and one encoding of each frame for however many
// sockets. A late subscriber gets the state of the last published frame as its snapshot, in the
// same synchronous step in which its socket joins the fan-out: so whatever is published next is
// newer for everybody (N6).

import { dropTopic, type LiveMessage } from '../../actors/live-bus.ts';
import type { Timer } from '../../actors/clock.ts';
import { assert } from '../../domain/assert.ts';
import type { RefusalCode } from '../../contracts/refusals.ts';
import type { DropView } from '../../contracts/drops.ts';
import { Conflator, type DropFrameSink } from './conflator.ts';
import type { DropFrameType } from '../../contracts/live.ts';
import { dropFrame } from './frames.ts';
import type { LiveContext } from './live-context.ts';
import { Refresh } from './refresh.ts';

export interface DropSubscriber {
  /** The drop is known: join its socket to the fan-out and send the snapshot, now. */
  dropJoined(channel: DropChannel): void;
  /**
   * There is no such drop, or it cannot be had now. The subscriber has left the channel already.
   */
  dropRefused(channel: DropChannel, code: RefusalCode): void;
}

export class DropChannel implements DropFrameSink {
  readonly dropId: string;
  /** As clients and the native fan-out name it. */
  readonly topic: string;
  readonly #context: LiveContext;
  readonly #unsubscribe: () => void;
  /** Null until the first view is here: from the actor, or from the bus if that is quicker. */
  #conflator: Conflator | null = null;
  #waiting: Set<DropSubscriber> | null = null;
  #joined = 0;
  #snapshot: string | null = null;
  #timer: Timer | null = null;
  #refresh: Refresh | null = null;
  #closed = false;

  constructor(options: { context: LiveContext; dropId: string }) {
    this.#context = options.context;
    this.dropId = options.dropId;
    this.topic = `drop:${options.dropId}`;
    // Listen first, fetch second, once the bus has settled: no change between the two is missed.
    this.#unsubscribe = options.context.bus.subscribe(dropTopic(options.dropId), (message) =>
      this.#onMessage(message),
    );
  }

  /**
   * `dropJoined` or `dropRefused` is called on the subscriber, at once or later, unless it leaves
   * before.
   */
  join(subscriber: DropSubscriber): void {
    if (this.#conflator !== null) {
      this.#joined++;
      subscriber.dropJoined(this);
      return;
    }
    if (this.#waiting !== null) {
      this.#waiting.add(subscriber);
      return;
    }
    this.#waiting = new Set([subscriber]);
    if (!this.#context.dropLoads.run(() => this.#load())) this.#refuse('overloaded');
  }

  leave(subscriber: DropSubscriber): void {
    if (this.#waiting?.delete(subscriber) !== true) this.#joined--;
    this.#closeIfUnused();
  }

  isWaiting(subscriber: DropSubscriber): boolean {
    return this.#waiting?.has(subscriber) === true;
  }

  /** The snapshot frame of the last published state. Only for subscribers that have joined. */
  snapshot(): string {
    assert(this.#conflator !== null, 'a snapshot needs a known drop');
    this.#snapshot ??= dropFrame('drop.snapshot', this.topic, this.#conflator.published);
    return this.#snapshot;
  }

  frame(type: DropFrameType, view: DropView): void {
    this.#snapshot = null;
    if (this.#joined === 0) return;
    this.#context.counters.framesPublished++;
    this.#context.pace.spend(this.#joined, this.#context.clock.monotonic());
    this.#context.publish(this.topic, dropFrame(type, this.topic, view));
  }

  /** Messages may have been lost: the drop is read anew, and shown where it has changed. */
  refresh(): void {
    this.#refresh ??= new Refresh({
      context: this.#context,
      lane: this.#context.dropLoads,
      read: async () => {
        const refused = await this.#read();
        return refused !== 'unavailable' && refused !== 'overloaded';
      },
      givenUp: () =>
        this.#context.log.error({ dropId: this.dropId }, 'a drop may be shown as it was before'),
    });
    this.#refresh.start();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#refresh?.end();
    this.#unsubscribe();
    this.#context.removeDropChannel(this.dropId);
  }

  async #load(): Promise<void> {
    // The bus may have been quicker, or everybody may have left, while the load waited for its
    // turn.
    if (this.#closed || this.#conflator !== null) return;
    const refused = await this.#read();
    if (refused !== null && !this.#closed && this.#conflator === null) this.#refuse(refused);
  }

  /** Takes the drop as it is now. Resolves to why that could not be, or null. */
  async #read(): Promise<RefusalCode | null> {
    try {
      await this.#context.bus.settled();
      const reply = await this.#context.router.send({ type: 'get-drop', dropId: this.dropId });
      if (this.#closed) return null;
      if (!reply.ok) return reply.code;
      this.#accept({ type: 'drop', view: reply.value, milestones: [] });
      return null;
    } catch (error) {
      this.#context.log.error(
        { err: error, dropId: this.dropId },
        'a drop could not be read for the live stream',
      );
      return 'unavailable';
    }
  }

  #onMessage(message: LiveMessage): void {
    if (message.type === 'drop') this.#accept(message);
  }

  #accept(message: Extract<LiveMessage, { type: 'drop' }>): void {
    if (this.#conflator === null) {
      // Nobody has seen this drop here yet: its milestones so far are in the snapshot.
      this.#begin(message.view);
      return;
    }
    this.#conflator.accept(message.view, message.milestones, this.#context.clock.monotonic());
    this.#arm();
  }

  #begin(view: DropView): void {
    const { bounds, pace } = this.#context;
    const { tickMs, tickWaitMsMax: waitMsMax } = bounds;
    this.#conflator = new Conflator({ view, tickMs, waitMsMax, pace, sink: this });
    const waiting = this.#waiting;
    if (waiting === null) return;
    // A subscriber may leave from inside `dropJoined`; the set shrinks one by one, so that leaving
    // never finds it both here and joined.
    for (const subscriber of waiting) {
      waiting.delete(subscriber);
      this.#joined++;
      subscriber.dropJoined(this);
    }
    this.#waiting = null;
  }

  #refuse(code: RefusalCode): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    this.close();
    for (const subscriber of waiting ?? []) subscriber.dropRefused(this, code);
  }

  #arm(): void {
    const dueAt = this.#conflator?.dueAt ?? null;
    if (dueAt === null || this.#timer !== null || this.#closed) return;
    const clock = this.#context.clock;
    this.#timer = clock.after(Math.max(1, dueAt - clock.monotonic()), () => {
      this.#timer = null;
      this.#conflator?.tick(clock.monotonic());
      this.#arm();
    });
  }

  #closeIfUnused(): void {
    if (this.#joined === 0 && (this.#waiting === null || this.#waiting.size === 0)) this.close();
  }
}
