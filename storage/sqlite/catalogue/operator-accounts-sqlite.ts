// Operators' accounts on SQLite, in the catalogue's file.

import {
  firstAddedFirst,
  OPERATOR_ACCOUNTS_MAX,
  type OperatorAccount,
  type OperatorAccountStore,
} from '../../ports/operator-accounts.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import type { OperatorAccountRow } from './operator-accounts-statements.ts';

export class SqliteOperatorAccounts implements OperatorAccountStore {
  readonly #writer;
  readonly #byId;
  readonly #all;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#byId = reader
      .prepare<[string], string>('select account from operator_accounts where user_id = ?')
      .pluck();
    this.#all = reader.prepare<[], string>('select account from operator_accounts').pluck();
  }

  put(account: OperatorAccount): Promise<boolean> {
    return this.#writer.submit('putOperatorAccount', rowOf(account), OPERATOR_ACCOUNTS_MAX);
  }

  replace(account: OperatorAccount): Promise<boolean> {
    return this.#writer.submit('replaceOperatorAccount', rowOf(account));
  }

  async find(userId: string): Promise<OperatorAccount | null> {
    const account = readQuery(() => this.#byId.get(userId));
    return account === undefined ? null : (JSON.parse(account) as OperatorAccount);
  }

  async list(): Promise<readonly OperatorAccount[]> {
    const accounts = readQuery(() => this.#all.all());
    return accounts
      .map((account) => JSON.parse(account) as OperatorAccount)
      .toSorted(firstAddedFirst);
  }

  remove(userId: string): Promise<boolean> {
    return this.#writer.submit('removeOperatorAccount', userId);
  }
}

function rowOf(account: OperatorAccount): OperatorAccountRow {
  const { userId, grantId, revision } = account;
  return { userId, grantId, revision, account: JSON.stringify(account) };
}
