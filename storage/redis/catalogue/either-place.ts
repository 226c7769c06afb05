// Reads of entities that may be in their bucket or still at the keys of level 0.

import type { CatalogueLayout } from './catalogue-layout.ts';

export interface Found<T> {
  readonly value: T;
  /** False: it is at the key of level 0. */
  readonly inBucket: boolean;
}

export interface Places<T> {
  /** By ids, in their order; null where there is none. */
  readonly inBucket: (ids: readonly string[]) => Promise<(T | null)[]>;
  readonly atOldKeys: (ids: readonly string[]) => Promise<(T | null)[]>;
}

/**
 * The bucket is read first: what is there is newer than what it was copied from. It is read again
 * for what is in neither place, since an entity that moved meanwhile may have lost its old key.
 */
export async function readEitherPlace<T>(
  layout: CatalogueLayout,
  ids: readonly string[],
  { inBucket, atOldKeys }: Places<T>,
): Promise<(Found<T> | null)[]> {
  const found: (Found<T> | null)[] = ids.map(() => null);
  const missing = (): number[] => found.flatMap((each, i) => (each === null ? [i] : []));
  const fill = async (isBucket: boolean): Promise<void> => {
    const at = missing();
    if (at.length === 0) return;
    const values = await (isBucket ? inBucket : atOldKeys)(at.map((i) => ids[i]!));
    for (const [k, i] of at.entries()) {
      const value = values[k] ?? null;
      if (value !== null) found[i] = { value, inBucket: isBucket };
    }
  };
  await fill(true);
  if (layout.isCopied) return found;
  await fill(false);
  await fill(true);
  return found;
}
