// Every store of one process as one bundle, so that a profile (memory, SQLite, Redis) is chosen in
// one place and nothing above knows which.

import type { AccountStore } from './accounts.ts';
import type { Catalogue } from './catalogue.ts';
import type { ChangeStream } from './change-stream.ts';
import type { ConsumerPositions } from './consumer-positions.ts';
import type { FeedStore } from './feed.ts';
import type { FollowStore } from './follows.ts';
import type { Journal } from './journal.ts';
import type { OperatorLog } from './operator-log.ts';
import type { OrderListStore } from './order-list.ts';
import type { ReadModels } from './read-models.ts';
import type { SnapshotStore } from './snapshots.ts';
import type { WebhookLog } from './webhook-log.ts';

export interface Stores {
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly accounts: AccountStore;
  readonly catalogue: Catalogue;
  readonly follows: FollowStore;
  /** The changes of accounts, products and follows (C1). */
  readonly changes: ChangeStream;
  readonly feed: FeedStore;
  readonly orderList: OrderListStore;
  /** What fills `feed` and `orderList`. */
  readonly readModels: ReadModels;
  readonly webhookLog: WebhookLog;
  readonly consumerPositions: ConsumerPositions;
  readonly operatorLog: OperatorLog;
  /**
   * Finishes what was handed over, then gives everything back. Nothing may be called afterwards.
   * Idempotent.
   */
  close(): Promise<void>;
}
