// The ledger's state on SQLite, in the catalogue's file.

import type { LedgerVerification } from '../../../contracts/ledger.ts';
import type {
  LedgerCommit,
  LedgerHead,
  LedgerKey,
  NewLedger,
  StoredTree,
  TreeName,
  TreeSummary,
  VerifiedLedgerStore,
} from '../../ports/ledger.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import { LEDGER_ROW, type LedgerRow } from './ledger-statements.ts';

const VERIFICATION = 'select verification from ledger_verification';

export class SqliteLedgerStore implements VerifiedLedgerStore {
  readonly #writer;
  /** For what the files of earlier versions lack, which are read by this one too. */
  readonly #reader;
  readonly #row;
  readonly #trees;
  readonly #tree;
  readonly #salt;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#reader = reader;
    this.#row = reader.prepare<[], LedgerRow>(LEDGER_ROW);
    this.#trees = reader.prepare<[], TreeSummary>(
      'select name, first, size, head from ledger_trees',
    );
    this.#tree = reader.prepare<[TreeName], StoredTree>(
      'select name, first, size, head, tail, upper from ledger_trees where name = ?',
    );
    this.#salt = reader
      .prepare<[string], string>('select salt from ledger_salts where person = ?')
      .pluck();
  }

  async verification(): Promise<LedgerVerification | null> {
    const text = readQuery(() => this.#reader.prepare<[], string>(VERIFICATION).pluck().get());
    return text === undefined ? null : (JSON.parse(text) as LedgerVerification);
  }

  noteVerification(verification: LedgerVerification): Promise<void> {
    return this.#writer.submit('noteLedgerVerification', verification);
  }

  async head(): Promise<LedgerHead | null> {
    const row = readQuery(() => this.#row.get());
    return row === undefined ? null : headOf(row);
  }

  async begin(ledger: NewLedger): Promise<LedgerHead> {
    return headOf(await this.#writer.submit('beginLedger', ledger));
  }

  async trees(): Promise<readonly TreeSummary[]> {
    return readQuery(() => this.#trees.all());
  }

  async tree(name: TreeName): Promise<StoredTree | null> {
    return readQuery(() => this.#tree.get(name)) ?? null;
  }

  commit(version: number, { checkpoint, signedAt, trees }: LedgerCommit): Promise<boolean> {
    return this.#writer.submit('commitLedger', version, checkpoint, signedAt, trees);
  }

  replaceKeys(keys: readonly LedgerKey[], present: readonly string[]): Promise<boolean> {
    return this.#writer.submit('replaceLedgerKeys', keys, present);
  }

  salts(people: readonly string[]): Promise<readonly string[]> {
    return this.#writer.submit('ledgerSalts', people);
  }

  async presentSalts(people: readonly string[]): Promise<readonly (string | null)[]> {
    return readQuery(() => people.map((person) => this.#salt.get(person) || null));
  }

  forgetSalt(person: string): Promise<void> {
    return this.#writer.submit('forgetLedgerSalt', person);
  }
}

function headOf({ keys, ...row }: LedgerRow): LedgerHead {
  return { ...row, keys: JSON.parse(keys) as LedgerKey[] };
}
