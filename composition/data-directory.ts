// Who uses a data directory. One process at a time does: a node alone, or the supervisor of a
// cluster. Neither can use the data of the other.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

export { lockDirectory } from '../storage/sqlite/directory-lock.ts';

/** Whether a cluster of `livedrops cluster` stores its journal there, in its Redis. */
export function isOfCluster(directory: string): boolean {
  return existsSync(join(directory, 'redis', 'appendonlydir'));
}

/** Whether a node alone stores its journal there. */
export function isOfOneNode(directory: string): boolean {
  return existsSync(join(directory, 'journal.db'));
}
