// Rows of drops as they were stored by earlier versions.

import type { DropView } from '../../contracts/drops.ts';

/**
 * A row of level 2 has no revision: it gets its version, as a drop of a snapshot of level 2 does
 * (`storage/formats/drop-snapshot.ts`).
 */
export function withRevision(row: DropView): DropView {
  const { revision = row.version } = row;
  return { ...row, revision };
}
