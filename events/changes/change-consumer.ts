// A consumer of changes derives something from the changes of accounts, products and follows (C1):
// an index, a count, a cache. `ChangeRunner` gives it each bucket's changes in order, at least
// once, from its position. A consumer whose position is trimmed, or that is new to a trimmed
// stream, gets a full pass.

import type { EntityChange } from '../../contracts/changes.ts';
import type { ChangeRecord } from '../../storage/ports/change-stream.ts';

export interface ChangeConsumer {
  /** The name under which its positions are stored. */
  readonly name: string;
  /**
   * Consumes records of one bucket, in rising sequence. Idempotent: after repeated records, even
   * older ones after newer ones, the state is the same once the newest has come again. Rejected
   * records are given again.
   */
  consume(records: readonly ChangeRecord[]): Promise<void>;
  /**
   * All entities of the bucket follow by `addEntities`. Entities that did not come until
   * `endFullPass` are deleted. A pass that a crash or an error ended begins again.
   */
  beginFullPass(bucket: number): Promise<void>;
  addEntities(bucket: number, entities: readonly EntityChange[]): Promise<void>;
  endFullPass(bucket: number): Promise<void>;
}

/** The name of the consumer's positions among those of all consumers. */
export function positionsName(consumer: string): string {
  return `changes:${consumer}`;
}
