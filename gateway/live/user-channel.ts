// One user's open connections. The channel brings them the user's notifications and the topics of
// the creators that the user follows, also as the user follows and unfollows (N5). However many
// connections a user has, there is one bus subscription and one list of creators.

import { type LiveMessage, userTopic } from '../../actors/live-bus.ts';
import type { Notification } from '../../contracts/notifications.ts';
import { type CreatorChannel, creatorTopicName } from './creator-channel.ts';
import { DeliveredNotifications } from './delivered-notifications.ts';
import { mediaFrame, notificationFrame, paymentFailedFrame, paymentReadyFrame } from './frames.ts';
import type { LiveDrop } from './drops-by-start.ts';
import type { LiveContext } from './live-context.ts';
import { Refresh } from './refresh.ts';

type FollowMessage = Extract<LiveMessage, { readonly type: 'follow' }>;

/** What the channel calls on each of the user's connections. */
export interface UserMember {
  /** Joins or leaves the fan-out of a followed creator. */
  creatorFollowed(channel: CreatorChannel): void;
  creatorUnfollowed(channel: CreatorChannel): void;
  /** The connection has joined all followed creators. */
  followsReady(): void;
  /** The follows cannot be read now. The member is still in the channel. */
  followsFailed(): void;
  notified(notification: Notification, text: string): void;
  /** A frame that a slow client may miss. */
  sendEphemeral(text: string): void;
  /** Notifications were lost that the channel cannot send again: the client has to resume. */
  notificationsMissed(): void;
  /** Sessions of the user have ended, perhaps the connection's. */
  sessionsEnded(): void;
}

export class UserChannel {
  readonly userId: string;
  readonly #context: LiveContext;
  readonly #unsubscribe: () => void;
  /** An array, because it nearly always has one member and a set of one is five times as large. */
  readonly #members: UserMember[] = [];
  /** By topic. */
  readonly #creators = new Map<string, CreatorChannel>();
  #state: 'new' | 'loading' | 'ready' | 'closed' = 'new';
  /** The user followed or unfollowed a creator while the list was read: the list is read again. */
  #followsChanged = false;
  /** The revision of the user's follows before the list was read: what is older is in it (F5). */
  #listRevision = 0;
  #listReadAt = 0;
  /** By creator: the highest revision of a message that came after the list. */
  readonly #revisions = new Map<string, number>();
  /** Follows or unfollows may have been lost: the list must be read again. */
  #followsStale = false;
  /** Null until a client has resumed or a notification came. */
  #delivered: DeliveredNotifications | null = null;
  readonly #openedAt: number;
  #refresh: Refresh | null = null;
  /**
   * The feed is being read. A notification that arrives meanwhile sets `#notifiedMeanwhile`, and
   * the feed is read once more.
   */
  #catchingUp = false;
  #notifiedMeanwhile = false;

  constructor(options: { context: LiveContext; userId: string }) {
    this.#context = options.context;
    this.userId = options.userId;
    this.#openedAt = options.context.clock.now();
    // Subscribe before the follows and the feed are read, once the bus has settled: no change is
    // missed.
    this.#unsubscribe = options.context.bus.subscribe(userTopic(options.userId), (message) =>
      this.#onMessage(message),
    );
  }

  join(member: UserMember): void {
    this.#members.push(member);
    if (this.#state === 'ready') void this.#makeReadySoon(member);
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
   * Messages may have been lost: missed notifications are read from the feed, and the list of
   * creators is read again.
   */
  refresh(): void {
    this.#followsChanged = true;
    this.#followsStale = true;
    this.#scheduleCatchUp();
  }

  /**
   * Reads the list again, unless that was lately: a message may have been lost that nobody misses.
   */
  refreshFollows(): void {
    const now = this.#context.clock.monotonic();
    if (now - this.#listReadAt < this.#context.bounds.followsRefreshMsMin) return;
    if (this.#state === 'ready') this.refresh();
  }

  #scheduleCatchUp(): void {
    this.#catchingUp = true;
    this.#refresh ??= new Refresh({
      context: this.#context,
      queue: this.#context.feedLoads,
      read: () => this.#catchUp(),
      onGiveUp: () => this.#forEachMember((member) => member.notificationsMissed()),
    });
    this.#refresh.start();
  }

  /**
   * A client has received everything up to this id from the feed. Live notifications continue from
   * there.
   */
  resumedTo(id: string): void {
    this.#deliveredIds().resumedTo(id);
  }

  endSessions(): void {
    this.#forEachMember((member) => member.sessionsEnded());
  }

  follows(topic: string): boolean {
    return this.#creators.has(topic);
  }

  /** Of the followed creators, for `ready`; null while they are not known. */
  liveDrops(): readonly LiveDrop[] | null {
    const follows = (creatorId: string) => this.follows(creatorTopicName(creatorId));
    return this.#context.liveDrops.newestOf(this.creators(), this.#creators.size, follows);
  }

  /** The creators whose fan-out the user's connections have joined. */
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
        if (this.#followsChanged) continue;
        this.#setCreators(creatorIds);
        // From here on, starts that the creators' topics do not bring are among the live drops.
        await this.#context.bus.settled();
        await this.#context.liveDrops.settled();
        if (this.#state !== 'loading') return;
        if (this.#followsChanged) continue;
        this.#state = 'ready';
        this.#forEachMember((member) => this.#makeReady(member));
      }
    } catch (error) {
      this.#context.log.error(
        { err: error, userId: this.userId },
        'follows could not be read for the live stream',
      );
      if (this.#state === 'loading') this.#fail();
    }
  }

  /** Resolves to null where the follows cannot be read now. */
  async #readCreators(): Promise<readonly string[] | null> {
    this.#followsChanged = false;
    const { bus, bounds, call } = this.#context;
    await bus.settled();
    const { userId } = this;
    const revision = await call('follows.revision', { userId });
    const limit = bounds.followedCreatorsMax;
    const outcome = await call('follows.creatorsOf', { userId, limit });
    if (!outcome.ok) return null;
    // Services of before do not tell it: then messages count in the order of their arrival.
    this.#listRevision = revision.ok ? revision.value : 0;
    this.#listReadAt = this.#context.clock.monotonic();
    return outcome.value;
  }

  /** Resolves to false where the follows or the feed cannot be read now. */
  async #catchUp(): Promise<boolean> {
    const followsStale = this.#followsStale;
    this.#followsStale = false;
    let done = false;
    try {
      done = (!followsStale || (await this.#refreshCreators())) && (await this.#sendMissed());
    } catch (error) {
      this.#context.log.error(
        { err: error, userId: this.userId },
        'missed notifications or follows could not be read for the live stream',
      );
    }
    if (!done && followsStale) this.#followsStale = true;
    return done;
  }

  /**
   * Sends the notifications of the feed's newest page that the bus did not bring. Those made before
   * this channel was opened are left to `resume`, which the client may have sent.
   */
  async #sendMissed(): Promise<boolean> {
    const { bus, bounds, call } = this.#context;
    this.#catchingUp = true;
    do {
      this.#notifiedMeanwhile = false;
      await bus.settled();
      const outcome = await call('notifications.list', {
        userId: this.userId,
        unread: false,
        page: { limit: bounds.replayPageSize, cursor: null },
      });
      if (this.#state === 'closed') return true;
      if (!outcome.ok) return false;
      const { items, nextCursor } = outcome.value;
      const missed = items.filter((one) => this.#deliveredIds().isMissing(one, this.#openedAt));
      if (nextCursor !== null && missed.length === items.length) {
        this.#forEachMember((member) => member.notificationsMissed());
        return true;
      }
      for (const notification of missed.toReversed()) this.#deliver(notification);
    } while (this.#notifiedMeanwhile);
    this.#catchingUp = false;
    return true;
  }

  /**
   * Reads the list of creators again and applies the difference. A list that is still loading needs
   * nothing here: `#followsChanged` makes `#load` read it again.
   */
  async #refreshCreators(): Promise<boolean> {
    while (this.#state === 'ready') {
      const creatorIds = await this.#readCreators();
      if (this.#state !== 'ready') return true;
      if (creatorIds === null) return false;
      if (this.#followsChanged) continue;
      this.#setCreators(creatorIds);
      break;
    }
    return true;
  }

  #setCreators(creatorIds: readonly string[]): void {
    this.#revisions.clear();
    const followed = new Set(creatorIds.map(creatorTopicName));
    for (const creator of this.#creators.values()) {
      if (!followed.has(creator.topic)) this.#removeCreator(creator);
    }
    for (const creatorId of creatorIds) this.#addCreator(creatorId);
  }

  #fail(): void {
    this.#state = 'new';
    this.#forEachMember((member) => member.followsFailed());
  }

  /** At once, unless starts were lost: then when the live drops are known again. */
  async #makeReadySoon(member: UserMember): Promise<void> {
    const { liveDrops } = this.#context;
    if (!liveDrops.known()) await liveDrops.settled();
    if (this.#state === 'ready' && this.#members.includes(member)) this.#makeReady(member);
  }

  #makeReady(member: UserMember): void {
    for (const creator of this.#creators.values()) member.creatorFollowed(creator);
    member.followsReady();
  }

  #onMessage(message: LiveMessage): void {
    if (message.type === 'notification') this.#notify(message.notification);
    else if (message.type === 'follow') this.#followed(message);
    else if (message.type === 'feed') this.#scheduleCatchUp();
    else if (message.type === 'payment-failed')
      this.#sendEphemeral(paymentFailedFrame, message.payment);
    else if (message.type === 'payment-ready')
      this.#sendEphemeral(paymentReadyFrame, message.payment);
    else if (message.type === 'media-settled') this.#sendEphemeral(mediaFrame, message.media);
  }

  #sendEphemeral<T>(frameOf: (what: T, at: number) => string, what: T): void {
    const text = frameOf(what, this.#context.clock.now());
    this.#forEachMember((member) => member.sendEphemeral(text));
  }

  #notify(notification: Notification): void {
    // A notification is stored in the feed before it is published, and older ones are read from
    // there first.
    if (this.#catchingUp) this.#notifiedMeanwhile = true;
    else if (this.#delivered?.leavesGap(notification.id)) this.#scheduleCatchUp();
    else this.#deliver(notification);
  }

  #deliver(notification: Notification): void {
    if (!this.#deliveredIds().add(notification.id)) return;
    const text = notificationFrame(notification, this.#context.clock.now());
    this.#forEachMember((member) => member.notified(notification, text));
  }

  #deliveredIds(): DeliveredNotifications {
    this.#delivered ??= new DeliveredNotifications(this.#context);
    return this.#delivered;
  }

  #followed(message: FollowMessage): void {
    if (this.#isNews(message)) this.#setFollowing(message.creatorId, message.following);
  }

  /** Whether the message is newer than the list and all that came of the pair since (F5). */
  #isNews({ creatorId, revision }: FollowMessage): boolean {
    if (revision === undefined) return true;
    const known = Math.max(this.#listRevision, this.#revisions.get(creatorId) ?? 0);
    if (revision <= known) return false;
    this.#revisions.set(creatorId, revision);
    if (this.#revisions.size > this.#context.bounds.followRevisionsMax) this.refresh();
    return true;
  }

  #setFollowing(creatorId: string, following: boolean): void {
    this.#followsChanged = true;
    if (this.#state !== 'ready') return;
    const creator = this.#creators.get(creatorTopicName(creatorId));
    if (following) this.#addCreator(creatorId);
    else if (creator !== undefined) this.#removeCreator(creator);
  }

  /** Does nothing where the creator is already there, or the list is full. */
  #addCreator(creatorId: string): void {
    if (this.#creators.size >= this.#context.bounds.followedCreatorsMax) return;
    if (this.#creators.has(creatorTopicName(creatorId))) return;
    const creator = this.#context.creatorChannel(creatorId);
    creator.join();
    this.#creators.set(creator.topic, creator);
    if (this.#state === 'ready') this.#forEachMember((member) => member.creatorFollowed(creator));
  }

  #removeCreator(creator: CreatorChannel): void {
    this.#creators.delete(creator.topic);
    if (this.#state === 'ready') this.#forEachMember((member) => member.creatorUnfollowed(creator));
    creator.leave();
  }

  /**
   * Iterates from the end: a member may leave during its call, and then the last member takes its
   * place.
   */
  #forEachMember(call: (member: UserMember) => void): void {
    for (let i = this.#members.length - 1; i >= 0; i--) {
      const member = this.#members[i];
      if (member !== undefined) call(member);
    }
  }
}
