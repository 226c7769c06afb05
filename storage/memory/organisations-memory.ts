// Organisations in memory, for tests.

import {
  INVITATIONS_PER_ADDRESS_MAX,
  type Membership,
  ORGANISATIONS_PER_USER_MAX,
  type StoredOrganisation,
} from '../../contracts/organisations.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import { addressKey } from '../../domain/organisation.ts';
import {
  indexChanges,
  type OrganisationChange,
  type OrganisationStore,
  recordedChange,
  type Replaced,
} from '../ports/organisations.ts';
import type { Answered } from '../ports/requests.ts';
import type { MemoryChangeStream } from './change-stream-memory.ts';
import type { MemoryRequests } from './requests-memory.ts';

export class MemoryOrganisations implements OrganisationStore {
  readonly #changes: MemoryChangeStream;
  readonly #requests: MemoryRequests;
  readonly #organisations = new Map<string, StoredOrganisation>();

  constructor(options: {
    readonly changes: MemoryChangeStream;
    readonly requests: MemoryRequests;
  }) {
    this.#changes = options.changes;
    this.#requests = options.requests;
  }

  async find(id: string): Promise<StoredOrganisation | null> {
    return this.#organisations.get(id) ?? null;
  }

  async membershipsOf(userId: string): Promise<readonly Membership[]> {
    return this.#membershipsOf(userId);
  }

  async invitingTo(email: string): Promise<readonly string[]> {
    return this.#endsFor(addressKey(email)).map(({ id }) => id);
  }

  async replace(change: OrganisationChange): Promise<Replaced> {
    return this.#replace(change);
  }

  async replaceOnce(
    request: KeyedRequest,
    change: OrganisationChange,
  ): Promise<Answered<Replaced>> {
    return this.#requests.once<Replaced>(
      request,
      () => this.#replace(change),
      ({ isDone }) => !isDone,
    );
  }

  async findAnswer(request: KeyedRequest): Promise<Answered<Replaced> | null> {
    return this.#requests.findKept<Replaced>(request);
  }

  async forgetAnswer(request: KeyedRequest, answer: string): Promise<void> {
    const kept = this.#requests.findKept<Replaced>(request);
    if (kept?.result === 'repeated' && kept.value.isDone && kept.value.answer === answer)
      this.#requests.forget(request);
  }

  #replace(change: OrganisationChange): Replaced {
    const { before, after, answer, now } = change;
    const { id } = (after ?? before)!;
    const stored = this.#organisations.get(id);
    if ((stored?.revision ?? 0) !== (before?.revision ?? 0))
      return { isDone: false, reason: 'overtaken' };
    const { roles, ends } = indexChanges(change);
    for (const [userId, role] of roles) {
      const others = this.#membershipsOf(userId).filter((one) => one.organisationId !== id);
      if (role !== null && others.length >= ORGANISATIONS_PER_USER_MAX)
        return { isDone: false, reason: 'organisations' };
    }
    for (const [email, end] of ends) {
      const others = this.#endsFor(email).filter((one) => one.id !== id && one.end > now);
      if (end !== null && others.length >= INVITATIONS_PER_ADDRESS_MAX)
        return { isDone: false, reason: 'invitations' };
    }
    if (after === null) this.#organisations.delete(id);
    else this.#organisations.set(id, after);
    const organisation = recordedChange(change);
    if (organisation !== undefined)
      this.#changes.append({ kind: 'organisation', organisationId: id, organisation });
    return { isDone: true, answer };
  }

  #membershipsOf(userId: string): Membership[] {
    return [...this.#organisations.values()].flatMap(({ id: organisationId, members }) =>
      members.flatMap((member) =>
        member.userId === userId ? [{ organisationId, role: member.role }] : [],
      ),
    );
  }

  #endsFor(email: string): { readonly id: string; readonly end: number }[] {
    return [...this.#organisations.values()].flatMap(({ id, invitations }) =>
      invitations.flatMap((one) =>
        addressKey(one.email) === email ? [{ id, end: one.expiresAt }] : [],
      ),
    );
  }
}
