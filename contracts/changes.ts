// The outside stream, line by line (docs/CHANGES.md): what happened to drops, as the journal has
// it, and what changed of accounts, products and follows. One JSON object a line; `kind` says which
// of these shapes it has, `version` that of the shape. Fields may be added within a version.

import { type TProperties, Type } from 'typebox';
import { Draft } from './drafts.ts';
import type { DropEventType } from './drop-events.ts';
import { described, Metadata } from './metadata.ts';
import { DropAccess, DropStatus, DropView, PaymentMode } from './drops.ts';
import { MediaSummary } from './media.ts';
import { Organisation } from './organisations.ts';
import { USER_ID } from './patterns.ts';
import { PaymentRejection } from './payments.ts';
import type { Plain } from './plain.ts';
import { Product, StoredProductBody } from './products.ts';
import { STANDINGS, TAKEN_DOWN } from './standings.ts';
import { count, currencyCode, dropId, id, textOrNull, time, userId } from './scalars.ts';
import { wire, wireTime } from './wire.ts';

export const STREAM_VERSION = 1;
/** Of positions: they hold a number for each shard and bucket. */
export const POSITION_LENGTH_MAX = 8_192;

const version = Type.Literal(STREAM_VERSION);
const sequence = Type.Integer({ minimum: 1 });
const units = Type.Integer();
const orderId = Type.String();
/** The payment's reference at its provider. */
const reference = Type.String();
const onlyId = { orderId };
const settled = { orderId, reference };
/** `amount` is in the currency's minor unit. */
const money = { orderId, reference, amount: count, currency: currencyCode };

/** `amount` is in the minor unit of the order's currency. */
const refund = {
  orderId,
  amount: count,
  quantity: count,
  restock: Type.Boolean(),
  reason: textOrNull,
};

function titleOf(kind: string): string {
  return kind.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function eventLine<P extends TProperties>(kind: DropEventType, fields: P) {
  return Type.Object(
    {
      version,
      kind: Type.Literal(kind),
      at: wireTime,
      /**
       * Shard, sequence and index name the event for good: who has seen it before knows it by them.
       */
      shard: count,
      sequence,
      index: count,
      dropId,
      /** The drop's version after the event: it rises by one with each event of the drop. */
      dropVersion: sequence,
      ...fields,
    },
    { title: `${titleOf(kind)}Line` },
  );
}

const DropTermsOutside = Type.Object({
  productId: id,
  creatorId: userId,
  startsAt: wireTime,
  endsAt: wireTime,
  unitAmount: count,
  currency: currencyCode,
  limitPerUser: sequence,
  holdSeconds: count,
  payment: PaymentMode,
  ...Type.Pick(DropView, ['access', 'earlyAccessSeconds', 'unlisted']).properties,
  ...described,
});

export const EVENT_LINES = {
  'drop-created': eventLine('drop-created', {
    terms: DropTermsOutside,
    stock: count,
    /** 1 unless given: of a draft that was announced. */
    revision: Type.Optional(count),
  }),
  'drop-amended': eventLine('drop-amended', {
    startsAt: wireTime,
    endsAt: wireTime,
    limitPerUser: sequence,
  }),
  'drop-restocked': eventLine('drop-restocked', { units }),
  'drop-repriced': eventLine('drop-repriced', { unitAmount: count }),
  'drop-described': eventLine('drop-described', {
    /** Null: there is none now. */
    metadata: Type.Union([Metadata, Type.Null()]),
    externalId: textOrNull,
  }),
  'drop-access-changed': eventLine('drop-access-changed', {
    access: DropAccess,
    earlyAccessSeconds: count,
  }),
  'drop-opened': eventLine('drop-opened', {}),
  'drop-closed': eventLine('drop-closed', {}),
  'drop-cancelled': eventLine('drop-cancelled', {}),
  'order-placed': eventLine('order-placed', {
    orderId,
    userId,
    quantity: sequence,
    metadata: Type.Optional(Metadata),
  }),
  'order-confirmed': eventLine('order-confirmed', settled),
  'order-confirmed-late': eventLine('order-confirmed-late', settled),
  'order-failed': eventLine('order-failed', settled),
  'refund-requested': eventLine('refund-requested', settled),
  'order-expired': eventLine('order-expired', onlyId),
  'order-cancelled': eventLine('order-cancelled', onlyId),
  'order-refunded': eventLine('order-refunded', onlyId),
  'payment-declined': eventLine('payment-declined', settled),
  'payment-rejected': eventLine('payment-rejected', { ...money, reason: PaymentRejection }),
  'payment-refunded': eventLine('payment-refunded', money),
  'order-details-added': eventLine('order-details-added', onlyId),
  'order-refunded-at-provider': eventLine('order-refunded-at-provider', onlyId),
  'payment-prepared': eventLine('payment-prepared', settled),
  'payment-voided': eventLine('payment-voided', settled),
  'request-answered': eventLine('request-answered', {}),
  'payment-disputed': eventLine('payment-disputed', money),
  'dispute-closed': eventLine('dispute-closed', {
    ...settled,
    outcome: Type.Enum(['won', 'lost'], { type: 'string' }),
  }),
  'drop-paused': eventLine('drop-paused', { extendHolds: Type.Boolean(), reason: textOrNull }),
  'drop-resumed': eventLine('drop-resumed', {}),
  'order-part-refunded': eventLine('order-part-refunded', { ...refund, number: count }),
  'order-rest-refunded': eventLine('order-rest-refunded', refund),
} as const satisfies Record<DropEventType, unknown>;

/** The public fields of an account. */
export const PublicUser = Type.Object({
  id: userId,
  name: Type.String(),
  roles: Type.Array(Type.String()),
  createdAt: time,
  avatarMediaId: Type.Optional(id),
});
export type PublicUser = Plain<typeof PublicUser>;

/** What a search needs of a drop's row. Stock, which each order changes, is left out. */
export const DropSummary = Type.Object({
  productId: id,
  creatorId: userId,
  status: DropStatus,
  startsAt: time,
  endsAt: time,
  unitAmount: count,
  currency: currencyCode,
  createdAt: time,
  /** Units, as of this version: a record is written only where another field changes, or at a
   * power of two (`storage/rows/drop-summary.ts`). */
  sold: count,
  version: sequence,
});
export type DropSummary = Plain<typeof DropSummary>;

const takenDown = Type.Enum([...TAKEN_DOWN], { type: 'string' });
const standing = Type.Enum([...STANDINGS], { type: 'string' });

/** What changed, with times in milliseconds; null: the account or the product was removed. */
const EntityChange = Type.Union([
  Type.Object({
    kind: Type.Literal('user'),
    userId,
    user: Type.Union([PublicUser, Type.Null()]),
  }),
  Type.Object({
    kind: Type.Literal('product'),
    productId: id,
    product: Type.Union([Product, Type.Null()]),
  }),
  /** From feature level 3 on. */
  Type.Object({
    kind: Type.Literal('draft'),
    draftId: id,
    creatorId: userId,
    draft: Type.Union([Draft, Type.Null()]),
  }),
  /** From feature level 4 on. */
  Type.Object({
    kind: Type.Literal('organisation'),
    organisationId: userId,
    organisation: Type.Union([Organisation, Type.Null()]),
  }),
  Type.Object({
    kind: Type.Literal('follow'),
    userId,
    creatorId: userId,
    /** Null: the user unfollowed the creator. */
    since: Type.Union([time, Type.Null()]),
  }),
  /** From feature level 4 on, as the next. */
  Type.Object({
    kind: Type.Literal('take-down'),
    of: takenDown,
    id: Type.String(),
    creatorId: userId,
    /** Null: it is shown again. */
    since: Type.Union([time, Type.Null()]),
  }),
  Type.Object({
    kind: Type.Literal('seller'),
    creatorId: userId,
    standing,
    /** Null: the creator stands so no more. */
    since: Type.Union([time, Type.Null()]),
  }),
  /** From feature level 6 on. */
  Type.Object({
    kind: Type.Literal('media'),
    mediaId: id,
    ownerId: userId,
    /** That name it, or are about to. */
    productIds: Type.Array(id),
    media: Type.Union([MediaSummary, Type.Null()]),
  }),
  /** From feature level 5 on. Drops are never removed. */
  Type.Object({ kind: Type.Literal('drop'), dropId, drop: DropSummary }),
]);
export type EntityChange = Plain<typeof EntityChange>;

/** What systems outside see: they have drops' events from the journals. */
export type OutsideChange = Exclude<EntityChange, { kind: 'drop' }>;

function changeLine<P extends TProperties>(kind: OutsideChange['kind'], fields: P) {
  return Type.Object(
    {
      version,
      kind: Type.Literal(kind),
      /** When it changed; in a full pass, when it was read. */
      at: wireTime,
      bucket: count,
      /** Absent in a full pass. */
      sequence: Type.Optional(sequence),
      /** Part of a full pass: the entity as it is now, not a change. */
      snapshot: Type.Optional(Type.Literal(true)),
      ...fields,
    },
    { title: `${titleOf(kind)}Line` },
  );
}

export const CHANGE_LINES = {
  user: changeLine('user', {
    userId,
    /** Null: the account is gone. */
    user: Type.Union([wire(PublicUser), Type.Null()]),
  }),
  product: changeLine('product', {
    productId: id,
    /** Null: the product is gone. */
    product: Type.Union([StoredProductBody, Type.Null()]),
  }),
  draft: changeLine('draft', {
    draftId: id,
    creatorId: userId,
    /** Null: it was removed, or announced: then there is a drop of this id. */
    draft: Type.Union([Type.Omit(wire(Draft), ['announcing', 'announcedBy']), Type.Null()]),
  }),
  organisation: changeLine('organisation', {
    organisationId: userId,
    /** Null: it is gone. */
    organisation: Type.Union([wire(Organisation), Type.Null()]),
  }),
  follow: changeLine('follow', {
    userId,
    creatorId: userId,
    /** Null: the user does not follow the creator any more. */
    since: Type.Union([wireTime, Type.Null()]),
  }),
  media: changeLine('media', {
    mediaId: id,
    ownerId: userId,
    /** That name it, or are about to; named it, where it was removed. */
    productIds: Type.Array(id),
    /** Null: it was removed. */
    media: Type.Union([wire(MediaSummary), Type.Null()]),
  }),
  'take-down': changeLine('take-down', {
    of: takenDown,
    id: Type.String(),
    /** Whose it is. */
    creatorId: userId,
    /** Null: it is shown again. */
    since: Type.Union([wireTime, Type.Null()]),
  }),
  seller: changeLine('seller', {
    creatorId: userId,
    standing,
    /** Null: the creator stands so no more. */
    since: Type.Union([wireTime, Type.Null()]),
  }),
} as const;

export const PositionLine = Type.Object(
  {
    version,
    kind: Type.Literal('position'),
    at: wireTime,
    /** Opaque: given back as `from`, everything after the lines before it comes. */
    position: Type.String({ maxLength: POSITION_LENGTH_MAX }),
  },
  { title: 'PositionLine' },
);
export type PositionLine = Plain<typeof PositionLine>;

/** The schema of each kind of line. */
export const STREAM_LINES = { ...EVENT_LINES, ...CHANGE_LINES, position: PositionLine } as const;
export type StreamKind = keyof typeof STREAM_LINES;

export const StreamLine = Type.Union(Object.values(STREAM_LINES), { title: 'StreamLine' });
export type StreamLine = Plain<typeof StreamLine>;

export const StreamQuery = Type.Object(
  {
    from: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: POSITION_LENGTH_MAX,
        description:
          'Where to begin: a position of an earlier reply, `start` (the default) or `now`.',
      }),
    ),
    creator_id: Type.Optional(
      Type.String({
        pattern: USER_ID,
        description: 'Only what is about this creator: for operators and members (A10).',
      }),
    ),
    follow: Type.Optional(
      Type.Boolean({ description: 'True: the reply goes on with what happens from now on.' }),
    ),
  },
  { additionalProperties: false },
);
export type StreamQuery = Plain<typeof StreamQuery>;
