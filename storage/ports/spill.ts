// The spill port: bytes that one piece of work moves out of memory and reads again. They end with
// the process, and no other work sees them. The port is synchronous, because callers need the bytes
// at once, and most of them are in the page cache of the operating system.

export interface SpillStore {
  /**
   * Stores or replaces the bytes of the key, which is ASCII. The store holds no reference to them.
   */
  write(key: string, bytes: Uint8Array): void;
  /** Undefined for a key that was never written. */
  read(key: string): Uint8Array | undefined;
  /** At most `limit` keys that begin with the prefix and are above `after`, in their order. */
  keys(prefix: string, after: string, limit: number): string[];
  /** Removes all keys that begin with the prefix. */
  remove(prefix: string): void;
  /** Releases memory and file. No method may be called afterwards. */
  close(): void;
}

/** Errors: `store-unavailable` if there is no room for a spill store. */
export type OpenSpill = () => SpillStore;
