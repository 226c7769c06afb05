// One creator's live topic: the milestones of that creator's drops, for followers and for whoever
// subscribed. A drop's start is one publish here, however many followers are online.

import { creatorTopic, type Milestone } from '../../actors/live-bus.ts';
import type { DropView } from '../../contracts/drops.ts';
import { dropFrame } from './frames.ts';
import type { LiveContext } from './live-context.ts';

/** As clients and the native fan-out name it. */
export function creatorTopicName(creatorId: string): string {
  return `creator:${creatorId}`;
}

interface LastMilestone {
  readonly view: DropView;
  readonly publishedAt: number;
}

export class CreatorChannel {
  readonly creatorId: string;
  readonly topic: string;
  readonly #context: LiveContext;
  readonly #unsubscribe: () => void;
  #users = 0;
  /**
   * By drop, the one that was quiet longest first: to leave out repeated deliveries (N11), and to
   * catch up slow clients (N8).
   */
  #last: Map<string, LastMilestone> | null = null;
  /** When the newest milestone was published that is not remembered any more. */
  #forgottenAt = -Infinity;

  constructor(options: { context: LiveContext; creatorId: string }) {
    this.#context = options.context;
    this.creatorId = options.creatorId;
    this.topic = creatorTopicName(options.creatorId);
    this.#unsubscribe = options.context.bus.subscribe(
      creatorTopic(options.creatorId),
      (message) => {
        if (message.type === 'milestone') this.#publish(message.milestone);
      },
    );
  }

  /**
   * One more reason to listen: a following user, or a connection that subscribed. The sockets are
   * joined by who calls.
   */
  join(): void {
    this.#users++;
  }

  leave(): void {
    this.#users--;
    if (this.#users === 0) this.close();
  }

  /**
   * Snapshot frames of the drops that had a milestone at or after `since` (monotonic); null where
   * one of those is not remembered any more.
   */
  snapshotsSince(since: number): string[] | null {
    if (this.#forgottenAt >= since) return null;
    const frames: string[] = [];
    for (const { view, publishedAt } of this.#last?.values() ?? []) {
      if (publishedAt >= since) frames.push(dropFrame('drop.snapshot', this.topic, view));
    }
    return frames;
  }

  close(): void {
    this.#unsubscribe();
    this.#context.removeCreatorChannel(this.creatorId);
  }

  #publish(milestone: Milestone): void {
    const view = milestone.view;
    this.#last ??= new Map();
    const last = this.#last.get(view.id);
    if (last !== undefined && view.version <= last.view.version) return;
    this.#last.delete(view.id);
    const now = this.#context.clock.monotonic();
    this.#last.set(view.id, { view, publishedAt: now });
    if (this.#last.size > this.#context.bounds.recentDropsPerCreatorMax) {
      for (const [dropId, { publishedAt }] of this.#last) {
        this.#last.delete(dropId);
        this.#forgottenAt = publishedAt;
        break;
      }
    }
    this.#context.counters.framesPublished++;
    this.#context.pace.spend(this.#users, now);
    this.#context.publish(this.topic, dropFrame(`drop.${milestone.type}`, this.topic, view));
  }
}
