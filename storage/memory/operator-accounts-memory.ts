// Operators' accounts in memory, for tests.

import {
  firstAddedFirst,
  OPERATOR_ACCOUNTS_MAX,
  type OperatorAccount,
  type OperatorAccountStore,
} from '../ports/operator-accounts.ts';

export class MemoryOperatorAccounts implements OperatorAccountStore {
  readonly #accounts = new Map<string, OperatorAccount>();

  async put(account: OperatorAccount): Promise<boolean> {
    const isNew = !this.#accounts.has(account.userId);
    if (isNew && this.#accounts.size >= OPERATOR_ACCOUNTS_MAX) return false;
    this.#accounts.set(account.userId, account);
    return true;
  }

  async replace(account: OperatorAccount): Promise<boolean> {
    const stored = this.#accounts.get(account.userId);
    if (stored?.grantId !== account.grantId || stored.revision !== account.revision - 1)
      return false;
    this.#accounts.set(account.userId, account);
    return true;
  }

  async find(userId: string): Promise<OperatorAccount | null> {
    return this.#accounts.get(userId) ?? null;
  }

  async list(): Promise<readonly OperatorAccount[]> {
    return [...this.#accounts.values()].toSorted(firstAddedFirst);
  }

  async remove(userId: string): Promise<boolean> {
    return this.#accounts.delete(userId);
  }
}
