// `verify` for the embedded profile, where no server runs on the data directory: it loads the node
// without a gateway and verifies that. This file also reads orders
// straight from the journal, for proofs from outside.

import { systemClock } from '../actors/clock.ts';
import { StoreClock } from '../actors/cluster/store-clock.ts';
import type { RunContext } from '../actors/run-context.ts';
import type { VerifyReport } from '../contracts/operator.ts';
import { readEntries, replay } from '../actors/shard/recovery.ts';
import type { DropState } from '../domain/drop-state.ts';
import type { OrderView } from '../contracts/orders.ts';
import { openSqliteStores } from '../storage/sqlite/stores.ts';
import { FolderArchive } from '../storage/archive/archive-folder.ts';
import { withArchive } from './archive.ts';
import { type Config, defaultArchiveFolder, NoDataError } from './config.ts';
import { isOfOneNode } from './data-directory.ts';
import { createEmbeddedCore, type EmbeddedCore } from './embedded-core.ts';
import { createLog } from './log.ts';

/**
 * Null where a server uses the data directory: it verifies. Errors: `no-data` where there is no
 * journal; the reason of the run's signal; an Error with any other reason why there is no report.
 */
export async function verifyEmbedded(
  config: Config,
  run: RunContext,
): Promise<VerifyReport | null> {
  if (!isOfOneNode(config.dataDirectory)) throw new NoDataError(config.dataDirectory);
  const log = createLog(config);
  let core: EmbeddedCore;
  try {
    core = await createEmbeddedCore({
      config,
      clock: new StoreClock({ clock: systemClock }),
      provider: null,
      restart: () => undefined,
      log,
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'directory-in-use') throw error;
    return null;
  }
  try {
    await core.start();
    await core.relay.caughtUp();
    const shards = core.host.shards.map(({ id }) => id);
    return await core.verify(shards, run);
  } finally {
    await core.stop();
  }
}

export interface JournalOrder extends OrderView {
  readonly key: string;
}

/**
 * Every order in the journals of a data directory that no server uses, replayed from the first
 * entry.
 */
export async function* readJournalOrders(
  dataDirectory: string,
): AsyncGenerator<JournalOrder, void, undefined> {
  const folder = defaultArchiveFolder(dataDirectory);
  const archive = new FolderArchive({ folder, create: true });
  const stores = withArchive(await openSqliteStores({ directory: dataDirectory }), archive);
  try {
    for (let shard = 0; shard < stores.shardCount; shard++) {
      const { lastSequence } = await stores.journal.head(shard);
      const drops = new Map<string, DropState>();
      for await (const entry of readEntries(stores.journal, shard, 0, lastSequence)) {
        for (const changes of entry.changes) replay(drops, changes, entry.time);
      }
      for (const state of drops.values()) {
        for (let ordinal = 0; ordinal < state.orders.size; ordinal++) {
          yield { ...state.orderView(ordinal), key: state.orders.keys.textOf(ordinal) };
        }
      }
    }
  } finally {
    await stores.close();
  }
}
