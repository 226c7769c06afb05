// Where keys of intents, sessions and positions are kept. Web Storage as it is, or anything of its
// form: a file in Node, for a program that must go on after a crash.

/** Synchronous, so that what is kept is kept before the next line runs. */
export interface KeyValueStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

/** For as long as the process, or the page, lives. */
export class MemoryStorage implements KeyValueStorage {
  readonly #items = new Map<string, string>();

  getItem(name: string): string | null {
    return this.#items.get(name) ?? null;
  }

  setItem(name: string, value: string): void {
    this.#items.set(name, value);
  }

  removeItem(name: string): void {
    this.#items.delete(name);
  }
}

/** The browser's, where the page may use it. */
export function browserStorage(kind: 'localStorage' | 'sessionStorage'): KeyValueStorage {
  try {
    // Node's own localStorage warns when it is read, and is no browser's.
    if ('document' in globalThis) {
      const storage = (globalThis as unknown as Record<string, KeyValueStorage>)[kind]!;
      storage.getItem('');
      return storage;
    }
  } catch {
    // Forbidden by the browser's settings.
  }
  return new MemoryStorage();
}

/** Null where nothing is kept, or nothing that can be read. */
export function readJson(storage: KeyValueStorage, name: string): unknown {
  try {
    return JSON.parse(storage.getItem(name) ?? 'null');
  } catch {
    return null;
  }
}
