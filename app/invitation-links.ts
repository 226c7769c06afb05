// The mailed links of invitations: stored in the name of the organisation, each with the id of its
// invitation, and removed with it, because a link has an address.

import type { StoredInvitation } from '../contracts/organisations.ts';
import type { AccountLinkStore } from '../storage/ports/account-links.ts';

/** In whose name the links of an organisation's invitations are stored. */
export function linksOf(organisationId: string): string {
  return `invited/${organisationId}`;
}

/** Errors: `store-unavailable`. */
export async function removeLinks(
  accountLinks: AccountLinkStore,
  organisationId: string,
  invitations: readonly Pick<StoredInvitation, 'id'>[],
): Promise<void> {
  for (const { id } of invitations) await accountLinks.remove(linksOf(organisationId), id);
}
