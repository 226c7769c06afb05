// Which content is private (M2): what no public medium has. Reads of public content ask rarely: it
// stays public, but where it is taken down. Private content is asked for again after a second, so
// that it is seen soon after its announcement.

import { LRUCache } from 'lru-cache';
import type { MediaBackend } from '../media-backend.ts';

const KEPT_MAX = 50_000;
const PUBLIC_KEPT_MS = 60_000;
const OTHERS_KEPT_MS = 1_000;
/** Of one content: more uploads of the same file are not looked at. */
const MEDIA_MAX = 1_000;

type Known = 'public' | 'private' | 'unknown';

export interface PrivateContentOptions {
  readonly references: { idsOf(sha256: string): Promise<string[]> };
  readonly backend: MediaBackend;
}

export class PrivateContent {
  readonly #options: PrivateContentOptions;
  /** By digest; one question at a time for each. */
  readonly #known = new LRUCache<string, Promise<Known>>({ max: KEPT_MAX, ttl: PUBLIC_KEPT_MS });

  constructor(options: PrivateContentOptions) {
    this.#options = options;
  }

  /** Errors: `store-unavailable`, also where nobody answers. */
  async isPrivate(sha256: string): Promise<boolean> {
    const known = this.#known.get(sha256);
    if (known !== undefined) return (await known) === 'private';
    const asked = this.#ask(sha256);
    this.#known.set(sha256, asked);
    try {
      const found = await asked;
      if (found !== 'public' && this.#known.peek(sha256) === asked)
        this.#known.set(sha256, asked, { ttl: OTHERS_KEPT_MS });
      return found === 'private';
    } catch (error) {
      if (this.#known.peek(sha256) === asked) this.#known.delete(sha256);
      throw error;
    }
  }

  async #ask(sha256: string): Promise<Known> {
    const { references, backend } = this.#options;
    const mediaIds = (await references.idsOf(sha256)).slice(0, MEDIA_MAX);
    // References are written before variants and removed after them: there is nothing to hide.
    if (mediaIds.length === 0) return 'unknown';
    const found = await backend.call('media.anyPublic', { mediaIds });
    if (!found.ok) throw new Error(`whether content is private is ${found.code}`);
    return found.value ? 'public' : 'private';
  }
}
