// Reads the rows of all drops into a search index, over and over, for as long as drops are not in
// the change stream (decision 081): while nodes of feature level 4 live, and until their rows have
// been taken over. It rests in proportion to its work.

import type { Clock } from '../../actors/clock.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { SearchDocuments } from './search-documents.ts';

const PAGE_ROWS = 256;
/** Rest in multiples of the time that a pass took. */
const REST_SHARE = 9;
const REST_MIN_MS = 1_000;

export interface DropRowsPassOptions {
  readonly documents: SearchDocuments;
  readonly catalogue: Pick<Catalogue, 'listDrops'>;
  readonly clock: Clock;
}

export class DropRowsPass {
  readonly #options: DropRowsPassOptions;
  /** The monotonic time at which the last whole pass began; null: there was none. */
  #beganAt: number | null = null;
  #nextAt = 0;

  constructor(options: DropRowsPassOptions) {
    this.#options = options;
  }

  /** All rows were read at least once. */
  get isWhole(): boolean {
    return this.#beganAt !== null;
  }

  /** For how long changes of rows may have waited; null: there was no whole pass. */
  ageMs(): number | null {
    return this.#beganAt === null ? null : this.#options.clock.monotonic() - this.#beganAt;
  }

  /** A pass, if one is due. Errors: `store-unavailable`; then the next call begins anew. */
  async runWhenDue(isStopped: () => boolean): Promise<void> {
    const { documents, catalogue, clock } = this.#options;
    const beganAt = clock.monotonic();
    if (beganAt < this.#nextAt) return;
    let cursor: string | null = null;
    do {
      if (isStopped()) return;
      const page: Awaited<ReturnType<Catalogue['listDrops']>> = await catalogue.listDrops(
        {},
        { limit: PAGE_ROWS, cursor },
      );
      if (page.items.length > 0) await documents.putRows(page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    this.#beganAt = beganAt;
    const endedAt = clock.monotonic();
    this.#nextAt = endedAt + Math.max(REST_MIN_MS, REST_SHARE * (endedAt - beganAt));
  }
}
