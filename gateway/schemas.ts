// The shapes of the REST contract. The same definitions validate requests and become the OpenAPI
// document; those with a title appear there as named components.

import { Type } from 'typebox';
import { PROBLEMS } from './http/problems.ts';

/** Requests: unknown fields are refused (H1). */
export const STRICT = { additionalProperties: false } as const;

/** One line of readable text: no control characters, no half characters, not only spaces. */
const LINE = '^(?=.*\\S)[^\\p{Cc}\\p{Cs}]+$';
/** Text of several lines. */
const LINES = '^(?:[^\\p{Cc}\\p{Cs}]|[\\n\\r\\t])*$';
/** E-mail is checked for its form only: whether it exists, only a message to it can tell. */
const EMAIL = '^[!-?A-~]+@[!-?A-~]+$';
const HTTP_URL = '^https?://[!#-;=?-\\[\\]_a-z~]+$';
const TOKEN = '^[!-~]+$';
/** Crockford's base 32 and the like: what ids of ours look like. */
export const ID = '^[A-Za-z0-9_-]{1,80}$';
/** A user's id is what their token says, whoever made it (A2). */
export const USER_ID = '^[!-~]{1,128}$';

const CURRENCIES = Intl.supportedValuesOf('currency');

export const id = Type.String({ pattern: ID });
export const userId = Type.String({ pattern: USER_ID });
export const time = Type.String({ format: 'date-time', maxLength: 40 });
export const count = Type.Integer({ minimum: 0 });
export const nextCursor = Type.Union([Type.String(), Type.Null()]);
const cursor = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 512,
    pattern: TOKEN,
    description: 'nextCursor of the page before',
  }),
);
export const limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 }));
export const paging = { limit, cursor };

export const PAGE_LIMIT_DEFAULT = 20;

export function list(item: ReturnType<typeof Type.Object>, title: string) {
  return Type.Object({ items: Type.Array(item), nextCursor }, { title });
}

// Accounts

const email = Type.String({ maxLength: 254, pattern: EMAIL });
const password = Type.String({ minLength: 8, maxLength: 1_024 });
const name = Type.String({ minLength: 1, maxLength: 80, pattern: LINE });
const refreshToken = Type.String({ minLength: 1, maxLength: 512, pattern: TOKEN });

export const Register = Type.Object({ email, password, name }, { ...STRICT, title: 'Register' });
/** Bounds only: whether a password was once allowed is no reason to tell a guesser so. */
const anyPassword = Type.String({ maxLength: 1_024 });
export const LogIn = Type.Object({ email, password: anyPassword }, { ...STRICT, title: 'LogIn' });
export const Refresh = Type.Object({ refreshToken }, { ...STRICT, title: 'Refresh' });

const profile = {
  id: userId,
  name: Type.String(),
  followerCount: count,
  followingCount: count,
  createdAt: time,
};
export const Profile = Type.Object(profile, { title: 'Profile' });
export const OwnProfile = Type.Object(
  { ...profile, email: Type.String(), roles: Type.Array(Type.String()) },
  { title: 'OwnProfile' },
);
export const Session = Type.Object(
  {
    user: OwnProfile,
    accessToken: Type.String(),
    refreshToken: Type.String(),
    expiresIn: Type.Integer({ description: 'seconds until the access token ends' }),
  },
  { title: 'Session' },
);

// Products

const productName = Type.String({ minLength: 1, maxLength: 200, pattern: LINE });
const description = Type.String({ maxLength: 10_000, pattern: LINES });
const imageUrls = Type.Array(Type.String({ maxLength: 2_048, pattern: HTTP_URL }), {
  maxItems: 10,
});

export const NewProduct = Type.Object(
  {
    name: productName,
    description: Type.Optional(description),
    imageUrls: Type.Optional(imageUrls),
  },
  { ...STRICT, title: 'NewProduct' },
);
export const ProductPatch = Type.Object(
  {
    name: Type.Optional(productName),
    description: Type.Optional(description),
    imageUrls: Type.Optional(imageUrls),
  },
  { ...STRICT, minProperties: 1, title: 'ProductPatch' },
);
export const Product = Type.Object(
  {
    id,
    creatorId: userId,
    name: Type.String(),
    description: Type.String(),
    imageUrls: Type.Array(Type.String()),
    createdAt: time,
  },
  { title: 'Product' },
);
export const ProductPage = list(Product, 'ProductPage');
export const ProductQuery = Type.Object({ creator_id: Type.Optional(userId), ...paging }, STRICT);

// Drops

const limitPerUser = Type.Integer({ minimum: 1, maximum: 1_000 });
const payment = Type.Union([Type.Literal('instant'), Type.Literal('provider')]);
const currency = Type.String({ enum: CURRENCIES, description: 'ISO 4217' });
const dropStatus = Type.Union([
  Type.Literal('upcoming'),
  Type.Literal('live'),
  Type.Literal('ended'),
  Type.Literal('cancelled'),
]);

export const NewDrop = Type.Object(
  {
    startsAt: time,
    endsAt: time,
    stock: Type.Integer({ minimum: 1, maximum: 10_000_000 }),
    priceCents: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
    currency,
    limitPerUser: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 1 })),
    holdSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400, default: 600 })),
    payment: Type.Optional(payment),
  },
  { ...STRICT, title: 'NewDrop' },
);
export const DropPatch = Type.Object(
  {
    startsAt: Type.Optional(time),
    endsAt: Type.Optional(time),
    limitPerUser: Type.Optional(limitPerUser),
    addStock: Type.Optional(
      Type.Integer({
        minimum: -10_000_000,
        maximum: 10_000_000,
        description: 'not 0; negative takes away',
      }),
    ),
  },
  { ...STRICT, minProperties: 1, title: 'DropPatch' },
);
export const Drop = Type.Object(
  {
    id,
    productId: id,
    creatorId: userId,
    status: dropStatus,
    soldOut: Type.Boolean(),
    startsAt: time,
    endsAt: time,
    priceCents: count,
    currency: Type.String(),
    limitPerUser,
    holdSeconds: count,
    payment,
    stocked: count,
    held: count,
    sold: count,
    free: count,
    version: count,
    createdAt: time,
  },
  { title: 'Drop' },
);
export const DropPage = list(Drop, 'DropPage');
export const DropQuery = Type.Object(
  {
    status: Type.Optional(dropStatus),
    creator_id: Type.Optional(userId),
    product_id: Type.Optional(id),
    ...paging,
  },
  STRICT,
);

// Orders

export const NewOrder = Type.Object(
  { quantity: Type.Integer({ minimum: 1, maximum: 1_000 }) },
  { ...STRICT, title: 'NewOrder' },
);
export const OrderHeaders = Type.Object({
  'Idempotency-Key': Type.String({ minLength: 1, maxLength: 255, pattern: TOKEN }),
});
export const Order = Type.Object(
  {
    id,
    dropId: id,
    userId,
    quantity: count,
    status: Type.Union([
      Type.Literal('reserved'),
      Type.Literal('confirmed'),
      Type.Literal('failed'),
      Type.Literal('cancelled'),
      Type.Literal('expired'),
      Type.Literal('refunded'),
    ]),
    totalCents: count,
    currency: Type.String(),
    createdAt: time,
    holdExpiresAt: Type.Optional(time),
    payment: Type.Optional(Type.Object({ provider: Type.String(), reference: Type.String() })),
    refundRequested: Type.Optional(Type.Boolean()),
    version: count,
  },
  { title: 'Order' },
);
export const OrderPage = list(Order, 'OrderPage');
export const PageQuery = Type.Object(paging, STRICT);

export const PaymentEvent = Type.Object(
  {
    type: Type.Union([Type.Literal('payment.succeeded'), Type.Literal('payment.failed')]),
    data: Type.Object({ orderId: id, reference: Type.String() }),
  },
  { title: 'PaymentEvent' },
);
export const WebhookHeaders = Type.Object({
  'webhook-id': Type.String(),
  'webhook-timestamp': Type.String(),
  'webhook-signature': Type.String(),
});

// Follows and notifications

export const Follow = Type.Object(
  { userId, name: Type.String(), since: time },
  { title: 'Follow' },
);
export const FollowPage = list(Follow, 'FollowPage');
export const FollowQuery = Type.Object({ user_id: userId, creator_id: userId }, STRICT);
export const Following = Type.Object({ following: Type.Boolean() }, { title: 'Following' });
export const Notification = Type.Object(
  {
    id: Type.String(),
    type: Type.String(),
    data: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
    createdAt: time,
    readAt: Type.Union([time, Type.Null()]),
  },
  { title: 'Notification' },
);
export const NotificationPage = Type.Object(
  { items: Type.Array(Notification), nextCursor, unreadCount: count },
  { title: 'NotificationPage' },
);
export const NotificationQuery = Type.Object(
  { unread: Type.Optional(Type.Boolean({ default: false })), ...paging },
  STRICT,
);

// Problems and health

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ enum: Object.keys(PROBLEMS) }),
    detail: Type.Optional(Type.String()),
    instance: Type.Optional(Type.String()),
    version: Type.Optional(count),
  },
  { title: 'Problem' },
);
export const Health = Type.Object({ status: Type.String() }, { title: 'Health' });
export const Readiness = Type.Object(
  { ready: Type.Boolean(), reasons: Type.Array(Type.String()) },
  { title: 'Readiness' },
);
