// The smallest shapes: ids, names, texts, times and amounts. Each pattern of the public contract
// stands here once. `time` is a moment as the product computes with it; `wire.ts` makes the text of
// it that clients send and get.

import { Type } from 'typebox';
import { TOKEN_LENGTH_MAX, URL_LENGTH_MAX } from './bounds.ts';
import { markTime } from './wire.ts';

/** Requests: unknown fields are refused (H1). */
export const STRICT = { additionalProperties: false } as const;

/** One line of readable text: no control characters, no half characters, not only spaces. */
export const LINE = '^(?=.*\\S)[^\\p{Cc}\\p{Cs}]+$';
/** Text of several lines. */
export const LINES = '^(?:[^\\p{Cc}\\p{Cs}]|[\\n\\r\\t])*$';
export const HTTP_URL = '^https?://[!#-;=?-\\[\\]_a-z~]+$';
/** Visible ASCII, such as tokens, cursors and keys. */
export const VISIBLE = '^[!-~]+$';
/** Crockford's base 32 and the like: what ids of ours look like. */
export const ID = '^[A-Za-z0-9_-]{1,80}$';
export const DROP_ID = '^[A-Za-z0-9_]{1,64}$';
/** A user's id is what their token says, whoever made it (A2). */
export const USER_ID = '^[!-~]{1,128}$';
/** A payment's reference at its provider, and a webhook's id. */
export const REFERENCE = '^[!-~]{1,255}$';
/** 15 digits are exact in every number format that a store may keep ids in. */
export const NOTIFICATION_ID = '^(0|[1-9][0-9]{0,14})$';
/** Digits as they are written, so that each shard has one address. */
export const SHARD_ID = '^(?:0|[1-9][0-9]{0,5})$';

const DOMAIN_LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
/**
 * What browsers accept: <https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address>.
 * It is a form only: whether the address exists, only a message to it can show.
 */
export const EMAIL = `^[A-Za-z0-9.!#$%&'*+/=?^_\`{|}~-]+@${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*$`;

export const id = Type.String({ pattern: ID });
export const dropId = Type.String({ pattern: DROP_ID });
export const userId = Type.String({ pattern: USER_ID });
export const count = Type.Integer({ minimum: 0 });
/** Milliseconds since the Unix epoch; RFC 3339 in UTC on the wire. */
export const time = markTime(Type.Integer());
export const currencyCode = Type.String();
export const CURRENCIES = Intl.supportedValuesOf('currency');
export const currency = Type.String({ enum: CURRENCIES, description: 'ISO 4217' });
/** Tokens and cursors of ours. */
export const TOKEN_TEXT = { minLength: 1, maxLength: TOKEN_LENGTH_MAX, pattern: VISIBLE } as const;
export const httpUrl = Type.String({ maxLength: URL_LENGTH_MAX, pattern: HTTP_URL });
export const textOrNull = Type.Union([Type.String(), Type.Null()]);
