// What becomes of an organisation: pure steps from one stored state to the next, or the refusal. Of
// two that change it at the same moment the store lets one succeed (`revision`). There is always an
// owner, and a person stays owner of the organisation that is the person's own account (A10).

import type { MemberRole } from '../contracts/creator-actions.ts';
import type { Member, StoredInvitation, StoredOrganisation } from '../contracts/organisations.ts';
import type { Refusal } from '../contracts/refusals.ts';
import { refusal } from './refusal.ts';

/** Of an organisation. */
const MEMBERS_MAX = 50;
/** Open ones of an organisation. */
const INVITATIONS_MAX = 20;
/** The greatest role first. */
const RANKS: Readonly<Record<MemberRole, number>> = { owner: 0, manager: 1, support: 2 };

export type Changed = StoredOrganisation | Refusal;

const NO_MEMBER = refusal('not-found', 'There is no such member.');
const NO_INVITATION = refusal('not-found', 'There is no such invitation, or it is open no more.');
const LAST_OWNER = refusal('last-owner', 'Make another member an owner first.');
const OWN_ACCOUNT = refusal('last-owner', 'The organisation is the account of this person.');
const MANY_MEMBERS = refusal('too-many', `An organisation has at most ${MEMBERS_MAX} members.`);
const MANY_INVITATIONS = refusal('too-many', `At most ${INVITATIONS_MAX} invitations are open.`);

/** With one owner, and not stored yet. */
export function organisationOf(id: string, ownerId: string, createdAt: number): StoredOrganisation {
  const members: Member[] = [{ userId: ownerId, role: 'owner', since: createdAt }];
  return { id, createdAt, members, revision: 0, invitations: [] };
}

export function roleIn({ members }: StoredOrganisation, userId: string): MemberRole | null {
  return members.find((member) => member.userId === userId)?.role ?? null;
}

/** Whether members would be left without an owner if this one went. */
export function isNeededOwner(organisation: StoredOrganisation, userId: string): boolean {
  const { id, members } = organisation;
  if (members.length === 1 || roleIn(organisation, userId) !== 'owner') return false;
  return id === userId || members.every((one) => one.userId === userId || one.role !== 'owner');
}

/** Who is an owner no more leaves no open invitations: they could make owners. */
export function withRole(before: StoredOrganisation, userId: string, role: MemberRole): Changed {
  const { members } = before;
  if (roleIn(before, userId) === null) return NO_MEMBER;
  const refused = role === 'owner' ? null : refuseLoss(before, userId);
  if (refused !== null) return refused;
  return next(before, {
    members: members.map((member) => (member.userId === userId ? { ...member, role } : member)),
    invitations: role === 'owner' ? before.invitations : invitationsOfOthers(before, userId),
  });
}

/** The member's invitations end too. */
export function withoutMember(before: StoredOrganisation, userId: string): Changed {
  if (roleIn(before, userId) === null) return NO_MEMBER;
  const refused = refuseLoss(before, userId);
  if (refused !== null) return refused;
  return next(before, {
    members: before.members.filter((member) => member.userId !== userId),
    invitations: invitationsOfOthers(before, userId),
  });
}

/**
 * Without a person who is gone: where no owner is left, the member of the greatest role becomes
 * one, of two the one who is there longer. The person's invitations end. Null: nobody is left.
 */
export function withoutPerson(
  before: StoredOrganisation,
  userId: string,
): StoredOrganisation | null {
  const members = before.members.filter((member) => member.userId !== userId);
  if (members.length === 0) return null;
  const [first] = members.toSorted((a, b) => rankOf(a) - rankOf(b) || a.since - b.since);
  const heirId = first!.userId;
  return next(before, {
    members: members.map((one) => (one.userId === heirId ? { ...one, role: 'owner' } : one)),
    invitations: invitationsOfOthers(before, userId),
  });
}

/** In place of an earlier one to the same address. */
export function withInvitation(before: StoredOrganisation, invitation: StoredInvitation): Changed {
  const key = addressKey(invitation.email);
  const open = openInvitations(before, invitation.createdAt);
  const others = open.filter(({ email }) => addressKey(email) !== key);
  if (others.length >= INVITATIONS_MAX) return MANY_INVITATIONS;
  if (others.length + before.members.length >= MEMBERS_MAX) return MANY_MEMBERS;
  return next(before, { invitations: [...others, invitation] });
}

export function withoutInvitation(
  before: StoredOrganisation,
  invitationId: string,
  now: number,
): Changed {
  const open = openInvitations(before, now);
  if (!open.some(({ id }) => id === invitationId)) return NO_INVITATION;
  return next(before, { invitations: open.filter(({ id }) => id !== invitationId) });
}

/** As if the invitation had never been sent: with the one that it replaced, where that is good. */
export function withInvitationUndone(
  before: StoredOrganisation,
  invitationId: string,
  replaced: StoredInvitation | null,
  now: number,
): Changed {
  const after = withoutInvitation(before, invitationId, now);
  if ('ok' in after || replaced === null || replaced.expiresAt <= now) return after;
  if (roleIn(before, replaced.invitedBy) !== 'owner') return after;
  return { ...after, invitations: [...after.invitations, replaced] };
}

/** Who is a member already keeps the greater role. */
export function withAccepted(
  before: StoredOrganisation,
  invitationId: string,
  userId: string,
  now: number,
): Changed {
  const after = withoutInvitation(before, invitationId, now);
  if ('ok' in after) return after;
  const { role } = before.invitations.find(({ id }) => id === invitationId)!;
  const held = roleIn(before, userId);
  if (held !== null && RANKS[held] <= RANKS[role]) return after;
  const others = before.members.filter((member) => member.userId !== userId);
  if (others.length >= MEMBERS_MAX) return MANY_MEMBERS;
  return { ...after, members: [...others, { userId, role, since: now }] };
}

/** The same without expired invitations; null where there are none. */
export function withoutExpired(before: StoredOrganisation, now: number): StoredOrganisation | null {
  const invitations = openInvitations(before, now);
  return invitations.length === before.invitations.length ? null : next(before, { invitations });
}

/** Without invitations to the address, whoever sent them. */
export function withoutAddress(before: StoredOrganisation, email: string): StoredOrganisation {
  const key = addressKey(email);
  const others = before.invitations.filter((one) => addressKey(one.email) !== key);
  return next(before, { invitations: others });
}

/** Equal for addresses that are one: they compare without case (A1b). */
export function addressKey(email: string): string {
  return email.toLowerCase();
}

export function openInvitations(
  { invitations }: StoredOrganisation,
  now: number,
): StoredInvitation[] {
  return invitations.filter(({ expiresAt }) => expiresAt > now);
}

function invitationsOfOthers(
  { invitations }: StoredOrganisation,
  userId: string,
): StoredInvitation[] {
  return invitations.filter(({ invitedBy }) => invitedBy !== userId);
}

function rankOf({ role }: Member): number {
  return RANKS[role];
}

function refuseLoss(organisation: StoredOrganisation, userId: string): Refusal | null {
  const { id, members } = organisation;
  if (id === userId) return OWN_ACCOUNT;
  const isOwner = roleIn(organisation, userId) === 'owner';
  const owners = members.filter(({ role }) => role === 'owner').length;
  return isOwner && owners === 1 ? LAST_OWNER : null;
}

function next(
  before: StoredOrganisation,
  change: Partial<Pick<StoredOrganisation, 'members' | 'invitations'>>,
): StoredOrganisation {
  return { ...before, ...change, revision: before.revision + 1 };
}
