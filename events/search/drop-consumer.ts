// Gives what the journals say of drops to a search index, with the positions in the journals. Of
// each drop in a portion only the last event counts: it has the drop as it stands.

import type { Fact, FactBatch } from '../../actors/shard/facts.ts';
import type { EventConsumer } from '../consumer.ts';
import type { DropStanding } from './document-rules.ts';
import type { SearchDocuments } from './search-documents.ts';

/** The name of the journals' positions in an index. */
export const DROPS = 'drops';

export class DropConsumer implements EventConsumer {
  readonly name = 'search';
  readonly placement = 'off-loop';
  readonly #documents: SearchDocuments;

  constructor({ documents }: { readonly documents: SearchDocuments }) {
    this.#documents = documents;
  }

  position(shard: number): Promise<number> {
    return this.#documents.feed.position(DROPS, shard);
  }

  async consume(batches: readonly FactBatch[]): Promise<void> {
    const last = new Map<string, { shard: number; fact: Fact }>();
    const sequences = new Map<number, number>();
    for (const { shard, sequence, facts } of batches) {
      sequences.set(shard, sequence);
      for (const fact of facts) last.set(fact.terms.id, { shard, fact });
    }
    await this.#documents.putDrops(
      Array.from(last.values(), ({ shard, fact }): DropStanding => {
        const { terms, sold, version } = fact;
        return { ...terms, sold, version, shard };
      }),
      Array.from(sequences, ([part, sequence]) => ({ name: DROPS, part, sequence })),
    );
  }
}
