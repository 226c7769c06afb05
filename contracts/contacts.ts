// Where a shop's own users are reached (A6): the shop's server stores it by key, so that mail and
// push can be sent to users without an account, and exports and erases it by key.

import { Type } from 'typebox';
import {
  EMAIL_LENGTH_MAX,
  LANGUAGE_LENGTH_MAX,
  PUSH_KEY_LENGTH_MAX,
  PUSH_SUBSCRIPTIONS_MAX,
  URL_LENGTH_MAX,
} from './bounds.ts';
import { list, paging } from './paging.ts';
import { BASE64URL, EMAIL, HTTPS_URL, LANGUAGE } from './patterns.ts';
import type { Plain } from './plain.ts';
import { STRICT, time, userId } from './scalars.ts';
import { wire } from './wire.ts';

const pushKey = Type.String({ minLength: 1, maxLength: PUSH_KEY_LENGTH_MAX, pattern: BASE64URL });

/** As a browser's `PushSubscription` gives it (Push API, RFC 8030 and 8291). */
const PushSubscription = Type.Object(
  {
    endpoint: Type.String({ maxLength: URL_LENGTH_MAX, pattern: HTTPS_URL }),
    keys: Type.Object({ p256dh: pushKey, auth: pushKey }, STRICT),
  },
  STRICT,
);

export const NewContact = Type.Object(
  {
    email: Type.Optional(Type.String({ maxLength: EMAIL_LENGTH_MAX, pattern: EMAIL })),
    /** BCP 47; of what is sent. */
    language: Type.Optional(Type.String({ maxLength: LANGUAGE_LENGTH_MAX, pattern: LANGUAGE })),
    pushSubscriptions: Type.Optional(
      Type.Array(PushSubscription, { maxItems: PUSH_SUBSCRIPTIONS_MAX }),
    ),
  },
  { ...STRICT, title: 'NewContact' },
);
export type NewContact = Plain<typeof NewContact>;

export const Contact = Type.Object(
  {
    /** As orders have it. */
    userId,
    /** How the shop names its user. */
    user: Type.String(),
    ...NewContact.properties,
    createdAt: time,
    changedAt: time,
  },
  { title: 'Contact' },
);
export type Contact = Plain<typeof Contact>;

// On the wire

export const ContactBody = wire(Contact);
export const ContactPage = list(ContactBody, 'ContactPage');
export const ContactQuery = Type.Object(paging, STRICT);
