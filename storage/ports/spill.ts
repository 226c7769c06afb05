// The spill port: bytes that one piece of work puts out of memory and reads again. Nothing of it
// outlives the process, and nobody else sees it. Synchronous: what is asked for is needed at once,
// and most of it is in the page cache of the operating system.

export interface SpillStore {
  /** Keeps the bytes in place of those the key had. The store keeps no reference to them. */
  write(key: string, bytes: Uint8Array): void;
  /** Undefined for a key that was never written. */
  read(key: string): Uint8Array | undefined;
  /** Forgets all whose key begins so. */
  remove(prefix: string): void;
  /** Gives everything back. Nothing may be called afterwards. */
  close(): void;
}

/** Errors: `store-unavailable` where there is no room for one. */
export type OpenSpill = () => SpillStore;
