// All stores of one process as one bundle, so that one place chooses the profile (memory, SQLite,
// Redis) and no other code knows it.

import type { AccountLinkStore } from './account-links.ts';
import type { AccountStore } from './accounts.ts';
import type { AnalyticsStore } from './analytics.ts';
import type { ApiKeyStore } from './api-keys.ts';
import type { Catalogue } from './catalogue.ts';
import type { ChangeStream } from './change-stream.ts';
import type { ContactStore } from './contacts.ts';
import type { VerifiedLedgerStore } from './ledger.ts';
import type { MediaStore } from './media.ts';
import type { ConsumerPositions } from './consumer-positions.ts';
import type { Drafts } from './drafts.ts';
import type { FeedStore } from './feed.ts';
import type { FollowStore } from './follows.ts';
import type { JobStore } from './jobs.ts';
import type { Journal } from './journal.ts';
import type { OperatorAccountStore } from './operator-accounts.ts';
import type { AuditLog } from './audit-log.ts';
import type { OrderDetailsStore } from './order-details.ts';
import type { OrganisationStore } from './organisations.ts';
import type { OrderListStore } from './order-list.ts';
import type { ParkedRefunds } from './parked-refunds.ts';
import type { PaymentProblems } from './payment-problems.ts';
import type { ReadModels } from './read-models.ts';
import type { RecipientStore } from './recipients.ts';
import type { SessionStore } from './sessions.ts';
import type { RequestLog } from './requests.ts';
import type { RestrictionStore } from './restrictions.ts';
import type { SnapshotStore } from './snapshots.ts';
import type { VapidKeyStore } from './vapid-keys.ts';
import type { WebhookLog } from './webhook-log.ts';
import type { WebhookStore } from './webhooks.ts';

export interface Stores {
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly accounts: AccountStore;
  readonly sessions: SessionStore;
  readonly accountLinks: AccountLinkStore;
  readonly catalogue: Catalogue;
  readonly drafts: Drafts;
  readonly organisations: OrganisationStore;
  readonly follows: FollowStore;
  /** The changes of accounts, products, drafts, organisations and follows (C1). */
  readonly changes: ChangeStream;
  readonly feed: FeedStore;
  readonly orderList: OrderListStore;
  /** Fills `feed` and `orderList`. */
  readonly readModels: ReadModels;
  /** Webhooks of the payment provider that were handled. */
  readonly webhookLog: WebhookLog;
  /** Webhooks that creators are called by. */
  readonly webhooks: WebhookStore;
  readonly consumerPositions: ConsumerPositions;
  readonly orderDetails: OrderDetailsStore;
  readonly operatorAccounts: OperatorAccountStore;
  readonly auditLog: AuditLog;
  /** With which push services are told who sends. */
  readonly vapidKeys: VapidKeyStore;
  /** The state of the ledger (L1), besides its tiles. */
  readonly ledger: VerifiedLedgerStore;
  readonly parkedRefunds: ParkedRefunds;
  /** Payments that operators must look at, over all drops. */
  readonly paymentProblems: PaymentProblems;
  readonly jobs: JobStore;
  /** Kept answers to requests with an Idempotency-Key (H11). */
  readonly requests: RequestLog;
  readonly apiKeys: ApiKeyStore;
  readonly contacts: ContactStore;
  /** Where users are reached by push and mail, and what they want to be told. */
  readonly recipients: RecipientStore;
  readonly media: MediaStore;
  /** Sums of what was sold and seen. */
  readonly analytics: AnalyticsStore;
  /** Bans. */
  readonly restrictions: RestrictionStore;
  /**
   * Finishes the submitted operations, then closes all stores. No store may be called afterwards.
   * Idempotent.
   */
  close(): Promise<void>;
}
