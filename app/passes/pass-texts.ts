// Passes as people and programs have them (D9): 25 characters in five groups, as on a product key,
// or 30 where a pass has a time of its own. So a pass can be typed, and yet nothing of it is stored
// anywhere: it is proved by a signature, for which a gateway needs neither a store nor a drop.
//
//   1 kind       the version of the form (0), whether it is for one user, whether it has a time
//  10 number     what it is good for: `domain/pass.ts`
//   5 from       minutes since 2025, where it has a time
//   1 key        which secret signed it
//  13 signature  65 bits of HMAC-SHA-256 over drop, user and all before it
//
// Drop and user are signed and not in the text. 65 bits cannot be searched offline, since the key
// has 256; online each guess is an order that limits count.

import {
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import type { ProvedPass } from '../../contracts/passes.ts';

/** Crockford's base 32: no letter looks like a digit or another letter. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const DIGIT_BITS = 5;
const NUMBER_DIGITS = 10;
const FROM_DIGITS = 5;
const SIGNATURE_DIGITS = 13;
const GROUP_DIGITS = 5;
const LENGTH = 1 + NUMBER_DIGITS + 1 + SIGNATURE_DIGITS;
const FOR_USER = 1;
const HAS_FROM = 2;
export const PASS_MINUTE_MS = 60_000;
/** 2025-01-01T00:00:00Z. The digits reach to 2088. */
const FROM_EPOCH_MS = 1_735_689_600_000;
const KEY_BYTES = 32;
/** Separate the key and its id from other uses of the secret (HKDF, RFC 5869). */
const KEY_LABEL = 'livedrops pass 1';
const KEY_ID_LABEL = 'livedrops pass key id 1';

interface PassKey {
  readonly id: string;
  readonly key: KeyObject;
}

export interface WrittenPass {
  readonly dropId: string;
  /** Null: it is for anybody. */
  readonly userId: string | null;
  readonly pass: ProvedPass;
}

export class PassTexts {
  readonly #keys: readonly PassKey[];

  /** At least one secret. The first one signs, all verify. */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => ({
      id: DIGITS[derived(secret, KEY_ID_LABEL, 1)[0]! % DIGITS.length]!,
      key: createSecretKey(derived(secret, KEY_LABEL, KEY_BYTES)),
    }));
  }

  /** `pass.from` must be a whole minute. */
  write({ dropId, userId, pass }: WrittenPass): string {
    const { number, from } = pass;
    const kind = (userId === null ? 0 : FOR_USER) + (from > 0 ? HAS_FROM : 0);
    const { id, key } = this.#keys[0]!;
    const body =
      DIGITS[kind]! +
      digitsOf(number, NUMBER_DIGITS) +
      (from > 0 ? digitsOf((from - FROM_EPOCH_MS) / PASS_MINUTE_MS, FROM_DIGITS) : '') +
      id;
    return inGroups(body + signature(key, dropId, userId, body));
  }

  /** Null where the text is no pass of this drop for this user. */
  read(text: string, dropId: string, userId: string): ProvedPass | null {
    const digits = text
      .toUpperCase()
      .replaceAll(/[- ]/g, '')
      .replaceAll('O', '0')
      .replaceAll(/[IL]/g, '1');
    const kind = DIGITS.indexOf(digits.charAt(0));
    const hasFrom = (kind & HAS_FROM) !== 0;
    if (kind < 0 || kind > FOR_USER + HAS_FROM) return null;
    if (digits.length !== LENGTH + (hasFrom ? FROM_DIGITS : 0)) return null;
    const signatureAt = digits.length - SIGNATURE_DIGITS;
    const body = digits.slice(0, signatureAt);
    const given = digits.slice(signatureAt);
    const signedFor = (kind & FOR_USER) === 0 ? null : userId;
    if (!this.#isSigned(body, given, dropId, signedFor)) return null;
    const number = numberOf(body, 1, 1 + NUMBER_DIGITS);
    const minutes = numberOf(body, 1 + NUMBER_DIGITS, signatureAt - 1);
    return { number, from: hasFrom ? FROM_EPOCH_MS + minutes * PASS_MINUTE_MS : 0 };
  }

  #isSigned(body: string, given: string, dropId: string, userId: string | null): boolean {
    const bytes = Buffer.from(given);
    if (bytes.length !== SIGNATURE_DIGITS) return false;
    return this.#keys.some(
      ({ id, key }) =>
        body.endsWith(id) &&
        timingSafeEqual(Buffer.from(signature(key, dropId, userId, body)), bytes),
    );
  }
}

/** The first time that a pass can have, and the first after the last. */
export const PASS_TIMES_MS = {
  first: FROM_EPOCH_MS + PASS_MINUTE_MS,
  end: FROM_EPOCH_MS + 2 ** (FROM_DIGITS * DIGIT_BITS) * PASS_MINUTE_MS,
} as const;

function derived(secret: string, label: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', label, length));
}

/** Neither ids nor the body have a line break, and no user's id is empty. */
function signature(key: KeyObject, dropId: string, userId: string | null, body: string): string {
  const signed = `${dropId}\n${userId ?? ''}\n${body}`;
  const mac = createHmac('sha256', key).update(signed).digest();
  let digits = '';
  for (let i = 0; i < SIGNATURE_DIGITS; i++) digits += DIGITS[mac[i]! % DIGITS.length]!;
  return digits;
}

function digitsOf(value: number, length: number): string {
  let digits = '';
  let rest = value;
  for (let i = 0; i < length; i++) {
    digits = DIGITS[rest % DIGITS.length]! + digits;
    rest = Math.floor(rest / DIGITS.length);
  }
  return digits;
}

/** The value of the digits from `begin` up to `end`, all of which are of `DIGITS`. */
function numberOf(digits: string, begin: number, end: number): number {
  let value = 0;
  for (let i = begin; i < end; i++) value = value * DIGITS.length + DIGITS.indexOf(digits[i]!);
  return value;
}

function inGroups(digits: string): string {
  const groups: string[] = [];
  for (let i = 0; i < digits.length; i += GROUP_DIGITS)
    groups.push(digits.slice(i, i + GROUP_DIGITS));
  return groups.join('-');
}
