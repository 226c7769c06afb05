// The services of a node with the role `services`, over the stores.

import { randomBytes } from 'node:crypto';
import type { ServiceBroker } from 'moleculer';
import type { Logger } from 'pino';
import type { Clock } from '../actors/clock.ts';
import type { BrokerRouter } from '../actors/cluster/broker-router.ts';
import type { NodeRun } from '../actors/cluster/move-protocol.ts';
import type { BrokerPeers } from '../actors/cluster/shard-service.ts';
import type { LiveBus } from '../actors/live-bus.ts';
import { AuditedChanges } from '../app/audit/audited-changes.ts';
import { Subjects } from '../app/audit/subjects.ts';
import { DetailsCipher } from '../app/details-cipher.ts';
import type { ExportSpace } from '../app/jobs/export-space.ts';
import { SellingRules } from '../app/selling-rules.ts';
import type { OperatorsOptions } from '../app/operator/operators.ts';
import { OperatorRuns, type OperatorRunsOptions } from '../app/operator/runs.ts';
import type { JobQueue } from '../events/jobs/job-queue.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import type { PaymentProvider } from '../events/payments/payment-provider.ts';
import type { StripeEvents } from '../events/payments/stripe/stripe-events.ts';
import type { Rebuild } from '../events/rebuild/rebuild.ts';
import { KeptDrops } from '../events/replay/kept-drop.ts';
import { analyticsService } from '../services/analytics.ts';
import { auditedService } from '../services/moleculer/audited-service.ts';
import { auditService } from '../services/audit.ts';
import { bansService } from '../services/bans.ts';
import { catalogueService } from '../services/catalogue.ts';
import { draftsService } from '../services/drafts.ts';
import { dropsService } from '../services/drops.ts';
import { followsService } from '../services/follows.ts';
import { jobsService } from '../services/jobs.ts';
import { keysService } from '../services/keys.ts';
import { mediaService } from '../services/media.ts';
import { notificationsService } from '../services/notifications.ts';
import { operatorServices } from '../services/operator.ts';
import { orderDetailsService } from '../services/order-details.ts';
import { ordersService } from '../services/orders.ts';
import { BrokerRuns } from '../services/other-runs.ts';
import { passesService } from '../services/passes.ts';
import { paymentsService } from '../services/payments.ts';
import { productsService } from '../services/products.ts';
import { preferencesService, pushService } from '../services/reach.ts';
import { BrokerGatewayCaches } from '../services/gateway-caches.ts';
import { BrokerNodeMeasures } from '../services/node-measures.ts';
import { BrokerSearchNodes } from '../services/search-nodes.ts';
import { sellersService } from '../services/sellers.ts';
import { shopsService } from '../services/shops.ts';
import { webhooksService } from '../services/webhooks.ts';
import { FEATURE_LEVEL, type FeatureLevels } from '../storage/ports/feature-level.ts';
import type { Stores } from '../storage/ports/stores.ts';
import type { AccountParts } from './accounts.ts';
import type { Config } from './config.ts';
import { openLedger } from './ledger.ts';
import { passTextsOf } from './pass-secrets.ts';
import { digitsOf } from './payments.ts';
import type { NodePush } from './push.ts';
import type { Tokens } from './tokens.ts';
import type { NodeWebhooks } from './webhooks.ts';

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
    readonly webhooks: NodeWebhooks;
    readonly exportSpace: ExportSpace | null;
    readonly accounts: AccountParts;
    readonly push: NodePush;
    readonly tokens: Tokens;
    readonly self: NodeRun;
    /** The feature level of the store. */
    readonly levels: FeatureLevels;
    readonly restrictions: RestrictionSet;
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
  const storedLedger = openLedger(config, stores);
  const passTexts = passTextsOf(config);
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
  const rules = { ...stores, mode: config.sellers, liveBus: bus, levels, now };
  const selling = { selling: new SellingRules(rules), hidden: options.restrictions };
  const changes = new AuditedChanges({
    ...stores,
    subjects: new Subjects({ ...stores, router, now }),
    onUntold: (err) => options.log.warn({ err }, 'a change is made and not yet recorded'),
    now,
  });
  const drops = { ...selling, router, levels, paymentPaceMs, clock, random };
  for (const service of [
    ...options.accounts.services(queue),
    keysService({ ...stores, now, random }),
    webhooksService(options.webhooks.useCases),
    shopsService({ ...stores, accessTokens: options.tokens.accessTokens, now }),
    catalogueService({ ...stores, ...drops, now }),
    productsService({ ...stores, ...selling, now, random }),
    mediaService({
      ...stores,
      ...selling,
      leases: options.operator.leases,
      levels,
      liveBus: bus,
      now,
      random,
    }),
    dropsService({ ...stores, ...drops }),
    orderDetailsService({ ...stores, router, levels, cipher: detailsCipher(config) }),
    draftsService({ ...stores, ...drops }),
    ordersService({
      ...stores,
      router,
      levels,
      keptDrops: new KeptDrops({ ...stores, shardCount }),
      storedLedger,
      shardCount,
    }),
    passesService({ ...stores, router, levels, passTexts, random }),
    jobsService({
      exportSpace: options.exportSpace,
      passTexts,
      ...stores,
      router,
      queue,
      levels,
      now,
      random,
    }),
    analyticsService({ ...stores, router, now }),
    followsService({ ...stores, hidden: options.restrictions, liveBus: bus, now }),
    sellersService({ ...stores, router, queue, liveBus: bus, levels, now, random }),
    auditService(stores),
    bansService({ ...stores, queue, liveBus: bus, levels, now, random }),
    notificationsService({ ...stores, now }),
    preferencesService({ ...stores, random }),
    pushService({
      ...stores,
      pushKeys: options.push.keys,
      endpointProblem: (endpoint) => options.push.endpointProblem(endpoint),
      now,
    }),
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
      searchNodes: new BrokerSearchNodes({ broker }),
      gatewayCaches: new BrokerGatewayCaches({ broker }),
      nodeMeasures: new BrokerNodeMeasures({ broker }),
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
      restartNode: (nodeId, incarnation) => peers.restart(nodeId, incarnation),
      releaseDrop: (nodeId, dropId, since) => peers.releaseDrop(nodeId, dropId, since),
      shardCount,
      log: stores.auditLog,
      storedLedger,
      ledgerStore: stores.ledger,
      journal: stores.journal,
      router,
      vapidKeys: stores.vapidKeys,
      parkedRefunds: stores.parkedRefunds,
      paymentProblems: stores.paymentProblems,
      jobs: stores.jobs,
      media: stores.media,
      requests: stores.requests,
      webhooks: stores.webhooks,
      webhookJobs: options.webhooks.useCases.webhookJobs,
      levels,
      now,
      monotonic,
    }),
  ]) {
    broker.createService(auditedService(service, changes));
  }
}
