// Invitations into an organisation, by mail (A10): sent, listed and withdrawn by owners, accepted
// or declined by whoever has the invited address. An account shows that by a confirmed address, or
// by the token of the mail, which confirms it.

import type { Requester } from '../contracts/accounts.ts';
import type { ActionParams } from '../contracts/actions.ts';
import { compileCheck } from '../contracts/check.ts';
import {
  INVITATION_LIFETIME_MS,
  NewInvitation,
  ORGANISATIONS_LEVEL,
  type OwnOrganisation,
  type ReceivedInvitation,
  type SentInvitation,
  type StoredInvitation,
  type StoredOrganisation,
} from '../contracts/organisations.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import {
  addressKey,
  openInvitations,
  roleIn,
  withAccepted,
  withInvitation,
  withInvitationUndone,
  withoutInvitation,
} from '../domain/organisation.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { AccountLink } from '../storage/ports/account-links.ts';
import type { User } from '../storage/ports/accounts.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import { canonicalEmail } from './email-address.ts';
import { linksOf } from './invitation-links.ts';
import type { AccountMail } from './mail/account-mail.ts';
import { isTokenOf, parseLinkToken } from './mail/link-tokens.ts';
import { OrganisationChanges, type OrganisationChangesOptions } from './organisation-changes.ts';
import type { RandomBytes } from './random-bytes.ts';

export interface InvitationsOptions extends OrganisationChangesOptions {
  readonly mail: AccountMail;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  readonly random: RandomBytes;
}

const checkNew = compileCheck(NewInvitation);
const NOT_FOUND = refusal('not-found', 'There is no such invitation, or it is open no more.');
const NOT_SHOWN = refusal(
  'forbidden',
  'Confirm your e-mail address first, or give the token of the mail.',
);

/** An invitation that another one to the same address takes the place of. */
interface Replaceable {
  readonly invitation: StoredInvitation;
  /** Null where it ended. */
  readonly link: AccountLink | null;
}

interface Found {
  readonly user: User;
  readonly organisation: StoredOrganisation;
  readonly invitation: StoredInvitation;
}

export class Invitations {
  readonly #options: InvitationsOptions;
  readonly #changes: OrganisationChanges;

  constructor(options: InvitationsOptions) {
    this.#options = options;
    this.#changes = new OrganisationChanges(options);
  }

  /**
   * The invitation first, then the mail: a repeat of the request sends one that a crash lost. Where
   * the mail is refused, all is as it was before.
   */
  async send({
    caller,
    organisationId,
    invitation,
    language,
    request,
  }: ActionParams<'invitations.send'>): Promise<Outcome<SentInvitation>> {
    const { levels, now, random, mail } = this.#options;
    if (levels.reached() < ORGANISATIONS_LEVEL) return refusal('unavailable');
    const email = canonicalEmail(invitation.email);
    const checked = checkNew({ ...invitation, email });
    if (!checked.ok) return checked;
    const createdAt = now();
    const added: StoredInvitation = {
      id: makeId('in', createdAt, random(ID_RANDOM_BYTES)),
      email,
      role: invitation.role,
      invitedBy: caller.userId,
      createdAt,
      expiresAt: createdAt + INVITATION_LIFETIME_MS,
    };
    let replaced: Replaceable | null = null;
    const sent =
      (await this.#changes.answered<SentInvitation>(request)) ??
      (await this.#changes.change<SentInvitation>(
        async () => {
          const found = await this.#changes.find(caller, organisationId, 'invitations.send');
          if (found.ok) replaced = await this.#replaceable(found.value, email);
          return found;
        },
        (before) => {
          const after = withInvitation(before, added);
          return 'ok' in after ? after : { after, value: added };
        },
        request,
      ));
    if (!sent.ok) return sent;
    const isRepeat = sent.replayed === true;
    if (isRepeat && !(await this.#isOpen(organisationId, sent.value))) return sent;
    const { id: linkId } = sent.value;
    const to = { id: linksOf(organisationId), email: sent.value.email };
    const mailed = await mail.send(to, 'invitation', { language: language ?? null, linkId });
    if (mailed.ok) return sent;
    // The first request may have mailed it in an earlier hour: then it is good.
    if (isRepeat) return mailed;
    // Before the invitation goes: a crash in between leaves one that the next request replaces.
    await this.#changes.forget(request, sent.value);
    await this.#undo(organisationId, linkId, replaced);
    return mailed;
  }

  async #replaceable(before: StoredOrganisation, email: string): Promise<Replaceable | null> {
    const { accountLinks, now } = this.#options;
    const key = addressKey(email);
    const invitation = openInvitations(before, now()).find((one) => addressKey(one.email) === key);
    if (invitation === undefined) return null;
    return { invitation, link: await accountLinks.find(linksOf(before.id), invitation.id) };
  }

  /** The link first: an invitation that is open has one. */
  async #undo(
    organisationId: string,
    invitationId: string,
    replaced: Replaceable | null,
  ): Promise<void> {
    const { accountLinks, now } = this.#options;
    if (replaced?.link) await accountLinks.add(replaced.link, now());
    await this.#changes.change<null>(
      () => this.#again(organisationId),
      (before) => {
        const earlier = replaced?.invitation ?? null;
        const after = withInvitationUndone(before, invitationId, earlier, now());
        return 'ok' in after ? after : { after, value: null };
      },
    );
  }

  async #isOpen(organisationId: string, { id }: SentInvitation): Promise<boolean> {
    const { organisations, now } = this.#options;
    const organisation = await organisations.find(organisationId);
    if (organisation === null) return false;
    return openInvitations(organisation, now()).some((one) => one.id === id);
  }

  async sent({
    caller,
    organisationId,
  }: ActionParams<'invitations.sent'>): Promise<Outcome<readonly SentInvitation[]>> {
    const found = await this.#changes.find(caller, organisationId, 'invitations.sent');
    if (!found.ok) return found;
    return success(openInvitations(found.value, this.#options.now()));
  }

  async withdraw({
    caller,
    organisationId,
    invitationId,
  }: ActionParams<'invitations.withdraw'>): Promise<Outcome<null>> {
    const { now } = this.#options;
    return await this.#changes.change<null>(
      () => this.#changes.find(caller, organisationId, 'invitations.withdraw'),
      (before) => {
        const after = withoutInvitation(before, invitationId, now());
        return 'ok' in after ? after : { after, value: null };
      },
    );
  }

  async received({
    caller,
  }: ActionParams<'invitations.received'>): Promise<Outcome<readonly ReceivedInvitation[]>> {
    const { accounts } = this.#options;
    const user = await accounts.findUser(caller.userId);
    if (user?.emailConfirmed !== true) return success([]);
    const found = await this.#to(user);
    const received: ReceivedInvitation[] = [];
    for (const { organisation, invitation } of found) {
      const { id, role, createdAt, expiresAt } = invitation;
      const { id: organisationId, name } = await this.#changes.ownView(organisation, role);
      received.push({
        id,
        role,
        createdAt,
        expiresAt,
        organisationId,
        organisationName: name,
      });
    }
    return success(received.toSorted((a, b) => b.createdAt - a.createdAt));
  }

  async accept(params: ActionParams<'invitations.accept'>): Promise<Outcome<OwnOrganisation>> {
    const { accounts, now } = this.#options;
    const { caller, invitationId, request } = params;
    const before = await this.#changes.answered<OwnOrganisation>(request);
    if (before !== null) return before;
    const found = await this.#find(params);
    if (!found.ok) return found;
    const { user, organisation } = found.value;
    if (user.emailConfirmed !== true) await accounts.changeUser(user, { emailConfirmed: true });
    const { name } = await this.#changes.ownView(organisation, 'owner');
    return await this.#changes.change<OwnOrganisation>(
      () => this.#again(organisation.id),
      (one) => {
        const after = withAccepted(one, invitationId, caller.userId, now());
        if ('ok' in after) return after;
        const { id, createdAt, members } = after;
        const role = roleIn(after, caller.userId)!;
        return { after, value: { id, name, role, memberCount: members.length, createdAt } };
      },
      request,
    );
  }

  async decline(params: ActionParams<'invitations.decline'>): Promise<Outcome<null>> {
    const { now } = this.#options;
    const { invitationId, request } = params;
    const before = await this.#changes.answered<null>(request);
    if (before !== null) return before;
    const found = await this.#find(params);
    if (!found.ok) return found;
    const { id } = found.value.organisation;
    return await this.#changes.change<null>(
      () => this.#again(id),
      (one) => {
        const after = withoutInvitation(one, invitationId, now());
        return 'ok' in after ? after : { after, value: null };
      },
      request,
    );
  }

  /** The invitation to the caller's address, where something shows that it is the caller's. */
  async #find({
    caller,
    invitationId,
    token,
  }: {
    readonly caller: Requester;
    readonly invitationId: string;
    readonly token?: string;
  }): Promise<Outcome<Found>> {
    const user = await this.#options.accounts.findUser(caller.userId);
    if (user === null) return NOT_FOUND;
    const isShown =
      user.emailConfirmed === true ||
      (token !== undefined && (await this.#isMailed(token, invitationId, user)));
    const found = (await this.#to(user)).find(({ invitation }) => invitation.id === invitationId);
    // Who has shown nothing does not learn whether there is one.
    if (!isShown) return NOT_SHOWN;
    return found === undefined ? NOT_FOUND : success(found);
  }

  async #to(user: User): Promise<Found[]> {
    const { organisations, now } = this.#options;
    const key = addressKey(canonicalEmail(user.email));
    const ids = await organisations.invitingTo(key);
    const inviting = await Promise.all(ids.map((id) => organisations.find(id)));
    return inviting.flatMap((organisation) =>
      organisation === null
        ? []
        : openInvitations(organisation, now())
            .filter(({ email }) => addressKey(email) === key)
            .map((invitation) => ({ user, organisation, invitation })),
    );
  }

  async #isMailed(token: string, invitationId: string, { email }: User): Promise<boolean> {
    const { accountLinks, now } = this.#options;
    const ids = parseLinkToken(token);
    if (ids?.linkId !== invitationId) return false;
    const link = await accountLinks.find(ids.userId, ids.linkId);
    if (link === null || link.purpose !== 'invite' || link.expiresAt <= now()) return false;
    return addressKey(link.email) === addressKey(canonicalEmail(email)) && isTokenOf(link, token);
  }

  async #again(organisationId: string): Promise<Outcome<StoredOrganisation>> {
    const organisation = await this.#options.organisations.find(organisationId);
    return organisation === null ? NOT_FOUND : success(organisation);
  }
}
