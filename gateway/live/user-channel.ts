// One user's open connections: their notifications, and the creators the user follows, kept up to
// date while the user follows and unfollows (N5). However many connections a user has, there is one
// bus subscription and one list of creators.

import { type LiveMessage, userTopic } from '../../actors/live-bus.ts';
import type { Notification } from '../../storage/feed.ts';
import { type CreatorChannel, creatorTopicName } from './creator-channel.ts';
import { notificationFrame } from './frames.ts';
import type { LiveContext } from './live-context.ts';

/** A connection as its user's channel sees it. */
export interface UserMember {
  /** Joins or leaves the fan-out of a creator the user follows. */
  creatorFollowed(channel: CreatorChannel): void;
  creatorUnfollowed(channel: CreatorChannel): void;
  /** All followed creators are joined. */
  followsReady(): void;
  /** The follows cannot be read now. The member has not left. */
  followsFailed(): void;
  notified(notification: Notification, text: string): void;
}

export class UserChannel {
  readonly userId: string;
  readonly #context: LiveContext;
  readonly #unsubscribe: () => void;
  /** An array: nearly always of one, and a set of one is five times as large. */
  readonly #members: UserMember[] = [];
  /** By topic. */
  readonly #creators = new Map<string, CreatorChannel>();
  #state: 'new' | 'loading' | 'ready' | 'closed' = 'new';
  /** The user followed or unfollowed somebody while the list was being read: it is read again. */
  #changed = false;
  #recentIds: string[] | null = null;

  constructor(options: { context: LiveContext; userId: string }) {
    this.#context = options.context;
    this.userId = options.userId;
    // Before the follows and the feed are read: no change between is missed.
    this.#unsubscribe = options.context.bus.subscribe(userTopic(options.userId), (message) =>
      this.#onMessage(message),
    );
  }

  join(member: UserMember): void {
    this.#members.push(member);
    if (this.#state === 'ready') this.#makeReady(member);
    if (this.#state !== 'new') return;
    this.#state = 'loading';
    if (!this.#context.followLoads.run(() => this.#load())) this.#fail();
  }

  leave(member: UserMember): void {
    const index = this.#members.indexOf(member);
    if (index < 0) return;
    const last = this.#members.pop()!;
    if (last !== member) this.#members[index] = last;
    if (this.#members.length === 0) this.close();
  }

  follows(topic: string): boolean {
    return this.#creators.has(topic);
  }

  /** The creators that the user's connections are joined to. */
  creators(): Iterable<CreatorChannel> {
    return this.#creators.values();
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#unsubscribe();
    for (const creator of this.#creators.values()) creator.leave();
    this.#creators.clear();
    this.#context.removeUserChannel(this.userId);
  }

  async #load(): Promise<void> {
    try {
      while (this.#state === 'loading') {
        this.#changed = false;
        const limit = this.#context.bounds.followedCreatorsMax;
        const outcome = await this.#context.call('follows.creatorsOf', {
          userId: this.userId,
          limit,
        });
        if (this.#state !== 'loading') return;
        if (!outcome.ok) return this.#fail();
        if (this.#changed) continue;
        for (const creatorId of outcome.value) this.#add(creatorId);
        this.#state = 'ready';
        this.#eachMember((member) => this.#makeReady(member));
      }
    } catch (error) {
      this.#context.log.error(
        { err: error, userId: this.userId },
        'follows could not be read for the live stream',
      );
      if (this.#state === 'loading') this.#fail();
    }
  }

  #fail(): void {
    this.#state = 'new';
    this.#eachMember((member) => member.followsFailed());
  }

  #makeReady(member: UserMember): void {
    for (const creator of this.#creators.values()) member.creatorFollowed(creator);
    member.followsReady();
  }

  #onMessage(message: LiveMessage): void {
    if (message.type === 'notification') this.#notify(message.notification);
    else if (message.type === 'follow') this.#follow(message.creatorId, message.following);
  }

  #notify(notification: Notification): void {
    if (this.#isRepeat(notification.id)) return;
    const text = notificationFrame(notification);
    this.#eachMember((member) => member.notified(notification, text));
  }

  #follow(creatorId: string, following: boolean): void {
    if (this.#state !== 'ready') {
      this.#changed = true;
      return;
    }
    if (following) {
      const added = this.#add(creatorId);
      if (added !== null) this.#eachMember((member) => member.creatorFollowed(added));
      return;
    }
    const gone = this.#creators.get(creatorTopicName(creatorId));
    if (gone === undefined) return;
    this.#creators.delete(gone.topic);
    this.#eachMember((member) => member.creatorUnfollowed(gone));
    gone.leave();
  }

  /** The channel, or null where nothing changes: already there, or there are too many. */
  #add(creatorId: string): CreatorChannel | null {
    if (this.#creators.size >= this.#context.bounds.followedCreatorsMax) return null;
    if (this.#creators.has(creatorTopicName(creatorId))) return null;
    const creator = this.#context.creatorChannel(creatorId);
    creator.join();
    this.#creators.set(creator.topic, creator);
    return creator;
  }

  /**
   * Whether this id was delivered lately. Ids are compared one by one, not with the greatest: those
   * of two shards may arrive in the other order, and a late one must not be lost.
   */
  #isRepeat(id: string): boolean {
    this.#recentIds ??= [];
    if (this.#recentIds.includes(id)) return true;
    this.#recentIds.push(id);
    if (this.#recentIds.length > this.#context.bounds.recentIdsMax) this.#recentIds.shift();
    return false;
  }

  /**
   * From the end, because a member may leave while it is called, and the last one then takes its
   * place.
   */
  #eachMember(call: (member: UserMember) => void): void {
    for (let i = this.#members.length - 1; i >= 0; i--) {
      const member = this.#members[i];
      if (member !== undefined) call(member);
    }
  }
}
