// The part of the writer of catalogue.db that keeps the audit log. Its table is the one that
// operators' actions had, with more columns.

import type { Database } from 'better-sqlite3';
import type { StoredAuditEntry } from '../../formats/audit-entry.ts';

export const AUDIT_SCHEMA = `
  alter table operator_actions add column creator_id text;
  alter table operator_actions add column audit text;
  create index operator_actions_by_creator on operator_actions (creator_id, id)
    where creator_id is not null;
  create table begun_changes (
    id text primary key,
    begun_at integer not null,
    entry text not null
  ) strict, without rowid;
`;

export function auditLogHandlers(database: Database) {
  const append = database.prepare(`
    insert into operator_actions (at, operator_id, action, params, result, creator_id, audit)
    values (?, ?, ?, ?, ?, ?, ?)`);
  const begin = database.prepare<[string, number, string]>(
    'insert into begun_changes (id, begun_at, entry) values (?, ?, ?)',
  );
  const discard = database.prepare<[string]>('delete from begun_changes where id = ?');
  const oldest = database.prepare<[number], { id: number; at: number }>(
    'select id, at from operator_actions order by id limit ?',
  );
  const newest = database
    .prepare<[], number | null>('select max(id) from operator_actions')
    .pluck();
  const removeThrough = database.prepare<[number]>('delete from operator_actions where id <= ?');

  const appendAudit = (entry: StoredAuditEntry): number => {
    const { at, operatorId, action, params, result, audit } = entry;
    const texts = [JSON.stringify(params), result, audit?.creatorId ?? null] as const;
    const row = append.run(at, operatorId, action, ...texts, JSON.stringify(audit));
    return Number(row.lastInsertRowid);
  };

  return {
    appendAudit,
    /** `entry`: JSON. */
    beginAudit(id: string, at: number, entry: string): void {
      begin.run(id, at, entry);
    },
    finishAudit(id: string, entry: StoredAuditEntry): number | null {
      return discard.run(id).changes === 0 ? null : appendAudit(entry);
    },
    discardAudit(id: string): void {
      discard.run(id);
    },
    trimAudit(before: number, limit: number): number {
      const last = newest.get() ?? 0;
      let through = 0;
      for (const { id, at } of oldest.all(limit)) {
        if (at >= before || id === last) break;
        through = id;
      }
      return removeThrough.run(through).changes;
    },
  };
}
