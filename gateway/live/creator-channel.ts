// One creator's live topic: the milestones of the creator's drops, for followers and for
// connections that subscribed. The start of a drop is one publish here, however many followers are
// online.

import { creatorTopic, type Milestone } from '../../actors/live-bus.ts';
import type { DropView } from '../../contracts/drops.ts';
import { dropFrame, sentSnapshot } from './frames.ts';
import type { LiveContext } from './live-context.ts';

/** The topic's name for clients and for the native fan-out. */
export function creatorTopicName(creatorId: string): string {
  return `creator:${creatorId}`;
}

/** Gets each published milestone itself. */
export type MilestoneListener = (milestone: Milestone) => void;

interface LastMilestone {
  readonly view: DropView;
  readonly publishedAt: number;
}

export class CreatorChannel {
  readonly creatorId: string;
  readonly topic: string;
  readonly #context: LiveContext;
  readonly #unsubscribe: () => void;
  #subscriptions = 0;
  readonly #listeners = new Set<MilestoneListener>();
  /**
   * By drop, the one with the oldest milestone first. It recognises repeated deliveries (N11) and
   * lets slow clients catch up (N8).
   */
  #lastMilestones: Map<string, LastMilestone> | null = null;
  /** The publish time of the newest milestone that was evicted from `#lastMilestones`. */
  #evictedAt = -Infinity;

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
   * Counts one more subscription: of a following user, or of a connection that subscribed. The
   * caller joins the sockets to the fan-out.
   */
  join(): void {
    this.#subscriptions++;
  }

  leave(): void {
    this.#subscriptions--;
    this.#closeIfUnused();
  }

  listen(listener: MilestoneListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: MilestoneListener): void {
    this.#listeners.delete(listener);
    this.#closeIfUnused();
  }

  /**
   * Snapshot frames of the drops that had a milestone at or after `since` (monotonic). Null where
   * one of those milestones was evicted.
   */
  snapshotsSince(since: number): string[] | null {
    if (this.#evictedAt >= since) return null;
    const frames: string[] = [];
    const now = this.#context.clock.now();
    for (const { view, publishedAt } of this.#lastMilestones?.values() ?? []) {
      if (publishedAt < since) continue;
      frames.push(sentSnapshot(dropFrame('drop.snapshot', this.topic, view, now), now));
    }
    return frames;
  }

  close(): void {
    this.#unsubscribe();
    this.#context.removeCreatorChannel(this.creatorId);
  }

  #publish(milestone: Milestone): void {
    const view = milestone.view;
    this.#lastMilestones ??= new Map();
    const last = this.#lastMilestones.get(view.id);
    if (last !== undefined && view.version <= last.view.version) return;
    this.#lastMilestones.delete(view.id);
    const { clock } = this.#context;
    const publishedAt = clock.monotonic();
    this.#lastMilestones.set(view.id, { view, publishedAt });
    if (this.#lastMilestones.size > this.#context.bounds.recentDropsPerCreatorMax) {
      for (const [dropId, oldest] of this.#lastMilestones) {
        this.#lastMilestones.delete(dropId);
        this.#evictedAt = oldest.publishedAt;
        break;
      }
    }
    for (const listener of this.#listeners) listener(milestone);
    if (this.#subscriptions === 0) return;
    this.#context.counters.framesPublished++;
    this.#context.pace.spend(this.#subscriptions, publishedAt);
    const frame = dropFrame(`drop.${milestone.type}`, this.topic, view, clock.now());
    this.#context.publish(this.topic, frame);
  }

  #closeIfUnused(): void {
    if (this.#subscriptions === 0 && this.#listeners.size === 0) this.close();
  }
}
