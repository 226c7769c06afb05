// Versions of drops as one stream has shown them: within a topic they only rise.

import type { DropFrame } from './api.ts';

/** The one that was heard of the longest ago is forgotten beyond. */
const DROPS_MAX = 5_000;

export class DropVersions {
  readonly #versions = new Map<string, number>();

  /** Whether the frame is newer than all before it in its topic, of its drop. */
  isNewer({ topic, dropId, version }: DropFrame): boolean {
    const name = `${topic} ${dropId}`;
    if (version <= (this.#versions.get(name) ?? -1)) return false;
    this.#versions.delete(name);
    this.#versions.set(name, version);
    if (this.#versions.size > DROPS_MAX)
      this.#versions.delete(this.#versions.keys().next().value as string);
    return true;
  }
}
