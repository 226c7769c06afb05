// What is not in the gateway's cache, of many single things that are asked for at once.

import DataLoader from 'dataloader';
import { PAGE_LIMIT_MAX } from '../../contracts/bounds.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';

/** The loads of single things by their ids, in one call. It remembers nothing. */
export function loadTogether<T>(
  loadAll: (ids: readonly string[]) => Promise<Outcome<readonly (T | null)[]>>,
): Pick<DataLoader<string, Outcome<T>>, 'load'> {
  return new DataLoader<string, Outcome<T>>(
    async (ids) => {
      const loaded = await loadAll(ids);
      if (!loaded.ok) return ids.map(() => loaded);
      return loaded.value.map((one) => (one === null ? refusal('not-found') : success(one)));
    },
    { maxBatchSize: PAGE_LIMIT_MAX, cache: false },
  );
}
