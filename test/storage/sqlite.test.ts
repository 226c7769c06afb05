// Every port's contract on the SQLite drivers.

import test, { type ExecutionContext } from 'ava';
import {
  openSqliteStores,
  type SqliteStores,
  type SqliteStoresOptions,
} from '../../storage/sqlite/stores.ts';
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
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const directory = temporaryDirectory();
let opened: SqliteStores;

test.before(async () => {
  // So few that rows are settled while the suites run.
  opened = await openSqliteStores({
    directory,
    settleRows: 20,
    parkedRefundsMax: PARKED_MAX,
    paymentProblemsMax: PROBLEMS_MAX,
    finishedJobsMax: FINISHED_JOBS_MAX,
    endedSessionsMax: ENDED_MAX,
    liftedRestrictionsMax: LIFTED_MAX,
  });
});
test.after.always(async () => {
  await opened?.close();
  removeDirectory(directory);
});

journalContract(() => opened);
snapshotsContract(() => opened);
accountsContract(() => opened);
sessionsContract(() => opened);
accountLinksContract(() => opened);
catalogueContract(() => opened);
draftsContract(() => opened);
organisationsContract(() => opened);
orderDetailsContract(() => opened.orderDetails);
followsContract(() => opened);
feedContract(() => opened);
orderListContract(() => opened);
readModelsContract(() => opened);
webhookLogContract(() => opened);
consumerPositionsContract(() => opened);
auditLogContract(() => opened.auditLog);
apiKeysContract(() => opened.apiKeys);
analyticsContract(() => opened.analytics);
webhooksContract(() => opened.webhooks);
contactsContract(() => opened.contacts);
recipientsContract(() => opened.recipients);
mediaContract(() => opened.media);
restrictionsContract(() => opened);
operatorAccountsContract(() => opened.operatorAccounts);
vapidKeysContract(() => opened.vapidKeys);
ledgerContract(() => opened.ledger);
parkedRefundsContract(() => opened.parkedRefunds);
paymentProblemsContract(() => opened);
jobsContract(() => opened.jobs);
changeStreamContract({
  stores: () => opened,
  openBounded: (t, changesRetainedMax) => openOwn(t, { changesRetainedMax }),
});
requestsContract({
  stores: () => opened,
  openBounded: (t, requestBounds) => openOwn(t, { requestBounds }),
  parts: 1,
});

async function openOwn(
  t: ExecutionContext,
  options: Omit<SqliteStoresOptions, 'directory'>,
): Promise<SqliteStores> {
  const own = temporaryDirectory();
  const stores = await openSqliteStores({ directory: own, ...options });
  t.teardown(async () => {
    await stores.close();
    removeDirectory(own);
  });
  return stores;
}
