// The search indexes of all nodes of a cluster, for operators.

import type { ServiceBroker } from 'moleculer';
import type { SearchNodes } from '../app/operator/search.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { SearchNode } from '../contracts/search.ts';
import { refusal } from '../domain/refusal.ts';
import { NodeCalls } from './node-calls.ts';

export class BrokerSearchNodes implements SearchNodes {
  readonly #nodes: NodeCalls;

  constructor(options: { readonly broker: ServiceBroker }) {
    this.#nodes = new NodeCalls(options.broker);
  }

  async list(): Promise<SearchNode[]> {
    return await Promise.all(
      this.#nodes.nodesWith('search').map(async (node): Promise<SearchNode> => {
        const status = await this.#nodes.ask(node, 'search.status', {});
        return { node, index: status.ok ? status.value : null };
      }),
    );
  }

  async rebuild(nodeId: string): Promise<Outcome<null>> {
    if (!this.#nodes.nodesWith('search').includes(nodeId))
      return refusal('not-found', `There is no node ${nodeId} that searches.`);
    return await this.#nodes.ask(nodeId, 'search.rebuild', {});
  }
}
