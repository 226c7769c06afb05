// The documents that one step of the feed reads and changes. A step reads what it needs, changes it
// here, and writes all changes at once.

import { assert } from '../../domain/assert.ts';
import type { SearchDocument, SearchFeed, SearchKey } from '../../storage/ports/search-index.ts';
import { placeholder } from './document-state.ts';

export class DocumentSet {
  readonly #feed: SearchFeed;
  /** By `nameOf`; null: there is none. */
  readonly #documents = new Map<string, SearchDocument | null>();
  readonly #changed = new Set<string>();

  constructor(feed: SearchFeed) {
    this.#feed = feed;
  }

  /** Reads those that are not here yet. Errors: `store-unavailable`. */
  async load(keys: readonly SearchKey[]): Promise<void> {
    const missing = new Map<string, SearchKey>();
    for (const key of keys) if (!this.#documents.has(nameOf(key))) missing.set(nameOf(key), key);
    if (missing.size === 0) return;
    const found = await this.#feed.find([...missing.values()]);
    for (const [i, name] of [...missing.keys()].entries())
      this.#documents.set(name, found[i] ?? null);
  }

  /** Adds documents that were read in another way. */
  add(documents: readonly SearchDocument[]): void {
    for (const document of documents) this.#documents.set(nameOf(document), document);
  }

  /** Of a loaded key. */
  get(key: SearchKey): SearchDocument | null {
    const document = this.#documents.get(nameOf(key));
    assert(document !== undefined, 'a document is loaded before it is read');
    return document;
  }

  /** Of a loaded key: what others belong to is there, even before anything is known of it. */
  ensure(key: SearchKey, creatorId: string): SearchDocument {
    const stored = this.get(key);
    if (stored !== null) return stored;
    const made = placeholder(key, creatorId);
    this.put(made);
    return made;
  }

  put(document: SearchDocument): void {
    const name = nameOf(document);
    const before = this.#documents.get(name) ?? null;
    if (before !== null && isSame(before, document)) return;
    this.#documents.set(name, document);
    this.#changed.add(name);
  }

  get changed(): readonly SearchDocument[] {
    return Array.from(this.#changed, (name) => this.#documents.get(name)!);
  }
}

export function nameOf({ type, id }: SearchKey): string {
  return `${type} ${id}`;
}

function isSame(a: SearchDocument, b: SearchDocument): boolean {
  for (const field of Object.keys(a) as (keyof SearchDocument)[])
    if (a[field] !== b[field]) return false;
  return true;
}
