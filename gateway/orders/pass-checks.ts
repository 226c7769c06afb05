// Checks the passes of orders (D9). A check is one signature, some 4 µs, without a look-up
// anywhere. Passes that were good are cached, for clients that send an order again.

import { LRUCache } from 'lru-cache';
import type { PassTexts } from '../../app/passes/pass-texts.ts';
import type { ProvedPass } from '../../contracts/passes.ts';

/** Some 300 bytes each. */
const PASSES_CACHED_MAX = 10_000;

export class PassChecks {
  readonly #texts: PassTexts;
  readonly #good = new LRUCache<string, ProvedPass>({ max: PASSES_CACHED_MAX });

  constructor(texts: PassTexts) {
    this.#texts = texts;
  }

  /** Null where the text is no pass of this drop for this user. */
  check(text: string, dropId: string, userId: string): ProvedPass | null {
    const key = `${dropId}\n${userId}\n${text}`;
    const known = this.#good.get(key);
    if (known !== undefined) return known;
    const pass = this.#texts.read(text, dropId, userId);
    if (pass !== null) this.#good.set(key, pass);
    return pass;
  }
}
