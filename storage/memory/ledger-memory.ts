// The ledger's state in memory, for tests.

import {
  type LedgerCommit,
  type LedgerHead,
  type LedgerKey,
  newLedgerHead,
  type NewLedger,
  newSalt,
  type StoredTree,
  type TreeName,
  type TreeSummary,
  type VerifiedLedgerStore,
} from '../ports/ledger.ts';

import type { LedgerVerification } from '../../contracts/ledger.ts';

export class MemoryLedgerStore implements VerifiedLedgerStore {
  #head: LedgerHead | null = null;
  #verification: LedgerVerification | null = null;
  readonly #trees = new Map<TreeName, StoredTree>();
  /** Null: forgotten. */
  readonly #salts = new Map<string, string | null>();

  async verification(): Promise<LedgerVerification | null> {
    return structuredClone(this.#verification);
  }

  async noteVerification(verification: LedgerVerification): Promise<void> {
    this.#verification = structuredClone(verification);
  }

  async head(): Promise<LedgerHead | null> {
    return this.#head;
  }

  async begin(ledger: NewLedger): Promise<LedgerHead> {
    this.#head ??= newLedgerHead(ledger);
    return this.#head;
  }

  async trees(): Promise<readonly TreeSummary[]> {
    return [...this.#trees.values()].map(({ name, first, size, head }) => {
      return { name, first, size, head };
    });
  }

  async tree(name: TreeName): Promise<StoredTree | null> {
    return structuredClone(this.#trees.get(name) ?? null);
  }

  async commit(version: number, { checkpoint, signedAt, trees }: LedgerCommit): Promise<boolean> {
    if (this.#head?.version !== version) return false;
    this.#head = { ...this.#head, version: version + 1, checkpoint, signedAt };
    for (const tree of trees) this.#trees.set(tree.name, structuredClone(tree));
    return true;
  }

  async replaceKeys(keys: readonly LedgerKey[], present: readonly string[]): Promise<boolean> {
    const ids = this.#head?.keys.map(({ keyId }) => keyId);
    if (this.#head === null || ids?.join() !== present.join()) return false;
    this.#head = { ...this.#head, keys };
    return true;
  }

  async salts(people: readonly string[]): Promise<readonly string[]> {
    return people.map((person) => {
      if (!this.#salts.has(person)) this.#salts.set(person, newSalt());
      return this.#salts.get(person) ?? newSalt();
    });
  }

  async presentSalts(people: readonly string[]): Promise<readonly (string | null)[]> {
    return people.map((person) => this.#salts.get(person) ?? null);
  }

  async forgetSalt(person: string): Promise<void> {
    this.#salts.set(person, null);
  }
}
