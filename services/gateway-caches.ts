// The caches of all gateways of a cluster, for operators; and the service by which a gateway is
// asked for its own.

import type { ServiceBroker, ServiceSchema } from 'moleculer';
import type { GatewayCaches } from '../app/operator/caches.ts';
import type { ActionOutcome, ActionParams } from '../contracts/actions.ts';
import type { CacheEviction, CacheSample, EvictedCaches, NodeCaches } from '../contracts/caches.ts';
import { refusal, success } from '../domain/refusal.ts';
import { defineService } from './moleculer/define-service.ts';

const TIMEOUT_MS = 2_000;

export function cachesService(caches: {
  report(): readonly CacheSample[];
  evict(eviction: CacheEviction): number;
}): ServiceSchema {
  return defineService('caches', {
    report: async () => success(caches.report()),
    evict: async ({ eviction }) => success(caches.evict(eviction)),
  });
}

export class BrokerGatewayCaches implements GatewayCaches {
  readonly #broker: ServiceBroker;

  constructor(options: { readonly broker: ServiceBroker }) {
    this.#broker = options.broker;
  }

  async list(): Promise<NodeCaches[]> {
    return await Promise.all(
      this.#nodeIds().map(async (node): Promise<NodeCaches> => {
        const samples = await this.#ask('caches.report', {}, node);
        return { node, caches: samples.ok ? [...samples.value] : null };
      }),
    );
  }

  async evict(eviction: CacheEviction): Promise<EvictedCaches[]> {
    return await Promise.all(
      this.#nodeIds().map(async (node): Promise<EvictedCaches> => {
        const evicted = await this.#ask('caches.evict', { eviction }, node);
        return { node, evicted: evicted.ok ? evicted.value : null };
      }),
    );
  }

  /** In their order. */
  #nodeIds(): string[] {
    const services = this.#broker.registry.getServiceList({
      onlyAvailable: true,
      onlyLocal: false,
    }) as { name: string; nodeID: string }[];
    return services
      .flatMap(({ name, nodeID }) => (name === 'caches' ? nodeID : []))
      .toSorted((a, b) => (a < b ? -1 : 1));
  }

  async #ask<Name extends 'caches.report' | 'caches.evict'>(
    action: Name,
    params: ActionParams<Name>,
    nodeID: string,
  ): Promise<ActionOutcome<Name>> {
    try {
      return await this.#broker.call(action, params, { nodeID, timeout: TIMEOUT_MS });
    } catch (error) {
      this.#broker.logger.warn(`${action} of ${nodeID} could not be answered`, error);
      return refusal('unavailable');
    }
  }
}
