// The live bus port. It carries durable changes from owners and services to every gateway that
// subscribes, best effort. Lossless notifications are in the feed as well, so a lost message delays
// a fact and never loses it.

import type { DropView, MilestoneType } from '../contracts/drops.ts';
import type { Notification } from '../contracts/notifications.ts';
import type { RestrictionChange } from '../contracts/restrictions.ts';

/** An event of a drop that is published at once, with the drop as it was then. */
export interface Milestone {
  readonly type: MilestoneType;
  readonly view: DropView;
}

/** A declined attempt to pay for an order. */
export interface FailedPayment {
  readonly orderId: string;
  readonly dropId: string;
  /** The provider's reference for the payment. */
  readonly reference: string;
}

/** The provider is ready to take the payment of an order. */
export interface ReadyPayment {
  readonly orderId: string;
  readonly dropId: string;
  /** The provider's reference for the payment. */
  readonly reference: string;
  /** The end of the hold, from now on. Milliseconds since the Unix epoch. */
  readonly holdExpiresAt: number;
}

/** What became of an upload. */
export type SettledMedia =
  | { readonly mediaId: string; readonly status: 'ready' }
  | { readonly mediaId: string; readonly status: 'refused'; readonly reason: string };

/** What caches must know of a change outside the drops' journals (C3). */
export type ChangedEntity =
  | { readonly kind: 'user'; readonly userId: string; readonly isGone: boolean }
  /**
   * `creatorId` is null where the product is gone, `revision` where it is gone, or something else
   * of it has changed.
   */
  | {
      readonly kind: 'product';
      readonly productId: string;
      readonly creatorId: string | null;
      readonly revision: number | null;
    }
  | { readonly kind: 'follow'; readonly userId: string; readonly creatorId: string };

export type LiveMessage =
  /**
   * To `drop.<id>`: the drop's newest durable view, after each batch that changed the drop, with
   * the milestones of that batch, oldest first.
   */
  | { readonly type: 'drop'; readonly view: DropView; readonly milestones: readonly Milestone[] }
  /**
   * To `creator.<id>`: one milestone of one of the creator's drops. To `STATUS_TOPIC`, before any
   * other: those by which a drop became live or over.
   */
  | { readonly type: 'milestone'; readonly milestone: Milestone }
  /** To `user.<id>`: a notification that is already stored in the feed. */
  | { readonly type: 'notification'; readonly notification: Notification }
  /** To `user.<id>`: an attempt to pay was declined (P3a). In no feed: it is ephemeral. */
  | { readonly type: 'payment-failed'; readonly payment: FailedPayment }
  /** To `user.<id>`: the buyer can pay now (R5). In no feed: it is ephemeral. */
  | { readonly type: 'payment-ready'; readonly payment: ReadyPayment }
  /** To `user.<id>`: a medium of the user is ready or refused (M1). In no feed: it is ephemeral. */
  | { readonly type: 'media-settled'; readonly media: SettledMedia }
  /**
   * To `user.<id>`: the feed may hold notifications that were never published, because the node
   * that stored them ended in between.
   */
  | { readonly type: 'feed' }
  /**
   * To `user.<id>`: the user followed or unfollowed a creator, so the user's open connections
   * subscribe or unsubscribe (N5).
   */
  | {
      readonly type: 'follow';
      readonly creatorId: string;
      readonly following: boolean;
      /**
       * `FollowStore.revision` of the user, read before `following` was: of two messages about one
       * pair the one with the higher revision is right. Absent from nodes of before.
       */
      readonly revision?: number;
    }
  /** To `SESSIONS_TOPIC`: sessions that ended, and are in the store's list (A1c). */
  | {
      readonly type: 'sessions-ended';
      readonly userId: string;
      readonly sessionIds: readonly string[];
      /** Milliseconds since the Unix epoch. */
      readonly endedAt: number;
    }
  /** To `RESTRICTIONS_TOPIC`: a change that is in the store (A9). */
  | { readonly type: 'restriction'; readonly change: RestrictionChange }
  /** To `CHANGES_TOPIC`: changes that can be read. */
  | {
      readonly type: 'entities-changed';
      /** Which records of the change stream say so; null: those of other messages do. */
      readonly records: ChangedRecords | null;
      /** Those that caches care for. Null: it is not known which there were. */
      readonly changes: readonly ChangedEntity[] | null;
    };

/** The records of a bucket of the change stream above `after`, up to `last`. */
export interface ChangedRecords {
  readonly bucket: number;
  readonly after: number;
  readonly last: number;
}

export type LiveListener = (message: LiveMessage) => void;

export interface LiveBus {
  /**
   * Delivers to all present listeners of the topic, in the order of publishing. Without listeners
   * it does nothing.
   */
  publish(topic: string, message: LiveMessage): void;
  /** Returns a function that ends the subscription. */
  subscribe(topic: string, listener: LiveListener): () => void;
  /** True if there are listeners here, or may be on other nodes: lets a publisher skip work. */
  hasListeners(topic: string): boolean;
  /**
   * Resolves when every message published from now on, by any node, reaches all present listeners:
   * a read after it and the messages together miss nothing. Resolves at once if the bus is cut off:
   * the listeners get a gap later. Never rejects.
   */
  settled(): Promise<void>;
  /**
   * Calls the listener whenever messages may have been lost on their way to listeners here: state
   * built from earlier messages must be read again. Gaps that follow each other closely are
   * reported once. Returns a function that ends the subscription.
   */
  onGap(listener: () => void): () => void;
}

/**
 * Starts and ends of all drops. A subscriber of a creator's topic that has heard of no start, once
 * the bus has settled, finds each earlier start here.
 */
export const STATUS_TOPIC = 'drops.status';

/** Ends of sessions of all users. */
export const SESSIONS_TOPIC = 'sessions.ended';

/** Changes of all restrictions. */
export const RESTRICTIONS_TOPIC = 'restrictions.changed';

/** Changes of accounts, products and follows. */
export const CHANGES_TOPIC = 'entities.changed';

export function dropTopic(dropId: string): string {
  return `drop.${dropId}`;
}
export function creatorTopic(creatorId: string): string {
  return `creator.${creatorId}`;
}
export function userTopic(userId: string): string {
  return `user.${userId}`;
}

/** The bus of the embedded profile: publishers and listeners are in one process. */
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

  /** Never calls: within one process no message is lost. */
  onGap(_listener: () => void): () => void {
    return () => undefined;
  }
}
