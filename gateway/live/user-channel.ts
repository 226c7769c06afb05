// One user's open connections: their notifications, and the creators the user follows, kept up to
// date while the user follows and unfollows (N5). However many connections a user has, there is one
// bus subscription and one list of creators.

import { type LiveMessage, userTopic } from '../../actors/live-bus.ts';
import type { Notification } from '../../contracts/notifications.ts';
import { type CreatorChannel, creatorTopicName } from './creator-channel.ts';
import { notificationFrame } from './frames.ts';
import type { LiveContext } from './live-context.ts';
import { Refresh } from './refresh.ts';
import { compareNotificationIds } from './replay.ts';

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
  /** Notifications were lost that cannot be made good here: the client has to resume. */
  notificationsMissed(): void;
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
  /** Such news may have been lost. */
  #followsDoubted = false;
  #recentIds: string[] | null = null;
  /** The highest id that has left `#recentIds`: older ones are not looked for after a gap. */
  #forgottenId = '0';
  /**
   * Where ids follow each other: everything after the first of these and up to the second was
   * delivered, in order. Null until a client has resumed or something was delivered.
   */
  #line: { readonly after: string; to: string } | null = null;
  readonly #openedAt: number;
  #refresh: Refresh | null = null;
  /** The feed is being read: notifications that come meanwhile are only noted, and read as well. */
  #catchingUp = false;
  #noted = false;

  constructor(options: { context: LiveContext; userId: string }) {
    this.#context = options.context;
    this.userId = options.userId;
    this.#openedAt = options.context.clock.now();
    // Before the follows and the feed are read, once the bus has settled: no change is missed.
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

  /**
   * Messages may have been lost: kept notifications come from the feed, and the list of creators is
   * read anew.
   */
  refresh(): void {
    this.#changed = true;
    this.#followsDoubted = true;
    this.#findLater();
  }

  #findLater(): void {
    this.#catchingUp = true;
    this.#refresh ??= new Refresh({
      context: this.#context,
      lane: this.#context.feedLoads,
      read: () => this.#catchUp(),
      givenUp: () => this.#eachMember((member) => member.notificationsMissed()),
    });
    this.#refresh.start();
  }

  /** A client has had everything up to this id from the feed: live ones go on from there. */
  resumedTo(id: string): void {
    if (this.#context.feedIdsFollow) this.#line ??= { after: id, to: id };
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
    this.#refresh?.end();
    this.#unsubscribe();
    for (const creator of this.#creators.values()) creator.leave();
    this.#creators.clear();
    this.#context.removeUserChannel(this.userId);
  }

  async #load(): Promise<void> {
    try {
      while (this.#state === 'loading') {
        const creatorIds = await this.#readCreators();
        if (this.#state !== 'loading') return;
        if (creatorIds === null) return this.#fail();
        if (this.#changed) continue;
        for (const creatorId of creatorIds) this.#add(creatorId);
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

  /** Null where they cannot be read now. */
  async #readCreators(): Promise<readonly string[] | null> {
    this.#changed = false;
    const { bus, bounds, call } = this.#context;
    await bus.settled();
    const limit = bounds.followedCreatorsMax;
    const outcome = await call('follows.creatorsOf', { userId: this.userId, limit });
    return outcome.ok ? outcome.value : null;
  }

  /** Resolves to false where something cannot be read now. */
  async #catchUp(): Promise<boolean> {
    const followsDoubted = this.#followsDoubted;
    this.#followsDoubted = false;
    let done = false;
    try {
      done = (!followsDoubted || (await this.#matchCreators())) && (await this.#findMissed());
    } catch (error) {
      this.#context.log.error(
        { err: error, userId: this.userId },
        'what a live stream missed could not be read',
      );
    }
    if (!done && followsDoubted) this.#followsDoubted = true;
    return done;
  }

  /**
   * Sends what the newest page of the feed has and the bus has not brought. What was made before
   * this channel was opened is left to `resume`, which its client may have sent.
   */
  async #findMissed(): Promise<boolean> {
    const { bus, bounds, call } = this.#context;
    this.#catchingUp = true;
    do {
      this.#noted = false;
      await bus.settled();
      const outcome = await call('notifications.list', {
        userId: this.userId,
        unread: false,
        page: { limit: bounds.replayPageSize, cursor: null },
      });
      if (this.#state === 'closed') return true;
      if (!outcome.ok) return false;
      const { items, nextCursor } = outcome.value;
      const missed = items.filter((notification) => this.#isMissing(notification));
      if (nextCursor !== null && missed.length === items.length) {
        this.#eachMember((member) => member.notificationsMissed());
        return true;
      }
      for (const notification of missed.toReversed()) this.#deliver(notification);
    } while (this.#noted);
    this.#catchingUp = false;
    return true;
  }

  #isMissing({ id, createdAt }: Notification): boolean {
    if (this.#line !== null) return compareNotificationIds(id, this.#line.to) > 0;
    return (
      createdAt >= this.#openedAt &&
      this.#recentIds?.includes(id) !== true &&
      compareNotificationIds(id, this.#forgottenId) > 0
    );
  }

  /** Where the list is not there yet, it is being read, and read again because it has changed. */
  async #matchCreators(): Promise<boolean> {
    while (this.#state === 'ready') {
      const creatorIds = await this.#readCreators();
      if (this.#state !== 'ready') return true;
      if (creatorIds === null) return false;
      if (this.#changed) continue;
      const wanted = new Set(creatorIds.map(creatorTopicName));
      for (const creator of this.#creators.values()) {
        if (!wanted.has(creator.topic)) this.#follow(creator.creatorId, false);
      }
      for (const creatorId of creatorIds) this.#follow(creatorId, true);
      break;
    }
    return true;
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
    else if (message.type === 'feed') this.#findLater();
  }

  #notify(notification: Notification): void {
    // It is in the feed before it is on the bus, and older ones come from there first.
    if (this.#catchingUp) this.#noted = true;
    else if (this.#isAhead(notification.id)) this.#findLater();
    else this.#deliver(notification);
  }

  /** Whether one before it has not come: it was overtaken, or was never told of. */
  #isAhead(id: string): boolean {
    return this.#line !== null && Number(id) > Number(this.#line.to) + 1;
  }

  #deliver(notification: Notification): void {
    if (this.#isRepeat(notification.id)) return;
    if (this.#context.feedIdsFollow) this.#line ??= { after: notification.id, to: notification.id };
    const text = notificationFrame(notification);
    this.#eachMember((member) => member.notified(notification, text));
  }

  #follow(creatorId: string, following: boolean): void {
    this.#changed = true;
    if (this.#state !== 'ready') return;
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
   * of two shards may arrive in the other order, and a late one must not be lost. Where they follow
   * each other none of those in line is late.
   */
  #isRepeat(id: string): boolean {
    if (this.#line !== null && compareNotificationIds(id, this.#line.after) > 0) {
      if (compareNotificationIds(id, this.#line.to) <= 0) return true;
      this.#line.to = id;
    }
    this.#recentIds ??= [];
    if (this.#recentIds.includes(id)) return true;
    this.#recentIds.push(id);
    if (this.#recentIds.length > this.#context.bounds.recentIdsMax) {
      const forgotten = this.#recentIds.shift()!;
      if (compareNotificationIds(forgotten, this.#forgottenId) > 0) this.#forgottenId = forgotten;
    }
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
