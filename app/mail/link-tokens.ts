// The tokens of mailed links. A token is derived from the ids in it and a secret of the server, so
// that the job that mails it need not store it: what is stored of it anywhere is its hash.

import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { ID, USER_ID } from '../../contracts/patterns.ts';
import type { AccountLink } from '../../storage/ports/account-links.ts';
import type { SigningSecrets } from '../signing-secrets.ts';

/** SHA-256. */
const KEY_BYTES = 32;
/** Separates this key from other uses of the secret (HKDF, RFC 5869). */
const LABEL = 'livedrops mailed link 1';
const userForm = new RegExp(USER_ID);
const linkForm = new RegExp(ID);

export interface LinkTokensOptions {
  /** All nodes need the same. */
  readonly secrets: SigningSecrets;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class LinkTokens {
  readonly #options: LinkTokensOptions;

  constructor(options: LinkTokensOptions) {
    this.#options = options;
  }

  tokenOf(userId: string, linkId: string): string {
    const { secrets, now } = this.#options;
    const { secret } = secrets.oldest(now());
    const key = Buffer.from(hkdfSync('sha256', secret, '', LABEL, KEY_BYTES));
    const mac = createHmac('sha256', key).update(`${linkId} ${userId}`).digest('base64url');
    return `${linkId}.${mac}.${userId}`;
  }

  /** A text that is the same for an address, and says nothing of it without the secret. */
  keyOfAddress(email: string): string {
    const { secrets, now } = this.#options;
    const { secret } = secrets.oldest(now());
    const key = Buffer.from(hkdfSync('sha256', secret, '', `${LABEL} address`, KEY_BYTES));
    return createHmac('sha256', key).update(email).digest('hex').slice(0, 24);
  }
}

/** Null where the text has not the form of a token. */
export function parseLinkToken(
  token: string,
): { readonly userId: string; readonly linkId: string } | null {
  const [link = '', , ...rest] = token.split('.');
  const user = rest.join('.');
  return userForm.test(user) && linkForm.test(link) ? { userId: user, linkId: link } : null;
}

export function linkHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Compares in constant time. */
export function isTokenOf(link: AccountLink, token: string): boolean {
  const [stored, given] = [link.hash, linkHash(token)].map((hash) => Buffer.from(hash));
  return stored!.length === given!.length && timingSafeEqual(stored!, given!);
}
