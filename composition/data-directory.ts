// Whose a data directory is: one process at a time has it, be it a node alone or the supervisor of a
// cluster.

export { lockDirectory } from '../storage/sqlite/directory-lock.ts';
