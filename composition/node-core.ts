// The parts that all compositions of a node have in common: what the gateway needs, and the
// services over the stores. One node alone: `embedded-core.ts`. A node of a cluster:
// `cluster-core.ts`. The gateway around either: `server.ts`.

import { randomBytes } from 'node:crypto';
import type { ServiceBroker } from 'moleculer';
import pino, { type Logger } from 'pino';
import type { BrokerRouter } from '../actors/cluster/broker-router.ts';
import { type Clock, systemClock } from '../actors/clock.ts';
import type { StoreClock } from '../actors/cluster/store-clock.ts';
import type { ArchiveCounts } from '../events/archive/archive-counts.ts';
import { ChangeTrimmer } from '../events/changes/change-trimmer.ts';
import type { EventConsumer } from '../events/consumer.ts';
import { Relay } from '../events/relay.ts';
import type { CommandRouter } from '../actors/command-router.ts';
import type { LiveBus } from '../actors/live-bus.ts';
import type { SaleMeter } from '../actors/sale-meter.ts';
import type { UpkeepShare } from '../actors/upkeep.ts';
import type { NodeRun } from '../actors/cluster/move-protocol.ts';
import type { ShardHost } from '../actors/shard/shard-host.ts';
import type { BrokerPeers } from '../actors/cluster/shard-service.ts';
import { ExportOrdersHandler } from '../app/jobs/export-orders.ts';
import { ExportSpace } from '../app/jobs/export-space.ts';
import { RefundOrdersHandler } from '../app/jobs/refund-orders.ts';
import type { CallAction } from '../contracts/actions.ts';
import type { ProblemCount } from '../contracts/payment-problems.ts';
import type { JobCount } from '../contracts/jobs.ts';
import { keysService } from '../services/keys.ts';
import { catalogueService } from '../services/catalogue.ts';
import { draftsService } from '../services/drafts.ts';
import { dropsService } from '../services/drops.ts';
import { shopsService } from '../services/shops.ts';
import { productsService } from '../services/products.ts';
import {
  ParkedRefundRetries,
  type UnmadeRefunds,
} from '../events/payments/parked-refund-retries.ts';
import { PaymentProblemsConsumer } from '../events/payments/payment-problems-consumer.ts';
import { PAYMENTS_CONSUMER, PaymentsConsumer } from '../events/payments/payments-consumer.ts';
import { ProjectionsConsumer } from '../events/lists/projections-consumer.ts';
import { followsService } from '../services/follows.ts';
import { jobsService } from '../services/jobs.ts';
import { notificationsService } from '../services/notifications.ts';
import { OperatorRuns, type OperatorRunsOptions } from '../app/operator/runs.ts';
import { operatorServices } from '../services/operator.ts';
import { BrokerRuns } from '../services/other-runs.ts';
import { orderDetailsService } from '../services/order-details.ts';
import { ordersService } from '../services/orders.ts';
import type { OperatorsOptions } from '../app/operator/operators.ts';
import type { JobHandler } from '../events/jobs/job-handler.ts';
import { DetailsCipher } from '../app/details-cipher.ts';
import { JobQueue } from '../events/jobs/job-queue.ts';
import { JobRunner } from '../events/jobs/job-runner.ts';
import { Rebuild } from '../events/rebuild/rebuild.ts';
import { KeptDrops } from '../events/replay/kept-drop.ts';
import type { VerificationOptions } from '../events/verify/shard-verification.ts';
import type { PaymentProvider } from '../events/payments/payment-provider.ts';
import type { StripeEvents } from '../events/payments/stripe/stripe-events.ts';
import { paymentsService } from '../services/payments.ts';
import type { MeasuredJournal } from '../storage/measured-journal.ts';
import { FEATURE_LEVEL, type FeatureLevels } from '../storage/ports/feature-level.ts';
import type { Journal } from '../storage/ports/journal.ts';
import { SqliteSpillStore } from '../storage/sqlite/spill-sqlite.ts';
import type { Stores } from '../storage/ports/stores.ts';
import type { AccountParts } from './accounts.ts';
import { type ArchiverThread, createArchiverThread } from './archive.ts';
import type { Config } from './config.ts';
import { openExportFiles } from './export-files.ts';
import { ExportThreads } from './export-threads.ts';
import { digitsOf } from './payments.ts';
import { type OffLoopConsumer, OffLoopThreads } from './off-loop-thread.ts';
import type { Tokens } from './tokens.ts';

export interface NodeCore {
  readonly stores: Stores;
  readonly shardCount: number;
  /** How many nodes have actors now. */
  readonly actorNodes: () => number;
  /** Null where this node has no actors. */
  readonly host: ShardHost | null;
  /** This machine's clock less the store's time. Null for a node alone. */
  readonly clockSkewMs: (() => number | null) | null;
  /** Feeds the events of this node's shards to consumers. Null where the node has no actors. */
  readonly relay: Relay | null;
  /** Refunds of the whole store that are not made. Null where this node has no actors. */
  readonly unmadeRefunds: (() => UnmadeRefunds | null) | null;
  /** Payments that paid for no order, by reason. Null where this node has no actors. */
  readonly rejectedPayments: (() => Readonly<Record<string, number>>) | null;
  /** Payments of the whole store to look at. Null where this node has no actors. */
  readonly problemCounts: (() => readonly ProblemCount[] | null) | null;
  /** Unfinished calls of the payment provider, by kind. Null where this node has no actors. */
  readonly paymentCalls: (() => Readonly<Record<string, number>>) | null;
  /** The threads of off-loop consumers. Null where this node's roles do not include them. */
  readonly offLoop: OffLoopThreads | null;
  /** Jobs of the whole store. Null where this node's roles do not include them. */
  readonly jobCounts: (() => readonly JobCount[] | null) | null;
  /** Null where this node does not archive. */
  readonly archiveCounts: ArchiveCounts | null;
  readonly bus: LiveBus;
  readonly router: BrokerRouter;
  readonly call: CallAction;
  /** The feature level of the store. */
  readonly levels: FeatureLevels;
  readonly tokens: Tokens;
  /** The journal to which this node's shards append. */
  readonly journal: MeasuredJournal;
  /** The reasons why the node cannot serve now, one short sentence each. */
  unreadiness(): string[];
  /** Starts everything but the shards of a cluster. Errors: those of the store or of NATS. */
  start(): Promise<void>;
  /**
   * Takes shards. `url` is the address of this node's gateway. Resolves when the node can serve.
   */
  join(url: string | null): Promise<void>;
  /** Moves its shards to other nodes, where there are any. Its gateway still answers meanwhile. */
  leave(): Promise<void>;
  /** Finishes the work in flight, then closes everything. */
  stop(): Promise<void>;
}

export interface NodeCoreOptions {
  readonly config: Config;
  /**
   * The present for all that reads and writes times. A cluster's node holds it near the store's
   * time; a node alone leaves it unread, so that it is the machine's.
   */
  readonly clock: StoreClock;
  /** Consumers besides `offLoopConsumers`, for tests and benchmarks. */
  readonly offLoop?: readonly OffLoopConsumer[];
  /** Null: no payments are requested; their events wait in the journal. */
  readonly provider: PaymentProvider | null;
  /** Null, or absent: payments are not made with Stripe. */
  readonly stripeEvents?: StripeEvents | null;
  /** Stops this process gracefully, for an operator who wants to restart it. */
  readonly restart: () => void;
  readonly log: Logger;
}

export function createLog(config: Config): Logger {
  // Standard output is only for the ready line, so logs go to standard error.
  return pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
}

export interface Events {
  readonly relay: Relay;
  /** Refunds of the whole store that are not made; null while unknown. */
  readonly unmadeRefunds: () => UnmadeRefunds | null;
  /** Payments that this node saw succeed, and that did not pay for their order, by reason. */
  readonly rejectedPayments: () => Readonly<Record<string, number>>;
  /** Payments of the whole store that operators must look at; null while unknown. */
  readonly problemCounts: () => readonly ProblemCount[] | null;
  /** Calls of the payment provider that this node has not finished, by kind. */
  readonly paymentCalls: () => Readonly<Record<string, number>>;
  /** Finishes the batch in progress. The shards must have stopped. */
  stop(): Promise<void>;
}

/** The relay of a node with actors, and its consumers. */
export function createEvents(
  options: NodeCoreOptions & {
    readonly stores: Stores;
    readonly journal: Journal;
    readonly bus: LiveBus;
    readonly router: CommandRouter;
    /** The feature level of the store. */
    readonly levels: FeatureLevels;
  },
): Events {
  const { stores, journal, bus, router, levels, provider, clock, log } = options;
  const { changes, consumerPositions: positions } = stores;
  const readers = allOffLoopConsumers(options).filter(({ reads }) => reads === 'changes');
  const names = readers.map(({ name }) => name);
  const trimmer = new ChangeTrimmer({ changes, positions, consumers: names, clock, log });
  trimmer.start();
  const problems = new PaymentProblemsConsumer({ ...stores, journal, clock, log });
  problems.start();
  const consumers: EventConsumer[] = [
    new ProjectionsConsumer({ ...stores, liveBus: bus }),
    problems,
  ];
  const payments =
    provider === null
      ? null
      : new PaymentsConsumer({ ...stores, provider, positions, router, levels, clock, log });
  if (payments !== null) consumers.push(payments);
  const retries =
    provider === null ? null : new ParkedRefundRetries({ ...stores, provider, clock, log });
  retries?.start();
  const relay = new Relay({
    consumers,
    journal,
    snapshots: stores.snapshots,
    openSpill: () => new SqliteSpillStore(),
    clock,
    log,
  });
  return {
    relay,
    unmadeRefunds: () => retries?.unmade() ?? null,
    rejectedPayments: () => payments?.rejectedPayments() ?? {},
    problemCounts: () => problems.counts(),
    paymentCalls: () => payments?.unfinishedCalls() ?? {},
    async stop() {
      // Otherwise a payments consumer with a full queue would delay the end of the relay.
      await Promise.all([relay.stop(), payments?.stop(), retries?.stop(), trimmer.stop()]);
      await problems.stop();
    },
  };
}

/**
 * The off-loop consumers of every node that is alone or has the role `services`. Their names are
 * the same on all nodes: the change stream is trimmed behind them.
 */
function offLoopConsumers(_config: Config): readonly OffLoopConsumer[] {
  return [];
}

function allOffLoopConsumers({ config, offLoop = [] }: NodeCoreOptions): OffLoopConsumer[] {
  return [...offLoopConsumers(config), ...offLoop];
}

/** The threads of off-loop consumers, one for each. */
export function createOffLoop(
  options: NodeCoreOptions,
  stores: Stores,
  shardCount: number,
): OffLoopThreads {
  const { config, log } = options;
  return new OffLoopThreads({
    consumers: allOffLoopConsumers(options),
    config,
    shardCount,
    positions: stores.consumerPositions,
    clock: systemClock,
    log,
  });
}

/** The thread that archives journals. Null where there is no archive. */
export function createArchiver(
  options: NodeCoreOptions & {
    readonly stores: Stores;
    readonly shardCount: number;
    /** The feature level of the store. */
    readonly levels: FeatureLevels;
    readonly meter: SaleMeter;
  },
): ArchiverThread | null {
  const ofEvents = allOffLoopConsumers(options).filter(({ reads }) => reads === 'events');
  // The list of payments to look at does not hold the journal: it reads the archive, too.
  const consumers = [PAYMENTS_CONSUMER, ...ofEvents.map(({ name }) => name)];
  return createArchiverThread({ ...options, consumers });
}

export function createRebuild(stores: Stores, upkeep: UpkeepShare, log: Logger): Rebuild {
  return new Rebuild({
    ...stores,
    openSpill: () => new SqliteSpillStore(),
    upkeep,
    clock: systemClock,
    log,
  });
}

/** What a verification needs besides the node's shards and stores. */
export function verification(
  rebuild: Rebuild,
  upkeep: UpkeepShare,
): Pick<VerificationOptions, 'missing' | 'openSpill' | 'upkeep'> {
  return {
    upkeep,
    missing: (shards, run) => rebuild.run(shards, false, run),
    openSpill: () => new SqliteSpillStore(),
  };
}

/** The jobs of a node with the services: where they are queued, and what runs them. */
export interface NodeJobs {
  readonly queue: JobQueue;
  readonly runner: JobRunner;
  /** Null where there is no place for files. */
  readonly exportSpace: ExportSpace | null;
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
  /** Besides those of orders. */
  readonly handlers: readonly JobHandler[];
}): NodeJobs {
  const { config, stores, router, isAlone, clock, log } = options;
  const { jobs } = stores;
  const files = openExportFiles(config);
  const queue = new JobQueue({ jobs, now: () => clock.now() });
  const handlers: JobHandler[] = [new RefundOrdersHandler({ router }), ...options.handlers];
  let exportSpace: ExportSpace | null = null;
  if (files !== null) {
    const { open } = new ExportThreads({ ...options, readDetails: null });
    exportSpace = new ExportSpace({ files, jobs, clock, log });
    handlers.push(new ExportOrdersHandler({ open, files, space: exportSpace }));
  }
  const runner = new JobRunner({ jobs, queue, handlers, isAlone, clock, log });
  return {
    queue,
    runner,
    exportSpace,
    start() {
      runner.start();
      exportSpace?.start();
    },
    async stop() {
      await runner.stop();
      await exportSpace?.stop();
    },
  };
}

export function detailsCipher({ detailsSecrets: secrets }: Config): DetailsCipher | null {
  return secrets.length === 0 ? null : new DetailsCipher({ secrets, random: randomBytes });
}

/** The services of the role `services`, on the broker. */
export function createServices(
  broker: ServiceBroker,
  options: {
    readonly config: Config;
    readonly clock: Clock;
    readonly stores: Stores;
    readonly bus: LiveBus;
    readonly router: BrokerRouter;
    readonly peers: BrokerPeers;
    readonly rebuild: Rebuild;
    readonly queue: JobQueue;
    readonly exportSpace: ExportSpace | null;
    readonly accounts: AccountParts;
    readonly tokens: Tokens;
    readonly self: NodeRun;
    /** The feature level of the store. */
    readonly levels: FeatureLevels;
    readonly shardCount: number;
    /** The address of this node's gateway. */
    readonly url: () => string | null;
    readonly provider: PaymentProvider | null;
    readonly stripeEvents?: StripeEvents | null;
    readonly log: Logger;
    readonly operator: Pick<OperatorsOptions, 'verify' | 'placement'> &
      Pick<OperatorRunsOptions, 'leases'>;
  },
): void {
  const { config, clock, stores, bus, router, peers, self, levels } = options;
  const { shardCount, url, queue } = options;
  const now = () => clock.now();
  const monotonic = () => clock.monotonic();
  const startedAt = now();
  const random = (count: number) => randomBytes(count);
  const { provider, stripeEvents: stripe = null } = options;
  const { paymentSecrets } = config;
  // Nobody but Stripe tells of Stripe's payments.
  const secrets = stripe === null ? paymentSecrets : [];
  const providerDigits = digitsOf(config);
  const publishableKey = config.stripe?.publishableKey ?? null;
  const paymentPaceMs = provider?.prepared?.paceMs ?? 0;
  for (const service of [
    options.accounts.service(queue),
    keysService({ ...stores, now, random }),
    shopsService({ ...stores, accessTokens: options.tokens.accessTokens, now }),
    catalogueService({ ...stores, router, levels, paymentPaceMs, clock, now, random }),
    productsService({ ...stores, now, random }),
    dropsService({ ...stores, router, levels, paymentPaceMs, clock, random }),
    orderDetailsService({ ...stores, router, levels, cipher: detailsCipher(config) }),
    draftsService({ ...stores, router, levels, paymentPaceMs, clock, random }),
    ordersService({
      ...stores,
      router,
      levels,
      keptDrops: new KeptDrops({ ...stores, shardCount }),
    }),
    jobsService({
      exportSpace: options.exportSpace,
      ...stores,
      router,
      queue,
      levels,
      now,
      random,
    }),
    followsService({ ...stores, liveBus: bus, now }),
    notificationsService({ ...stores, now }),
    paymentsService({
      ...stores,
      router,
      levels,
      secrets,
      stripe,
      providerDigits,
      provider,
      publishableKey,
      clock,
      log: options.log,
      now,
      monotonic,
    }),
    ...operatorServices({
      accounts: options.accounts.operators,
      verify: options.operator.verify,
      placement: options.operator.placement,
      rebuild: (shards, write, run) => options.rebuild.run(shards, write, run),
      runs: new OperatorRuns({
        clock,
        leases: options.operator.leases,
        others: new BrokerRuns({ broker }),
      }),
      self: () => ({
        ...self,
        weight: config.nodeWeight,
        leaving: false,
        clockIsWrong: false,
        startedAt,
        url: url(),
        liveShards: [],
        level: FEATURE_LEVEL,
      }),
      reportOf: (nodeId) => peers.report(nodeId),
      restartNode: (nodeId) => peers.restart(nodeId),
      releaseDrop: (nodeId, dropId) => peers.releaseDrop(nodeId, dropId),
      shardCount,
      log: stores.operatorLog,
      parkedRefunds: stores.parkedRefunds,
      paymentProblems: stores.paymentProblems,
      jobs: stores.jobs,
      requests: stores.requests,
      now,
    }),
  ]) {
    broker.createService(service);
  }
}
