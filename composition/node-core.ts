// What every node is made of and made with, alone or in a cluster. One node alone:
// `embedded-core.ts`. A node of a cluster: `cluster-core.ts`. The gateway around either:
// `server.ts`.

import type { Logger } from 'pino';
import type { BrokerRouter } from '../actors/cluster/broker-router.ts';
import type { StoreClock } from '../actors/cluster/store-clock.ts';
import type { LiveBus } from '../actors/live-bus.ts';
import type { ShardHost } from '../actors/shard/shard-host.ts';
import type { Tracing } from '../actors/tracing/tracing.ts';
import type { CallAction } from '../contracts/actions.ts';
import type { JobCount } from '../contracts/jobs.ts';
import type { DurationSample } from '../domain/duration-counts.ts';
import type { JobOverdue } from '../events/jobs/job-runner.ts';
import type { ReconcileCount } from '../contracts/reconcile.ts';
import type { ProblemCount } from '../contracts/payment-problems.ts';
import type { ArchiveCounts } from '../events/archive/archive-counts.ts';
import type { UnmadeRefunds } from '../events/payments/parked-refund-retries.ts';
import type { PaymentProvider } from '../events/payments/payment-provider.ts';
import type { StripeEvents } from '../events/payments/stripe/stripe-events.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import type { Relay } from '../events/relay.ts';
import type { MeasuredJournal } from '../storage/measured-journal.ts';
import type { ClusterSample, CommitSample } from '../gateway/metrics/metric-sources.ts';
import type { ReachSample } from '../gateway/metrics/reach-metrics.ts';
import type { presenceService } from '../services/presence.ts';
import type { cachesService } from '../services/gateway-caches.ts';
import type { measuresService } from '../services/node-measures.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { Stores } from '../storage/ports/stores.ts';
import type { Config } from './config.ts';
import type { LedgerThread } from './ledger.ts';
import type { OffLoopConsumer, OffLoopThreads } from './off-loop-thread.ts';
import type { NodePush } from './push.ts';
import type { NodeSearch } from './search.ts';
import type { Tokens } from './tokens.ts';
import type { NodeWebhooks } from './webhooks.ts';

export interface NodeCore {
  readonly stores: Stores;
  readonly shardCount: number;
  /** How many nodes have actors now. */
  readonly actorNodes: () => number;
  /** Null where this node has no actors. */
  readonly host: ShardHost | null;
  /** What this node sees of its cluster. Null for a node alone. */
  readonly cluster: (() => ClusterSample) | null;
  /** The commits of SQLite. Null in a cluster. */
  readonly commits: (() => readonly CommitSample[]) | null;
  /** Pages of followers that were read. */
  readonly followerPages: () => DurationSample;
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
  /** How long jobs are due. Null where this node's roles do not include them. */
  readonly jobsOverdue: (() => readonly JobOverdue[]) | null;
  /** What this node compared with its truth. Null where its roles do not include that. */
  readonly reconciled: (() => readonly ReconcileCount[]) | null;
  /** Null where this node's roles do not include them. */
  readonly webhooks: NodeWebhooks | null;
  /** Null where this node does not archive. */
  readonly archiveCounts: ArchiveCounts | null;
  /** The thread that writes the ledger. Null where this node has none. */
  readonly ledger: LedgerThread | null;
  /** Null where this node has no search index. */
  readonly search: NodeSearch | null;
  /** Null where this node's roles do not include the services. */
  readonly push: NodePush | null;
  /** Messages to people. Null where this node's roles do not include them. */
  readonly reach: ReachSample | null;
  readonly bus: LiveBus;
  /** Who is banned. It is known once the core has started. */
  readonly restrictions: RestrictionSet;
  readonly router: BrokerRouter;
  readonly call: CallAction;
  /** The feature level of the store. */
  readonly levels: FeatureLevels;
  readonly tokens: Tokens;
  /** The journal to which this node's shards append. */
  readonly journal: MeasuredJournal;
  /** Lets operators ask for what this node measures. Before `start`. */
  serveMeasures(read: Parameters<typeof measuresService>[0]): void;
  /** Lets operators ask for the caches of this node's gateway. Before `start`. */
  serveCaches(caches: Parameters<typeof cachesService>[0]): void;
  /** Tells the services who has a stream open at this node's gateway. Before `start`. */
  servePresence(online: Parameters<typeof presenceService>[0]): void;
  /** The reasons why the node cannot serve now, one short sentence each. */
  unreadiness(): string[];
  /** Starts everything but the shards of a cluster. Errors: those of the store or of NATS. */
  start(): Promise<void>;
  /**
   * Takes shards. `url` is the address of this node's gateway, `operatorUrl` where operators find
   * the node. Resolves when the node can serve.
   */
  join(url: string | null, operatorUrl: string | null): Promise<void>;
  /** Moves its shards to other nodes, where there are any. Its gateway still answers meanwhile. */
  leave(): Promise<void>;
  /**
   * Ends the threads that work beside the shards: nothing waits for what they do. Its gateway still
   * answers meanwhile.
   */
  stopThreads(): Promise<void>;
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
  /** Null, or absent: traces are off. */
  readonly tracing?: Tracing | null;
  readonly log: Logger;
}
