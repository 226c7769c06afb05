// The live bus port: carries what is durable from owners and services to every gateway that
// listens, best effort. Lossless notifications are in the feed as well, so a lost message here
// costs a moment, never a fact.

import type { DropView, MilestoneType } from '../contracts/drops.ts';
import type { Notification } from '../contracts/notifications.ts';

/** A moment in a drop's life that people are told about at once, with the drop as it was then. */
export interface Milestone {
  readonly type: MilestoneType;
  readonly view: DropView;
}

export type LiveMessage =
  /**
   * To `drop.<id>`: the drop's newest durable view, after each batch that changed it. Milestones
   * passed on the way, oldest first.
   */
  | { readonly type: 'drop'; readonly view: DropView; readonly milestones: readonly Milestone[] }
  /** To `creator.<id>`: one milestone of one of the creator's drops. */
  | { readonly type: 'milestone'; readonly milestone: Milestone }
  /** To `user.<id>`: a kept notification, already in the feed. */
  | { readonly type: 'notification'; readonly notification: Notification }
  /**
   * To `user.<id>`: the feed has notifications that somebody kept who may have ended before he told
   * of them.
   */
  | { readonly type: 'feed' }
  /**
   * To `user.<id>`: the user followed or unfollowed a creator, so open connections follow suit
   * (N5).
   */
  | { readonly type: 'follow'; readonly creatorId: string; readonly following: boolean };

export type LiveListener = (message: LiveMessage) => void;

export interface LiveBus {
  /**
   * Delivers to all present listeners of the topic, in the order of publishing. Never throws for
   * lack of listeners.
   */
  publish(topic: string, message: LiveMessage): void;
  /** Returns a function that ends the subscription. */
  subscribe(topic: string, listener: LiveListener): () => void;
  /** True when somebody listens here or may listen elsewhere: lets a publisher skip work. */
  hasListeners(topic: string): boolean;
  /**
   * Resolves when whatever is published from now on, by anybody, reaches all present listeners, so
   * that what is read afterwards misses nothing. Resolves at once where the bus is cut off: the
   * listeners are told of a gap later. Never rejects.
   */
  settled(): Promise<void>;
  /**
   * Calls whenever messages may have been lost on their way to listeners here: what they made of
   * earlier ones should be read anew. Gaps that follow each other closely are told once. Returns a
   * function that ends it.
   */
  onGap(listener: () => void): () => void;
}

export function dropTopic(dropId: string): string {
  return `drop.${dropId}`;
}
export function creatorTopic(creatorId: string): string {
  return `creator.${creatorId}`;
}
export function userTopic(userId: string): string {
  return `user.${userId}`;
}

/** The bus of the embedded profile: all in one process. */
export class InProcessLiveBus implements LiveBus {
  readonly #listeners = new Map<string, Set<LiveListener>>();

  publish(topic: string, message: LiveMessage): void {
    const listeners = this.#listeners.get(topic);
    if (listeners === undefined) return;
    for (const listener of listeners) listener(message);
  }

  subscribe(topic: string, listener: LiveListener): () => void {
    let listeners = this.#listeners.get(topic);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(topic, listeners);
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners)
        this.#listeners.delete(topic);
    };
  }

  hasListeners(topic: string): boolean {
    return this.#listeners.has(topic);
  }

  async settled(): Promise<void> {}

  /** Within one process nothing is lost. */
  onGap(_listener: () => void): () => void {
    return () => undefined;
  }
}
