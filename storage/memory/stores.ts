// All stores in memory, for tests and simulations.

import { SeparateReadModels } from '../ports/read-models.ts';
import type { RequestBounds } from '../ports/requests.ts';
import type { Stores } from '../ports/stores.ts';
import { MemoryAccountLinks } from './account-links-memory.ts';
import { MemoryAccountStore } from './accounts-memory.ts';
import { MemoryApiKeyStore } from './api-keys-memory.ts';
import { MemoryCatalogue } from './catalogue-memory.ts';
import { MemoryChangeStream, type MemoryChangeStreamOptions } from './change-stream-memory.ts';
import { MemoryContactStore } from './contacts-memory.ts';
import { MemoryAnalytics } from './analytics-memory.ts';
import { MemoryLedgerStore } from './ledger-memory.ts';
import { MemoryMediaStore } from './media-memory.ts';
import { MemoryConsumerPositions } from './consumer-positions-memory.ts';
import { MemoryDrafts } from './drafts-memory.ts';
import { MemoryFeedStore } from './feed-memory.ts';
import { MemoryFollowStore } from './follows-memory.ts';
import { MemoryJobStore } from './jobs-memory.ts';
import { MemoryJournal } from './journal-memory.ts';
import { MemoryOperatorAccounts } from './operator-accounts-memory.ts';
import { MemoryAuditLog } from './audit-log-memory.ts';
import { MemoryOrderDetails } from './order-details-memory.ts';
import { MemoryOrganisations } from './organisations-memory.ts';
import { MemoryOrderListStore } from './order-list-memory.ts';
import { MemoryParkedRefunds } from './parked-refunds-memory.ts';
import { MemoryPaymentProblems } from './payment-problems-memory.ts';
import { MemoryRecipientStore } from './recipients-memory.ts';
import { MemorySessionStore } from './sessions-memory.ts';
import { MemoryRequests } from './requests-memory.ts';
import { MemoryRestrictionStore } from './restrictions-memory.ts';
import { MemorySnapshotStore } from './snapshots-memory.ts';
import { MemoryVapidKeys } from './vapid-keys-memory.ts';
import { MemoryWebhookLog } from './webhook-log-memory.ts';
import { MemoryWebhooks } from './webhooks-memory.ts';

export interface MemoryStores extends Stores {
  readonly changes: MemoryChangeStream;
}

export interface MemoryStoresOptions extends MemoryChangeStreamOptions {
  readonly parkedRefundsMax?: number;
  readonly paymentProblemsMax?: number;
  readonly finishedJobsMax?: number;
  readonly endedSessionsMax?: number;
  readonly liftedRestrictionsMax?: number;
  readonly requestBounds?: Partial<RequestBounds>;
}

export function memoryStores(options: MemoryStoresOptions = {}): MemoryStores {
  const changes = new MemoryChangeStream(options);
  const requests = new MemoryRequests(options.requestBounds);
  const feed = new MemoryFeedStore();
  const orderList = new MemoryOrderListStore();
  const consumerPositions = new MemoryConsumerPositions();
  const accounts = new MemoryAccountStore({ changes });
  return {
    journal: new MemoryJournal(),
    snapshots: new MemorySnapshotStore(),
    accounts,
    accountLinks: new MemoryAccountLinks(),
    sessions: new MemorySessionStore({ accounts, endedMax: options.endedSessionsMax }),
    catalogue: new MemoryCatalogue({ changes, requests }),
    drafts: new MemoryDrafts({ changes, requests }),
    organisations: new MemoryOrganisations({ changes, requests }),
    follows: new MemoryFollowStore({ changes, requests }),
    changes,
    feed,
    orderList,
    readModels: new SeparateReadModels({ feed, orderList }),
    webhookLog: new MemoryWebhookLog(),
    consumerPositions,
    orderDetails: new MemoryOrderDetails(),
    operatorAccounts: new MemoryOperatorAccounts(),
    auditLog: new MemoryAuditLog(),
    vapidKeys: new MemoryVapidKeys(),
    ledger: new MemoryLedgerStore(),
    requests,
    parkedRefunds: new MemoryParkedRefunds({ max: options.parkedRefundsMax, requests }),
    paymentProblems: new MemoryPaymentProblems({
      positions: consumerPositions,
      max: options.paymentProblemsMax,
    }),
    jobs: new MemoryJobStore({ finishedMax: options.finishedJobsMax, requests }),
    apiKeys: new MemoryApiKeyStore(),
    contacts: new MemoryContactStore(),
    recipients: new MemoryRecipientStore(),
    media: new MemoryMediaStore({ changes }),
    analytics: new MemoryAnalytics(),
    restrictions: new MemoryRestrictionStore({ changes, liftedMax: options.liftedRestrictionsMax }),
    webhooks: new MemoryWebhooks(),
    close: () => Promise.resolve(),
  };
}
