// The part of the writer of catalogue.db that keeps the ledger's state.

import type { Database } from 'better-sqlite3';
import type { LedgerVerification } from '../../../contracts/ledger.ts';
import {
  type LedgerHead,
  type LedgerKey,
  newLedgerHead,
  type NewLedger,
  newSalt,
  type StoredTree,
} from '../../ports/ledger.ts';

export const LEDGER_SCHEMA = `
  create table ledger (
    one integer primary key check (one = 1),
    id text not null,
    secret text not null,
    keys text not null,
    version integer not null,
    checkpoint text not null,
    signed_at integer not null
  ) strict;
  create table ledger_trees (
    name text primary key,
    first integer not null,
    size integer not null,
    head integer not null,
    tail blob not null,
    upper blob not null
  ) strict;
  create table ledger_salts (
    person text primary key,
    salt text not null
  ) strict, without rowid;
`;

export const LEDGER_VERIFICATION_SCHEMA = `
  create table ledger_verification (
    one integer primary key check (one = 1),
    verification text not null
  ) strict;
`;

export interface LedgerRow extends Omit<LedgerHead, 'keys'> {
  /** JSON. */
  readonly keys: string;
}

export const LEDGER_ROW = `
  select id, secret, keys, version, checkpoint, signed_at as signedAt from ledger`;

export function ledgerHandlers(database: Database) {
  const row = database.prepare<[], LedgerRow>(LEDGER_ROW);
  const begin = database.prepare<LedgerRow>(`
    insert or ignore into ledger (one, id, secret, keys, version, checkpoint, signed_at)
    values (1, @id, @secret, @keys, @version, @checkpoint, @signedAt)`);
  const commit = database.prepare<[string, number, number]>(`
    update ledger set version = version + 1, checkpoint = ?, signed_at = ? where version = ?`);
  const put = database.prepare<StoredTree>(`
    insert or replace into ledger_trees (name, first, size, head, tail, upper)
    values (@name, @first, @size, @head, @tail, @upper)`);
  const replaceKeys = database.prepare<[string, string]>(`
    update ledger set keys = ? where ? =
      (select json_group_array(value ->> 'keyId' order by key) from json_each(keys))`);
  const addSalt = database.prepare<[string, string]>(
    'insert or ignore into ledger_salts (person, salt) values (?, ?)',
  );
  const verified = database.prepare<[string]>(
    'insert or replace into ledger_verification (one, verification) values (1, ?)',
  );
  const salt = database
    .prepare<[string], string>('select salt from ledger_salts where person = ?')
    .pluck();
  // An empty salt is the mark of one that was forgotten.
  const forget = database.prepare<[string]>(
    "insert or replace into ledger_salts (person, salt) values (?, '')",
  );

  return {
    beginLedger(ledger: NewLedger): LedgerRow {
      const head = newLedgerHead(ledger);
      begin.run({ ...head, keys: JSON.stringify(head.keys) });
      return row.get()!;
    },
    commitLedger(
      version: number,
      checkpoint: string,
      signedAt: number,
      trees: readonly StoredTree[],
    ): boolean {
      if (commit.run(checkpoint, signedAt, version).changes === 0) return false;
      for (const tree of trees) put.run(tree);
      return true;
    },
    noteLedgerVerification(verification: LedgerVerification): void {
      verified.run(JSON.stringify(verification));
    },
    replaceLedgerKeys: (keys: readonly LedgerKey[], present: readonly string[]): boolean =>
      replaceKeys.run(JSON.stringify(keys), JSON.stringify(present)).changes > 0,
    ledgerSalts: (people: readonly string[]): readonly string[] =>
      people.map((person) => {
        addSalt.run(person, newSalt());
        return salt.get(person) || newSalt();
      }),
    forgetLedgerSalt(person: string): void {
      forget.run(person);
    },
  };
}
