// Organisations of creators (A10): made, seen by their members, left, and what gateways ask of a
// user's memberships. Invitations are in `invitations.ts`.

import type { ActionParams } from '../contracts/actions.ts';
import { compileCheck } from '../contracts/check.ts';
import {
  type Member,
  type Membership,
  type NamedMember,
  NewOrganisation,
  ORGANISATIONS_LEVEL,
  type OwnOrganisation,
  type StoredOrganisation,
} from '../contracts/organisations.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { KeyedRequest } from '../contracts/requests.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { organisationOf, roleIn, withoutMember, withRole } from '../domain/organisation.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { ApiKeyStore } from '../storage/ports/api-keys.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { AccountDeletion } from './jobs/delete-account.ts';
import { OrganisationChanges, type OrganisationChangesOptions } from './organisation-changes.ts';
import type { RandomBytes } from './random-bytes.ts';
import { isOrganisationId, ORGANISATION, organisationIdOf } from './user-ids.ts';

export interface OrganisationsOptions extends OrganisationChangesOptions {
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  readonly deletion: AccountDeletion;
  readonly apiKeys: Pick<ApiKeyStore, 'removeAll'>;
  readonly random: RandomBytes;
}

const checkNew = compileCheck(NewOrganisation);

export class Organisations {
  readonly #options: OrganisationsOptions;
  readonly #changes: OrganisationChanges;

  constructor(options: OrganisationsOptions) {
    this.#options = options;
    this.#changes = new OrganisationChanges(options);
  }

  /**
   * Its profile first: a crash in between leaves one that nobody is a member of. A refusal leaves
   * none.
   */
  async create({
    caller,
    organisation,
    request,
  }: ActionParams<'organisations.create'>): Promise<Outcome<OwnOrganisation>> {
    const { accounts, organisations, levels, now } = this.#options;
    if (levels.reached() < ORGANISATIONS_LEVEL) return refusal('unavailable');
    const name = organisation.name.trim();
    const checked = checkNew({ name });
    if (!checked.ok) return checked;
    const id = await this.#newId(request);
    const before = await this.#changes.answered<OwnOrganisation>(request);
    if (before !== null) return before;
    const full = await this.#changes.refuseMembership(caller.userId);
    if (full !== null) return full;
    const createdAt = now();
    await accounts.addProfile({ id, name, createdAt });
    const after = { ...organisationOf(id, caller.userId, createdAt), revision: 1 };
    const value = { id, name, role: 'owner', memberCount: 1, createdAt } as const;
    const made = await this.#changes.replace<OwnOrganisation>(null, { after, value }, request);
    if (made?.ok !== true && (await organisations.find(id)) === null) await accounts.removeUser(id);
    return made ?? refusal('unavailable');
  }

  async list({
    caller,
  }: ActionParams<'organisations.list'>): Promise<Outcome<readonly OwnOrganisation[]>> {
    const { accounts, organisations } = this.#options;
    const { userId } = caller;
    const memberships = await organisations.membershipsOf(userId);
    const ids = memberships.map(({ organisationId }) => organisationId);
    const account = ids.includes(userId) ? null : await accounts.findUser(userId);
    const found = await Promise.all(ids.map((id) => organisations.find(id)));
    const all: StoredOrganisation[] =
      account === null ? [] : [organisationOf(userId, userId, account.createdAt)];
    for (const organisation of found) if (organisation !== null) all.push(organisation);
    const views: OwnOrganisation[] = [];
    for (const organisation of all.toSorted((a, b) => rank(a, userId) - rank(b, userId))) {
      const role = roleIn(organisation, userId);
      if (role !== null) views.push(await this.#changes.ownView(organisation, role));
    }
    return success(views);
  }

  async get({
    caller,
    organisationId,
  }: ActionParams<'organisations.get'>): Promise<Outcome<OwnOrganisation>> {
    const found = await this.#changes.find(caller, organisationId, 'organisations.get');
    if (!found.ok) return found;
    const role = roleIn(found.value, caller.userId)!;
    return success(await this.#changes.ownView(found.value, role));
  }

  async members({
    caller,
    organisationId,
  }: ActionParams<'organisations.members'>): Promise<Outcome<readonly NamedMember[]>> {
    const found = await this.#changes.find(caller, organisationId, 'organisations.members');
    return found.ok ? success(await this.#named(found.value.members)) : found;
  }

  async setRole({
    caller,
    organisationId,
    userId,
    role,
  }: ActionParams<'organisations.setRole'>): Promise<Outcome<NamedMember>> {
    const changed = await this.#changes.change<Member>(
      () => this.#changes.find(caller, organisationId, 'organisations.setRole'),
      (before) => {
        const after = withRole(before, userId, role);
        if ('ok' in after) return after;
        return { after, value: after.members.find((member) => member.userId === userId)! };
      },
    );
    if (!changed.ok) return changed;
    const [named] = await this.#named([changed.value]);
    return success(named!);
  }

  /** Everybody may leave. */
  async removeMember({
    caller,
    organisationId,
    userId,
  }: ActionParams<'organisations.removeMember'>): Promise<Outcome<null>> {
    const action = userId === caller.userId ? 'organisations.get' : 'organisations.removeMember';
    return await this.#changes.change<null>(
      () => this.#changes.find(caller, organisationId, action),
      (before) => {
        const after = withoutMember(before, userId);
        return 'ok' in after ? after : { after, value: null };
      },
    );
  }

  /** As an account is deleted; nobody is a member, and no API key is good, when this resolves. */
  async remove({
    caller,
    organisationId,
  }: ActionParams<'organisations.remove'>): Promise<Outcome<null>> {
    const { apiKeys, deletion } = this.#options;
    const find = () => this.#changes.find(caller, organisationId, 'organisations.remove');
    const found = await find();
    if (!found.ok) return found;
    // Owners who were invited into a person's own account must not delete that account.
    if (!isOrganisationId(organisationId))
      return refusal('forbidden', 'This organisation ends with the account.');
    const begun = await deletion.begin(organisationId);
    if (!begun.ok) return begun;
    const removed = await this.#changes.change<null>(find, () => ({ after: null, value: null }));
    if (!removed.ok && removed.code !== 'not-found') return removed;
    // After the members, who might make another one.
    await apiKeys.removeAll(organisationId);
    return success(null);
  }

  async memberships({
    userId,
  }: ActionParams<'organisations.memberships'>): Promise<Outcome<readonly Membership[]>> {
    return success(await this.#options.organisations.membershipsOf(userId));
  }

  /** The same for the same request, so that its second try makes no second profile. */
  async #newId(request: KeyedRequest | undefined): Promise<string> {
    const { now, random } = this.#options;
    const ofRequest = request === undefined ? null : organisationIdOf(request.id);
    if (ofRequest !== null && (await this.#isFree(ofRequest))) return ofRequest;
    return makeId(ORGANISATION, now(), random(ID_RANDOM_BYTES));
  }

  /** What a removed organisation sold keeps its id, so that id is nobody else's. */
  async #isFree(id: string): Promise<boolean> {
    const { accounts, organisations } = this.#options;
    if ((await organisations.find(id)) !== null) return false;
    return (await accounts.findRemovedUser(id)) === null;
  }

  async #named(members: readonly Member[]): Promise<NamedMember[]> {
    const names = await this.#options.accounts.namesOf(members.map(({ userId }) => userId));
    return members.map((member) => ({
      ...member,
      name: names.get(member.userId) ?? member.userId,
    }));
  }
}

/** The own account first, then the oldest. */
function rank({ id, createdAt }: StoredOrganisation, userId: string): number {
  return id === userId ? 0 : createdAt;
}
