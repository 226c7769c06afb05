// The ledger's state and the audit log for a process that only reads them, on a connection of
// its own.

import type { Logger } from 'pino';
import type { LedgerStore } from '../../ports/ledger.ts';
import type { AuditLog } from '../../ports/audit-log.ts';
import { connectRedis, type RedisAddress } from '../connection/connection.ts';
import { RedisLedgerStore } from './ledger-redis.ts';
import { RedisAuditLog } from './audit-log-redis.ts';

export interface RedisLedgerReader {
  readonly store: LedgerStore;
  readonly auditLog: AuditLog;
  close(): Promise<void>;
}

/** Errors: `store-unavailable`. */
export async function openRedisLedgerReader(options: {
  readonly address: RedisAddress;
  /** The name of the connection in `CLIENT LIST`. */
  readonly name: string;
  readonly log: Logger;
}): Promise<RedisLedgerReader> {
  const redis = await connectRedis(options);
  return {
    store: new RedisLedgerStore({ redis }),
    auditLog: new RedisAuditLog({ redis }),
    async close() {
      redis.disconnect();
    },
  };
}
