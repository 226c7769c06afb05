// What a node does with the events of the journals: the consumers beside its shards and those off
// the loop, the archive, and what makes and proves the read models again.

import type { Logger } from 'pino';
import { systemClock } from '../actors/clock.ts';
import type { CommandRouter } from '../actors/command-router.ts';
import type { LiveBus } from '../actors/live-bus.ts';
import type { SaleMeter } from '../actors/sale-meter.ts';
import type { UpkeepShare } from '../actors/upkeep.ts';
import type { ProblemCount } from '../contracts/payment-problems.ts';
import { ChangeTrimmer } from '../events/changes/change-trimmer.ts';
import type { EventConsumer } from '../events/consumer.ts';
import { ProjectionsConsumer } from '../events/lists/projections-consumer.ts';
import {
  ParkedRefundRetries,
  type UnmadeRefunds,
} from '../events/payments/parked-refund-retries.ts';
import { PaymentProblemsConsumer } from '../events/payments/payment-problems-consumer.ts';
import { NEWS_CONSUMER } from '../events/reach/news.ts';
import type { EntryNews } from '../events/reach/news-queue.ts';
import { PAYMENTS_CONSUMER, PaymentsConsumer } from '../events/payments/payments-consumer.ts';
import { Rebuild } from '../events/rebuild/rebuild.ts';
import { Relay } from '../events/relay.ts';
import type { VerificationOptions } from '../events/verify/shard-verification.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { Journal } from '../storage/ports/journal.ts';
import type { Stores } from '../storage/ports/stores.ts';
import { SqliteSpillStore } from '../storage/sqlite/spill-sqlite.ts';
import { createAnalyticsThread } from './analytics.ts';
import { type ArchiverThread, createArchiverThread } from './archive.ts';
import type { Config } from './config.ts';
import type { NodeCoreOptions } from './node-core.ts';
import { type OffLoopConsumer, OffLoopThreads } from './off-loop-thread.ts';

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
  const { stores, journal, bus, router, levels, provider, clock, log, tracing = null } = options;
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
      : new PaymentsConsumer({
          ...stores,
          provider,
          positions,
          router,
          levels,
          tracing,
          clock,
          log,
        });
  if (payments !== null) consumers.push(payments);
  const retries =
    provider === null ? null : new ParkedRefundRetries({ ...stores, provider, clock, log });
  retries?.start();
  const relay = new Relay({
    consumers,
    journal,
    snapshots: stores.snapshots,
    openSpill: () => new SqliteSpillStore(),
    tracing,
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
function offLoopConsumers(config: Config): readonly OffLoopConsumer[] {
  return [
    {
      name: NEWS_CONSUMER,
      reads: 'events',
      module: new URL('news-consumer.ts', import.meta.url).href,
      options: { config },
    },
  ];
}

function allOffLoopConsumers({ config, offLoop = [] }: NodeCoreOptions): OffLoopConsumer[] {
  return [...offLoopConsumers(config), ...offLoop];
}

/** The threads of off-loop consumers, one for each, and of analytics. */
export function createOffLoop(
  options: NodeCoreOptions,
  stores: Stores,
  shardCount: number,
  takeNews: (news: EntryNews) => Promise<void>,
): OffLoopThreads {
  const { config, log } = options;
  return new OffLoopThreads({
    consumers: allOffLoopConsumers(options),
    others: [createAnalyticsThread({ config, shardCount, stores, log })],
    answers: new Map([[NEWS_CONSUMER, (message) => takeNews(message as EntryNews)]]),
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

/** `shardCount`: analytics are made anew with the lists of so many shards; null: never. */
export function createRebuild(
  stores: Stores,
  shardCount: number | null,
  upkeep: UpkeepShare,
  log: Logger,
): Rebuild {
  return new Rebuild({
    ...stores,
    analytics: shardCount === null ? null : { store: stores.analytics, shardCount },
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
