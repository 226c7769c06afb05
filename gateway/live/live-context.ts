// What the parts of the live stream need from their hub and from the outside. `hub.ts` provides it.

import type { Clock } from '../../actors/clock.ts';
import type { CommandRouter } from '../../actors/command-router.ts';
import type { LiveBus } from '../../actors/live-bus.ts';
import type { Rate } from '../../domain/rate-limiter.ts';
import type { CallAction } from '../../contracts/actions.ts';
import type { RestrictionSet } from '../../events/restriction-set.ts';
import type { DropCounts } from '../analytics/drop-counts.ts';
import type { EndedSessions } from '../http/ended-sessions.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import type { VerifyToken } from '../http/route.ts';
import type { PublishFrame } from '../http/socket.ts';
import type { LiveBounds } from './bounds.ts';
import type { CreatorChannel } from './creator-channel.ts';
import type { DropChannel } from './drop-channel.ts';
import type { LiveDrops } from './live-drops.ts';
import type { LoadQueue } from './load-queue.ts';
import type { FanoutPace } from './pace.ts';
import type { UserChannel } from './user-channel.ts';

/** The part of pino's logger that the live stream uses. */
export interface LiveLog {
  error(fields: object, message: string): void;
}

/** Totals since the start, except `connections`, which is the present number. */
export interface LiveCounters {
  connections: number;
  /** Frames handed to the native fan-out. One frame may reach many sockets. */
  framesPublished: number;
  /** Frames that were dropped because a client's buffer was full. */
  framesDropped: number;
  notificationsSent: number;
  /** Connections ended by the server, by close code. */
  closed: Record<number, number>;
}

/** An open connection, as far as the hub uses it. */
export interface Closable {
  close(code: { readonly code: number; readonly reason: string }): void;
}

/** A connection that buffers notifications until `buffersUntil`, on the monotonic clock (N7). */
export interface BufferingConnection {
  readonly buffersUntil: number;
  flushBuffered(): void;
}

export interface LiveContext {
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
  /** The message rate of each connection. */
  readonly messageRate: Rate;
  /** See `LiveHubOptions`. */
  readonly feedIdsContiguous: boolean;
  readonly counters: LiveCounters;
  /** For what is counted of a drop. */
  readonly countsOf: (dropId: string) => DropCounts;
  readonly pace: FanoutPace;
  readonly dropLoads: LoadQueue;
  readonly followLoads: LoadQueue;
  readonly feedLoads: LoadQueue;
  readonly liveDrops: LiveDrops;

  /**
   * The channel of a topic, created on first use. The caller must join the channel in the same
   * synchronous step.
   */
  dropChannel(dropId: string): DropChannel;
  creatorChannel(creatorId: string): CreatorChannel;
  userChannel(userId: string): UserChannel;
  /** A channel without subscribers calls this to remove itself. */
  removeDropChannel(dropId: string): void;
  removeCreatorChannel(creatorId: string): void;
  removeUserChannel(userId: string): void;

  addExpiry(connection: Closable, second: number): void;
  removeExpiry(connection: Closable, second: number): void;
  /** Calls `flushBuffered` once the connection's `buffersUntil` is past. */
  addBuffering(connection: BufferingConnection): void;
  removeBuffering(connection: BufferingConnection): void;
  /** Removes a connection that was closed. */
  removeConnection(connection: Closable): void;
}
