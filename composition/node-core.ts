// What every embedded composition shares: the stores, the shards over them, and the services on a broker. The server adds a gateway
// (composition/embedded.ts); verification without a server needs nothing more (composition/verify.ts).

import { randomBytes } from 'node:crypto';
import { ServiceBroker } from 'moleculer';
import pino, { type Logger } from 'pino';
import { BrokerRouter } from '../actors/broker-router.ts';
import { systemClock } from '../actors/clock.ts';
import type { EventConsumer } from '../actors/event-consumer.ts';
import { InProcessLiveBus } from '../actors/live-bus.ts';
import { ShardHost } from '../actors/shard-host.ts';
import { shardService } from '../actors/shard-service.ts';
import { verifyShards } from '../actors/verification.ts';
import { SHARD_COUNT } from '../domain/ids.ts';
import { brokerOptions } from '../moleculer.config.ts';
import { AccessTokens } from '../services/access-tokens.ts';
import { accountsService } from '../services/accounts.ts';
import { createCallAction } from '../services/call-action.ts';
import { catalogueService } from '../services/catalogue.ts';
import { PaymentsConsumer } from '../services/consumers/payments-consumer.ts';
import { ProjectionsConsumer } from '../services/consumers/projections-consumer.ts';
import type { CallAction } from '../services/contracts.ts';
import { followsService } from '../services/follows.ts';
import { notificationsService } from '../services/notifications.ts';
import { operatorService } from '../services/operator.ts';
import { ordersService } from '../services/orders.ts';
import { Passwords } from '../services/passwords.ts';
import type { PaymentProvider } from '../services/payment-provider.ts';
import { paymentsService } from '../services/payments.ts';
import { openSqliteStores } from '../storage/sqlite/stores.ts';
import type { Stores } from '../storage/stores.ts';
import type { Config } from './config.ts';

export interface NodeCore {
  readonly stores: Stores;
  readonly host: ShardHost;
  readonly bus: InProcessLiveBus;
  readonly router: BrokerRouter;
  readonly call: CallAction;
  readonly accessTokens: AccessTokens;
  /** Claims and replays every shard. */
  start(): Promise<void>;
  /** Finishes what is in flight, then closes everything. */
  stop(): Promise<void>;
}

export function createLog(config: Config): Logger {
  // Standard output belongs to the ready line; logs go to standard error.
  return pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
}

/** `provider` null: nobody is told of payments; what is to be told waits in the journal. Errors: `directory-in-use`. */
export async function createNodeCore(
  config: Config,
  provider: PaymentProvider | null,
  log: Logger,
): Promise<NodeCore> {
  const stores = await openSqliteStores({ directory: config.dataDirectory });
  const now = () => systemClock.now();
  const random = (count: number) => randomBytes(count);
  const bus = new InProcessLiveBus();
  const broker = new ServiceBroker(brokerOptions({ nodeId: config.nodeId, natsUrl: null, log }));
  const router = new BrokerRouter({ broker, ownerNodeId: config.nodeId, log });
  const consumers: EventConsumer[] = [new ProjectionsConsumer({ ...stores, liveBus: bus })];
  const payments =
    provider &&
    new PaymentsConsumer({
      provider,
      positions: stores.consumerPositions,
      clock: systemClock,
      log,
    });
  if (payments !== null) consumers.push(payments);
  const host = new ShardHost({
    ...stores,
    nodeId: config.nodeId,
    shardCount: SHARD_COUNT,
    bus,
    consumers,
    clock: systemClock,
    log,
  });
  const accessTokens = new AccessTokens({ secret: config.authSecret, now });
  const verify = () => verifyShards({ host, ...stores });
  const passwords = new Passwords();
  const { rateLimits, paymentSecrets: secrets } = config;
  for (const service of [
    shardService(host),
    accountsService({ ...stores, passwords, accessTokens, now, random, rateLimits }),
    catalogueService({ ...stores, router, now, random }),
    ordersService(stores),
    followsService({ ...stores, liveBus: bus, now }),
    notificationsService({ ...stores, now }),
    paymentsService({ ...stores, router, secrets, now }),
    operatorService({ verify }),
  ]) {
    broker.createService(service);
  }
  return {
    stores,
    host,
    bus,
    router,
    call: createCallAction(broker),
    accessTokens,
    async start() {
      await broker.start();
      await host.start();
    },
    async stop() {
      // A payments consumer whose queue is full would otherwise hold up the end of the relay.
      await Promise.all([host.stop(), payments?.stop()]);
      await broker.stop();
      await stores.close();
    },
  };
}
