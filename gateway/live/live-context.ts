// What the parts of the live stream need of their hub, and of the world outside. `hub.ts` provides
// it.

import type { Clock } from '../../actors/clock.ts';
import type { CommandRouter } from '../../actors/command-router.ts';
import type { LiveBus } from '../../actors/live-bus.ts';
import type { Rate } from '../../domain/rate-limiter.ts';
import type { CallAction } from '../../contracts/actions.ts';
import type { TokenIdentity } from '../../contracts/accounts.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import type { PublishFrame } from '../http/socket.ts';
import type { LiveBounds } from './bounds.ts';
import type { CreatorChannel } from './creator-channel.ts';
import type { DropChannel } from './drop-channel.ts';
import type { Lane } from './lane.ts';
import type { FanoutPace } from './pace.ts';
import type { UserChannel } from './user-channel.ts';

/** The part of pino's logger that is used. */
export interface LiveLog {
  error(fields: object, message: string): void;
}

/** The token's identity, or null for a bad or expired one. */
export type VerifyToken = (token: string, nowMs: number) => TokenIdentity | null;

/** Running totals since the start, except `connections`. */
export interface LiveCounters {
  connections: number;
  /** Frames handed to the native fan-out; each may reach many sockets. */
  framesPublished: number;
  /** Frames that a client's full buffer did not take. */
  framesDropped: number;
  notificationsSent: number;
  /** Connections ended by the server, by close code. */
  closed: Record<number, number>;
}

/** An open connection as the hub keeps it. */
export interface Closable {
  close(code: { readonly code: number; readonly reason: string }): void;
}

/** A connection that holds back notifications until `holdsUntil`, on the monotonic clock (N7). */
export interface Holder {
  readonly holdsUntil: number;
  releaseHeld(): void;
}

export interface LiveContext {
  readonly bus: LiveBus;
  readonly call: CallAction;
  readonly router: CommandRouter;
  readonly publish: PublishFrame;
  readonly verifyToken: VerifyToken;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly log: LiveLog;
  readonly bounds: LiveBounds;
  /** Of the messages of one connection. */
  readonly messageRate: Rate;
  /** See `LiveHubOptions`. */
  readonly feedIdsFollow: boolean;
  readonly counters: LiveCounters;
  readonly pace: FanoutPace;
  readonly dropLoads: Lane;
  readonly followLoads: Lane;
  readonly feedLoads: Lane;

  /**
   * The one channel of each topic, opened on first use. Who asks must join it in the same
   * synchronous step.
   */
  dropChannel(dropId: string): DropChannel;
  creatorChannel(creatorId: string): CreatorChannel;
  userChannel(userId: string): UserChannel;
  /** A channel that nobody uses any more takes itself out. */
  removeDropChannel(dropId: string): void;
  removeCreatorChannel(creatorId: string): void;
  removeUserChannel(userId: string): void;

  addExpiry(connection: Closable, second: number): void;
  removeExpiry(connection: Closable, second: number): void;
  /** Calls `releaseHeld` once the connection's `holdsUntil` is past. */
  hold(connection: Holder): void;
  unhold(connection: Holder): void;
  /** A connection is gone. */
  removeConnection(connection: Closable): void;
}
