// A consumer makes something of the changes of accounts, products and follows (C1): an index, a
// count, a cache. `ChangeRunner` brings it each bucket's changes in order, at least once, from where
// it was; one that is new to a stream without its first records, or too far behind, gets a full pass.

import type { EntityChange } from '../../contracts/changes.ts';
import type { ChangeRecord } from '../../storage/ports/change-stream.ts';

export interface ChangeConsumer {
  /** Its positions are stored under it. */
  readonly name: string;
  /**
   * Records of one bucket, in rising sequence. Idempotent: records that come again, older ones after
   * newer ones too, end in the same state once the newest has come again. What rejects is given
   * again.
   */
  consume(records: readonly ChangeRecord[]): Promise<void>;
  /**
   * All entities of the bucket follow, by `addEntities`; those that do not come until `endFullPass`
   * are gone. A pass that a crash or an error ended begins anew.
   */
  beginFullPass(bucket: number): Promise<void>;
  addEntities(bucket: number, entities: readonly EntityChange[]): Promise<void>;
  endFullPass(bucket: number): Promise<void>;
}

/** The name under which the positions of a consumer stand among those of all others. */
export function positionsName(consumer: string): string {
  return `changes:${consumer}`;
}
