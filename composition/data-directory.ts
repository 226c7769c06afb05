// Whose a data directory is: one process at a time has it, be it a node alone or the supervisor of
// a cluster, and what the one kept is not for the other.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

export { lockDirectory } from '../storage/sqlite/directory-lock.ts';

/** Whether a cluster of `livedrops cluster` keeps its journal there, in its Redis. */
export function isOfCluster(directory: string): boolean {
  return existsSync(join(directory, 'redis', 'appendonlydir'));
}

/** Whether a node alone keeps its journal there. */
export function isOfOneNode(directory: string): boolean {
  return existsSync(join(directory, 'journal.db'));
}
