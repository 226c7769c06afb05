// One node alone: SQLite in the data directory, every shard and every service, and no other
// servers.

import { randomUUID } from 'node:crypto';
import { ServiceBroker } from 'moleculer';
import { BrokerRouter } from '../actors/cluster/broker-router.ts';
import { systemClock } from '../actors/clock.ts';
import { InProcessLiveBus } from '../actors/live-bus.ts';
import type { NodeReport } from '../actors/node-report.ts';
import type { Relay } from '../events/relay.ts';
import { soleOwner } from '../actors/cluster/placement-watch.ts';
import { BATCH_GAP_MS } from '../actors/shard/batch-gap.ts';
import { ShardHost } from '../actors/shard/shard-host.ts';
import { BrokerPeers, shardService } from '../actors/cluster/shard-service.ts';
import type { ShardsVerified } from '../contracts/operator.ts';
import { verifyShards } from '../events/verify/shard-verification.ts';
import { ChangeAnnouncer } from '../events/changes/change-announcer.ts';
import { RestrictionSet } from '../events/restriction-set.ts';
import type { RunContext } from '../actors/run-context.ts';
import { brokerOptions } from '../moleculer.config.ts';
import { createCallAction } from '../services/moleculer/call-action.ts';
import { presenceService } from '../services/presence.ts';
import { cachesService } from '../services/gateway-caches.ts';
import { measuresService } from '../services/node-measures.ts';
import { MeasuredFollows } from '../storage/measured-follows.ts';
import { MeasuredJournal } from '../storage/measured-journal.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../storage/ports/feature-level.ts';
import { openSqliteStores, type SqliteStores } from '../storage/sqlite/stores.ts';
import { createAccountParts } from './accounts.ts';
import { openArchive, withArchive } from './archive.ts';
import { isOfCluster } from './data-directory.ts';
import { createLedgerThread } from './ledger.ts';
import type { NodeCore, NodeCoreOptions } from './node-core.ts';
import {
  createArchiver,
  createEvents,
  createOffLoop,
  createRebuild,
  verification,
} from './node-events.ts';
import { createJobs } from './node-jobs.ts';
import { addNews } from './news.ts';
import { createServices } from './node-services.ts';
import { createPush } from './push.ts';
import { createReach } from './reach.ts';
import { createSearch } from './search.ts';
import { createTokens } from './tokens.ts';
import { createUpkeep, type NodeUpkeep } from './upkeep.ts';

export interface EmbeddedCore extends NodeCore {
  readonly host: ShardHost;
  readonly relay: Relay;
  /** Verifies the shards of the list that this node serves. */
  readonly verify: (shards: readonly number[], run: RunContext) => Promise<ShardsVerified>;
}

/** Errors: `directory-in-use`; an Error where a cluster uses the directory. */
export async function createEmbeddedCore(options: NodeCoreOptions): Promise<EmbeddedCore> {
  const { dataDirectory } = options.config;
  if (isOfCluster(dataDirectory)) {
    throw new Error(
      `${dataDirectory} belongs to a cluster: use npm run cluster -- --data ${dataDirectory}`,
    );
  }
  const archive = openArchive(options.config);
  const upkeep = createUpkeep();
  const { mergePace } = upkeep;
  const opened = await openSqliteStores({ directory: dataDirectory, mergePace });
  const follows = new MeasuredFollows(opened);
  const stores = { ...withArchive(opened, archive), follows };
  try {
    return createCore(options, stores, upkeep);
  } catch (error) {
    // Otherwise the stores' threads would keep the process alive and the directory locked.
    await stores.close();
    throw error;
  }
}

function createCore(
  options: NodeCoreOptions,
  stores: SqliteStores & { readonly follows: MeasuredFollows },
  { meter, runs, reconciling }: NodeUpkeep,
): EmbeddedCore {
  const { config, clock, log, restart, tracing = null } = options;
  const { shardCount } = stores;
  const bus = new InProcessLiveBus();
  const { nodeId } = config;
  const self = { nodeId, incarnation: randomUUID() };
  const broker = new ServiceBroker(brokerOptions({ nodeId, natsUrl: null, log, tracing }));
  const router = new BrokerRouter({
    broker,
    owners: soleOwner(nodeId),
    shardCount,
    tracing,
    clock: systemClock,
    log,
  });
  const journal = new MeasuredJournal({ journal: stores.journal });
  // Nobody else writes its files, so the level is reached at once.
  const levels = new ReachedLevel(FEATURE_LEVEL);
  const events = createEvents({
    ...options,
    stores,
    journal,
    bus,
    router,
    levels,
  });
  const host: ShardHost = new ShardHost({
    ...stores,
    journal,
    nodeId,
    shardCount,
    bus,
    facts: events.relay,
    meter,
    batchGapMs: BATCH_GAP_MS,
    tracing,
    clock,
    log,
  });
  const offLoop = createOffLoop(options, stores, shardCount, (news) =>
    addNews(jobs.news, news, tracing),
  );
  const restrictions = new RestrictionSet({ ...stores, bus, clock, log });
  const search = createSearch({ ...options, restrictions });
  const archiver = createArchiver({ ...options, stores, shardCount, levels, meter });
  const ledger = createLedgerThread({ ...options, stores, shardCount, meter });
  const tokens = createTokens(options);
  const rebuild = createRebuild(stores, shardCount, runs, log);
  let url: string | null = null;
  let operatorUrl: string | null = null;
  const accounts = createAccountParts({
    ...options,
    stores,
    bus,
    tokens,
    levels,
    restrictions,
    url: () => url,
  });
  const announcer = new ChangeAnnouncer({ ...stores, bus, clock: systemClock, log });
  const push = createPush({ ...options, stores, meter });
  const reach = createReach({
    broker,
    stores,
    router,
    hidden: restrictions,
    push,
    accounts,
    clock,
  });
  const jobs = createJobs({
    ...options,
    shardCount,
    stores,
    router,
    isAlone: true,
    accounts,
    reach,
    reconciling,
  });
  const verify = (shards: readonly number[], run: RunContext) =>
    verifyShards({ ...verification(rebuild, runs), ...stores, host, shards }, run);
  const report = (): NodeReport => ({
    ...self,
    leaseMs: null,
    clockSkewMs: null,
    outstandingCommands: router.outstanding,
    shards: host.report(),
  });
  broker.createService(shardService({ broker, host, node: { report }, verify, restart }));
  if (search !== null) broker.createService(search.service);
  createServices(broker, {
    ...options,
    clock,
    stores,
    bus,
    router,
    peers: new BrokerPeers({ broker }),
    rebuild,
    queue: jobs.queue,
    webhooks: jobs.webhooks,
    exportSpace: jobs.exportSpace,
    accounts,
    push,
    tokens,
    self,
    levels,
    restrictions,
    shardCount,
    url: () => operatorUrl,
    operator: {
      async verify(run) {
        const shards = host.shards.map(({ id }) => id);
        const { verified: _, ...shown } = await verify(shards, run);
        return shown;
      },
      placement: null,
      leases: null,
    },
  });
  return {
    stores,
    shardCount,
    actorNodes: () => 1,
    journal,
    host,
    cluster: null,
    commits: () => stores.commits(),
    followerPages: () => stores.follows.pages(),
    relay: events.relay,
    unmadeRefunds: events.unmadeRefunds,
    rejectedPayments: events.rejectedPayments,
    problemCounts: events.problemCounts,
    paymentCalls: events.paymentCalls,
    offLoop,
    archiveCounts: archiver?.counts ?? null,
    ledger,
    search,
    push,
    jobCounts: () => jobs.runner.counts(),
    jobsOverdue: () => jobs.runner.overdue(),
    reconciled: () => jobs.reconciliation.counts(),
    webhooks: jobs.webhooks,
    verify,
    bus,
    restrictions,
    router,
    call: createCallAction(broker),
    levels,
    tokens,
    unreadiness: () => unreadyShards(host),
    reach: reach.sample,
    serveMeasures: (read) => void broker.createService(measuresService(read)),
    serveCaches: (caches) => void broker.createService(cachesService(caches)),
    servePresence: (online) => void broker.createService(presenceService(online)),
    async start() {
      await announcer.start();
      await broker.start();
      await restrictions.start();
      await host.start();
      offLoop.start();
      await tokens.start();
      archiver?.thread.start();
      ledger?.start();
      search?.start();
      await push.keys.present();
      jobs.start();
    },
    async join(ownUrl, ownOperatorUrl) {
      url = ownUrl;
      operatorUrl = ownOperatorUrl;
    },
    async leave() {},
    async stopThreads() {
      await Promise.all([
        offLoop.stop(),
        archiver?.thread.stop(),
        ledger?.stop(),
        search?.stopThread(),
        jobs.webhooks.stopThread(),
      ]);
    },
    async stop() {
      announcer.stop();
      restrictions.stop();
      await Promise.all([jobs.stop(), tokens.stop()]);
      await accounts.stop();
      await host.stop();
      await Promise.all([
        events.stop(),
        offLoop.stop(),
        archiver?.thread.stop(),
        ledger?.stop(),
        search?.stop(),
        push.stop(),
      ]);
      await broker.stop();
      await stores.close();
    },
  };
}

export function unreadyShards(host: ShardHost): string[] {
  return host
    .report()
    .filter(({ status }) => status !== 'serving' && status !== 'leaving')
    .map(
      ({ shard, status, fault }) =>
        `shard ${shard} is ${status}${fault === null ? '' : `: ${fault}`}`,
    );
}
