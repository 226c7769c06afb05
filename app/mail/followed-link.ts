// Whose mailed link a token is, where the link is good now (A7): for the address and the password
// that the account had when it was made.

import type { AccountLink, AccountLinkStore } from '../../storage/ports/account-links.ts';
import type { AccountStore, User } from '../../storage/ports/accounts.ts';
import { isTokenOf, parseLinkToken } from './link-tokens.ts';

export interface LinkStores {
  readonly accounts: Pick<AccountStore, 'findUser'>;
  readonly accountLinks: Pick<AccountLinkStore, 'find'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export interface FollowedLink {
  readonly user: User;
  readonly link: AccountLink;
}

/** Null where the token is of no link for one of the purposes. Errors: `store-unavailable`. */
export async function followLink(
  { accounts, accountLinks, now }: LinkStores,
  token: string,
  purposes: readonly AccountLink['purpose'][],
): Promise<FollowedLink | null> {
  const ids = parseLinkToken(token);
  if (ids === null) return null;
  const link = await accountLinks.find(ids.userId, ids.linkId);
  if (link === null || !purposes.includes(link.purpose) || link.expiresAt <= now()) return null;
  if (!isTokenOf(link, token)) return null;
  const user = await accounts.findUser(link.userId);
  if (user === null || link.credentials !== (user.credentials ?? 0)) return null;
  // By a link for a change the address becomes the user's.
  return link.purpose === 'change' || link.email === user.email ? { user, link } : null;
}

/** By which links a password is set anew, and an address confirmed. */
export const RESET_LINKS = ['reset'] as const;
export const CONFIRM_LINKS = ['confirm', 'change'] as const;
