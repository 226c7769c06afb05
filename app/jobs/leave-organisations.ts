// What a deleted account leaves of organisations (A8, A10): members of its own, memberships, and
// invitations to its address. Each of these may come again.

import type { StoredOrganisation } from '../../contracts/organisations.ts';
import { addressKey, roleIn, withoutAddress, withoutPerson } from '../../domain/organisation.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { AccountLinkStore } from '../../storage/ports/account-links.ts';
import type { ApiKeyStore } from '../../storage/ports/api-keys.ts';
import type { OrganisationStore } from '../../storage/ports/organisations.ts';
import { canonicalEmail } from '../email-address.ts';
import { linksOf, removeLinks } from '../invitation-links.ts';

/** Attempts of one change: of concurrent changes, each round lets one succeed. */
const ROUNDS_MAX = 20;

export interface InvitedOptions {
  readonly organisations: OrganisationStore;
  readonly accountLinks: AccountLinkStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export interface LeavingOptions extends InvitedOptions {
  readonly apiKeys: ApiKeyStore;
}

/** Errors: `store-unavailable`. */
export async function removeInvitationsTo(options: InvitedOptions, email: string): Promise<void> {
  const { organisations, accountLinks } = options;
  const address = canonicalEmail(email);
  for (const id of await organisations.invitingTo(address)) {
    const invitations = (await organisations.find(id))?.invitations ?? [];
    const sent = invitations.filter((one) => addressKey(one.email) === addressKey(address));
    // First: with the invitation gone, nobody finds them any more.
    await removeLinks(accountLinks, id, sent);
    await change(options, id, (before) => withoutAddress(before, address));
  }
}

/**
 * The id may be an organisation's: then its members leave. Of others, those that nobody else is in
 * are left only where `endings` names them: the rest of these is the answer, for the caller to
 * store and to call again. Errors: `store-unavailable`.
 */
export async function leaveOrganisations(
  options: LeavingOptions,
  userId: string,
  endings: readonly string[],
): Promise<readonly string[]> {
  const { organisations, accountLinks, apiKeys } = options;
  await change(options, userId, () => null);
  await accountLinks.removeAll(linksOf(userId));
  const isLastIn: string[] = [];
  for (const { organisationId } of await organisations.membershipsOf(userId)) {
    const invitations = (await organisations.find(organisationId))?.invitations ?? [];
    const sent = invitations.filter(({ invitedBy }) => invitedBy === userId);
    // First, as above.
    await removeLinks(accountLinks, organisationId, sent);
    const mayEnd = endings.includes(organisationId);
    const after = await change(options, organisationId, (before) => {
      const others = withoutPerson(before, userId);
      return others === null && !mayEnd ? before : others;
    });
    // Nobody can revoke them any more.
    if (after === null) await apiKeys.removeAll(organisationId);
    else if (roleIn(after, userId) !== null) isLastIn.push(organisationId);
  }
  return isLastIn;
}

/** What it became; null where there is none. Where it is to stay as it is, nothing is stored. */
async function change(
  { organisations, now }: InvitedOptions,
  id: string,
  decide: (before: StoredOrganisation) => StoredOrganisation | null,
): Promise<StoredOrganisation | null> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const before = await organisations.find(id);
    if (before === null) return null;
    const after = decide(before);
    if (after === before) return before;
    const replaced = await organisations.replace({ before, after, answer: '', now: now() });
    if (replaced.isDone) return after;
  }
  throw new StoreUnavailableError('too many changes of one organisation at the same time');
}
