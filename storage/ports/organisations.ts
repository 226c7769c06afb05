// The organisations port: creators with members and open invitations (A10). An organisation is
// replaced as a whole, by compare and set; what it becomes is decided in `domain/organisation.ts`.

import type {
  Member,
  Membership,
  Organisation,
  StoredInvitation,
  StoredOrganisation,
} from '../../contracts/organisations.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import { addressKey } from '../../domain/organisation.ts';
import type { Answered } from './requests.ts';

export interface OrganisationChange {
  /** As it was read; null, or of revision 0, where it is not stored yet. */
  readonly before: StoredOrganisation | null;
  /** With a higher revision. Null: it is removed. */
  readonly after: StoredOrganisation | null;
  /** Kept for a request with a key (H11): what it is answered. */
  readonly answer: string;
  /** Milliseconds since the Unix epoch: earlier ends of invitations do not count. */
  readonly now: number;
}

export type Replaced =
  | { readonly isDone: true; readonly answer: string }
  | {
      readonly isDone: false;
      /**
       * `overtaken`: it is stored with another revision. `organisations`: a new member is in
       * `ORGANISATIONS_PER_USER_MAX` already. `invitations`: a newly invited address has
       * `INVITATIONS_PER_ADDRESS_MAX` open ones already.
       */
      readonly reason: 'overtaken' | 'organisations' | 'invitations';
    };

/** Errors of all methods: `store-unavailable`. */
export interface OrganisationStore {
  find(id: string): Promise<StoredOrganisation | null>;
  /** Where the user is a member, in any order. Reads nothing but that. */
  membershipsOf(userId: string): Promise<readonly Membership[]>;
  /** The ids of organisations with an invitation to the address; it may have expired. */
  invitingTo(email: string): Promise<readonly string[]>;
  /**
   * One atomic step, durable when it resolves. Where members change, it writes their record of the
   * change stream (C1).
   */
  replace(change: OrganisationChange): Promise<Replaced>;
  /** As `replace`, at most once for the request (H11). What is not done is not kept. */
  replaceOnce(request: KeyedRequest, change: OrganisationChange): Promise<Answered<Replaced>>;
  /** What was answered to the request; null where nothing was. */
  findAnswer(request: KeyedRequest): Promise<Answered<Replaced> | null>;
  /**
   * Removes what is kept for the request where it is this answer, so that the request may be done
   * anew. Atomic, durable and idempotent. It changes no organisation.
   */
  forgetAnswer(request: KeyedRequest, answer: string): Promise<void>;
}

/** What of the indexes changes: each user's role, and the end of the invitation of each address. */
export interface IndexChanges {
  /** Null: not a member any more. */
  readonly roles: ReadonlyMap<string, string | null>;
  /** Null: not invited any more. */
  readonly ends: ReadonlyMap<string, number | null>;
}

export function indexChanges({ before, after }: OrganisationChange): IndexChanges {
  const stored = before?.revision === 0 ? null : before;
  return {
    roles: changes(stored?.members.map(ofMember), after?.members.map(ofMember)),
    ends: changes(stored?.invitations.map(ofInvitation), after?.invitations.map(ofInvitation)),
  };
}

function ofMember({ userId, role }: Member): readonly [string, string] {
  return [userId, role];
}

function ofInvitation({ email, expiresAt }: StoredInvitation): readonly [string, number] {
  return [addressKey(email), expiresAt];
}

/** The record of the change stream; undefined where no member changed. Null: it is removed. */
export function recordedChange(change: OrganisationChange): Organisation | null | undefined {
  const { after } = change;
  if (after !== null && indexChanges(change).roles.size === 0) return undefined;
  return after && membersOf(after);
}

export function membersOf({ id, createdAt, members }: StoredOrganisation): Organisation {
  return { id, createdAt, members };
}

function changes<V>(
  before: readonly (readonly [string, V])[] = [],
  after: readonly (readonly [string, V])[] = [],
): Map<string, V | null> {
  const stored = new Map<string, V>(before);
  const wanted = new Map<string, V>(after);
  const changed = new Map<string, V | null>();
  for (const key of stored.keys()) if (!wanted.has(key)) changed.set(key, null);
  for (const [key, value] of wanted) if (stored.get(key) !== value) changed.set(key, value);
  return changed;
}
