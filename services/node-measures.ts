// What each node of a cluster measures, for the alarms of operators; and the service by which a
// node is asked for its own.

import type { ServiceBroker, ServiceSchema } from 'moleculer';
import type { NodeMeasures } from '../app/operator/alarms.ts';
import type { Sample } from '../contracts/alarms.ts';
import { success } from '../domain/refusal.ts';
import { defineService } from './moleculer/define-service.ts';
import { NodeCalls } from './node-calls.ts';

/** `read`: the metrics of `ALARM_METRICS`, as they are now. */
export function measuresService(read: () => Promise<readonly Sample[]>): ServiceSchema {
  return defineService('measures', { read: async () => success(await read()) });
}

export class BrokerNodeMeasures implements NodeMeasures {
  readonly #nodes: NodeCalls;

  constructor(options: { readonly broker: ServiceBroker }) {
    this.#nodes = new NodeCalls(options.broker);
  }

  async read(): Promise<Map<string, readonly Sample[] | null>> {
    const nodes = this.#nodes.nodesWith('measures');
    const read = await Promise.all(
      nodes.map(async (node) => {
        const samples = await this.#nodes.ask(node, 'measures.read', {});
        return [node, samples.ok ? samples.value : null] as const;
      }),
    );
    return new Map(read);
  }
}
