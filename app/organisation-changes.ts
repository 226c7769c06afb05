// What all changes of an organisation have in common: who may, that of two at the same moment none
// is lost, and that a request with a key is done once (H11).

import type { Requester } from '../contracts/accounts.ts';
import { type CreatorAction, type MemberRole } from '../contracts/creator-actions.ts';
import {
  type OwnOrganisation,
  ORGANISATIONS_PER_USER_MAX,
  type StoredOrganisation,
} from '../contracts/organisations.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import type { KeyedRequest } from '../contracts/requests.ts';
import { organisationOf, roleIn, withoutExpired } from '../domain/organisation.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { AccountLinkStore } from '../storage/ports/account-links.ts';
import type { AccountStore } from '../storage/ports/accounts.ts';
import type { OrganisationStore, Replaced } from '../storage/ports/organisations.ts';
import type { Answered } from '../storage/ports/requests.ts';
import { removeLinks } from './invitation-links.ts';
import { mayAct } from './permissions.ts';
import { outcomeOf } from './repeated-requests.ts';

/** Attempts of one change: of concurrent changes, each round lets one succeed. */
const ROUNDS_MAX = 20;
const TOO_MANY = {
  organisations: `A person is in at most ${ORGANISATIONS_PER_USER_MAX} organisations.`,
  invitations: 'Too many invitations to this address are open.',
};

export interface OrganisationChangesOptions {
  readonly accounts: AccountStore;
  readonly organisations: OrganisationStore;
  readonly accountLinks: AccountLinkStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** What an organisation becomes, and what is answered; plain data. */
export interface Decided<T> {
  readonly after: StoredOrganisation | null;
  readonly value: T;
}

export class OrganisationChanges {
  readonly #options: OrganisationChangesOptions;

  constructor(options: OrganisationChangesOptions) {
    this.#options = options;
  }

  /**
   * The organisation, where the caller is a member and may do this. A person's own account is one,
   * stored or not.
   */
  async find(
    caller: Requester,
    organisationId: string,
    action: CreatorAction,
  ): Promise<Outcome<StoredOrganisation>> {
    const organisation = await this.#load(caller, organisationId);
    const role = organisation && roleIn(organisation, caller.userId);
    if (organisation === null || role === null) return refusal('not-found');
    // As it is stored now, not as a gateway remembers.
    const member = { ...caller, memberships: [{ organisationId, role }] };
    return mayAct(member, organisationId, action) ? success(organisation) : refusal('forbidden');
  }

  /** Asked before anything is made; the store has the last word. Null: there is room. */
  async refuseMembership(userId: string): Promise<Refusal | null> {
    const memberships = await this.#options.organisations.membershipsOf(userId);
    const isFull = memberships.length >= ORGANISATIONS_PER_USER_MAX;
    return isFull ? refusal('too-many', TOO_MANY.organisations) : null;
  }

  /** What was answered to the request; null where nothing was. */
  async answered<T>(request: KeyedRequest | undefined): Promise<Outcome<T> | null> {
    if (request === undefined) return null;
    const answered = await this.#options.organisations.findAnswer(request);
    return answered === null ? null : replacedOutcome<T>(answered);
  }

  /** What was done for the request is undone: a repeat is no repeat any more. */
  async forget(request: KeyedRequest | undefined, value: unknown): Promise<void> {
    if (request === undefined) return;
    await this.#options.organisations.forgetAnswer(request, JSON.stringify(value));
  }

  /** Changes what `find` finds, anew where it changed meanwhile. Answers what was decided. */
  async change<T>(
    find: () => Promise<Outcome<StoredOrganisation>>,
    decide: (before: StoredOrganisation) => Decided<T> | Refusal,
    request?: KeyedRequest,
  ): Promise<Outcome<T>> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const found = await find();
      if (!found.ok) return found;
      const decided = decide(found.value);
      if ('ok' in decided) return decided;
      const replaced = await this.replace(found.value, decided, request);
      if (replaced !== null) return replaced;
    }
    return refusal('unavailable', 'The organisation is changing.');
  }

  /** Null: it is stored otherwise by now. */
  async replace<T>(
    before: StoredOrganisation | null,
    { after, value }: Decided<T>,
    request?: KeyedRequest,
  ): Promise<Outcome<T> | null> {
    const { organisations, now } = this.#options;
    const change = { before, after, answer: JSON.stringify(value), now: now() };
    const answered: Answered<Replaced> =
      request === undefined
        ? { result: 'new', value: await organisations.replace(change) }
        : await organisations.replaceOnce(request, change);
    if (answered.result === 'new' && answered.value.isDone) await this.#removeLinks(before, after);
    return replacedOutcome<T>(answered);
  }

  /** A crash before leaves links that are good for nothing until they end. */
  async #removeLinks(
    before: StoredOrganisation | null,
    after: StoredOrganisation | null,
  ): Promise<void> {
    if (before === null) return;
    const left = new Set(after?.invitations.map(({ id }) => id));
    const gone = before.invitations.filter(({ id }) => !left.has(id));
    await removeLinks(this.#options.accountLinks, before.id, gone);
  }

  async ownView(
    { id, members, createdAt }: StoredOrganisation,
    role: MemberRole,
  ): Promise<OwnOrganisation> {
    const names = await this.#options.accounts.namesOf([id]);
    return { id, name: names.get(id) ?? id, role, memberCount: members.length, createdAt };
  }

  /** Addresses of expired invitations do not stay longer than until somebody looks. */
  async #load({ userId }: Requester, id: string): Promise<StoredOrganisation | null> {
    const { accounts, organisations, now } = this.#options;
    const stored = await organisations.find(id);
    if (stored !== null) {
      const after = withoutExpired(stored, now());
      if (after === null) return stored;
      await this.replace(stored, { after, value: null });
      return await organisations.find(id);
    }
    const account = id === userId ? await accounts.findUser(id) : null;
    return account && organisationOf(id, id, account.createdAt);
  }
}

function replacedOutcome<T>(answered: Answered<Replaced>): Outcome<T>;
function replacedOutcome<T>(answered: Answered<Replaced>): Outcome<T> | null {
  const outcome = outcomeOf(answered);
  if (!outcome.ok) return outcome;
  const { value: replaced } = outcome;
  if (replaced.isDone) return { ...outcome, value: JSON.parse(replaced.answer) as T };
  const { reason } = replaced;
  return reason === 'overtaken' ? null : refusal('too-many', TOO_MANY[reason]);
}
