// The smallest shapes: ids, names, texts, times and amounts. `time` is a moment as the product
// computes with it; `wire.ts` makes the text of it that clients send and get.

import { Type } from 'typebox';
import { TOKEN_LENGTH_MAX, URL_LENGTH_MAX } from './bounds.ts';
import { CURRENCIES_PUBLISHED, currencyProblem, isSellable } from './currencies.ts';
import { DROP_ID, HTTP_URL, ID, USER_ID, VISIBLE } from './patterns.ts';
import { markTime } from './wire.ts';

/** Requests: unknown fields are refused (H1). */
export const STRICT = { additionalProperties: false } as const;

/** A body or a query that has to be empty. */
export const NOTHING = Type.Object({}, STRICT);

export const id = Type.String({ pattern: ID });
export const dropId = Type.String({ pattern: DROP_ID });
export const userId = Type.String({ pattern: USER_ID });
export const count = Type.Integer({ minimum: 0 });
/** Milliseconds since the Unix epoch; RFC 3339 in UTC on the wire. */
export const time = markTime(Type.Integer());
export const currencyCode = Type.String();
/** Of a new drop. */
export const currency = Type.Refine(
  Type.String({
    description: `a current code of ISO 4217 (list one of ${CURRENCIES_PUBLISHED}), in capitals`,
    examples: ['EUR', 'JPY', 'KWD'],
  }),
  isSellable,
  currencyProblem,
);
/** Tokens and cursors of ours. */
export const TOKEN_TEXT = { minLength: 1, maxLength: TOKEN_LENGTH_MAX, pattern: VISIBLE } as const;
export const httpUrl = Type.String({ maxLength: URL_LENGTH_MAX, pattern: HTTP_URL });
export const textOrNull = Type.Union([Type.String(), Type.Null()]);
