// The live stream's hub: keeps one channel for each topic that somebody listens to, one timer for
// all tokens, and the bounds. What a frame costs does not depend on how many sockets get it: it is
// encoded once and handed to the server's native fan-out.

import type { Clock, Timer } from '../../actors/clock.ts';
import type { CommandRouter } from '../../actors/command-router.ts';
import type { LiveBus } from '../../actors/live-bus.ts';
import { assert } from '../../domain/assert.ts';
import { Rate } from '../../domain/rate-limiter.ts';
import type { CallAction } from '../../contracts/actions.ts';
import { CLOSE_CODES } from '../../contracts/live.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import type {
  LiveConnection,
  LiveHandler,
  LivePeer,
  LiveSocket,
  PublishFrame,
} from '../http/socket.ts';
import { LIVE_BOUNDS, type LiveBounds } from './bounds.ts';
import { CreatorChannel } from './creator-channel.ts';
import { DropChannel } from './drop-channel.ts';
import { ExpiryBuckets } from './expiry.ts';
import { Lane } from './lane.ts';
import type {
  Closable,
  Holder,
  LiveContext,
  LiveCounters,
  LiveLog,
  VerifyToken,
} from './live-context.ts';
import { FanoutPace } from './pace.ts';
import { UserChannel } from './user-channel.ts';
import { UserConnection } from './user-connection.ts';
import { VisitorConnection } from './visitor-connection.ts';

export interface LiveHubOptions {
  readonly bus: LiveBus;
  readonly call: CallAction;
  readonly router: CommandRouter;
  readonly publish: PublishFrame;
  readonly verifyToken: VerifyToken;
  /** Bad tokens in messages count here, with those of requests (H5). */
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly log: LiveLog;
  readonly bounds?: Partial<LiveBounds>;
  /**
   * The ids of each user's feed follow each other without gaps. Needed where several nodes tell of
   * notifications: one may overtake another, or end before it has told of what it kept, and only by
   * its id is the missing one known. Default: one node tells of all, in order.
   */
  readonly feedIdsFollow?: boolean;
}

/** What a socket gets that was ended in the moment it came: nothing it says is heard. */
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
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly log: LiveLog;
  readonly bounds: LiveBounds;
  readonly messageRate: Rate;
  readonly feedIdsFollow: boolean;
  readonly counters: LiveCounters = {
    connections: 0,
    framesPublished: 0,
    framesDropped: 0,
    notificationsSent: 0,
    closed: {},
  };
  readonly pace: FanoutPace;
  readonly dropLoads: Lane;
  readonly followLoads: Lane;
  readonly feedLoads: Lane;

  readonly #connections = new Set<Closable>();
  readonly #drops = new Map<string, DropChannel>();
  readonly #creators = new Map<string, CreatorChannel>();
  readonly #users = new Map<string, UserChannel>();
  readonly #expiry = new ExpiryBuckets<Closable>();
  #sweepTimer: Timer | null = null;
  readonly #holders = new Set<Holder>();
  #holdTimer: { readonly timer: Timer; readonly dueAt: number } | null = null;
  readonly #endGaps: () => void;
  #stopped = false;

  constructor(options: LiveHubOptions) {
    this.bus = options.bus;
    this.call = options.call;
    this.router = options.router;
    this.publish = options.publish;
    this.verifyToken = options.verifyToken;
    this.limits = options.limits;
    this.clock = options.clock;
    this.log = options.log;
    this.bounds = { ...LIVE_BOUNDS, ...options.bounds };
    const { messageBurst, messagesPerSecond } = this.bounds;
    this.messageRate = new Rate({ burst: messageBurst, intervalMs: 1_000 / messagesPerSecond });
    this.feedIdsFollow = options.feedIdsFollow ?? false;
    this.pace = new FanoutPace({
      microsPerFrame: this.bounds.fanoutMicrosPerFrame,
      waitMsMax: this.bounds.tickWaitMsMax,
    });
    const lane = {
      inFlightMax: this.bounds.loadsInFlightMax,
      waitingMax: this.bounds.loadsWaitingMax,
    };
    this.dropLoads = new Lane(lane);
    this.followLoads = new Lane(lane);
    this.feedLoads = new Lane(lane);
    this.#endGaps = options.bus.onGap(() => this.#refresh());
  }

  /** The counters, and how many topics have listeners here, for the metrics. */
  report(): LiveCounters & { topics: { drops: number; creators: number; users: number } } {
    const topics = {
      drops: this.#drops.size,
      creators: this.#creators.size,
      users: this.#users.size,
    };
    return { ...this.counters, topics };
  }

  opened(socket: LiveSocket, { identity, dropId, addressKey }: LivePeer): LiveConnection {
    const full = this.#connections.size >= this.bounds.connectionsMax;
    if (this.#stopped || full) {
      const { code, reason } = this.#stopped ? CLOSE_CODES.restart : CLOSE_CODES.tryAgainLater;
      socket.end(code, reason);
      return ENDED_CONNECTION;
    }
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

  stop(): void {
    this.#stopped = true;
    this.#endGaps();
    for (const connection of this.#connections) connection.close(CLOSE_CODES.restart);
    this.dropLoads.clear();
    this.followLoads.clear();
    this.feedLoads.clear();
    this.#sweepTimer?.cancel();
    this.#sweepTimer = null;
    this.#holdTimer?.timer.cancel();
    this.#holdTimer = null;
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

  /** An `exp` may have a fraction: the full second after it, so that no token ends early (N9). */
  addExpiry(connection: Closable, second: number): void {
    this.#expiry.add(connection, Math.ceil(second));
    this.#armSweep();
  }

  removeExpiry(connection: Closable, second: number): void {
    this.#expiry.remove(connection, Math.ceil(second));
  }

  hold(connection: Holder): void {
    this.#holders.add(connection);
    this.#armHold(connection.holdsUntil);
  }

  unhold(connection: Holder): void {
    this.#holders.delete(connection);
  }

  /**
   * Messages may have been lost. Creators' channels hold nothing to read again: a milestone that was
   * missed stays so, and the drops' own channels show what came of it.
   */
  #refresh(): void {
    for (const channel of this.#drops.values()) channel.refresh();
    for (const channel of this.#users.values()) channel.refresh();
  }

  #addConnection(connection: Closable): void {
    this.#connections.add(connection);
    this.counters.connections = this.#connections.size;
  }

  /** On the next full second, where tokens end. */
  #armSweep(delayMs = 1000 - (this.clock.now() % 1000)): void {
    if (this.#sweepTimer !== null || this.#expiry.isEmpty) return;
    this.#sweepTimer = this.clock.after(delayMs, () => {
      this.#sweepTimer = null;
      const limit = this.bounds.expiredPerTurnMax;
      const expired = this.#expiry.take(Math.floor(this.clock.now() / 1000), limit);
      for (const connection of expired) connection.close(CLOSE_CODES.tokenExpired);
      if (expired.length === limit) this.#armSweep(1);
      else this.#armSweep();
    });
  }

  #armHold(dueAt: number): void {
    if (this.#holdTimer !== null) {
      if (this.#holdTimer.dueAt <= dueAt) return;
      this.#holdTimer.timer.cancel();
    }
    const timer = this.clock.after(Math.max(1, dueAt - this.clock.monotonic()), () => {
      this.#holdTimer = null;
      const now = this.clock.monotonic();
      for (const holder of this.#holders) {
        if (holder.holdsUntil <= now) holder.releaseHeld();
        else this.#armHold(holder.holdsUntil);
      }
    });
    this.#holdTimer = { timer, dueAt };
  }
}
