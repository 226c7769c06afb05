// URLs of private media: who has one may read that one address until it expires. Signed by
// HMAC-SHA-256 with a key that the URL names, so keys can be rotated: a new one signs, and older
// ones are good for as long as they are listed.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { assert } from '../../domain/assert.ts';

export interface UrlKey {
  /** Part of the URL. */
  readonly id: string;
  /** 32 bytes or more. */
  readonly secret: Buffer;
}

export const URL_KEYS_MAX = 8;
const KEY_ID = /^[a-z0-9]{1,16}$/;
const SECRET_BYTES_MIN = 32;
const CONTEXT = 'livedrops-media-url-1';
/** Ends are multiples of it, so that a URL stays the same for a while and caches know it again. */
const STEP_SECONDS = 3_600;
const PARAMETERS = ['expires', 'key', 'signature'];

/** `expiresAt` is in seconds since the Unix epoch. */
export type UrlCheck =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'good'; readonly expiresAt: number }
  | { readonly kind: 'expired' }
  | { readonly kind: 'bad' };

export class UrlSigner {
  readonly #current: UrlKey;
  readonly #keys: ReadonlyMap<string, UrlKey>;

  /** The first key signs. Throws for a list that is empty or too long, and for bad keys. */
  constructor(keys: readonly UrlKey[]) {
    const [current] = keys;
    assert(current !== undefined && keys.length <= URL_KEYS_MAX, 'there are 1 to 8 keys of URLs');
    for (const { id, secret } of keys)
      assert(KEY_ID.test(id) && secret.length >= SECRET_BYTES_MIN, 'a key of URLs is not valid');
    this.#current = current;
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    assert(this.#keys.size === keys.length, 'keys of URLs have different ids');
  }

  /**
   * The path with its signature, good for `lifetimeSeconds` from `now` (both in seconds) and up to
   * an hour more.
   */
  sign(path: string, now: number, lifetimeSeconds: number): string {
    const expiresAt = Math.ceil((now + lifetimeSeconds) / STEP_SECONDS) * STEP_SECONDS;
    const { id } = this.#current;
    const signature = signatureOf(this.#current, path, String(expiresAt)).toString('base64url');
    return `${path}?expires=${expiresAt}&key=${id}&signature=${signature}`;
  }

  /** `now` in seconds. Whether it has expired is told only of what was signed here. */
  check(path: string, query: URLSearchParams, now: number): UrlCheck {
    if (query.size === 0) return { kind: 'unsigned' };
    const names = [...query.keys()].sort();
    if (names.length !== PARAMETERS.length || names.some((name, i) => name !== PARAMETERS[i]))
      return { kind: 'bad' };
    const key = this.#keys.get(query.get('key')!);
    const expires = query.get('expires')!;
    const given = Buffer.from(query.get('signature')!, 'base64url');
    if (key === undefined || !/^[1-9]\d{0,11}$/.test(expires)) return { kind: 'bad' };
    const signature = signatureOf(key, path, expires);
    if (given.length !== signature.length || !timingSafeEqual(given, signature))
      return { kind: 'bad' };
    const expiresAt = Number(expires);
    return expiresAt <= now ? { kind: 'expired' } : { kind: 'good', expiresAt };
  }
}

function signatureOf({ id, secret }: UrlKey, path: string, expires: string): Buffer {
  return createHmac('sha256', secret).update(`${CONTEXT}\n${path}\n${expires}\n${id}`).digest();
}
