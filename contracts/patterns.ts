// Every pattern of the public contract, once, as JSON Schema writes them. Apart from the schemas,
// so that what only needs a pattern does not load TypeBox.

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
/**
 * A user's id is what their token says, whoever made it (A2). Nobody is called `me`, which stands
 * for the caller in paths.
 */
export const USER_ID = '^(?!me$)[!-~]{1,128}$';
/** A payment's reference at its provider, and a webhook's id. */
export const REFERENCE = '^[!-~]{1,255}$';
/** The form of an ISO 4217 code. */
export const CURRENCY = '^[A-Z]{3}$';
export const REFUND_ID = '^rf_[0-9a-f]{24}$';
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
