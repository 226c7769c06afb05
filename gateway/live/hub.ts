// The live stream's hub. It stores one channel for each topic with subscribers, one timer for all
// tokens, and the bounds. A frame is encoded once and handed to the server's native fan-out, so its
// cost here does not depend on the number of sockets.

import type { Clock, Timer } from '../../actors/clock.ts';
import type { CommandRouter } from '../../actors/command-router.ts';
import type { LiveBus } from '../../actors/live-bus.ts';
import { assert } from '../../domain/assert.ts';
import { Rate } from '../../domain/rate-limiter.ts';
import type { CallAction } from '../../contracts/actions.ts';
import { CLOSE_CODES } from '../../contracts/live.ts';
import type { RestrictionSet } from '../../events/restriction-set.ts';
import type { EndedSessions } from '../http/ended-sessions.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import type { VerifyToken } from '../http/route.ts';
import type {
  LiveConnection,
  LiveHandler,
  LivePeer,
  LiveSocket,
  PublishFrame,
} from '../http/socket.ts';
import { LIVE_BOUNDS, type LiveBounds } from './bounds.ts';
import { CreatorChannel } from './creator-channel.ts';
import { DropCounts } from '../analytics/drop-counts.ts';
import { DropChannel } from './drop-channel.ts';
import { ExpiryBuckets } from './expiry.ts';
import type { HubConnection } from './hub-connection.ts';
import { LiveDrops } from './live-drops.ts';
import { LoadQueue } from './load-queue.ts';
import type {
  Closable,
  BufferingConnection,
  LiveContext,
  LiveCounters,
  LiveLog,
} from './live-context.ts';
import { FanoutPace } from './pace.ts';
import { busOfShown, routerOfShown } from './shown.ts';
import { UserChannel } from './user-channel.ts';
import { UserConnection } from './user-connection.ts';
import { VisitorConnection } from './visitor-connection.ts';

export interface LiveHubOptions {
  readonly bus: LiveBus;
  readonly call: CallAction;
  readonly router: CommandRouter;
  readonly publish: PublishFrame;
  readonly verifyToken: VerifyToken;
  /** Sessions whose streams end; none unless given. */
  readonly ended?: Pick<EndedSessions, 'refuses' | 'onEnded'>;
  /** What is taken down; nothing unless given. */
  readonly hidden?: Pick<RestrictionSet, 'isHidden' | 'onTakeDown'>;
  /** Bad tokens in messages and in requests count against the same limit (H5). */
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly log: LiveLog;
  readonly bounds?: Partial<LiveBounds>;
  /**
   * The ids in each user's feed have no gaps. Required where several nodes publish notifications:
   * one notification may overtake another, or a node may end after it stored a notification and
   * before it published it. Only a gap in the ids shows that one is missing. Default: one node
   * publishes all notifications, in order.
   */
  readonly feedIdsContiguous?: boolean;
  /** For what is counted of drops; it is not stored unless given. */
  readonly countsOf?: (dropId: string) => DropCounts;
}

const NOTHING_HIDDEN = { isHidden: () => false, onTakeDown: () => () => undefined };
const NONE_ENDED = { refuses: () => false, onEnded: () => () => undefined };

/** The connection of a socket that was closed as it opened: it ignores all events. */
const ENDED_CONNECTION: LiveConnection = {
  received() {},
  missedFrame() {},
  drained() {},
  closed() {},
};

export class LiveHub implements LiveHandler, LiveContext {
  readonly bus: LiveBus;
  readonly call: CallAction;
  readonly router: CommandRouter;
  readonly publish: PublishFrame;
  readonly verifyToken: VerifyToken;
  readonly ended: Pick<EndedSessions, 'refuses' | 'onEnded'>;
  readonly hidden: Pick<RestrictionSet, 'isHidden'>;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly log: LiveLog;
  readonly bounds: LiveBounds;
  readonly messageRate: Rate;
  readonly feedIdsContiguous: boolean;
  readonly countsOf: (dropId: string) => DropCounts;
  readonly counters: LiveCounters = {
    connections: 0,
    framesPublished: 0,
    framesDropped: 0,
    notificationsSent: 0,
    closed: {},
  };
  readonly pace: FanoutPace;
  readonly dropLoads: LoadQueue;
  readonly followLoads: LoadQueue;
  readonly feedLoads: LoadQueue;
  readonly liveDrops: LiveDrops;

  readonly #connections = new Set<Closable>();
  readonly #drops = new Map<string, DropChannel>();
  readonly #creators = new Map<string, CreatorChannel>();
  readonly #users = new Map<string, UserChannel>();
  readonly #expiry = new ExpiryBuckets<Closable>();
  #expiryTimer: Timer | null = null;
  readonly #buffering = new Set<BufferingConnection>();
  #flushTimer: { readonly timer: Timer; readonly dueAt: number } | null = null;
  readonly #unsubscribeGaps: () => void;
  readonly #unsubscribeTakeDowns: () => void;
  readonly #unsubscribeEnded: () => void;
  #stopped = false;

  constructor(options: LiveHubOptions) {
    const { hidden = NOTHING_HIDDEN } = options;
    this.hidden = hidden;
    this.bus = busOfShown(options.bus, hidden);
    this.call = options.call;
    this.router = routerOfShown(options.router, hidden);
    this.publish = options.publish;
    this.verifyToken = options.verifyToken;
    this.ended = options.ended ?? NONE_ENDED;
    this.limits = options.limits;
    this.clock = options.clock;
    this.log = options.log;
    this.bounds = { ...LIVE_BOUNDS, ...options.bounds };
    const { messageBurst, messagesPerSecond } = this.bounds;
    this.messageRate = new Rate({ burst: messageBurst, intervalMs: 1_000 / messagesPerSecond });
    this.feedIdsContiguous = options.feedIdsContiguous ?? false;
    this.countsOf = options.countsOf ?? ((dropId) => new DropCounts(dropId));
    this.pace = new FanoutPace({
      microsPerFrame: this.bounds.fanoutMicrosPerFrame,
      waitMsMax: this.bounds.tickWaitMsMax,
    });
    const queue = {
      inFlightMax: this.bounds.loadsInFlightMax,
      waitingMax: this.bounds.loadsWaitingMax,
    };
    this.dropLoads = new LoadQueue(queue);
    this.followLoads = new LoadQueue(queue);
    this.feedLoads = new LoadQueue(queue);
    this.liveDrops = new LiveDrops(this);
    this.#unsubscribeGaps = options.bus.onGap(() => this.#refresh());
    this.#unsubscribeTakeDowns = hidden.onTakeDown(() => this.#refresh());
    this.#unsubscribeEnded = this.ended.onEnded((userId) => this.#endSessions(userId));
  }

  /** The counters, and the number of topics that have subscribers, for the metrics. */
  report(): LiveCounters & { topics: { drops: number; creators: number; users: number } } {
    const topics = {
      drops: this.#drops.size,
      creators: this.#creators.size,
      users: this.#users.size,
    };
    return { ...this.counters, topics };
  }

  opened(socket: LiveSocket, { identity, dropId, addressKey }: LivePeer): LiveConnection {
    if (this.#refuses(socket)) return ENDED_CONNECTION;
    if (dropId !== null) {
      const visitor = new VisitorConnection({ context: this, socket });
      this.#addConnection(visitor);
      visitor.open(dropId);
      return visitor;
    }
    assert(identity !== null, 'a live connection has an identity or a drop');
    const user = new UserConnection({ context: this, socket, identity, addressKey });
    this.#addConnection(user);
    user.open();
    return user;
  }

  adopt(socket: LiveSocket, make: (context: LiveContext) => HubConnection): LiveConnection {
    if (this.#refuses(socket)) return ENDED_CONNECTION;
    const connection = make(this);
    this.#addConnection(connection);
    return connection;
  }

  #refuses(socket: LiveSocket): boolean {
    const full = this.#connections.size >= this.bounds.connectionsMax;
    if (!this.#stopped && !full) return false;
    const { code, reason } = this.#stopped ? CLOSE_CODES.restart : CLOSE_CODES.tryAgainLater;
    socket.end(code, reason);
    return true;
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribeGaps();
    this.#unsubscribeTakeDowns();
    this.#unsubscribeEnded();
    for (const connection of this.#connections) connection.close(CLOSE_CODES.restart);
    this.dropLoads.clear();
    this.followLoads.clear();
    this.feedLoads.clear();
    this.liveDrops.stop();
    this.#expiryTimer?.cancel();
    this.#expiryTimer = null;
    this.#flushTimer?.timer.cancel();
    this.#flushTimer = null;
  }

  /** Whether the user has a stream open here. */
  isOnline(userId: string): boolean {
    return this.#users.has(userId);
  }

  dropChannel(dropId: string): DropChannel {
    let channel = this.#drops.get(dropId);
    if (channel === undefined) {
      channel = new DropChannel({ context: this, dropId });
      this.#drops.set(dropId, channel);
    }
    return channel;
  }

  creatorChannel(creatorId: string): CreatorChannel {
    let channel = this.#creators.get(creatorId);
    if (channel === undefined) {
      channel = new CreatorChannel({ context: this, creatorId });
      this.#creators.set(creatorId, channel);
    }
    return channel;
  }

  userChannel(userId: string): UserChannel {
    let channel = this.#users.get(userId);
    if (channel === undefined) {
      channel = new UserChannel({ context: this, userId });
      this.#users.set(userId, channel);
    }
    return channel;
  }

  removeDropChannel(dropId: string): void {
    this.#drops.delete(dropId);
  }

  removeCreatorChannel(creatorId: string): void {
    this.#creators.delete(creatorId);
  }

  removeUserChannel(userId: string): void {
    this.#users.delete(userId);
  }

  removeConnection(connection: Closable): void {
    this.#connections.delete(connection);
    this.counters.connections = this.#connections.size;
  }

  /** Rounds up to a full second: an `exp` may have a fraction, and no token may end early (N9). */
  addExpiry(connection: Closable, second: number): void {
    this.#expiry.add(connection, Math.ceil(second));
    this.#armExpiry();
  }

  removeExpiry(connection: Closable, second: number): void {
    this.#expiry.remove(connection, Math.ceil(second));
  }

  addBuffering(connection: BufferingConnection): void {
    this.#buffering.add(connection);
    this.#armFlush(connection.buffersUntil);
  }

  removeBuffering(connection: BufferingConnection): void {
    this.#buffering.delete(connection);
  }

  /**
   * Messages may have been lost, or something is hidden or shown that was not before. Creators'
   * channels have no state to read again: a missed milestone stays missed, and the drops' own
   * channels show the new state.
   */
  #refresh(): void {
    this.liveDrops.lost();
    for (const channel of this.#drops.values()) channel.refresh();
    for (const channel of this.#users.values()) channel.refresh();
  }

  /** Of one user, or of all. */
  #endSessions(userId: string | null): void {
    if (userId !== null) return this.#users.get(userId)?.endSessions();
    for (const channel of this.#users.values()) channel.endSessions();
  }

  #addConnection(connection: Closable): void {
    this.#connections.add(connection);
    this.counters.connections = this.#connections.size;
  }

  /** Fires on the next full second, where tokens end. */
  #armExpiry(delayMs = 1000 - (this.clock.now() % 1000)): void {
    if (this.#expiryTimer !== null || this.#expiry.isEmpty) return;
    this.#expiryTimer = this.clock.after(delayMs, () => {
      this.#expiryTimer = null;
      const limit = this.bounds.expiredPerTurnMax;
      const expired = this.#expiry.take(Math.floor(this.clock.now() / 1000), limit);
      for (const connection of expired) connection.close(CLOSE_CODES.tokenExpired);
      if (expired.length === limit) this.#armExpiry(1);
      else this.#armExpiry();
    });
  }

  #armFlush(dueAt: number): void {
    if (this.#flushTimer !== null) {
      if (this.#flushTimer.dueAt <= dueAt) return;
      this.#flushTimer.timer.cancel();
    }
    const timer = this.clock.after(Math.max(1, dueAt - this.clock.monotonic()), () => {
      this.#flushTimer = null;
      const now = this.clock.monotonic();
      for (const connection of this.#buffering) {
        if (connection.buffersUntil <= now) connection.flushBuffered();
        else this.#armFlush(connection.buffersUntil);
      }
    });
    this.#flushTimer = { timer, dueAt };
  }
}
