// The keys of the URLs of private media (M2): derived from the secrets of passes, which every node
// has, rotate in the same way, and last as long. The first one signs, all verify.

import { createHash, hkdfSync } from 'node:crypto';
import { type UrlKey, URL_KEYS_MAX, UrlSigner } from '../media/delivery/signed-urls.ts';
import type { Config } from './config.ts';

const KEY_BYTES = 32;
const KEY_ID_LENGTH = 8;
const PURPOSE = 'livedrops media urls';

/** How long a URL is good at least. */
export const URL_LIFETIME_SECONDS = 3_600;

/** Null where there is no secret: then nobody can be shown private media. */
export function urlSignerOf({ passSecrets }: Pick<Config, 'passSecrets'>): UrlSigner | null {
  const keys = passSecrets.slice(0, URL_KEYS_MAX).map(urlKey);
  return keys.length === 0 ? null : new UrlSigner(keys);
}

function urlKey(passSecret: string): UrlKey {
  const secret = Buffer.from(hkdfSync('sha256', passSecret, '', PURPOSE, KEY_BYTES));
  const id = createHash('sha256').update(secret).digest('hex').slice(0, KEY_ID_LENGTH);
  return { id, secret };
}
