// What the ledger reads of the audit log.

import type { AuditEntry } from '../../contracts/audit.ts';
import type { AuditLog } from '../../storage/ports/audit-log.ts';

/** Errors: `store-unavailable`. */
export interface AuditTail {
  /** As `AuditLog.readFrom`. */
  readFrom(sequence: number, limit: number): Promise<readonly AuditEntry[]>;
  /** The newest sequence; 0 for none. */
  newest(): Promise<number>;
}

export function auditTailOf(log: Pick<AuditLog, 'list' | 'readFrom'>): AuditTail {
  return {
    readFrom: (sequence, limit) => log.readFrom(sequence, limit),
    async newest() {
      const { items } = await log.list({}, { limit: 1, cursor: null });
      return items[0]?.sequence ?? 0;
    },
  };
}
