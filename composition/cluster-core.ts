// A node of a cluster: Redis stores the data, NATS connects the nodes, and placement gives this
// node some of the shards.

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ServiceBroker } from 'moleculer';
import pTimeout from 'p-timeout';
import { BrokerRouter } from '../actors/cluster/broker-router.ts';
import { systemClock } from '../actors/clock.ts';
import { verifyCluster } from '../actors/cluster/cluster-verification.ts';
import { SessionLease } from '../actors/cluster/lease.ts';
import { NatsLiveBus } from '../actors/nats/live-bus-nats.ts';
import { announcedLevel, FeatureLevelGate } from '../actors/cluster/feature-level.ts';
import { Ownership } from '../actors/cluster/ownership.ts';
import { verifyOnNode } from '../actors/cluster/verify-calls.ts';
import { PlacementWatch } from '../actors/cluster/placement-watch.ts';
import { ShardHost } from '../actors/shard/shard-host.ts';
import {
  BrokerPeers,
  lateRepliesService,
  placementService,
  shardService,
} from '../actors/cluster/shard-service.ts';
import { verifyShards } from '../events/verify/shard-verification.ts';
import { ChangeAnnouncer } from '../events/changes/change-announcer.ts';
import { RestrictionSet } from '../events/restriction-set.ts';
import type { RunContext } from '../actors/run-context.ts';
import { SHARD_COUNT } from '../domain/ids.ts';
import { brokerOptions } from '../moleculer.config.ts';
import { createCallAction } from '../services/moleculer/call-action.ts';
import { presenceService } from '../services/presence.ts';
import { tracesService } from '../services/traces.ts';
import { cachesService } from '../services/gateway-caches.ts';
import { measuresService } from '../services/node-measures.ts';
import { MeasuredFollows } from '../storage/measured-follows.ts';
import { MeasuredJournal } from '../storage/measured-journal.ts';
import { FEATURE_LEVEL, LevelTooNewError, ReachedLevel } from '../storage/ports/feature-level.ts';
import { openRedisStores } from '../storage/redis/stores.ts';
import { createAccountParts } from './accounts.ts';
import { openArchive, withArchive } from './archive.ts';
import { unreadyShards } from './embedded-core.ts';
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
import { createUpkeep } from './upkeep.ts';

/** The longest that a joining node waits until the cluster is ready; then it logs why it is not. */
const JOIN_WAIT_MAX_MS = 10_000;
const JOIN_POLL_MS = 25;
/**
 * The longest time for moving a leaving node's shards away, which usually takes a second or two.
 * Then the node ends, and others claim the shards that it still has.
 */
const LEAVE_MAX_MS = 20_000;

export interface ClusterCoreOptions extends NodeCoreOptions {
  readonly natsUrl: string;
  /** Another process runs under this node's id. */
  readonly onSessionLost: () => void;
  /** The store has a higher feature level than this version reads. */
  readonly onTooNew: (error: LevelTooNewError) => void;
}

/**
 * Errors: `store-unavailable`, `weak-store`, `level-too-new`, `clock-skew`, a store with another
 * number of shards, or an error of NATS.
 */
export async function createClusterCore(options: ClusterCoreOptions): Promise<NodeCore> {
  const { config, clock, log, natsUrl, restart, tracing = null } = options;
  const { nodeId, roles } = config;
  if (config.store.kind !== 'redis') throw new Error('a cluster has a Redis store');
  const levels = new ReachedLevel(0);
  const opened = await openRedisStores({
    address: config.store,
    name: nodeId,
    replicas: config.redisReplicas,
    acceptWeak: config.redisAcceptWeak,
    levels,
    now: () => clock.now(),
    log,
  });
  const follows = new MeasuredFollows(opened);
  const stores = { ...withArchive(opened, openArchive(config)), follows };
  const { meter, runs, reconciling } = createUpkeep();
  const { placement } = stores;
  const journal = new MeasuredJournal({ journal: stores.journal });
  let bus: NatsLiveBus;
  try {
    const shardCount = await placement.fixShardCount(SHARD_COUNT, FEATURE_LEVEL);
    if (shardCount !== SHARD_COUNT)
      throw new Error(`the store has ${shardCount} shards, this version ${SHARD_COUNT}`);
    const { level } = await placement.load();
    if (level > FEATURE_LEVEL) throw new LevelTooNewError(level);
    levels.raise(level);
    await clock.check(() => placement.time());
    bus = await NatsLiveBus.connect({ url: natsUrl, caFile: config.natsCaFile, name: nodeId, log });
  } catch (error) {
    await stores.close();
    throw error;
  }
  const broker = new ServiceBroker(
    brokerOptions({ nodeId, natsUrl, natsCaFile: config.natsCaFile, log, tracing }),
  );
  if (tracing !== null) broker.createService(tracesService(broker, tracing));
  const peers = new BrokerPeers({ broker });
  // Renewals of a session read the store's time. A node without one reads it with the placement.
  const timed = {
    async load() {
      const [read] = await Promise.all([placement.load(), clock.measure(() => placement.time())]);
      return read;
    },
  };
  const store = roles.includes('actors') ? placement : timed;
  const watch = new PlacementWatch({ store, clock: systemClock, log });
  const gate = new FeatureLevelGate({
    levels,
    watch,
    placement,
    // The broker's list of nodes for callers is a deep copy, a tenth of an idle node's main thread.
    announced: () =>
      broker.registry.nodes
        .toArray()
        .filter(({ available }) => available)
        .map(({ metadata }) => announcedLevel(metadata)),
    connected: () => bus.connected,
    onTooNew: options.onTooNew,
    clock: systemClock,
    log,
  });
  const router = new BrokerRouter({
    broker,
    owners: watch,
    shardCount: SHARD_COUNT,
    tracing,
    clock: systemClock,
    log,
  });
  const offLoop = roles.includes('services')
    ? createOffLoop(options, stores, SHARD_COUNT, (news) => addNews(jobs!.news, news, tracing))
    : null;
  const archiver = roles.includes('services')
    ? createArchiver({ ...options, stores, shardCount: SHARD_COUNT, levels, meter })
    : null;
  const ledger = roles.includes('services')
    ? createLedgerThread({ ...options, stores, shardCount: SHARD_COUNT, meter })
    : null;
  const restrictions = new RestrictionSet({ ...stores, bus, clock, log });
  const search = createSearch({ ...options, restrictions });
  const tokens = createTokens(options);
  const rebuild = createRebuild(stores, SHARD_COUNT, runs, log);
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
  const push = roles.includes('services')
    ? createPush({ ...options, stores, meter, tracing })
    : null;
  const reach =
    push === null
      ? null
      : createReach({ broker, stores, router, hidden: restrictions, push, accounts, clock });
  const jobs =
    reach === null
      ? null
      : createJobs({
          ...options,
          shardCount: SHARD_COUNT,
          stores,
          router,
          isAlone: false,
          accounts,
          reach,
          reconciling,
        });
  const announcer = new ChangeAnnouncer({ ...stores, bus, clock: systemClock, log });
  const self = { nodeId, incarnation: randomUUID() };
  broker.createService(placementService({ onPlacementChanged: () => watch.refreshNow() }));
  broker.createService(
    lateRepliesService({ nodeId, onReplies: (message) => router.takeLateReplies(message) }),
  );
  if (search !== null) broker.createService(search.service);
  const actors = roles.includes('actors') ? createActors() : null;
  if (jobs !== null && push !== null) {
    createServices(broker, {
      ...options,
      clock,
      stores,
      bus,
      router,
      peers,
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
      shardCount: SHARD_COUNT,
      url: () => operatorUrl,
      operator: {
        verify: (run) =>
          verifyCluster(
            {
              shardCount: SHARD_COUNT,
              owners: watch,
              ask: (id, shards, asked) => verifyOnNode(broker, id, shards, asked),
              clock: systemClock,
            },
            run,
          ),
        placement: stores.placement,
        leases: stores.leases,
      },
    });
  }

  function createActors() {
    const lease = new SessionLease();
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
      shardCount: SHARD_COUNT,
      bus,
      facts: events.relay,
      shared: {
        lease,
        redirect: (shard) => ownership.redirect(shard),
        fenced: (shard) => ownership.fenced(shard),
      },
      levels,
      meter,
      tracing,
      clock,
      log,
    });
    const ownership: Ownership = new Ownership({
      ...stores,
      self,
      weight: config.nodeWeight,
      url: () => operatorUrl,
      host,
      lease,
      watch,
      peers,
      connected: () => bus.connected,
      outstandingCommands: () => router.outstanding,
      onSessionLost: options.onSessionLost,
      clock: systemClock,
      storeClock: clock,
      log,
    });
    const verify = (shards: readonly number[], run: RunContext) =>
      verifyShards({ ...verification(rebuild, runs), ...stores, host, shards }, run);
    broker.createService(shardService({ broker, host, node: ownership, verify, restart }));
    return { lease, events, host, ownership };
  }

  let leaving = false;
  const countUnowned = (): number => {
    let count = 0;
    for (let shard = 0; shard < SHARD_COUNT; shard++) if (watch.ownerOf(shard) === null) count += 1;
    return count;
  };
  const unreadiness = (): string[] => {
    const reasons: string[] = [];
    if (leaving) reasons.push('this node is ending');
    if (watch.failing) reasons.push('the store does not answer');
    if (!bus.connected) reasons.push('NATS does not answer');
    if (actors !== null && !actors.lease.valid()) reasons.push('this node has no lease');
    if (actors?.ownership.clockIsWrong === true) reasons.push("this node's clock is wrong");
    const unowned = countUnowned();
    if (unowned > 0) reasons.push(`${unowned} of ${SHARD_COUNT} shards have no owner`);
    return actors === null ? reasons : [...reasons, ...unreadyShards(actors.host)];
  };
  return {
    stores,
    shardCount: SHARD_COUNT,
    actorNodes: () => watch.placement?.sessions.length ?? 1,
    journal,
    host: actors?.host ?? null,
    cluster: () => ({
      clockSkewMs: clock.skewMs,
      nodes: watch.placement?.sessions.length ?? null,
      shardsWithoutOwner: countUnowned(),
      natsConnected: bus.connected,
      redisWeak: stores.isWeak(),
      leaseValid: actors === null ? null : actors.lease.valid(),
    }),
    commits: null,
    followerPages: () => follows.pages(),
    relay: actors?.events.relay ?? null,
    unmadeRefunds: actors?.events.unmadeRefunds ?? null,
    rejectedPayments: actors?.events.rejectedPayments ?? null,
    problemCounts: actors?.events.problemCounts ?? null,
    paymentCalls: actors?.events.paymentCalls ?? null,
    offLoop,
    archiveCounts: archiver?.counts ?? null,
    ledger,
    search,
    push,
    jobCounts: jobs === null ? null : () => jobs.runner.counts(),
    jobsOverdue: jobs === null ? null : () => jobs.runner.overdue(),
    reconciled: jobs === null ? null : () => jobs.reconciliation.counts(),
    webhooks: jobs?.webhooks ?? null,
    bus,
    restrictions,
    router,
    call: createCallAction(broker),
    levels,
    tokens,
    unreadiness,
    reach: reach?.sample ?? null,
    serveMeasures: (read) => void broker.createService(measuresService(read)),
    serveCaches: (caches) => void broker.createService(cachesService(caches)),
    servePresence: (online) => void broker.createService(presenceService(online)),
    async start() {
      await announcer.start();
      await broker.start();
      await watch.start();
      await restrictions.start();
      offLoop?.start();
      archiver?.thread.start();
      ledger?.start();
      search?.start();
      await push?.keys.present();
      jobs?.start();
      gate.start();
      await tokens.start();
    },
    async join(ownUrl, ownOperatorUrl) {
      url = ownUrl;
      operatorUrl = ownOperatorUrl;
      await actors?.ownership.start();
      const until = systemClock.monotonic() + JOIN_WAIT_MAX_MS;
      while (unreadiness().length > 0 && systemClock.monotonic() < until) {
        await pause(JOIN_POLL_MS, undefined, { ref: false });
      }
      const reasons = unreadiness();
      if (reasons.length > 0) log.warn({ reasons }, 'this node has joined, and is not ready yet');
    },
    async leave() {
      leaving = true;
      if (actors === null) return;
      const left = actors.ownership.leave();
      await pTimeout(left, { milliseconds: LEAVE_MAX_MS, fallback: () => undefined });
    },
    async stopThreads() {
      await Promise.all([
        offLoop?.stop(),
        archiver?.thread.stop(),
        ledger?.stop(),
        search?.stopThread(),
        jobs?.webhooks.stopThread(),
      ]);
    },
    async stop() {
      announcer.stop();
      restrictions.stop();
      await Promise.all([jobs?.stop(), tokens.stop()]);
      await accounts.stop();
      await actors?.ownership.stop();
      await actors?.host.stop();
      await Promise.all([
        actors?.events.stop(),
        offLoop?.stop(),
        archiver?.thread.stop(),
        ledger?.stop(),
        search?.stop(),
        push?.stop(),
      ]);
      await endSession();
      await gate.stop();
      await watch.stop();
      await broker.stop();
      await bus.stop();
      await stores.close();
    },
  };

  /** Where the store does not answer, the session expires by itself. */
  async function endSession(): Promise<void> {
    try {
      await actors?.ownership.endSession();
    } catch (error) {
      log.warn({ err: error }, 'the session of this node could not be ended');
    }
  }
}
