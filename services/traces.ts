// Which traces are sent although their ratio did not choose them: each node announces those that it
// finds slow or failed to all others (`actors/tracing/tracing.ts`). A node that does not trace, or
// is of an earlier version, has no such service and hears nothing.

import type { Context, ServiceBroker, ServiceSchema } from 'moleculer';
import type { JoinedOrder } from '../actors/tracing/joined-orders.ts';
import type { Announce, Tracing } from '../actors/tracing/tracing.ts';

const CHOSEN_EVENT = 'traces.chosen';

interface ChosenTraces {
  readonly traceIds: readonly string[];
  /** Nodes of before pass over them. */
  readonly orders?: readonly JoinedOrder[];
}

export function tracesService(broker: ServiceBroker, tracing: Tracing): ServiceSchema {
  const announce: Announce = (traceIds, orders) => {
    const chosen: ChosenTraces = { traceIds, ...(orders.length > 0 && { orders }) };
    broker.broadcast(CHOSEN_EVENT, chosen).catch((error: unknown) => {
      // Their spans on other nodes are not sent then.
      broker.logger.debug('chosen traces could not be announced', error);
    });
  };
  tracing.announceBy(announce);
  return {
    name: 'traces',
    events: {
      [CHOSEN_EVENT]: ({ params }: Context<ChosenTraces>) =>
        tracing.chosen(params.traceIds, params.orders, announce),
    },
  };
}
