// One drop's live topic: one bus subscription, and each frame is encoded once for all sockets. A
// late subscriber gets the last published state as its snapshot, in the same synchronous step that
// joins its socket to the fan-out. So everything that is published next is newer for every
// subscriber (N6).

import { dropTopic, type LiveMessage } from '../../actors/live-bus.ts';
import type { Timer } from '../../actors/clock.ts';
import { assert } from '../../domain/assert.ts';
import type { RefusalCode } from '../../contracts/refusals.ts';
import type { DropView } from '../../contracts/drops.ts';
import { Conflator, type DropFrameSink } from './conflator.ts';
import type { DropCounts } from '../analytics/drop-counts.ts';
import type { DropFrameType } from '../../contracts/live.ts';
import { dropFrame, sentSnapshot } from './frames.ts';
import type { LiveContext } from './live-context.ts';
import { Refresh } from './refresh.ts';

export interface DropSubscriber {
  /**
   * The drop is loaded. The subscriber must now join its socket to the fan-out and send the
   * snapshot.
   */
  dropJoined(channel: DropChannel): void;
  /**
   * The drop does not exist or cannot be read now. The subscriber is already removed from the
   * channel.
   */
  dropRefused(channel: DropChannel, code: RefusalCode): void;
  /** Where it is there, the subscriber gets each published view itself, and has no socket here. */
  dropPublished?(type: DropFrameType, view: DropView): void;
}

export class DropChannel implements DropFrameSink {
  readonly dropId: string;
  /** The topic's name for clients and for the native fan-out. */
  readonly topic: string;
  readonly #context: LiveContext;
  readonly #counts: DropCounts;
  readonly #unsubscribe: () => void;
  /** Null until the first view arrives, from the actor or from the bus. */
  #conflator: Conflator | null = null;
  #waiting: Set<DropSubscriber> | null = null;
  #joined = 0;
  /** Of those that have joined: who gets the views themselves. */
  readonly #listeners = new Set<DropSubscriber>();
  #snapshot: string | null = null;
  #timer: Timer | null = null;
  #refresh: Refresh | null = null;
  #closed = false;

  constructor(options: { context: LiveContext; dropId: string }) {
    this.#context = options.context;
    this.dropId = options.dropId;
    this.#counts = options.context.countsOf(options.dropId);
    this.topic = `drop:${options.dropId}`;
    // Subscribe first, then load the drop once the bus has settled: no change between the two is
    // missed.
    this.#unsubscribe = options.context.bus.subscribe(dropTopic(options.dropId), (message) =>
      this.#onMessage(message),
    );
  }

  /**
   * The channel calls `dropJoined` or `dropRefused` on the subscriber, now or later, unless the
   * subscriber leaves first.
   */
  join(subscriber: DropSubscriber): void {
    if (this.#conflator !== null) {
      if (this.#context.hidden.isHidden(this.#conflator.published))
        return subscriber.dropRefused(this, 'not-found');
      return this.#add(subscriber);
    }
    if (this.#waiting !== null) {
      this.#waiting.add(subscriber);
      return;
    }
    this.#waiting = new Set([subscriber]);
    if (!this.#context.dropLoads.run(() => this.#load())) this.#refuse('overloaded');
  }

  leave(subscriber: DropSubscriber): void {
    if (this.#waiting?.delete(subscriber) !== true) {
      this.#joined--;
      this.#counts.left();
      this.#listeners.delete(subscriber);
    }
    this.#closeIfUnused();
  }

  isWaiting(subscriber: DropSubscriber): boolean {
    return this.#waiting?.has(subscriber) === true;
  }

  /** The last published state. Only for subscribers that have joined. */
  get published(): DropView {
    assert(this.#conflator !== null, 'a snapshot needs a known drop');
    return this.#conflator.published;
  }

  /** The snapshot frame of the last published state. Only for subscribers that have joined. */
  snapshot(): string {
    const now = this.#context.clock.now();
    this.#snapshot ??= dropFrame('drop.snapshot', this.topic, this.published, now);
    return sentSnapshot(this.#snapshot, now);
  }

  frame(type: DropFrameType, view: DropView): void {
    this.#snapshot = null;
    for (const listener of this.#listeners) listener.dropPublished!(type, view);
    const sockets = this.#joined - this.#listeners.size;
    if (sockets === 0) return;
    this.#context.counters.framesPublished++;
    const { clock } = this.#context;
    this.#context.pace.spend(sockets, clock.monotonic());
    this.#context.publish(this.topic, dropFrame(type, this.topic, view, clock.now()));
  }

  /** Messages may have been lost: the drop is read again, and published where it has changed. */
  refresh(): void {
    this.#refresh ??= new Refresh({
      context: this.#context,
      queue: this.#context.dropLoads,
      read: async () => {
        const refused = await this.#read();
        return refused !== 'unavailable' && refused !== 'overloaded';
      },
      onGiveUp: () => this.#context.log.error({ dropId: this.dropId }, 'a drop may be shown stale'),
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

  #add(subscriber: DropSubscriber): void {
    this.#joined++;
    this.#counts.joined();
    if (subscriber.dropPublished !== undefined) this.#listeners.add(subscriber);
    subscriber.dropJoined(this);
  }

  async #load(): Promise<void> {
    // While the load was queued, the bus may have brought the drop, or every subscriber may have
    // left.
    if (this.#closed || this.#conflator !== null) return;
    const refused = await this.#read();
    if (refused !== null && !this.#closed && this.#conflator === null) this.#refuse(refused);
  }

  /** Reads the drop and accepts its view. Resolves to the reason where that failed, or to null. */
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
      // This drop has no subscribers with a snapshot yet. The snapshot includes the milestones so
      // far.
      this.#begin(message.view);
      return;
    }
    this.#conflator.accept(message.view, message.milestones, this.#context.clock.monotonic());
    this.#armTick();
  }

  #begin(view: DropView): void {
    const { bounds, pace } = this.#context;
    const { tickMs, tickWaitMsMax: waitMsMax } = bounds;
    this.#conflator = new Conflator({ view, tickMs, waitMsMax, pace, sink: this });
    const waiting = this.#waiting;
    if (waiting === null) return;
    // A subscriber may leave from inside `dropJoined`. Each one is taken out of the set before it
    // joins, so that it is never counted both as waiting and as joined.
    for (const subscriber of waiting) {
      waiting.delete(subscriber);
      this.#add(subscriber);
    }
    this.#waiting = null;
  }

  #refuse(code: RefusalCode): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    this.close();
    for (const subscriber of waiting ?? []) subscriber.dropRefused(this, code);
  }

  #armTick(): void {
    const dueAt = this.#conflator?.dueAt ?? null;
    if (dueAt === null || this.#timer !== null || this.#closed) return;
    const clock = this.#context.clock;
    this.#timer = clock.after(Math.max(1, dueAt - clock.monotonic()), () => {
      this.#timer = null;
      this.#conflator?.tick(clock.monotonic());
      this.#armTick();
    });
  }

  #closeIfUnused(): void {
    if (this.#joined === 0 && (this.#waiting === null || this.#waiting.size === 0)) this.close();
  }
}
