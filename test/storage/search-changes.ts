// A stream of changes of a search index: products come, change, and go.

import type { SearchChange, SearchDocument } from '../../storage/ports/search-index.ts';
import { searchDocument } from './search-documents.ts';

export const STREAM = 'changes';
/** Changes between two rebuilds. */
export const REBUILD_CHANGES = 40;
const DOCUMENTS = 300;
const CHANGED = 12;
export const COLOURS = ['red', 'green', 'blue', 'grey', 'white'] as const;

/** Change number `number`, from 1. */
export function searchChange(number: number): Required<SearchChange> {
  const upserts: SearchDocument[] = [];
  for (let index = 0; index < CHANGED; index++) {
    const which = (number * 17 + index * 29) % DOCUMENTS;
    upserts.push(
      searchDocument({
        id: String(which),
        name: `Shoe ${which} ${COLOURS[(number + which) % COLOURS.length]}`,
        description: `changed ${number % 7} times`,
        popularity: (number * which) % 5_000,
        listed: (number + which) % 9 !== 0,
        version: number,
      }),
    );
  }
  const gone = String((number * 31) % DOCUMENTS);
  return {
    upserts: upserts.filter(({ id }) => id !== gone),
    deletes: [{ type: 'product', id: gone }],
    positions: [{ name: STREAM, part: 0, sequence: number }],
  };
}
