// Organisations on SQLite, in the catalogue's file.

import type { MemberRole } from '../../../contracts/creator-actions.ts';
import type { Membership, StoredOrganisation } from '../../../contracts/organisations.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { addressKey } from '../../../domain/organisation.ts';
import type { OrganisationChange, OrganisationStore, Replaced } from '../../ports/organisations.ts';
import type { Answered } from '../../ports/requests.ts';
import { readQuery } from '../thread/read-query.ts';
import type { ChangingDatabase } from './catalogue-options.ts';

interface MembershipRow {
  readonly organisation_id: string;
  readonly role: MemberRole;
}

export class SqliteOrganisations implements OrganisationStore {
  readonly #writer;
  readonly #signal;
  readonly #find;
  readonly #memberships;
  readonly #inviting;

  constructor({ writer, reader, signal }: ChangingDatabase) {
    this.#writer = writer;
    this.#signal = signal;
    this.#find = reader
      .prepare<[string], string>('select organisation from organisations where id = ?')
      .pluck();
    this.#memberships = reader.prepare<[string], MembershipRow>(
      'select organisation_id, role from organisation_members where user_id = ?',
    );
    this.#inviting = reader
      .prepare<[string], string>(
        'select organisation_id from organisation_invitations where email = ?',
      )
      .pluck();
  }

  async find(id: string): Promise<StoredOrganisation | null> {
    const text = readQuery(() => this.#find.get(id));
    return text === undefined ? null : (JSON.parse(text) as StoredOrganisation);
  }

  async membershipsOf(userId: string): Promise<readonly Membership[]> {
    const rows = readQuery(() => this.#memberships.all(userId));
    return rows.map(({ organisation_id: organisationId, role }) => ({ organisationId, role }));
  }

  async invitingTo(email: string): Promise<readonly string[]> {
    return readQuery(() => this.#inviting.all(addressKey(email)));
  }

  async replace(change: OrganisationChange): Promise<Replaced> {
    const replaced = await this.#writer.submit('replaceOrganisation', change);
    if (replaced.isDone) this.#signal.appended();
    return replaced;
  }

  async replaceOnce(
    request: KeyedRequest,
    change: OrganisationChange,
  ): Promise<Answered<Replaced>> {
    const answered = await this.#writer.submit('replaceOrganisationOnce', request, change);
    if (answered.result === 'new') this.#signal.appended();
    return answered;
  }

  async findAnswer(request: KeyedRequest): Promise<Answered<Replaced> | null> {
    return (await this.#writer.submit('findRequest', request)) as Answered<Replaced> | null;
  }

  async forgetAnswer(request: KeyedRequest, answer: string): Promise<void> {
    const kept: Replaced = { isDone: true, answer };
    await this.#writer.submit('removeRequest', request, kept);
  }
}
