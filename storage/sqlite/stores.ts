// All stores on SQLite, in four files in one data directory: journal.db (the source of all drops
// and orders), catalogue.db (accounts, products, follows), projections.db (rebuilt from the
// journal), analytics.db (sums of it, and of what gateways count). Each file has one writer, in a
// thread of its own.

import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { EMBEDDED_SHARD_COUNT } from '../../domain/ids.ts';
import { makeFolder } from '../make-folder.ts';
import type { Pace } from '../ports/pace.ts';
import type { RequestBounds } from '../ports/requests.ts';
import type { Stores } from '../ports/stores.ts';
import type { AnalyticsHandlers } from './analytics/analytics-program.ts';
import { SqliteAnalytics } from './analytics/analytics-sqlite.ts';
import { SqliteAccountLinks } from './catalogue/account-links-sqlite.ts';
import { SqliteApiKeyStore } from './catalogue/api-keys-sqlite.ts';
import { SqliteAccountStore } from './catalogue/accounts-sqlite.ts';
import type { CatalogueHandlers } from './catalogue/catalogue-program.ts';
import { AppendSignal } from './catalogue/append-signal.ts';
import { SqliteChangeStream } from './catalogue/change-stream-sqlite.ts';
import { SqliteCatalogue } from './catalogue/catalogue-sqlite.ts';
import { SqliteDrafts } from './catalogue/drafts-sqlite.ts';
import { SqliteContactStore } from './catalogue/contacts-sqlite.ts';
import { SqliteMediaStore } from './catalogue/media-sqlite.ts';
import { SqliteConsumerPositions } from './catalogue/consumer-positions-sqlite.ts';
import { openReaderDatabase } from './thread/database.ts';
import { lockDirectory } from './directory-lock.ts';
import { SqliteFeedStore } from './rows/feed-sqlite.ts';
import { SqliteFollowStore } from './catalogue/follows-sqlite.ts';
import type { JournalHandlers } from './journal/journal-program.ts';
import type { JournalReaderHandlers } from './journal/journal-reader-program.ts';
import { SqliteJobStore } from './catalogue/jobs-sqlite.ts';
import { SqliteJournal } from './journal/journal-sqlite.ts';
import { SqliteLedgerStore } from './catalogue/ledger-sqlite.ts';
import { SqliteOrderDetails } from './catalogue/order-details-sqlite.ts';
import { SqliteOperatorAccounts } from './catalogue/operator-accounts-sqlite.ts';
import { SqliteAuditLog } from './catalogue/audit-log-sqlite.ts';
import { SqliteOrganisations } from './catalogue/organisations-sqlite.ts';
import { SqliteOrderListStore } from './rows/order-list-sqlite.ts';
import { SqliteParkedRefunds } from './catalogue/parked-refunds-sqlite.ts';
import { SqlitePaymentProblems } from './catalogue/payment-problems-sqlite.ts';
import { SqliteRecipientStore } from './catalogue/recipients-sqlite.ts';
import { SqliteRequests } from './catalogue/requests-sqlite.ts';
import { SqliteRestrictionStore } from './catalogue/restrictions-sqlite.ts';
import type { ProjectionsHandlers } from './rows/projections-program.ts';
import type { ProjectionsReaderHandlers } from './rows/projections-reader-program.ts';
import { SqliteSessionStore } from './catalogue/sessions-sqlite.ts';
import { SqliteVapidKeys } from './catalogue/vapid-keys-sqlite.ts';
import { DurationCounts, type DurationSample } from '../../domain/duration-counts.ts';
import { DURABLE_BOUNDS_MS } from '../durable-bounds.ts';
import type { Handlers } from './thread/program.ts';
import { SqliteReadModels } from './rows/read-models-sqlite.ts';
import { SqliteSnapshotStore } from './journal/snapshots-sqlite.ts';
import { SqliteThread } from './thread/thread.ts';
import { UserRows } from './rows/user-rows.ts';
import { SqliteWebhookLog } from './catalogue/webhook-log-sqlite.ts';
import { SqliteWebhooks } from './catalogue/webhooks-sqlite.ts';

const WAL_BYTES_MAX = 64 << 20;

const DATABASE_NAMES = ['journal', 'catalogue', 'projections', 'analytics'] as const;
export type DatabaseName = (typeof DATABASE_NAMES)[number];

export interface SqliteStoresOptions {
  /** Created if missing. One process at a time. */
  readonly directory: string;
  /** Bound of each file's write-ahead log; 64 MiB unless given. */
  readonly walBytesMax?: number;
  /** The pace of merging user rows; `UNPACED` unless given. */
  readonly mergePace?: Pace;
  /** Rows of a generation that is settled; 65,536 unless given. */
  readonly settleRows?: number;
  /** Bound of the change stream, for tests; `CHANGES_RETAINED_MAX` unless given. */
  readonly changesRetainedMax?: number;
  /** Bound of the parked refunds, for tests; `PARKED_REFUNDS_MAX` unless given. */
  readonly parkedRefundsMax?: number;
  /** Of each kind of payment problems, for tests; `PROBLEMS_OF_KIND_MAX` unless given. */
  readonly paymentProblemsMax?: number;
  /** Bound of a caller's finished jobs, for tests; `FINISHED_JOBS_OF_CALLER_MAX` unless given. */
  readonly finishedJobsMax?: number;
  /** Bound of the list of ended sessions, for tests; `ENDED_SESSIONS_MAX` unless given. */
  readonly endedSessionsMax?: number;
  /** Of lifted restrictions, for tests; `LIFTED_RESTRICTIONS_MAX` unless given. */
  readonly liftedRestrictionsMax?: number;
  /** Of kept answers to requests, for tests; `REQUEST_BOUNDS` unless given. */
  readonly requestBounds?: Partial<RequestBounds>;
}

export interface SqliteStores extends Stores {
  /** The number of shards that the directory was created with. */
  readonly shardCount: number;
  readonly readModels: SqliteReadModels;
  readonly changes: SqliteChangeStream;
  /**
   * Bounds a file to this many pages, as a full disk would; 0 removes the bound. For tests.
   */
  limitPages(database: DatabaseName, pages: number): Promise<void>;
  /** The commits of each file since the start, by duration. */
  commits(): readonly { readonly file: DatabaseName; readonly commits: DurationSample }[];
}

/**
 * Errors: `directory-in-use` if another process uses the directory, `schema-too-new`, and SQLite's
 * own codes for files that cannot be used. The text of each error names the file.
 */
export async function openSqliteStores(options: SqliteStoresOptions): Promise<SqliteStores> {
  const { directory, walBytesMax = WAL_BYTES_MAX, settleRows, changesRetainedMax } = options;
  makeFolder(directory);
  /** The steps to undo, in the order of doing. */
  const undo: (() => Promise<void> | void)[] = [lockDirectory(directory)];
  const undoAll = async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  };

  const makeThread = <H extends Handlers>(
    name: DatabaseName,
    program: string,
    counts?: DurationCounts,
  ) => {
    const file = join(directory, `${name}.db`);
    const url = new URL(`${program}.ts`, import.meta.url);
    const thread = new SqliteThread<H>({
      program: url,
      file,
      walBytesMax,
      pageCountMax: 0,
      ...(counts !== undefined && { commits: counts }),
    });
    undo.push(() => thread.close());
    return thread;
  };
  const commits = {
    journal: new DurationCounts(DURABLE_BOUNDS_MS),
    catalogue: new DurationCounts(DURABLE_BOUNDS_MS),
    projections: new DurationCounts(DURABLE_BOUNDS_MS),
    analytics: new DurationCounts(DURABLE_BOUNDS_MS),
  };
  const openReader = (name: DatabaseName): Database => {
    const reader = openReaderDatabase(join(directory, `${name}.db`));
    undo.push(() => {
      reader.close();
    });
    return reader;
  };

  try {
    const journalWriter = makeThread<JournalHandlers>(
      'journal',
      'journal/journal-program',
      commits.journal,
    );
    const catalogueWriter = makeThread<CatalogueHandlers>(
      'catalogue',
      'catalogue/catalogue-program',
      commits.catalogue,
    );
    const projectionsWriter = makeThread<ProjectionsHandlers>(
      'projections',
      'rows/projections-program',
      commits.projections,
    );
    const analyticsWriter = makeThread<AnalyticsHandlers>(
      'analytics',
      'analytics/analytics-program',
      commits.analytics,
    );
    const writers = [journalWriter, catalogueWriter, projectionsWriter, analyticsWriter];
    await Promise.all(writers.map((writer) => writer.start()));
    const journalReader = makeThread<JournalReaderHandlers>(
      'journal',
      'journal/journal-reader-program',
    );
    const scanner = makeThread<ProjectionsReaderHandlers>(
      'projections',
      'rows/projections-reader-program',
    );
    await Promise.all([journalReader.start(), scanner.start()]);
    const journal = { writer: journalWriter, reader: journalReader };
    const catalogue = {
      writer: catalogueWriter,
      reader: openReader('catalogue'),
      signal: new AppendSignal(),
    };
    const projections = {
      writer: projectionsWriter,
      reader: openReader('projections'),
      settleRows,
      mergePace: options.mergePace,
    };
    const shardCount = await journalWriter.submit('fixShardCount', EMBEDDED_SHARD_COUNT);
    if (changesRetainedMax !== undefined)
      await catalogueWriter.submit('limitChanges', changesRetainedMax);
    if (options.requestBounds !== undefined)
      await catalogueWriter.submit('boundRequests', options.requestBounds);
    if (options.liftedRestrictionsMax !== undefined)
      await catalogueWriter.submit('limitLiftedRestrictions', options.liftedRestrictionsMax);
    const rows = new UserRows(projections);
    undo.push(() => rows.stop());
    return {
      shardCount,
      journal: new SqliteJournal(journal),
      snapshots: new SqliteSnapshotStore(journal),
      accounts: new SqliteAccountStore(catalogue),
      accountLinks: new SqliteAccountLinks(catalogue),
      sessions: new SqliteSessionStore({ ...catalogue, endedMax: options.endedSessionsMax }),
      catalogue: new SqliteCatalogue(catalogue),
      drafts: new SqliteDrafts(catalogue),
      organisations: new SqliteOrganisations(catalogue),
      follows: new SqliteFollowStore(catalogue),
      changes: new SqliteChangeStream(catalogue),
      feed: new SqliteFeedStore({ ...projections, rows }),
      orderList: new SqliteOrderListStore({ rows, scanner }),
      readModels: new SqliteReadModels({ ...projections, rows, scanner }),
      webhookLog: new SqliteWebhookLog(catalogue),
      consumerPositions: new SqliteConsumerPositions(catalogue),
      orderDetails: new SqliteOrderDetails(catalogue),
      operatorAccounts: new SqliteOperatorAccounts(catalogue),
      auditLog: new SqliteAuditLog(catalogue),
      vapidKeys: new SqliteVapidKeys(catalogue),
      ledger: new SqliteLedgerStore(catalogue),
      jobs: new SqliteJobStore({ ...catalogue, finishedMax: options.finishedJobsMax }),
      requests: new SqliteRequests(catalogue),
      parkedRefunds: new SqliteParkedRefunds({ ...catalogue, max: options.parkedRefundsMax }),
      paymentProblems: new SqlitePaymentProblems({
        ...catalogue,
        max: options.paymentProblemsMax,
      }),
      apiKeys: new SqliteApiKeyStore(catalogue),
      contacts: new SqliteContactStore(catalogue),
      recipients: new SqliteRecipientStore(catalogue),
      media: new SqliteMediaStore(catalogue),
      analytics: new SqliteAnalytics({ writer: analyticsWriter }),
      restrictions: new SqliteRestrictionStore(catalogue),
      webhooks: new SqliteWebhooks(catalogue),
      async limitPages(database, pages) {
        if (database === 'journal') await journalWriter.submit('limitPages', pages);
        if (database === 'catalogue') await catalogueWriter.submit('limitPages', pages);
        if (database === 'projections') await projectionsWriter.submit('limitPages', pages);
        if (database === 'analytics') await analyticsWriter.submit('limitPages', pages);
      },
      commits: () => DATABASE_NAMES.map((file) => ({ file, commits: commits[file].sample() })),
      close: undoAll,
    };
  } catch (error) {
    await undoAll();
    throw error;
  }
}
