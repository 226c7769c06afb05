// What a user wants to be told, and by which way (R2).

import { Type } from 'typebox';
import {
  MUTED_CREATORS_MAX,
  SPREAD_SECONDS_DEFAULT,
  SPREAD_SECONDS_MAX,
  UNSUBSCRIBE_TOKEN_LENGTH_MAX,
} from './bounds.ts';
import { VISIBLE } from './patterns.ts';
import type { Plain } from './plain.ts';
import { STRICT, userId } from './scalars.ts';

/** Pushes by kind. */
export const PushPreferences = Type.Object(
  {
    dropStarted: Type.Boolean({ description: 'a drop of a followed creator has started' }),
    lowStock: Type.Boolean({ description: 'few units of such a drop are left' }),
    backInStock: Type.Boolean({ description: 'such a drop was sold out, and has units again' }),
    orders: Type.Boolean({ description: 'one’s own orders: confirmed, refunded, payment failed' }),
  },
  { title: 'PushPreferences' },
);
export type PushKind = keyof Plain<typeof PushPreferences>;

/** Mails by kind: only to a confirmed address. */
export const MailPreferences = Type.Object(
  {
    orders: Type.Boolean({ description: 'one’s own orders: confirmed, refunded' }),
    dropAnnounced: Type.Boolean({ description: 'a followed creator has announced a drop' }),
  },
  { title: 'MailPreferences' },
);
export type MailKind = keyof Plain<typeof MailPreferences>;
export const MAIL_KINDS = Object.keys(MailPreferences.properties) as MailKind[];

export const Preferences = Type.Object(
  {
    push: PushPreferences,
    mail: MailPreferences,
    mutedCreators: Type.Array(userId, {
      maxItems: MUTED_CREATORS_MAX,
      uniqueItems: true,
      description: 'nothing of their drops; orders are told all the same',
    }),
    spreadSeconds: Type.Integer({
      minimum: 0,
      maximum: SPREAD_SECONDS_MAX,
      description: 'as a creator: over how long the pushes of one event go out',
    }),
  },
  { title: 'Preferences' },
);
export type Preferences = Plain<typeof Preferences>;

const { push, mail, mutedCreators, spreadSeconds } = Preferences.properties;

/** What is left out stays as it is. */
export const PreferencesPatch = Type.Object(
  {
    push: Type.Optional(Type.Partial(push, { ...STRICT, title: 'PushPreferencesPatch' })),
    mail: Type.Optional(Type.Partial(mail, { ...STRICT, title: 'MailPreferencesPatch' })),
    mutedCreators: Type.Optional(mutedCreators),
    spreadSeconds: Type.Optional(spreadSeconds),
  },
  { ...STRICT, minProperties: 1, title: 'PreferencesPatch' },
);
export type PreferencesPatch = Plain<typeof PreferencesPatch>;

/** Of users who never chose. */
export const DEFAULT_PREFERENCES: Preferences = {
  push: { dropStarted: true, lowStock: true, backInStock: true, orders: true },
  mail: { orders: false, dropAnnounced: false },
  mutedCreators: [],
  spreadSeconds: SPREAD_SECONDS_DEFAULT,
};

/** Of the link in a mail by which its kind is ended (RFC 8058). */
export const UnsubscribeQuery = Type.Object(
  {
    token: Type.String({
      minLength: 1,
      maxLength: UNSUBSCRIBE_TOKEN_LENGTH_MAX,
      pattern: VISIBLE,
    }),
  },
  STRICT,
);
/** What mail programs post; the page of the link posts the same. */
export const OneClick = Type.Object(
  { 'List-Unsubscribe': Type.Optional(Type.Literal('One-Click')) },
  { ...STRICT, title: 'OneClick' },
);
