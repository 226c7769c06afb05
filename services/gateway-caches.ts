// The caches of all gateways of a cluster, for operators; and the service by which a gateway is
// asked for its own.

import type { ServiceBroker, ServiceSchema } from 'moleculer';
import type { GatewayCaches } from '../app/operator/caches.ts';
import type { CacheEviction, CacheSample, EvictedCaches, NodeCaches } from '../contracts/caches.ts';
import { success } from '../domain/refusal.ts';
import { defineService } from './moleculer/define-service.ts';
import { NodeCalls } from './node-calls.ts';

/** The caches of a gateway, or of all gateways of a process. */
export interface NodeGatewayCaches {
  report(): readonly CacheSample[] | Promise<readonly CacheSample[]>;
  evict(eviction: CacheEviction): number | Promise<number>;
}

export function cachesService(caches: NodeGatewayCaches): ServiceSchema {
  return defineService('caches', {
    report: async () => success(await caches.report()),
    evict: async ({ eviction }) => success(await caches.evict(eviction)),
  });
}

export class BrokerGatewayCaches implements GatewayCaches {
  readonly #nodes: NodeCalls;

  constructor(options: { readonly broker: ServiceBroker }) {
    this.#nodes = new NodeCalls(options.broker);
  }

  async list(): Promise<NodeCaches[]> {
    return await Promise.all(
      this.#nodes.nodesWith('caches').map(async (node): Promise<NodeCaches> => {
        const samples = await this.#nodes.ask(node, 'caches.report', {});
        return { node, caches: samples.ok ? [...samples.value] : null };
      }),
    );
  }

  async evict(eviction: CacheEviction): Promise<EvictedCaches[]> {
    return await Promise.all(
      this.#nodes.nodesWith('caches').map(async (node): Promise<EvictedCaches> => {
        const evicted = await this.#nodes.ask(node, 'caches.evict', { eviction });
        return { node, evicted: evicted.ok ? evicted.value : null };
      }),
    );
  }
}
