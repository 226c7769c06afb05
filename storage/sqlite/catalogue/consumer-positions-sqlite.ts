// Positions of consumers without rows of their own, on SQLite.

import type { ConsumerPositions, ShardPosition } from '../../ports/consumer-positions.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import { readQuery } from '../thread/read-query.ts';

export class SqliteConsumerPositions implements ConsumerPositions {
  readonly #writer;
  readonly #load;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#load = reader
      .prepare<[string, number], number>(
        'select sequence from consumer_positions where consumer = ? and shard = ?',
      )
      .pluck();
  }

  async load(consumer: string, shard: number): Promise<number> {
    return readQuery(() => this.#load.get(consumer, shard)) ?? 0;
  }

  async save(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    await this.#writer.submit('movePositions', consumer, positions);
  }

  async replace(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    await this.#writer.submit('replacePositions', consumer, positions);
  }
}
