// The part of the writer of catalogue.db that keeps organisations: each as JSON, with an index of
// its members and one of the addresses that it invited.

import type { Database } from 'better-sqlite3';
import {
  INVITATIONS_PER_ADDRESS_MAX,
  ORGANISATIONS_PER_USER_MAX,
} from '../../../contracts/organisations.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import {
  indexChanges,
  type OrganisationChange,
  recordedChange,
  type Replaced,
} from '../../ports/organisations.ts';
import type { Answered } from '../../ports/requests.ts';
import type { AppendChange } from './changes-statements.ts';
import type { Once } from './requests-statements.ts';

export const ORGANISATIONS_SCHEMA = `
  create table organisations (
    id text primary key,
    revision integer not null,
    organisation text not null
  ) strict, without rowid;
  create table organisation_members (
    user_id text not null,
    organisation_id text not null,
    role text not null,
    primary key (user_id, organisation_id)
  ) strict, without rowid;
  create table organisation_invitations (
    email text not null,
    organisation_id text not null,
    expires_at integer not null,
    primary key (email, organisation_id)
  ) strict, without rowid;
`;

export function organisationHandlers(database: Database, appendChange: AppendChange, once: Once) {
  const revisionOf = database
    .prepare<[string], number>('select revision from organisations where id = ?')
    .pluck();
  const put = database.prepare(`
    insert into organisations (id, revision, organisation) values (?, ?, ?)
    on conflict do update set revision = excluded.revision, organisation = excluded.organisation`);
  const remove = database.prepare('delete from organisations where id = ?');
  const countOthers = database
    .prepare<[string, string], number>(
      'select count(*) from organisation_members where user_id = ? and organisation_id != ?',
    )
    .pluck();
  const putMember = database.prepare(`
    insert into organisation_members (user_id, organisation_id, role) values (?, ?, ?)
    on conflict do update set role = excluded.role`);
  const removeMember = database.prepare(
    'delete from organisation_members where user_id = ? and organisation_id = ?',
  );
  const countInvitations = database
    .prepare<[string, string, number], number>(`
      select count(*) from organisation_invitations
      where email = ? and organisation_id != ? and expires_at > ?`)
    .pluck();
  const putInvitation = database.prepare(`
    insert into organisation_invitations (email, organisation_id, expires_at) values (?, ?, ?)
    on conflict do update set expires_at = excluded.expires_at`);
  const removeInvitation = database.prepare(
    'delete from organisation_invitations where email = ? and organisation_id = ?',
  );

  const replace = (change: OrganisationChange): Replaced => {
    const { before, after, answer, now } = change;
    const { id } = (after ?? before)!;
    if ((revisionOf.get(id) ?? 0) !== (before?.revision ?? 0))
      return { isDone: false, reason: 'overtaken' };
    const { roles, ends } = indexChanges(change);
    for (const [userId, role] of roles) {
      if (role !== null && countOthers.get(userId, id)! >= ORGANISATIONS_PER_USER_MAX)
        return { isDone: false, reason: 'organisations' };
    }
    for (const [email, end] of ends) {
      if (end !== null && countInvitations.get(email, id, now)! >= INVITATIONS_PER_ADDRESS_MAX)
        return { isDone: false, reason: 'invitations' };
    }
    if (after === null) remove.run(id);
    else put.run(id, after.revision, JSON.stringify(after));
    for (const [userId, role] of roles) {
      if (role === null) removeMember.run(userId, id);
      else putMember.run(userId, id, role);
    }
    for (const [email, end] of ends) {
      if (end === null) removeInvitation.run(email, id);
      else putInvitation.run(email, id, end);
    }
    const organisation = recordedChange(change);
    if (organisation !== undefined)
      appendChange({ kind: 'organisation', organisationId: id, organisation });
    return { isDone: true, answer };
  };

  return {
    replaceOrganisation: replace,
    replaceOrganisationOnce: (
      request: KeyedRequest,
      change: OrganisationChange,
    ): Answered<Replaced> =>
      once<Replaced>(
        request,
        () => replace(change),
        ({ isDone }) => !isDone,
      ),
  };
}
