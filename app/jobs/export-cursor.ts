// Where a job that exports orders is: which parts of its file are stored, and how far they go. It
// is the job's cursor, and of a job that is done the list of the file's parts.

import type { Job } from '../../contracts/jobs.ts';
import type { ExportFormat } from '../../contracts/orders.ts';

export const EXPORT_KIND = 'export-orders';

export interface ExportParams {
  readonly format: ExportFormat;
}

export interface ExportCursor {
  /** The drop's version that all parts show. */
  readonly version: number;
  /** Orders in the parts. */
  readonly orders: number;
  readonly total: number;
  readonly bytes: number;
  /** Runs of parts, in their order. */
  readonly parts: readonly PartRun[];
}

/** Parts that were written under one claim of the job: each claim has names of its own. */
type PartRun = readonly [token: number, count: number];

/** Null where nothing is stored. */
export function cursorOf({ cursor }: Job): ExportCursor | null {
  return cursor === null ? null : (JSON.parse(cursor) as ExportCursor);
}

/** The next part of a claim, and the runs with it. */
export function withNextPart(
  parts: readonly PartRun[],
  token: number,
): { readonly name: string; readonly parts: readonly PartRun[] } {
  const last = parts.at(-1);
  if (last?.[0] !== token) return { name: partName(token, 0), parts: [...parts, [token, 1]] };
  const count = last[1] + 1;
  return { name: partName(token, last[1]), parts: [...parts.slice(0, -1), [token, count]] };
}

/** In their order. */
export function partNames({ parts }: ExportCursor): string[] {
  return parts.flatMap(([token, count]) =>
    Array.from({ length: count }, (_, number) => partName(token, number)),
  );
}

function partName(token: number, number: number): string {
  return `${token}-${number}`;
}
