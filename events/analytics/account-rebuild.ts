// Makes the account of the journals anew from their first entries, beside the one that serves, and
// has it serve once it is whole. What gateways counted stays. The keeper goes on with it where it
// ends (events/analytics/account-keeper.ts).

import type { RunProgress } from '../../contracts/operator.ts';
import type { RunContext } from '../../actors/run-context.ts';
import { readEntries } from '../../actors/shard/recovery.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import type { AnalyticsStore } from '../../storage/ports/analytics.ts';
import { type JournalReader, StoreUnavailableError } from '../../storage/ports/journal.ts';
import { Account } from './account.ts';

/** Events of one change of the store. */
const EVENTS_MAX = 2_048;
/** Events without a pause: a fraction of a millisecond. */
const SLICE_EVENTS = 128;

export interface AccountRebuildOptions {
  readonly store: AnalyticsStore;
  readonly journal: Pick<JournalReader, 'read' | 'head'>;
  readonly shardCount: number;
  readonly pause: Pause;
}

/**
 * Errors: those of a journal that cannot be read; the signal's reason; `store-unavailable`, also
 * where somebody else began to make it anew. The account that was there still serves then, and
 * nothing is left of the other one.
 */
export async function rebuildAccount(
  options: AccountRebuildOptions,
  context: RunContext,
): Promise<void> {
  const { store } = options;
  const generation = await store.begin();
  try {
    await make(generation, options, context);
    await store.serve(generation);
  } catch (error) {
    // What cannot be removed now is removed by the next one that begins.
    await store.discard(generation).catch(() => undefined);
    throw error;
  }
}

async function make(
  generation: number,
  { store, journal, shardCount, pause }: AccountRebuildOptions,
  { signal, progress }: RunContext,
): Promise<void> {
  const account = await Account.open({ store: store.exact(generation) });
  const flush = async () => {
    if (await account.flush()) return;
    throw new StoreUnavailableError('analytics are made anew by somebody else');
  };
  const shards = Array.from({ length: shardCount }, (_, shard) => shard);
  const ends = await Promise.all(shards.map(async (shard) => await journal.head(shard)));
  const total = ends.reduce((sum, { lastSequence }) => sum + lastSequence, 0);
  const counts = { shards: shardCount, shardsDone: 0, total, done: 0 };
  const tell = () => progress({ phase: 'lists', ...counts } satisfies RunProgress);
  let pausedAt = 0;
  for (const shard of shards) {
    const { lastSequence } = ends[shard]!;
    for await (const entry of readEntries(journal, shard, 0, lastSequence)) {
      signal.throwIfAborted();
      await account.add(entry);
      counts.done += 1;
      if (account.waiting - pausedAt < SLICE_EVENTS) continue;
      pausedAt = account.waiting;
      await pause();
      if (account.waiting < EVENTS_MAX) continue;
      await flush();
      pausedAt = 0;
      tell();
    }
    counts.shardsDone += 1;
    tell();
  }
  await flush();
}
