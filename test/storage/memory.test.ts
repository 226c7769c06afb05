// Every port's contract on the memory drivers.

import { memoryStores } from '../../storage/memory/stores.ts';
import { accountLinksContract } from './contract/account-links.ts';
import { accountsContract } from './contract/accounts.ts';
import { analyticsContract } from './contract/analytics.ts';
import { apiKeysContract } from './contract/api-keys.ts';
import { catalogueContract } from './contract/catalogue.ts';
import { orderDetailsContract } from './contract/order-details.ts';
import { draftsContract } from './contract/drafts.ts';
import { organisationsContract } from './contract/organisations.ts';
import { changeStreamContract } from './contract/change-stream.ts';
import { contactsContract } from './contract/contacts.ts';
import { mediaContract } from './contract/media.ts';
import { operatorAccountsContract } from './contract/operator-accounts.ts';
import { consumerPositionsContract } from './contract/consumer-positions.ts';
import { feedContract } from './contract/feed.ts';
import { followsContract } from './contract/follows.ts';
import { reconcileContract } from './contract/reconcile.ts';
import { journalContract } from './contract/journal.ts';
import { ledgerContract } from './contract/ledger.ts';
import { vapidKeysContract } from './contract/vapid-keys.ts';
import { auditLogContract } from './contract/audit-log.ts';
import { orderListContract } from './contract/order-list.ts';
import { FINISHED_JOBS_MAX, jobsContract } from './contract/jobs.ts';
import { PARKED_MAX, parkedRefundsContract } from './contract/parked-refunds.ts';
import { paymentProblemsContract, PROBLEMS_MAX } from './contract/payment-problems.ts';
import { readModelsContract } from './contract/read-models.ts';
import { ENDED_MAX, sessionsContract } from './contract/sessions.ts';
import { recipientsContract } from './contract/recipients.ts';
import { requestsContract } from './contract/requests.ts';
import { LIFTED_MAX, restrictionsContract } from './contract/restrictions.ts';
import { snapshotsContract } from './contract/snapshots.ts';
import { webhookLogContract } from './contract/webhook-log.ts';
import { webhooksContract } from './contract/webhooks.ts';

const stores = memoryStores({
  parkedRefundsMax: PARKED_MAX,
  paymentProblemsMax: PROBLEMS_MAX,
  finishedJobsMax: FINISHED_JOBS_MAX,
  endedSessionsMax: ENDED_MAX,
  liftedRestrictionsMax: LIFTED_MAX,
});

journalContract(() => stores);
snapshotsContract(() => stores);
accountsContract(() => stores);
sessionsContract(() => stores);
accountLinksContract(() => stores);
catalogueContract(() => stores);
draftsContract(() => stores);
organisationsContract(() => stores);
orderDetailsContract(() => stores.orderDetails);
followsContract(() => stores);
feedContract(() => stores);
reconcileContract(() => stores);
orderListContract(() => stores);
readModelsContract(() => stores);
webhookLogContract(() => stores);
consumerPositionsContract(() => stores);
auditLogContract(() => stores.auditLog);
apiKeysContract(() => stores.apiKeys);
analyticsContract(() => stores.analytics);
webhooksContract(() => stores.webhooks);
contactsContract(() => stores.contacts);
recipientsContract(() => stores.recipients);
mediaContract(() => stores.media);
restrictionsContract(() => stores);
operatorAccountsContract(() => stores.operatorAccounts);
vapidKeysContract(() => stores.vapidKeys);
ledgerContract(() => stores.ledger);
parkedRefundsContract(() => stores.parkedRefunds);
paymentProblemsContract(() => stores);
jobsContract(() => stores.jobs);
changeStreamContract({
  stores: () => stores,
  openBounded: async (_t, retainedMax) => memoryStores({ retainedMax }),
});
requestsContract({
  stores: () => stores,
  openBounded: async (_t, requestBounds) => memoryStores({ requestBounds }),
  parts: 1,
});
