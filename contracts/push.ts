// Web Push (R1): how a browser subscribes, and what a message says. RFC 8030, 8291 and 8292, W3C
// Push API.

import { Type } from 'typebox';
import { PUSH_KEY_LENGTH_MAX, URL_LENGTH_MAX } from './bounds.ts';
import { BASE64URL, HTTP_URL, ID } from './patterns.ts';
import type { Plain } from './plain.ts';
import { count, dropId, id, STRICT, time, userId } from './scalars.ts';

const pushKey = Type.String({ minLength: 1, maxLength: PUSH_KEY_LENGTH_MAX, pattern: BASE64URL });

/** What a browser needs to subscribe. */
export const PushKey = Type.Object(
  {
    keyId: Type.String({ pattern: ID, description: 'goes along with the subscription' }),
    publicKey: Type.String({
      description: 'the `applicationServerKey`: a point of P-256, base64url (RFC 8292)',
    }),
  },
  { title: 'PushKey' },
);
export type PushKey = Plain<typeof PushKey>;

const endpoint = Type.String({ minLength: 1, maxLength: URL_LENGTH_MAX, pattern: HTTP_URL });

/** A browser's `PushSubscription` as JSON, with the key that it was made for. */
export const NewPushSubscription = Type.Object(
  {
    endpoint,
    /** Browsers send it; push services tell the end with 404 or 410. */
    expirationTime: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    keys: Type.Object(
      { p256dh: pushKey, auth: pushKey },
      { ...STRICT, title: 'PushSubscriptionKeys' },
    ),
    keyId: Type.Optional(
      Type.String({ pattern: ID, description: 'of the push key; by default the present one' }),
    ),
  },
  { ...STRICT, title: 'NewPushSubscription' },
);
export type NewPushSubscription = Plain<typeof NewPushSubscription>;

export const PushSubscriptionQuery = Type.Object({ endpoint }, STRICT);

// What a message says: the JSON that a service worker gets.

export const PUSH_TYPES = [
  'drop-started',
  'low-stock',
  'back-in-stock',
  'order-confirmed',
  'order-refunded',
  'payment-failed',
] as const;
export const PushType = Type.Enum([...PUSH_TYPES], { type: 'string' });
export type PushType = (typeof PUSH_TYPES)[number];

/** Names and prices may change: a client reads the drop or the order by its id. */
export const PushContent = Type.Object(
  {
    type: PushType,
    at: Type.Integer({ description: 'of the event, in milliseconds since the Unix epoch' }),
    dropId,
    creatorId: userId,
    /** Of the product; at most 200 characters. */
    name: Type.String(),
    url: Type.String({ description: 'the page to open' }),
    orderId: Type.Optional(id),
    /** Of a drop that is live, in milliseconds since the Unix epoch. */
    endsAt: Type.Optional(count),
  },
  { title: 'PushContent' },
);
export type PushContent = Plain<typeof PushContent>;

/** As it is stored. Its endpoint is a secret: whoever knows it may send. */
export const PushSubscription = Type.Object({
  endpoint: Type.String(),
  p256dh: Type.String(),
  auth: Type.String(),
  keyId: Type.String(),
  /** The session that made it, and with which it ends; null where the token has none. */
  sessionId: Type.Union([Type.String(), Type.Null()]),
  createdAt: time,
});
export type PushSubscription = Plain<typeof PushSubscription>;

/** As its user sees it. */
export const OwnPushSubscription = Type.Pick(PushSubscription, ['endpoint', 'keyId', 'createdAt'], {
  title: 'OwnPushSubscription',
});
export type OwnPushSubscription = Plain<typeof OwnPushSubscription>;
