// Organisations: creators with members (A10). An organisation's id is the creator's. A person's
// account is the organisation of that person alone, until others are invited into it.

import { Type } from 'typebox';
import { EMAIL_LENGTH_MAX, NAME_LENGTH_MAX } from './bounds.ts';
import { MemberRole } from './creator-actions.ts';
import { list } from './paging.ts';
import { EMAIL, LINE } from './patterns.ts';
import type { Plain } from './plain.ts';
import { count, id, STRICT, time, TOKEN_TEXT, userId } from './scalars.ts';
import { wire } from './wire.ts';

/** From this feature level on every node knows organisations. */
export const ORGANISATIONS_LEVEL = 4;
/** Organisations that a person is a member of. */
export const ORGANISATIONS_PER_USER_MAX = 20;
/** Open invitations to one address. */
export const INVITATIONS_PER_ADDRESS_MAX = 20;
/** An invitation is open for so long. */
export const INVITATION_LIFETIME_MS = 7 * 24 * 60 * 60 * 1_000;

/** What one person is in one organisation. */
export const Membership = Type.Object({ organisationId: userId, role: MemberRole });
export type Membership = Plain<typeof Membership>;

// What is stored

const Member = Type.Object({ userId, role: MemberRole, since: time });
export type Member = Plain<typeof Member>;

export interface StoredInvitation {
  readonly id: string;
  /** As accounts compare addresses. */
  readonly email: string;
  readonly role: MemberRole;
  readonly invitedBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** The members, as the change stream shows them. */
export const Organisation = Type.Object({
  id: userId,
  createdAt: time,
  members: Type.Array(Member),
});
export type Organisation = Plain<typeof Organisation>;

export interface StoredOrganisation extends Organisation {
  /** Rises with each change. 0: it is not stored yet. */
  readonly revision: number;
  /** Those too that have expired, until the next change. */
  readonly invitations: readonly StoredInvitation[];
}

// What is asked

const name = Type.String({ minLength: 1, maxLength: NAME_LENGTH_MAX, pattern: LINE });
const email = Type.String({ maxLength: EMAIL_LENGTH_MAX, pattern: EMAIL });

export const NewOrganisation = Type.Object({ name }, { ...STRICT, title: 'NewOrganisation' });
export type NewOrganisation = Plain<typeof NewOrganisation>;

export const NewInvitation = Type.Object(
  { email, role: MemberRole },
  { ...STRICT, title: 'NewInvitation' },
);
export type NewInvitation = Plain<typeof NewInvitation>;

export const RoleChange = Type.Object({ role: MemberRole }, { ...STRICT, title: 'RoleChange' });

/** Without the token of the mail, the account must have confirmed its address. */
export const InvitationAnswer = Type.Object(
  {
    token: Type.Optional(
      Type.String({ ...TOKEN_TEXT, description: 'of the link in the mail: confirms the address' }),
    ),
  },
  { ...STRICT, title: 'InvitationAnswer' },
);
export type InvitationAnswer = Plain<typeof InvitationAnswer>;

// What is answered

/** An organisation, as one of its members sees it. */
export const OwnOrganisation = Type.Object(
  { id: userId, name: Type.String(), role: MemberRole, memberCount: count, createdAt: time },
  { title: 'OwnOrganisation' },
);
export type OwnOrganisation = Plain<typeof OwnOrganisation>;

export const NamedMember = Type.Object(
  { userId, name: Type.String(), role: MemberRole, since: time },
  { title: 'Member' },
);
export type NamedMember = Plain<typeof NamedMember>;

const invitation = { id, role: MemberRole, createdAt: time, expiresAt: time };

/** As the organisation's owners see it. */
export const SentInvitation = Type.Object(
  { ...invitation, email: Type.String(), invitedBy: userId },
  { title: 'SentInvitation' },
);
export type SentInvitation = Plain<typeof SentInvitation>;

/** As who is invited sees it. */
export const ReceivedInvitation = Type.Object(
  { ...invitation, organisationId: userId, organisationName: Type.String() },
  { title: 'ReceivedInvitation' },
);
export type ReceivedInvitation = Plain<typeof ReceivedInvitation>;

// On the wire

export const OwnOrganisationBody = wire(OwnOrganisation);
export const OwnOrganisationPage = list(OwnOrganisationBody, 'OwnOrganisationPage');
export const MemberBody = wire(NamedMember);
export const MemberPage = list(MemberBody, 'MemberPage');
export const SentInvitationBody = wire(SentInvitation);
export const SentInvitationPage = list(SentInvitationBody, 'SentInvitationPage');
export const ReceivedInvitationPage = list(wire(ReceivedInvitation), 'ReceivedInvitationPage');
