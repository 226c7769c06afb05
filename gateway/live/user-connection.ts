// A signed-in client's stream. It receives its user's notifications, the milestones of creators
// that the user follows, and the topics to which the client subscribes. Notifications are lossless:
// where one cannot be sent the connection is closed, and the client resumes.

import type { RefusalCode } from '../../contracts/refusals.ts';
import type { Notification } from '../../contracts/notifications.ts';
import type { TokenIdentity } from '../../contracts/accounts.ts';
import { type ClientMessage, CLOSE_CODES } from '../../contracts/live.ts';
import { Connection } from './connection.ts';
import type { CreatorChannel } from './creator-channel.ts';
import { DropChannel, type DropSubscriber } from './drop-channel.ts';
import {
  authenticatedFrame,
  notificationFrame,
  readyFrame,
  resumedFrame,
  subscribedFrame,
  unsubscribedFrame,
} from './frames.ts';
import type { ConnectionOptions } from './hub-connection.ts';
import { NotificationFlow, type NotificationSink } from './notification-flow.ts';
import type { UserChannel, UserMember } from './user-channel.ts';

const DROP_PREFIX = 'drop:';
const CREATOR_PREFIX = 'creator:';

export interface UserConnectionOptions extends ConnectionOptions {
  readonly identity: TokenIdentity;
  /** The key under which rate limits count the client's address. */
  readonly addressKey: string;
}

export class UserConnection
  extends Connection
  implements UserMember, DropSubscriber, NotificationSink
{
  readonly userId: string;
  readonly #addressKey: string;
  readonly #channel: UserChannel;
  #expiresAt: number;
  #sessionId: string | undefined;
  /** Topics to which the client subscribed, including drops that are still being loaded. */
  #topics: Map<string, DropChannel | CreatorChannel> | null = null;
  #pending = 0;
  readonly #flow: NotificationFlow;

  constructor(options: UserConnectionOptions) {
    super(options);
    this.userId = options.identity.userId;
    this.#addressKey = options.addressKey;
    this.#expiresAt = options.identity.expiresAt;
    this.#sessionId = options.identity.sessionId;
    this.#channel = this.context.userChannel(this.userId);
    const { context } = this;
    this.#flow = new NotificationFlow({ context, channel: this.#channel, sink: this });
  }

  open(): void {
    this.context.addExpiry(this, this.#expiresAt);
    this.#channel.join(this);
    this.sessionsEnded();
  }

  // `UserMember`: calls from the user's channel.

  creatorFollowed(channel: CreatorChannel): void {
    this.socket.subscribe(channel.topic);
  }

  creatorUnfollowed(channel: CreatorChannel): void {
    if (this.#topics?.has(channel.topic) !== true) this.socket.unsubscribe(channel.topic);
  }

  followsReady(): void {
    const liveDrops = this.#channel.liveDrops();
    this.reply(readyFrame(this.userId, this.#expiresAt, liveDrops, this.context.clock.now()));
    this.#flow.ready();
  }

  followsFailed(): void {
    this.close(CLOSE_CODES.tryAgainLater);
  }

  notified(notification: Notification, text: string): void {
    this.#flow.notified(notification, text);
  }

  /** Where the buffer is full the frame is lost, and nothing replaces it. */
  sendEphemeral(text: string): void {
    if (!this.isClosed) this.socket.send(text);
  }

  notificationsMissed(): void {
    this.close(CLOSE_CODES.tryAgainLater);
  }

  sessionsEnded(): void {
    const session = { sessionId: this.#sessionId, expiresAt: this.#expiresAt };
    if (this.context.ended.refuses(session)) this.close(CLOSE_CODES.sessionEnded);
  }

  // `DropSubscriber`: calls from the drops' channels.

  dropJoined(channel: DropChannel): void {
    this.#pending--;
    this.socket.subscribe(channel.topic);
    this.#confirm(channel);
  }

  dropRefused(channel: DropChannel, code: RefusalCode): void {
    this.#pending--;
    this.#topics?.delete(channel.topic);
    const detail =
      code === 'not-found' ? 'There is no such drop.' : 'The drop cannot be read just now.';
    this.refuse({ code, detail, request: 'subscribe', topic: channel.topic });
  }

  // `NotificationSink`: calls from the flow of notifications.

  sendNotification(notification: Notification, text: string | null): boolean {
    const frame = text ?? notificationFrame(notification, this.context.clock.now());
    if (!this.reply(frame)) return false;
    this.context.counters.notificationsSent++;
    return true;
  }

  bufferedBytes(): number {
    return this.socket.bufferedBytes();
  }

  resumed(lastId: string, count: number): void {
    this.reply(resumedFrame(lastId, count, this.context.clock.now()));
  }

  notificationsFailed(): void {
    this.close(CLOSE_CODES.tryAgainLater);
  }

  override drained(): void {
    super.drained();
    this.#flow.drained();
  }

  protected override handle(message: Exclude<ClientMessage, { type: 'ping' }>): void {
    switch (message.type) {
      case 'subscribe':
        return this.#subscribe(message.topic);
      case 'unsubscribe':
        return this.#unsubscribe(message.topic);
      case 'resume':
        return this.#resume(message.after);
      case 'authenticate':
        return this.#authenticate(message.accessToken);
    }
  }

  protected override catchUp(since: number): boolean {
    for (const channel of this.#topics?.values() ?? []) {
      if (!(channel instanceof DropChannel) || channel.isWaiting(this)) continue;
      if (!this.sendSnapshot(channel.snapshot())) return false;
    }
    for (const channel of this.#creators()) {
      const frames = channel.snapshotsSince(since);
      if (frames === null) {
        this.close(CLOSE_CODES.slowClient);
        return false;
      }
      for (const frame of frames) {
        if (!this.sendSnapshot(frame)) return false;
      }
    }
    return true;
  }

  protected override detach(): void {
    this.context.removeExpiry(this, this.#expiresAt);
    this.#flow.end();
    const topics = this.#topics;
    this.#topics = null;
    for (const channel of topics?.values() ?? []) channel.leave(this);
    this.#channel.leave(this);
  }

  #subscribe(topic: string): void {
    const request = 'subscribe';
    this.#topics ??= new Map();
    const present = this.#topics.get(topic);
    if (present !== undefined) {
      if (!(present instanceof DropChannel) || !present.isWaiting(this))
        return this.#confirm(present);
      return this.refuse({
        code: 'invalid-request',
        detail: 'This subscription is already in preparation.',
        request,
        topic,
      });
    }
    const { topicsPerConnectionMax, pendingPerConnectionMax } = this.context.bounds;
    if (this.#topics.size >= topicsPerConnectionMax) {
      const detail = `At most ${topicsPerConnectionMax} topics on one connection.`;
      return this.refuse({ code: 'invalid-request', detail, request, topic });
    }
    if (topic.startsWith(CREATOR_PREFIX)) {
      const channel = this.context.creatorChannel(topic.slice(CREATOR_PREFIX.length));
      channel.join();
      this.#topics.set(topic, channel);
      this.socket.subscribe(topic);
      return this.#confirm(channel);
    }
    if (this.#pending >= pendingPerConnectionMax) {
      const detail = `At most ${pendingPerConnectionMax} subscriptions in preparation.`;
      return this.refuse({ code: 'overloaded', detail, request, topic });
    }
    const channel = this.context.dropChannel(topic.slice(DROP_PREFIX.length));
    this.#topics.set(topic, channel);
    this.#pending++;
    channel.join(this);
  }

  #confirm(channel: DropChannel | CreatorChannel): void {
    if (!this.reply(subscribedFrame(channel.topic, this.context.clock.now()))) return;
    if (channel instanceof DropChannel) this.sendSnapshot(channel.snapshot());
  }

  #unsubscribe(topic: string): void {
    const channel = this.#topics?.get(topic);
    this.#topics?.delete(topic);
    if (channel instanceof DropChannel) {
      if (channel.isWaiting(this)) this.#pending--;
      else this.socket.unsubscribe(topic);
      channel.leave(this);
    } else if (channel !== undefined) {
      if (!this.#channel.follows(topic)) this.socket.unsubscribe(topic);
      channel.leave();
    }
    if (!this.#channel.follows(topic))
      return void this.reply(unsubscribedFrame(topic, this.context.clock.now()));
    const detail = 'Followed creators stay on the stream: unfollow to stop their frames.';
    this.refuse({ code: 'forbidden', detail, request: 'unsubscribe', topic });
  }

  #resume(after: string): void {
    if (!this.#flow.isResuming) return this.#flow.resume(after);
    this.refuse({ code: 'invalid-request', detail: 'A resume is under way.', request: 'resume' });
  }

  #authenticate(accessToken: string): void {
    const request = 'authenticate';
    const { clock, limits, verifyToken } = this.context;
    const verified = verifyToken(accessToken, clock.now());
    const hasEnded = typeof verified !== 'string' && this.context.ended.refuses(verified);
    const identity = hasEnded ? 'expired' : verified;
    if (typeof identity === 'string') {
      // An expired token has a good signature, so it is no guess.
      const limited =
        identity === 'invalid' &&
        limits.check('bad-tokens', this.#addressKey, null, clock.monotonic()) !== null;
      if (limited) {
        const detail = 'Too many bad access tokens from this address.';
        this.refuse({ code: 'rate-limited', detail, request });
        return this.close(CLOSE_CODES.tooManyMessages);
      }
      const undecided = identity === 'undecided';
      return this.refuse({
        code: undecided ? 'unavailable' : 'unauthenticated',
        detail: undecided
          ? "The keys of the access token's issuer are not here yet."
          : 'The access token is not valid.',
        request,
      });
    }
    if (identity.userId !== this.userId) {
      return this.refuse({
        code: 'forbidden',
        detail: "The access token is another user's.",
        request,
      });
    }
    this.context.removeExpiry(this, this.#expiresAt);
    // A token that ends earlier than the present one does not shorten the stream.
    this.#expiresAt = Math.max(this.#expiresAt, identity.expiresAt);
    this.#sessionId = identity.sessionId;
    this.context.addExpiry(this, this.#expiresAt);
    this.reply(authenticatedFrame(this.#expiresAt, clock.now()));
    // So what open streams hear of follows is never wrong for longer than an access token lives.
    this.#channel.refreshFollows();
  }

  *#creators(): Generator<CreatorChannel> {
    yield* this.#channel.creators();
    for (const channel of this.#topics?.values() ?? []) {
      if (!(channel instanceof DropChannel) && !this.#channel.follows(channel.topic)) yield channel;
    }
  }
}
