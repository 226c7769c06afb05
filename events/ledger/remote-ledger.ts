// The ledger's state and the audit log for a thread without a writer of its own: the process's
// main thread asks the stores.

import type { AuditEntry } from '../../contracts/audit.ts';
import type {
  LedgerCommit,
  LedgerHead,
  LedgerKey,
  LedgerStore,
  NewLedger,
  StoredTree,
  TreeName,
  TreeSummary,
} from '../../storage/ports/ledger.ts';
import type { PortQuestions } from '../port-questions.ts';
import type { LedgerAuditLog } from './ledger-writer.ts';

/** A method of one of the two, with its parameters: plain data. */
export type LedgerQuestion =
  | {
      readonly [M in keyof LedgerStore]: readonly [M, ...Parameters<LedgerStore[M]>];
    }[keyof LedgerStore]
  | readonly ['readAudit', sequence: number, limit: number]
  | readonly ['newestAudit'];

type Ask = PortQuestions<LedgerQuestion, unknown>;

/** A pass has one request at a time. Errors: `store-unavailable`, whatever failed. */
export class RemoteLedgerStore implements LedgerStore {
  readonly #questions: Ask;

  constructor(questions: Ask) {
    this.#questions = questions;
  }

  async head(): Promise<LedgerHead | null> {
    return (await this.#questions.ask(['head'])) as LedgerHead | null;
  }
  async begin(ledger: NewLedger): Promise<LedgerHead> {
    return (await this.#questions.ask(['begin', ledger])) as LedgerHead;
  }
  async trees(): Promise<readonly TreeSummary[]> {
    return (await this.#questions.ask(['trees'])) as readonly TreeSummary[];
  }
  async tree(name: TreeName): Promise<StoredTree | null> {
    return (await this.#questions.ask(['tree', name])) as StoredTree | null;
  }
  async commit(version: number, commit: LedgerCommit): Promise<boolean> {
    return (await this.#questions.ask(['commit', version, commit])) as boolean;
  }
  async replaceKeys(keys: readonly LedgerKey[], present: readonly string[]): Promise<boolean> {
    return (await this.#questions.ask(['replaceKeys', keys, present])) as boolean;
  }
  async salts(people: readonly string[]): Promise<readonly string[]> {
    return (await this.#questions.ask(['salts', people])) as readonly string[];
  }
  async presentSalts(people: readonly string[]): Promise<readonly (string | null)[]> {
    return (await this.#questions.ask(['presentSalts', people])) as readonly (string | null)[];
  }
  async forgetSalt(person: string): Promise<void> {
    await this.#questions.ask(['forgetSalt', person]);
  }
}

export class RemoteAuditLog implements LedgerAuditLog {
  readonly #questions: Ask;

  constructor(questions: Ask) {
    this.#questions = questions;
  }

  async readFrom(sequence: number, limit: number): Promise<AuditEntry[]> {
    return (await this.#questions.ask(['readAudit', sequence, limit])) as AuditEntry[];
  }
  async newest(): Promise<number> {
    return (await this.#questions.ask(['newestAudit'])) as number;
  }
}

/** Answers a question of the two at the other end of the port. */
export async function answerLedger(
  stores: { readonly ledger: LedgerStore; readonly auditLog: LedgerAuditLog },
  [method, ...parameters]: LedgerQuestion,
): Promise<unknown> {
  const { ledger, auditLog } = stores;
  if (method === 'newestAudit') return await auditLog.newest();
  if (method === 'readAudit') return await auditLog.readFrom(...(parameters as [number, number]));
  type Method = (...parameters: unknown[]) => Promise<unknown>;
  return await (ledger[method] as Method).apply(ledger, parameters);
}
