// The search indexes of all nodes of a cluster, for operators.

import type { ServiceBroker } from 'moleculer';
import type { SearchNodes } from '../app/operator/search.ts';
import type { ActionOutcome } from '../contracts/actions.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { SearchNode } from '../contracts/search.ts';
import { refusal } from '../domain/refusal.ts';

const TIMEOUT_MS = 2_000;

export class BrokerSearchNodes implements SearchNodes {
  readonly #broker: ServiceBroker;

  constructor(options: { readonly broker: ServiceBroker }) {
    this.#broker = options.broker;
  }

  async list(): Promise<SearchNode[]> {
    return await Promise.all(
      this.#nodeIds().map(async (node): Promise<SearchNode> => {
        const status = await this.#ask('search.status', node);
        return { node, index: status.ok ? status.value : null };
      }),
    );
  }

  async rebuild(nodeId: string): Promise<Outcome<null>> {
    if (!this.#nodeIds().includes(nodeId))
      return refusal('not-found', `There is no node ${nodeId} that searches.`);
    return await this.#ask('search.rebuild', nodeId);
  }

  /** In their order. */
  #nodeIds(): string[] {
    const services = this.#broker.registry.getServiceList({
      onlyAvailable: true,
      onlyLocal: false,
    }) as { name: string; nodeID: string }[];
    return services
      .flatMap(({ name, nodeID }) => (name === 'search' ? nodeID : []))
      .toSorted((a, b) => (a < b ? -1 : 1));
  }

  async #ask<Name extends 'search.status' | 'search.rebuild'>(
    action: Name,
    nodeID: string,
  ): Promise<ActionOutcome<Name>> {
    try {
      return await this.#broker.call(action, {}, { nodeID, timeout: TIMEOUT_MS });
    } catch (error) {
      this.#broker.logger.warn(`${action} of ${nodeID} could not be answered`, error);
      return refusal('unavailable');
    }
  }
}
