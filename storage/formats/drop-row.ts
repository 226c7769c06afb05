// Rows of drops as JSON, and as they were stored by earlier versions.

import type { DropView } from '../../contracts/drops.ts';
import { type Stored, withOurNames, withStoredNames } from './amount-names.ts';

export function encodeDropRow(view: DropView): string {
  return JSON.stringify(withStoredNames(view));
}

export function decodeDropRow(text: string): DropView {
  return withRevision(withOurNames(JSON.parse(text) as Stored<DropView>));
}

/**
 * A row of level 2 has no revision: it gets its version, as a drop of a snapshot of level 2 does
 * (`storage/formats/drop-snapshot.ts`).
 */
export function withRevision(row: DropView): DropView {
  const { revision = row.version } = row;
  return { ...row, revision };
}
