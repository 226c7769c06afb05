// The live stream: what clients say, the frames that the server sends, and why it ends a
// connection. `docs/LIVE.md` is the same for readers.

import { Type } from 'typebox';
import { ACCESS_TOKEN_LENGTH_MAX, MEDIA_REASON_LENGTH_MAX } from './bounds.ts';
import { DropView, MilestoneType } from './drops.ts';
import { Notification } from './notifications.ts';
import { Media } from './media.ts';
import type { Plain } from './plain.ts';
import { RefusalCode } from './refusals.ts';
import { DROP_ID, NOTIFICATION_ID, USER_ID } from './patterns.ts';
import { count, STRICT, userId } from './scalars.ts';
import { wire, wireTime } from './wire.ts';

// Subprotocols, of which the server selects the one that it speaks at the address

export const STREAM_PROTOCOL = 'livedrops.v1';
/** At the address of GraphQL (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). */
export const GRAPHQL_PROTOCOL = 'graphql-transport-ws';
/** Before an access token that is offered as a subprotocol. */
export const TOKEN_PROTOCOL = 'bearer.';

// Bounds that clients meet

/** Subprotocols that a client may offer. */
export const STREAM_PROTOCOLS_MAX = 16;

/** Topics that one connection has subscribed to itself; followed creators are not counted. */
export const TOPICS_PER_CONNECTION_MAX = 100;
/** Followed creators that a user's connections listen to: the newest ones. */
export const FOLLOWED_CREATORS_MAX = 5_000;
/** A client's message is a short command; the longest one carries an access token. */
export const MESSAGE_BYTES_MAX = 8 * 1_024;
/** Messages a connection may send: so many at once, and so many each second over time. */
export const MESSAGE_BURST = 120;
export const MESSAGES_PER_SECOND = 20;
/** Malformed messages in a row that end the connection. */
export const MALFORMED_MESSAGES_MAX = 10;
/** Least time between two stock ticks of one drop (N3). */
export const TICK_MS = 100;
/** The longest that a stock tick waits, however many sockets there are (N4). */
export const TICK_WAIT_MS_MAX = 1_000;
/** Live drops of followed creators that `ready` names: the newest ones (N5a). */
export const READY_DROPS_MAX = 100;
/** How long after `ready` live notifications wait for the client's `resume`. */
export const RESUME_GRACE_MS = 1_500;

// What clients say

const body = (pattern: string) => pattern.slice(1, -1);
const topic = Type.String({ pattern: `^(drop:${body(DROP_ID)}|creator:${body(USER_ID)})$` });

/** One schema for each type; unknown fields are refused (H1). */
export const CLIENT_MESSAGES = {
  subscribe: Type.Object({ type: Type.Literal('subscribe'), topic }, STRICT),
  unsubscribe: Type.Object({ type: Type.Literal('unsubscribe'), topic }, STRICT),
  resume: Type.Object(
    { type: Type.Literal('resume'), after: Type.String({ pattern: NOTIFICATION_ID }) },
    STRICT,
  ),
  authenticate: Type.Object(
    {
      type: Type.Literal('authenticate'),
      accessToken: Type.String({ minLength: 1, maxLength: ACCESS_TOKEN_LENGTH_MAX }),
    },
    STRICT,
  ),
  ping: Type.Object({ type: Type.Literal('ping') }, STRICT),
} as const;
export type ClientMessageType = keyof typeof CLIENT_MESSAGES;
export type ClientMessage = {
  [T in ClientMessageType]: Plain<(typeof CLIENT_MESSAGES)[T]>;
}[ClientMessageType];

// What the server says

/** A drop's state, whole in each frame. */
export const DropFrameData = Type.Pick(DropView, [
  'status',
  'soldOut',
  'stocked',
  'held',
  'sold',
  'free',
  'startsAt',
  'endsAt',
  'productId',
  'creatorId',
  'unitAmount',
  'currency',
  'access',
  'earlyAccessSeconds',
  'paused',
  'pausedAt',
  'pauseReason',
  'holdsPaused',
  'revision',
]);

export type DropFrameType = 'drop.snapshot' | 'drop.stock' | `drop.${MilestoneType}`;
const milestoneFrames = MilestoneType.anyOf.map(({ const: type }) => `drop.${type}` as const);
export const DropFrameType = Type.Enum(['drop.snapshot', 'drop.stock', ...milestoneFrames]);

/**
 * In every frame: when the server made it, by its clock, in milliseconds since the Unix epoch (D5).
 */
const at = Type.Integer({ minimum: 0 });
/** When the server sends the frame, by its clock, in milliseconds since the Unix epoch (D5). */
const serverTime = Type.Integer({ minimum: 0 });

/**
 * `topic` is as the client subscribed to it. Snapshots have `serverTime`; their `at` is the time of
 * the state that they show.
 */
export const DropFrame = Type.Object({
  type: DropFrameType,
  at,
  topic: Type.String(),
  dropId: Type.String(),
  version: count,
  data: wire(DropFrameData),
  serverTime: Type.Optional(serverTime),
});
export type DropFrame = Plain<typeof DropFrame>;

/** `data` has the notification's own fields, its type and its time. */
export const NotificationFrame = Type.Object({
  type: Type.Literal('notification'),
  at,
  id: Notification.properties.id,
  data: Notification.properties.data,
});
export type NotificationFrame = Plain<typeof NotificationFrame>;

/**
 * An attempt to pay for an order was declined; the hold stays until its deadline (P3a). Ephemeral:
 * it is sent once, is in no feed, and `resume` does not bring it.
 */
export const PaymentFailedFrame = Type.Object({
  type: Type.Literal('order.payment_failed'),
  at,
  orderId: Type.String(),
  dropId: Type.String(),
  data: Type.Object({
    /** The provider's reference for the payment. */
    reference: Type.String(),
  }),
});

/**
 * The provider is ready to take the payment of an order: the time to pay begins (R5). Ephemeral, as
 * `order.payment_failed` is.
 */
export const PaymentReadyFrame = Type.Object({
  type: Type.Literal('order.payment_ready'),
  at,
  orderId: Type.String(),
  dropId: Type.String(),
  data: Type.Object({
    /** The provider's reference for the payment. */
    reference: Type.String(),
    /** The end of the hold, from now on. */
    holdExpiresAt: wireTime,
  }),
});

/**
 * A picture or film of the user, or of an organisation whose products the user may change, is ready
 * (M1). Ephemeral, as `order.payment_failed` is: what became of it is at `GET /v1/media/{id}`.
 */
export const MediaReadyFrame = Type.Object({
  type: Type.Literal('media.ready'),
  at,
  mediaId: Media.properties.id,
  data: Type.Object({ status: Type.Literal('ready') }),
});

/** Such a picture or film was refused for good (M1). Ephemeral, as `media.ready` is. */
export const MediaRefusedFrame = Type.Object({
  type: Type.Literal('media.refused'),
  at,
  mediaId: Media.properties.id,
  data: Type.Object({
    status: Type.Literal('refused'),
    /** Why, in one sentence. */
    reason: Type.String({ maxLength: MEDIA_REASON_LENGTH_MAX }),
  }),
});

/** A drop that is live now, by a creator whom the user follows. */
const ReadyDrop = Type.Object({
  dropId: Type.String(),
  creatorId: userId,
  productId: Type.String(),
  startsAt: wireTime,
});

/**
 * The stream listens to everything that it listens to by itself. `liveDrops` is left out where they
 * cannot be read now.
 */
export const ReadyFrame = Type.Object({
  type: Type.Literal('ready'),
  at,
  userId,
  expiresAt: wireTime,
  liveDrops: Type.Optional(Type.Array(ReadyDrop, { maxItems: READY_DROPS_MAX })),
  serverTime,
});
export const AuthenticatedFrame = Type.Object({
  type: Type.Literal('authenticated'),
  at,
  expiresAt: wireTime,
});
export const SubscribedFrame = Type.Object({
  type: Type.Literal('subscribed'),
  at,
  topic: Type.String(),
});
export const UnsubscribedFrame = Type.Object({
  type: Type.Literal('unsubscribed'),
  at,
  topic: Type.String(),
});
/** Everything after the client's `resume` was sent, up to `lastId`. */
export const ResumedFrame = Type.Object({
  type: Type.Literal('resumed'),
  at,
  lastId: Notification.properties.id,
  count,
});
export const PongFrame = Type.Object({ type: Type.Literal('pong'), at });
export const ErrorFrame = Type.Object({
  type: Type.Literal('error'),
  at,
  code: RefusalCode,
  detail: Type.String(),
  /** The type of the client's message that is answered, where it was understood. */
  request: Type.Optional(Type.Enum(Object.keys(CLIENT_MESSAGES) as ClientMessageType[])),
  topic: Type.Optional(Type.String()),
});
export type ErrorFrame = Plain<typeof ErrorFrame>;

/** By the names that they have in the description of the stream. */
export const SERVER_FRAMES = {
  ready: ReadyFrame,
  subscribed: SubscribedFrame,
  unsubscribed: UnsubscribedFrame,
  drop: DropFrame,
  notification: NotificationFrame,
  paymentFailed: PaymentFailedFrame,
  paymentReady: PaymentReadyFrame,
  mediaReady: MediaReadyFrame,
  mediaRefused: MediaRefusedFrame,
  resumed: ResumedFrame,
  authenticated: AuthenticatedFrame,
  error: ErrorFrame,
  pong: PongFrame,
} as const;
export type ServerFrameName = keyof typeof SERVER_FRAMES;
export type ServerFrame = {
  [N in ServerFrameName]: Plain<(typeof SERVER_FRAMES)[N]>;
}[ServerFrameName];

// Why the server ends a connection

export interface CloseCode {
  readonly code: number;
  /** Short enough for a close frame (123 bytes). */
  readonly reason: string;
  /** Whether the client should reconnect, and send `resume` then. */
  readonly retry: boolean;
}

/**
 * 40xx and the standard 1012 and 1013 ask the client to come back; 44xx, 1003 and 1009 say that the
 * same client doing the same thing would be turned away again.
 */
export const CLOSE_CODES = {
  binaryFrame: { code: 1003, reason: 'text frames only', retry: false },
  messageTooLong: { code: 1009, reason: 'message too long', retry: false },
  restart: { code: 1012, reason: 'service restart', retry: true },
  tryAgainLater: { code: 1013, reason: 'try again later', retry: true },
  tokenExpired: { code: 4001, reason: 'token expired', retry: true },
  slowClient: { code: 4002, reason: 'too slow to keep up', retry: true },
  tooManyMessages: { code: 4003, reason: 'too many messages', retry: true },
  sessionEnded: { code: 4401, reason: 'session ended', retry: false },
  malformed: { code: 4400, reason: 'too many malformed messages', retry: false },
  dropNotFound: { code: 4404, reason: 'drop not found', retry: false },
} as const satisfies Readonly<Record<string, CloseCode>>;
