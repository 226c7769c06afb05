// Every pattern of the public contract, once, as JSON Schema writes them. Apart from the schemas,
// so that what only needs a pattern does not load TypeBox.

// What a name is made of (A1b). `DI` is Default_Ignorable_Code_Point: all that shows nothing, such
// as fillers, zero-width spaces, joiners, selectors, and what overrides the direction of text.

/** A Braille pattern and a note without dots or heads, which show nothing but are not in `DI`. */
const BLANK = '\\u2800\\u{1D159}';
const NOT_IN_LINES = `\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\p{DI}\\p{NChar}\\uFFF9-\\uFFFB${BLANK}`;
/** What chooses the shape of the character before it, in emoji and in scripts. */
const SELECTOR = '[\\u180B-\\u180D\\u180F\\uFE00-\\uFE0F\\u{E0100}-\\u{E01EF}]';
/** The zero-width joiner and non-joiner, and the combining grapheme joiner. */
const JOINER = '[\\u034F\\u200C\\u200D]';
/** Flags of regions: a black flag and tags. */
const REGION_FLAG = '\\u{1F3F4}[\\u{E0020}-\\u{E007E}]+\\u{E007F}';
const MARK = `(?!\\p{DI})\\p{M}${SELECTOR}?${JOINER}?`;
/** A joiner joins two. Behind a mark it may end a word, as it does in Malayalam. */
const CHARACTER = `[^${NOT_IN_LINES}\\p{Zs}\\p{M}]${SELECTOR}?(?:${JOINER}(?=\\S))?`;
const VISIBLE_CHARACTER = `[^\\p{Z}\\p{M}\\p{C}\\p{DI}${BLANK}]`;
/**
 * One line of readable text, such as a name: at least one visible character, no controls, line
 * separators, halves of characters or overrides of direction, and nothing invisible but the joiners
 * and selectors inside emoji and scripts. No two alternatives begin alike but the flag's, so a
 * check takes time in proportion to the length.
 */
export const LINE = `^(?=.*${VISIBLE_CHARACTER})(?:\\p{Zs}|${MARK}|${REGION_FLAG}|${CHARACTER})+$`;
/** Text of several lines. */
export const LINES = '^(?:[^\\p{Cc}\\p{Cs}]|[\\n\\r\\t])*$';
export const HTTP_URL = '^https?://[!#-;=?-\\[\\]_a-z~]+$';
export const HTTPS_URL = '^https://[!#-;=?-\\[\\]_a-z~]+$';
export const BASE64URL = '^[A-Za-z0-9_-]+=*$';
/** A tag of BCP 47, by its form. */
export const LANGUAGE = '^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$';
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
/** The name of a text in metadata: 40 characters at most. */
export const METADATA_NAME = '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$';
export const JOB_ID = '^j_[A-Za-z0-9_-]{22,25}$';
export const REFUND_ID = '^rf_[0-9a-f]{24}$';
/** 15 digits are exact in every number format that a store may keep ids in. */
export const NOTIFICATION_ID = '^(0|[1-9][0-9]{0,14})$';
/** Digits as they are written, so that each shard has one address. */
export const SHARD_ID = '^(?:0|[1-9][0-9]{0,5})$';

const DOMAIN_LABEL = '[\\p{L}\\p{N}](?:[\\p{L}\\p{M}\\p{N}-]{0,61}[\\p{L}\\p{M}\\p{N}])?';
/** The full stops that internationalised domains may be written with (UTS 46). */
const DOMAIN_DOT = '[.\\u3002\\uFF0E\\uFF61]';
const MAILBOX = "[\\p{L}\\p{M}\\p{N}.!#$%&'*+/=?^_`{|}~-]+";
/**
 * What browsers accept: <https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address>,
 * and letters and digits of all scripts beside those of ASCII (RFC 6531), without invisible ones.
 * It is a form only: whether the address exists, only a message to it can show.
 */
export const EMAIL = `^(?!.*\\p{DI})${MAILBOX}@${DOMAIN_LABEL}(?:${DOMAIN_DOT}${DOMAIN_LABEL})*$`;
/** Of a new account: no control characters (RFC 8265, 4.2) and no halves of characters. */
export const PASSWORD = '^[^\\p{Cc}\\p{Cs}]*$';
