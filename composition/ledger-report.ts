// Whether the ledger of the configuration is what journals and audit log say. It reads the
// stores, tiles and archive by itself, whether servers run or not.

import { checkLedger, type LedgerCheck } from '../events/ledger/ledger-check.ts';
import { StoredLedger } from '../events/ledger/stored-ledger.ts';
import { openSqliteLedgerReader } from '../storage/sqlite/catalogue/ledger-reader.ts';
import { openArchive, readsArchive } from './archive.ts';
import { openBlobs } from './blobs.ts';
import type { Config } from './config.ts';
import { requireOneNode } from './data-directory.ts';
import { ledgerBlobs } from './ledger.ts';
import { createLog } from './log.ts';
import { openJournals } from './off-loop-parts.ts';

const NAME = 'ledger-check';

/** Errors: `no-data`; `store-unavailable`; `corrupt`; an Error where there is no ledger. */
export async function reportLedger(config: Config): Promise<LedgerCheck> {
  const place = ledgerBlobs(config);
  if (place === null) throw new Error('there is no ledger: LIVEDROPS_LEDGER, LIVEDROPS_BLOBS');
  if (config.store.kind === 'sqlite') requireOneNode(config.dataDirectory);
  const log = createLog(config);
  const journals = await openJournals(config, NAME, log);
  const state = await openState(config);
  const journal = readsArchive(journals.journal, openArchive(config));
  try {
    const { store, auditLog } = state;
    const ledger = new StoredLedger({ store, blobs: await openBlobs(place) });
    return await checkLedger({ ledger, store, journal, auditLog });
  } finally {
    await Promise.all([journals.close(), state.close()]);
  }
}

async function openState(config: Config) {
  const { store, nodeId, dataDirectory } = config;
  if (store.kind !== 'redis') return openSqliteLedgerReader(dataDirectory);
  const { openRedisLedgerReader } = await import('../storage/redis/catalogue/ledger-reader.ts');
  const log = createLog(config);
  return await openRedisLedgerReader({ address: store, name: `${nodeId}-${NAME}`, log });
}
