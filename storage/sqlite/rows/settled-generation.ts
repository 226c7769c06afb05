// A settled generation as SQLite describes it: alone with runs of its own (`rows_settled`), or
// merged with its neighbours (`rows_merged`).

import { KeyRange } from './row-pack.ts';

/** The rows of the generations `first` to `last`. */
export interface SettledGeneration {
  readonly first: number;
  readonly last: number;
  /** The id of the merge that has its runs; null for one generation with its own runs. */
  readonly merge: number | null;
  readonly createdAt: KeyRange;
  readonly notificationId: KeyRange;
}

/** Stored states of a merge. */
export const MERGE_RUNS = 0;
export const MERGE_READABLE = 1;
export const MERGE_REPLACED = 2;

/** Stored states of a generation with runs of its own. */
export const GENERATION_READABLE = 0;
export const GENERATION_REPLACED = 1;

/** The readable generations, oldest first. */
export const SETTLED_GENERATIONS = `
  select generation as first, generation as last, null as merge,
    created_at_min, created_at_max, notification_id_min, notification_id_max
  from rows_generations where state = ${GENERATION_READABLE}
  union all
  select generation_first, generation_last, id,
    created_at_min, created_at_max, notification_id_min, notification_id_max
  from rows_merges where state = ${MERGE_READABLE}
  order by last`;

export interface GenerationRow {
  readonly first: number;
  readonly last: number;
  readonly merge: number | null;
  readonly created_at_min: number;
  readonly created_at_max: number;
  readonly notification_id_min: number;
  readonly notification_id_max: number;
}

export function settledGeneration(row: GenerationRow): SettledGeneration {
  return {
    first: row.first,
    last: row.last,
    merge: row.merge,
    createdAt: new KeyRange(row.created_at_min, row.created_at_max),
    notificationId: new KeyRange(row.notification_id_min, row.notification_id_max),
  };
}

/** As it travels between threads, without the methods of the ranges. */
export function generationRow(generation: SettledGeneration): GenerationRow {
  const { first, last, merge, createdAt, notificationId } = generation;
  return {
    first,
    last,
    merge,
    created_at_min: createdAt.min,
    created_at_max: createdAt.max,
    notification_id_min: notificationId.min,
    notification_id_max: notificationId.max,
  };
}

/** The ranges of the two keys, as columns. A range is empty if the maximum is below the minimum. */
export const RANGE_COLUMNS = `
  created_at_min real not null,
  created_at_max real not null,
  notification_id_min real not null,
  notification_id_max real not null`;

/** The values of these columns. */
export function rangeValues({
  createdAt,
  notificationId,
}: {
  readonly createdAt: KeyRange;
  readonly notificationId: KeyRange;
}): [number, number, number, number] {
  return [createdAt.min, createdAt.max, notificationId.min, notificationId.max];
}
