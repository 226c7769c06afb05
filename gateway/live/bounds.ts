// Every limit of the live stream, with its default. The limits are one object, so that a test or a
// deployment can tighten one of them, and a reader sees all of them.

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
  /** Open connections. Past this limit a new connection is closed with `try again later`. */
  readonly connectionsMax: number;
  /** Topics to which one connection subscribed by message. Followed creators are not counted. */
  readonly topicsPerConnectionMax: number;
  /** Subscriptions of one connection whose drop is still being loaded. */
  readonly pendingPerConnectionMax: number;
  /** Creators a user follows whose topics the user's connections receive: the newest ones. */
  readonly followedCreatorsMax: number;
  /**
   * Bytes of one client message. The longest message carries an access token of 4,096 characters.
   */
  readonly messageBytesMax: number;
  /** Messages that a connection may send: a burst at once, and a steady rate over time. */
  readonly messageBurst: number;
  readonly messagesPerSecond: number;
  /** Malformed messages in a row that end the connection. */
  readonly malformedMax: number;
  /**
   * Messages over the rate after which the connection is closed. The count starts again at 0 once
   * the client has paused until its burst is full again.
   */
  readonly limitedMax: number;
  /** The shortest time between two stock ticks of one drop (N3). */
  readonly tickMs: number;
  /**
   * Time reserved for each frame that a socket gets, before the next stock tick of any drop. It is
   * twice what a frame costs, so that half of the process is left for everything else.
   */
  readonly fanoutMicrosPerFrame: number;
  /** The longest delay of a stock tick, however many sockets there are (N4). */
  readonly tickWaitMsMax: number;
  /** Notifications in one read of the feed for a client that resumes: 1 to 100. */
  readonly replayPageSize: number;
  /** Unsent bytes of a connection. Above this limit the replay waits until the client has read. */
  readonly replayBufferedBytesMax: number;
  /**
   * Before `ready` and for this long after it, live notifications wait, so that a client's
   * `resume` can bring older ones first. A slow network and a busy event loop need less time to
   * deliver the `resume`. A client that does not resume still gets its notifications in time (N4).
   */
  readonly resumeGraceMs: number;
  /**
   * Notifications of one connection that wait in memory. Past this limit they are let go, and read
   * from the feed once the wait is over.
   */
  readonly bufferedNotificationsMax: number;
  /** Pairs of a user whose revisions are stored. Past this the list of creators is read again. */
  readonly followRevisionsMax: number;
  /** The least time between two reads of that list because a client authenticated again. */
  readonly followsRefreshMsMin: number;
  /** Ids of the user's last notifications, by which a repeated delivery is recognised (N11). */
  readonly recentIdsMax: number;
  /**
   * The longest time from the publish of a frame to the report that the fan-out dropped it.
   * Published frames leave together at the end of the event loop's turn. The limit is far longer
   * than any turn: handing frames to ten thousand sockets takes 90 ms. A limit that is too long
   * only sends a snapshot that was not needed.
   */
  readonly frameLossReportMsMax: number;
  /**
   * Drops of one creator whose last milestone is stored. A client that missed milestones of more
   * drops is closed, and the close code says to reconnect (N8).
   */
  readonly recentDropsPerCreatorMax: number;
  /**
   * Reads of drops, of follows and of feeds: each kind has this many in flight, and this many that
   * wait.
   */
  readonly loadsInFlightMax: number;
  readonly loadsWaitingMax: number;
  /** After a gap of the bus: attempts to read each thing again, and the delay between them. */
  readonly refreshAttemptsMax: number;
  readonly refreshRetryMs: number;
  /** Live drops in the gateway's copy, some 300 bytes each: the newest ones (N5a). */
  readonly liveDropsMax: number;
  /** The longest wait of `ready` for that copy; past it `ready` names no drops. */
  readonly liveDropsWaitMsMax: number;
  /** A client that comes later than this after the last read of the list causes the next. */
  readonly liveDropsReadMs: number;
  /** From a drop's change to its place in the list (D4a). */
  readonly dropListLagMs: number;
  /** Connections with an expired token that are closed in one turn of the event loop. */
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
  bufferedNotificationsMax: 32,
  followRevisionsMax: 1_000,
  followsRefreshMsMin: 60_000,
  recentIdsMax: 16,
  frameLossReportMsMax: 1_000,
  recentDropsPerCreatorMax: 32,
  loadsInFlightMax: 64,
  loadsWaitingMax: 100_000,
  refreshAttemptsMax: 5,
  refreshRetryMs: 1_000,
  liveDropsMax: 10_000,
  liveDropsWaitMsMax: 2_000,
  liveDropsReadMs: 30_000,
  dropListLagMs: 250,
  expiredPerTurnMax: 1_000,
});
