// Who uses a data directory. One process at a time does: a node alone, or the supervisor of a
// cluster. Neither can use the data of the other.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NoDataError } from './config.ts';

export { lockDirectory } from '../storage/sqlite/directory-lock.ts';

/** Whether a cluster of `livedrops cluster` stores its journal there, in its Redis. */
export function isOfCluster(directory: string): boolean {
  return existsSync(join(directory, 'redis', 'appendonlydir'));
}

/** Whether a node alone stores its journal there. */
export function isOfOneNode(directory: string): boolean {
  return existsSync(join(directory, 'journal.db'));
}

/** For commands that read the data of a node alone. Errors: `no-data`, also where a cluster is. */
export function requireOneNode(directory: string): void {
  if (isOfOneNode(directory)) return;
  if (!isOfCluster(directory)) throw new NoDataError(directory);
  throw new NoDataError(
    directory,
    'is of a cluster; set LIVEDROPS_STORE and the rest as its nodes have them',
  );
}
