// Every limit of the live stream, with its default. One object, so that a test or a deployment can
// tighten one and see all of them.

import { PAGE_LIMIT_MAX } from '../../contracts/bounds.ts';
import {
  FOLLOWED_CREATORS_MAX,
  MALFORMED_MESSAGES_MAX,
  MESSAGE_BURST,
  MESSAGE_BYTES_MAX,
  MESSAGES_PER_SECOND,
  RESUME_GRACE_MS,
  TICK_MS,
  TICK_WAIT_MS_MAX,
  TOPICS_PER_CONNECTION_MAX,
} from '../../contracts/live.ts';

export interface LiveBounds {
  /** Open connections; past it a new one is closed with `try again later`. */
  readonly connectionsMax: number;
  /** Topics one connection has subscribed to itself; followed creators are not counted. */
  readonly topicsPerConnectionMax: number;
  /** Subscriptions of one connection that still wait for their drop. */
  readonly pendingPerConnectionMax: number;
  /** Followed creators that a user's connections listen to: the newest ones. */
  readonly followedCreatorsMax: number;
  /** A client's message is a short command; the longest one carries an access token of 4,096. */
  readonly messageBytesMax: number;
  /** Messages a connection may send: so many at once, and so many each second over time. */
  readonly messageBurst: number;
  readonly messagesPerSecond: number;
  /** Malformed messages in a row that end the connection. */
  readonly malformedMax: number;
  /**
   * Messages over the rate that end the connection, unless the client pauses until its burst is
   * whole again.
   */
  readonly limitedMax: number;
  /** Least time between two stock ticks of one drop (N3). */
  readonly tickMs: number;
  /**
   * Time set aside for each frame that a socket gets before the next stock tick of any drop: twice
   * what it costs, so that half of the process is left for everything else.
   */
  readonly fanoutMicrosPerFrame: number;
  /** The longest that a stock tick waits, however many sockets there are (N4). */
  readonly tickWaitMsMax: number;
  /** Notifications read from the feed at once for a resuming client: 1 to 100. */
  readonly replayPageSize: number;
  /** Unsent bytes of a connection above which its replay waits for the client to read. */
  readonly replayBufferedBytesMax: number;
  /**
   * How long after opening live notifications wait for the client's `resume`, so that older ones
   * can go first: longer than a slow network and a crowded event loop take to bring it, and short
   * enough for a client that does not resume (N4).
   */
  readonly resumeGraceMs: number;
  /** Notifications that wait so on one connection; past it they go out. */
  readonly heldNotificationsMax: number;
  /** Ids of a user's last notifications, kept to tell a repeated delivery (N11). */
  readonly recentIdsMax: number;
  /**
   * How long after its publish a frame may be told as dropped: published frames leave together, at
   * the end of the turn. Far longer than a turn takes, also one that hands frames to ten thousand
   * sockets (90 ms); a snapshot too many does no harm.
   */
  readonly droppedToldMsMax: number;
  /**
   * Drops of one creator whose last milestone is remembered; a client that missed more is closed
   * and told to come back (N8).
   */
  readonly recentDropsPerCreatorMax: number;
  /**
   * Reads of drops, follows and feeds at once, each kind by itself; and how many wait for their
   * turn.
   */
  readonly loadsInFlightMax: number;
  readonly loadsWaitingMax: number;
  /** After a gap of the bus: how often what cannot be read anew is tried, and how long apart. */
  readonly refreshAttemptsMax: number;
  readonly refreshRetryMs: number;
  /** Connections closed for an expired token in one go, before other work gets its turn. */
  readonly expiredPerTurnMax: number;
}

export const LIVE_BOUNDS: LiveBounds = Object.freeze({
  connectionsMax: 100_000,
  topicsPerConnectionMax: TOPICS_PER_CONNECTION_MAX,
  pendingPerConnectionMax: 16,
  followedCreatorsMax: FOLLOWED_CREATORS_MAX,
  messageBytesMax: MESSAGE_BYTES_MAX,
  messageBurst: MESSAGE_BURST,
  messagesPerSecond: MESSAGES_PER_SECOND,
  malformedMax: MALFORMED_MESSAGES_MAX,
  limitedMax: 100,
  tickMs: TICK_MS,
  fanoutMicrosPerFrame: 20,
  tickWaitMsMax: TICK_WAIT_MS_MAX,
  replayPageSize: PAGE_LIMIT_MAX,
  replayBufferedBytesMax: 64 * 1024,
  resumeGraceMs: RESUME_GRACE_MS,
  heldNotificationsMax: 32,
  recentIdsMax: 16,
  droppedToldMsMax: 1_000,
  recentDropsPerCreatorMax: 32,
  loadsInFlightMax: 64,
  loadsWaitingMax: 100_000,
  refreshAttemptsMax: 5,
  refreshRetryMs: 1_000,
  expiredPerTurnMax: 1_000,
});
