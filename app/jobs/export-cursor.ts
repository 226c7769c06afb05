// Where a job that writes a file is: which parts of the file are stored, and how far they go. It is
// the job's cursor, and of a job that is done the list of the file's parts.

import type { Job, JobKind } from '../../contracts/jobs.ts';
import type { ExportFormat } from '../../contracts/orders.ts';

export const EXPORT_KIND = 'export-orders';
export const PASSES_KIND = 'make-passes';

export interface ExportParams {
  readonly format: ExportFormat;
}

/** Of every job that writes a file. */
export interface FileCursor {
  readonly bytes: number;
  /** Runs of parts, in their order. */
  readonly parts: readonly PartRun[];
}

export interface ExportCursor extends FileCursor {
  /** The drop's version that all parts show. */
  readonly version: number;
  /** Orders in the parts. */
  readonly orders: number;
  readonly total: number;
}

/** Parts that were written under one claim of the job: each claim has names of its own. */
type PartRun = readonly [token: number, count: number];

export function writesFile(kind: JobKind): boolean {
  return kind === EXPORT_KIND || kind === PASSES_KIND;
}

/** Null where nothing is stored. */
export function fileCursorOf({ cursor }: Job): FileCursor | null {
  return cursor === null ? null : (JSON.parse(cursor) as FileCursor);
}

/** Of a job that exports orders; null where nothing is stored. */
export function cursorOf({ cursor }: Job): ExportCursor | null {
  return cursor === null ? null : (JSON.parse(cursor) as ExportCursor);
}

export function partCount({ parts }: FileCursor): number {
  return parts.reduce((sum, [, count]) => sum + count, 0);
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
export function partNames({ parts }: FileCursor): string[] {
  return parts.flatMap(([token, count]) =>
    Array.from({ length: count }, (_, number) => partName(token, number)),
  );
}

function partName(token: number, number: number): string {
  return `${token}-${number}`;
}
