// Who is online, asked of all gateways at once. Nothing of it is stored: a gateway knows whose
// streams are open, and a call names a page of people. A gateway that does not answer in time costs
// its users a push that they did not need.

import type { ServiceBroker, ServiceSchema } from 'moleculer';
import { success } from '../domain/refusal.ts';
import type { Presence } from '../events/reach/presence.ts';
import { defineService } from './moleculer/define-service.ts';
import { NodeCalls } from './node-calls.ts';

/** The service of a gateway. `online` gives those of the users who have a stream open there. */
export function presenceService(
  online: (userIds: readonly string[]) => Promise<readonly string[]>,
): ServiceSchema {
  return defineService('presence', {
    online: async ({ userIds }) => success(await online(userIds)),
  });
}

export class BrokerPresence implements Presence {
  readonly #nodes: NodeCalls;

  constructor(options: { readonly broker: ServiceBroker }) {
    this.#nodes = new NodeCalls(options.broker);
  }

  async online(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const answers = await Promise.all(
      this.#nodes
        .nodesWith('presence')
        .map((node) => this.#nodes.ask(node, 'presence.online', { userIds })),
    );
    return new Set(answers.flatMap((answer) => (answer.ok ? answer.value : [])));
  }
}
