// The part of the writer of catalogue.db that keeps VAPID keys.

import type { Database } from 'better-sqlite3';
import { VAPID_KEYS_MAX } from '../../ports/vapid-keys.ts';

export const VAPID_KEYS_SCHEMA = `
  create table vapid_keys (
    number integer primary key autoincrement,
    key_id text not null unique,
    key text not null
  ) strict;
`;

export function vapidKeyHandlers(database: Database) {
  const newest = database
    .prepare<[], string>('select key_id from vapid_keys order by number desc limit 1')
    .pluck();
  const count = database.prepare<[], number>('select count(*) from vapid_keys').pluck();
  const add = database.prepare<[string, string]>(
    'insert into vapid_keys (key_id, key) values (?, ?)',
  );
  const remove = database.prepare<[string]>(`
    delete from vapid_keys
    where key_id = ? and number < (select max(number) from vapid_keys)`);

  return {
    /** `key`: JSON. */
    addVapidKey(keyId: string, key: string, after: string | null): boolean {
      if ((newest.get() ?? null) !== after || count.get()! >= VAPID_KEYS_MAX) return false;
      add.run(keyId, key);
      return true;
    },
    removeVapidKey(keyId: string): boolean {
      return remove.run(keyId).changes > 0;
    },
  };
}
