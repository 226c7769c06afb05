// The jobs of a node with the role `services`: long work in the background.

import type { Logger } from 'pino';
import type { Clock } from '../actors/clock.ts';
import type { Tracing } from '../actors/tracing/tracing.ts';
import type { UpkeepShare } from '../actors/upkeep.ts';
import type { BrokerRouter } from '../actors/cluster/broker-router.ts';
import { AuditUpkeep } from '../app/audit/audit-upkeep.ts';
import { ExportOrdersHandler } from '../app/jobs/export-orders.ts';
import { ExportSpace } from '../app/jobs/export-space.ts';
import { RefundOrdersHandler } from '../app/jobs/refund-orders.ts';
import { StopDropsHandler } from '../app/jobs/stop-drops.ts';
import { EnforceBanHandler } from '../app/jobs/enforce-ban.ts';
import { PassListsHandler } from '../app/passes/pass-lists.ts';
import type { JobHandler } from '../events/jobs/job-handler.ts';
import { DropRows } from '../events/reconcile/drop-rows.ts';
import { OrdersReconciler } from '../events/reconcile/orders.ts';
import { FollowsReconciler, UnreadReconciler } from '../events/reconcile/stored.ts';
import { JobQueue } from '../events/jobs/job-queue.ts';
import { JobRunner } from '../events/jobs/job-runner.ts';
import { ReconcileHandler } from '../events/reconcile/reconcile-handler.ts';
import type { NewsQueue } from '../events/reach/news-queue.ts';
import { StandingJobs } from '../events/reconcile/standing-jobs.ts';
import type { Stores } from '../storage/ports/stores.ts';
import type { AccountParts } from './accounts.ts';
import type { Config } from './config.ts';
import { createRebuild } from './node-events.ts';
import { openExportFiles } from './export-files.ts';
import { ExportThreads } from './export-threads.ts';
import { passTextsOf } from './pass-secrets.ts';
import type { Reach } from './reach.ts';
import { createWebhooks, type NodeWebhooks } from './webhooks.ts';

/** The jobs of a node with the services: where they are queued, and what runs them. */
export interface NodeJobs {
  readonly queue: JobQueue;
  readonly runner: JobRunner;
  /** Null where there is no place for files. */
  readonly exportSpace: ExportSpace | null;
  readonly reconciliation: ReconcileHandler;
  /** Where news of the journals become jobs. */
  readonly news: NewsQueue;
  readonly webhooks: NodeWebhooks;
  readonly start: () => void;
  readonly stop: () => Promise<void>;
}

export function createJobs(options: {
  readonly config: Config;
  readonly shardCount: number;
  readonly stores: Stores;
  readonly router: BrokerRouter;
  /** No other node has the store. */
  readonly isAlone: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reach: Reach;
  readonly accounts: Pick<AccountParts, 'handlers' | 'followsOf' | 'mail'>;
  readonly reconciling: UpkeepShare;
  /** Null, or absent: jobs have no spans. */
  readonly tracing?: Tracing | null;
}): NodeJobs {
  const { config, stores, router, isAlone, clock, log, tracing = null } = options;
  const { jobs } = stores;
  const files = openExportFiles(config);
  const queue = new JobQueue({ jobs, now: () => clock.now(), isTracing: tracing !== null });
  const { accounts } = options;
  const reconciliation = createReconciliation(options);
  const standing = new StandingJobs({ queue, clock, log });
  const webhooks = createWebhooks({ ...options, queue, mail: accounts.mail(queue) });
  const auditUpkeep = new AuditUpkeep({
    ...stores,
    retentionDays: config.auditRetentionDays,
    clock,
    onFault: (err) => log.warn({ err }, 'the audit log could not be kept up'),
  });
  const handlers: JobHandler[] = [
    webhooks.handler,
    reconciliation,
    new RefundOrdersHandler({ router }),
    new EnforceBanHandler({ ...stores, router, clock, followsOf: accounts.followsOf }),
    new StopDropsHandler({ ...stores, router, clock }),
    ...accounts.handlers,
    ...options.reach.handlers,
  ];
  let exportSpace: ExportSpace | null = null;
  if (files !== null) {
    const { open } = new ExportThreads({ ...options, readDetails: null });
    exportSpace = new ExportSpace({ files, jobs, clock, log });
    handlers.push(new ExportOrdersHandler({ open, files, space: exportSpace }));
    const passTexts = passTextsOf(config);
    if (passTexts !== null)
      handlers.push(new PassListsHandler({ ...stores, passTexts, files, space: exportSpace }));
  }
  const runner = new JobRunner({ jobs, queue, handlers, isAlone, tracing, clock, log });
  return {
    queue,
    runner,
    exportSpace,
    reconciliation,
    news: options.reach.newsOf(queue),
    webhooks,
    start() {
      runner.start();
      webhooks.start();
      standing.start();
      auditUpkeep.start();
      exportSpace?.start();
    },
    async stop() {
      reconciliation.stop();
      await Promise.all([runner.stop(), standing.stop()]);
      await Promise.all([exportSpace?.stop(), webhooks.stop(), auditUpkeep.stop()]);
    },
  };
}

/** What compares the stores with their truth (L3). */
function createReconciliation(options: {
  readonly shardCount: number;
  readonly stores: Stores;
  readonly router: BrokerRouter;
  readonly reconciling: UpkeepShare;
  readonly clock: Clock;
  readonly log: Logger;
}): ReconcileHandler {
  const { shardCount, stores, reconciling: upkeep, log } = options;
  const rebuild = createRebuild(stores, null, upkeep, log);
  const dropRows = new DropRows({ ...stores, ...options });
  return new ReconcileHandler({
    reconcilers: [
      new FollowsReconciler(stores),
      new OrdersReconciler({ ...stores, rebuild, dropRows, shardCount, log }),
      new UnreadReconciler({ ...stores, shardCount }),
    ],
    upkeep,
    log,
  });
}
