// All stores of a cluster's node on Redis. Appends to the journal have a connection of their own,
// so that they never wait behind a large read.

import type { Logger } from 'pino';
import type { FeatureLevels } from '../ports/feature-level.ts';
import type { ConsumerLeases } from '../ports/consumer-leases.ts';
import type { PlacementStore } from '../ports/placement.ts';
import type { Stores } from '../ports/stores.ts';
import { RedisAccountLinks } from './catalogue/account-links-redis.ts';
import { RedisAnalytics } from './analytics/analytics-redis.ts';
import { RedisApiKeyStore } from './catalogue/api-keys-redis.ts';
import { RedisAccountStore } from './catalogue/accounts-redis.ts';
import { CatalogueCopy } from './catalogue/catalogue-copy.ts';
import { RedisCatalogue } from './catalogue/catalogue-redis.ts';
import { openEntityParts } from './catalogue/entity-parts.ts';
import { connectRedis, type RedisAddress, type RedisConnection } from './connection/connection.ts';
import { RedisConsumerLeases } from './catalogue/consumer-leases-redis.ts';
import { RedisContactStore } from './catalogue/contacts-redis.ts';
import { RedisMediaStore } from './catalogue/media-redis.ts';
import { RedisConsumerPositions } from './catalogue/consumer-positions-redis.ts';
import { DropRecordsUpgrade } from './catalogue/drop-records-upgrade.ts';
import { RedisDrafts } from './catalogue/drafts-redis.ts';
import { RedisFeedStore } from './rows/feed-redis.ts';
import { RedisFollowStore } from './catalogue/follows-redis.ts';
import { RedisJobStore } from './catalogue/jobs-redis.ts';
import { RedisJournal } from './journal/journal-redis.ts';
import { RedisLedgerStore } from './catalogue/ledger-redis.ts';
import { OmConnection } from './catalogue/om-connection.ts';
import { RedisOrderDetails } from './catalogue/order-details-redis.ts';
import { RedisOperatorAccounts } from './catalogue/operator-accounts-redis.ts';
import { RedisAuditLog } from './catalogue/audit-log-redis.ts';
import { RedisOrganisations } from './catalogue/organisations-redis.ts';
import { RedisOrderListStore } from './rows/order-list-redis.ts';
import { RedisParkedRefunds } from './catalogue/parked-refunds-redis.ts';
import { RedisPaymentProblems } from './catalogue/payment-problems-redis.ts';
import { RedisPlacementStore } from './placement/placement-redis.ts';
import { RedisRecipientStore } from './catalogue/recipients-redis.ts';
import { RedisReadModels } from './rows/read-models-redis.ts';
import { RedisRestrictionStore } from './catalogue/restrictions-redis.ts';
import { checkRedisServers } from './connection/server-checks.ts';
import { RedisServerWatch } from './connection/server-watch.ts';
import { RedisSessionStore } from './catalogue/sessions-redis.ts';
import { RedisSnapshotStore } from './journal/snapshots-redis.ts';
import { RedisVapidKeys } from './catalogue/vapid-keys-redis.ts';
import { RedisWebhookLog } from './catalogue/webhook-log-redis.ts';
import { RedisWebhooks } from './catalogue/webhooks-redis.ts';

export interface RedisStores extends Stores {
  readonly placement: PlacementStore;
  readonly leases: ConsumerLeases;
  /** Redis may lose what it acknowledges, as of the last minute's look. */
  readonly isWeak: () => boolean;
}

export interface RedisStoresOptions {
  readonly address: RedisAddress;
  /** The name of each connection in `CLIENT LIST`. */
  readonly name: string;
  /**
   * Replicas that must have each journal entry, VAPID key, entry of the audit log and change of the
   * ledger before it counts; 0 for none.
   */
  readonly replicas: number;
  /** Accept a Redis that may lose acknowledged writes. */
  readonly acceptWeak: boolean;
  /** The feature level of the store, for the parts that write by level. */
  readonly levels: FeatureLevels;
  readonly now: () => number;
  readonly log: Logger;
}

/** Errors: `store-unavailable`; `weak-store` if Redis is not durable enough. */
export async function openRedisStores(options: RedisStoresOptions): Promise<RedisStores> {
  const { address, name, log } = options;
  const connections: RedisConnection[] = [];
  const connect = async (purpose: string): Promise<RedisConnection> => {
    const connection = await connectRedis({ address, name: `${name}-${purpose}`, log });
    connections.push(connection);
    return connection;
  };
  let om: OmConnection | null = null;
  let copy: CatalogueCopy | null = null;
  let upgrade: DropRecordsUpgrade | null = null;
  let watch: RedisServerWatch | null = null;
  const close = async (): Promise<void> => {
    watch?.stop();
    await Promise.all([copy?.stop(), upgrade?.stop()]);
    for (const connection of connections) connection.disconnect();
    await om?.close();
  };
  try {
    const appends = await connect('journal');
    const placement = await connect('placement');
    const redis = await connect('data');
    // Waiting for replicas holds up what comes after it on the same connection.
    const records = options.replicas === 0 ? redis : await connect('records');
    const { acceptWeak } = options;
    const found = await checkRedisServers(redis, { acceptWeak, log });
    const servers = new RedisServerWatch({ redis, found, log });
    watch = servers;
    servers.start();
    om = await OmConnection.connect({ address, name: `${name}-entities`, log });
    const parts = await openEntityParts({ redis, om });
    copy = new CatalogueCopy({ ...parts, levels: options.levels, log });
    copy.start();
    const catalogue = new RedisCatalogue(parts);
    upgrade = new DropRecordsUpgrade({ ...parts, catalogue, levels: options.levels, log });
    upgrade.start();
    return {
      journal: new RedisJournal({ redis: appends, reads: redis, replicas: options.replicas }),
      snapshots: new RedisSnapshotStore({ redis, levels: options.levels }),
      accounts: new RedisAccountStore({ ...parts, now: options.now }),
      accountLinks: new RedisAccountLinks({ redis }),
      sessions: new RedisSessionStore({ redis, now: options.now }),
      catalogue,
      drafts: new RedisDrafts(parts),
      organisations: new RedisOrganisations(parts),
      follows: new RedisFollowStore(parts),
      changes: parts.changes,
      feed: new RedisFeedStore({ redis }),
      orderList: new RedisOrderListStore({ redis }),
      readModels: new RedisReadModels({ redis }),
      webhookLog: new RedisWebhookLog({ redis }),
      consumerPositions: new RedisConsumerPositions({ redis }),
      orderDetails: new RedisOrderDetails({ redis }),
      operatorAccounts: new RedisOperatorAccounts({ redis }),
      auditLog: new RedisAuditLog({ redis: records, reads: redis, replicas: options.replicas }),
      vapidKeys: new RedisVapidKeys({ redis: appends, reads: redis, replicas: options.replicas }),
      ledger: new RedisLedgerStore({ redis: records, reads: redis, replicas: options.replicas }),
      parkedRefunds: new RedisParkedRefunds({ redis }),
      paymentProblems: new RedisPaymentProblems({ redis }),
      jobs: new RedisJobStore({ redis }),
      requests: parts.requests,
      apiKeys: new RedisApiKeyStore({ redis }),
      contacts: new RedisContactStore({ redis }),
      recipients: new RedisRecipientStore({ redis }),
      analytics: new RedisAnalytics({ redis }),
      media: new RedisMediaStore({ ...parts, levels: options.levels }),
      restrictions: new RedisRestrictionStore(parts),
      webhooks: new RedisWebhooks({ redis }),
      leases: new RedisConsumerLeases({ redis }),
      placement: new RedisPlacementStore({ redis: placement }),
      isWeak: () => servers.isWeak,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
