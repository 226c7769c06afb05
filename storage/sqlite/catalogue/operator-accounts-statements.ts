// The part of the writer of catalogue.db that keeps operators' accounts.

import type { Database } from 'better-sqlite3';

export const OPERATOR_ACCOUNTS_SCHEMA = `
  create table operator_accounts (
    user_id text primary key,
    grant_id text not null,
    revision integer not null,
    account text not null
  ) strict;
`;

export interface OperatorAccountRow {
  readonly userId: string;
  readonly grantId: string;
  readonly revision: number;
  /** JSON. */
  readonly account: string;
}

export function operatorAccountHandlers(database: Database) {
  const put = database.prepare<[OperatorAccountRow & { readonly max: number }]>(`
    insert into operator_accounts (user_id, grant_id, revision, account)
    select @userId, @grantId, @revision, @account
    where (select count(*) from operator_accounts where user_id <> @userId) < @max
    on conflict do update set grant_id = excluded.grant_id, revision = excluded.revision,
      account = excluded.account`);
  const replace = database.prepare<[OperatorAccountRow]>(`
    update operator_accounts set revision = @revision, account = @account
    where user_id = @userId and grant_id = @grantId and revision = @revision - 1`);
  const remove = database.prepare<[string]>('delete from operator_accounts where user_id = ?');

  return {
    putOperatorAccount(row: OperatorAccountRow, max: number): boolean {
      return put.run({ ...row, max }).changes > 0;
    },
    replaceOperatorAccount(row: OperatorAccountRow): boolean {
      return replace.run(row).changes > 0;
    },
    removeOperatorAccount(userId: string): boolean {
      return remove.run(userId).changes > 0;
    },
  };
}
