// The ledger's state and the audit log for a process that only reads them, on a connection of
// its own.

import { join } from 'node:path';
import type { LedgerStore } from '../../ports/ledger.ts';
import type { AuditLog } from '../../ports/audit-log.ts';
import { openReaderDatabase } from '../thread/database.ts';
import { SqliteLedgerStore } from './ledger-sqlite.ts';
import { SqliteAuditLog } from './audit-log-sqlite.ts';

export interface LedgerReader {
  readonly store: LedgerStore;
  readonly auditLog: AuditLog;
  close(): Promise<void>;
}

/** Of a data directory that a server has opened before. Errors: SQLite's own. */
export function openSqliteLedgerReader(directory: string): LedgerReader {
  const reader = openReaderDatabase(join(directory, 'catalogue.db'));
  const writer = { submit: () => Promise.reject(new Error('this connection only reads')) };
  return {
    store: new SqliteLedgerStore({ reader, writer }),
    auditLog: new SqliteAuditLog({ reader, writer }),
    async close() {
      reader.close();
    },
  };
}
