// Calls of actions on one node of the cluster, for what each node answers about itself.

import type { ServiceBroker } from 'moleculer';
import type { ActionName, ActionOutcome, ActionParams } from '../contracts/actions.ts';
import { refusal } from '../domain/refusal.ts';

const TIMEOUT_MS = 2_000;

export class NodeCalls {
  readonly #broker: ServiceBroker;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** The nodes that offer the service, in the order of their ids. */
  nodesWith(service: string): string[] {
    const services = this.#broker.registry.getServiceList({
      onlyAvailable: true,
      onlyLocal: false,
    }) as { name: string; nodeID: string }[];
    return services
      .flatMap(({ name, nodeID }) => (name === service ? nodeID : []))
      .toSorted((a, b) => (a < b ? -1 : 1));
  }

  /** Never rejects: `unavailable` where the node does not answer within 2 s. */
  async ask<Name extends ActionName>(
    nodeID: string,
    action: Name,
    params: ActionParams<Name>,
  ): Promise<ActionOutcome<Name>> {
    try {
      return await this.#broker.call(action, params, { nodeID, timeout: TIMEOUT_MS });
    } catch (error) {
      this.#broker.logger.warn(`${action} of ${nodeID} could not be answered`, error);
      return refusal('unavailable');
    }
  }
}
