// What consumes the events of each simulated node: the relay of the product, with the read models'
// consumer and the payments consumer, over the stores that all nodes share.

import type { FactSink } from '../../actors/shard/facts.ts';
import { ProjectionsConsumer } from '../../events/lists/projections-consumer.ts';
import { ParkedRefundRetries } from '../../events/payments/parked-refund-retries.ts';
import { PaymentsConsumer } from '../../events/payments/payments-consumer.ts';
import { Relay } from '../../events/relay.ts';
import { MemorySpillStore } from '../../storage/memory/spill-memory.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { SeparateReadModels } from '../../storage/ports/read-models.ts';
import type { SimulatedProvider } from './provider.ts';
import type { SimulatedCluster, SimulatedNode } from './simulated-cluster.ts';

/** Delays between two tries have no chance in a simulation. */
const random = (): number => 0.5;

export function nodeConsumers(
  node: SimulatedNode,
  { stores }: SimulatedCluster,
  provider: SimulatedProvider,
): FactSink {
  const { clock, log, bus } = node;
  const parkedRefunds = node.reach(stores.parkedRefunds);
  const auditLog = node.reach(stores.auditLog);
  const driver = provider.driver(node);
  const readModels = new SeparateReadModels({
    orderList: node.reach(stores.orderList),
    feed: node.reach(stores.feed),
  });
  new ParkedRefundRetries({
    provider: driver,
    parkedRefunds,
    auditLog,
    clock,
    log,
    random,
  }).start();
  return new Relay({
    consumers: [
      new ProjectionsConsumer({
        catalogue: node.reach(stores.catalogue),
        readModels,
        liveBus: bus,
      }),
      new PaymentsConsumer({
        provider: driver,
        positions: node.reach(stores.consumerPositions),
        parkedRefunds,
        auditLog,
        router: node.router,
        levels: new ReachedLevel(FEATURE_LEVEL),
        clock,
        log,
        random,
      }),
    ],
    journal: node.reach(stores.journal),
    snapshots: node.reach(stores.snapshots),
    openSpill: () => new MemorySpillStore(),
    clock,
    log,
  });
}
