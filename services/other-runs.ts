// The runs of verifications and rebuilds on the other nodes of a cluster.

import type { ServiceBroker } from 'moleculer';
import type { OtherRuns } from '../app/operator/runs.ts';
import type { RunState } from '../contracts/operator.ts';
import { NodeCalls } from './node-calls.ts';

const TIMEOUT_MS = 2_000;

export interface AskedOfRun {
  readonly runId: string;
}

export class BrokerRuns implements OtherRuns {
  readonly #broker: ServiceBroker;

  constructor(options: { readonly broker: ServiceBroker }) {
    this.#broker = options.broker;
  }

  async follow(runId: string): Promise<RunState | null> {
    const found = await this.#askAll<RunState | null>('runs.follow', { runId });
    return found.find((run) => run !== null) ?? null;
  }

  async cancel(runId: string): Promise<boolean> {
    return (await this.#askAll<boolean>('runs.cancel', { runId })).includes(true);
  }

  async list(): Promise<RunState[]> {
    return (await this.#askAll<RunState[]>('runs.list', {})).flat();
  }

  /** The answers of those who answer. */
  async #askAll<T>(action: string, params: object): Promise<T[]> {
    const nodes = new NodeCalls(this.#broker).nodesWith('runs');
    const others = nodes.filter((nodeID) => nodeID !== this.#broker.nodeID);
    const answers = await Promise.allSettled(
      others.map((nodeID) =>
        this.#broker.call<T, object>(action, params, { nodeID, timeout: TIMEOUT_MS }),
      ),
    );
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }
}
