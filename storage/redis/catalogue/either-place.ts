// Reads entities that may be in their bucket or still at the keys of level 0.

import type { CatalogueLayout } from './catalogue-layout.ts';

export interface Found<T> {
  readonly value: T;
  /** False: the entity is at the key of level 0. */
  readonly inBucket: boolean;
}

export interface Places<T> {
  /** In the order of the ids; null for a missing entity. */
  readonly inBucket: (ids: readonly string[]) => Promise<(T | null)[]>;
  readonly atOldKeys: (ids: readonly string[]) => Promise<(T | null)[]>;
}

/**
 * Reads the bucket first: an entity there is newer than its copy at level 0. Reads the bucket again
 * for entities in neither place, because an entity that moved meanwhile may have lost its old key.
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
