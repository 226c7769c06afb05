// A spill store in memory, for tests: it saves no memory.

import type { SpillStore } from '../ports/spill.ts';

export class MemorySpillStore implements SpillStore {
  readonly #bytes = new Map<string, Uint8Array>();

  get size(): number {
    return this.#bytes.size;
  }

  write(key: string, bytes: Uint8Array): void {
    this.#bytes.set(key, bytes.slice());
  }

  read(key: string): Uint8Array | undefined {
    return this.#bytes.get(key)?.slice();
  }

  keys(prefix: string, after: string, limit: number): string[] {
    const found = [...this.#bytes.keys()].filter((key) => key.startsWith(prefix) && key > after);
    return found.sort().slice(0, limit);
  }

  remove(prefix: string): void {
    for (const key of this.#bytes.keys()) if (key.startsWith(prefix)) this.#bytes.delete(key);
  }

  close(): void {
    this.#bytes.clear();
  }
}
