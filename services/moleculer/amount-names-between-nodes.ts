// Params and answers of actions that cross the network have the amounts' names of level 0
// (`storage/formats/amount-names.ts`), so that gateways and services of any version understand each
// other. Calls within a node are not touched. `actors/cluster/execute-wire.ts` does the same for
// commands and their replies, where nearly everything is orders, which have no names.

import type { ActionHandler, ActionSchema, Context, Middleware } from 'moleculer';
import { withOurNamesInside, withStoredNamesInside } from '../../storage/formats/amount-names.ts';

const PACKED_OTHERWISE = 'shards.';

/** Moleculer's handlers are bound already; its type asks for `this`. */
type Handler = (context: Context) => Promise<unknown>;

export const amountNamesBetweenNodes: Middleware = {
  name: 'AmountNamesBetweenNodes',

  /** Calls to other nodes. */
  remoteAction(next: ActionHandler, { name = '' }: ActionSchema): ActionHandler {
    if (name.startsWith(PACKED_OTHERWISE)) return next;
    const ask = next as Handler;
    return async (context: Context) => {
      context.params = withStoredNamesInside(context.params);
      return withOurNamesInside(await ask(context));
    };
  },

  /** Calls that this node answers. */
  localAction(next: ActionHandler, { name = '' }: ActionSchema): ActionHandler {
    if (name.startsWith(PACKED_OTHERWISE)) return next;
    const answer = next as Handler;
    return (context: Context) =>
      context.nodeID === context.broker.nodeID ? answer(context) : answerOther(answer, context);
  },
};

async function answerOther(answer: Handler, context: Context): Promise<unknown> {
  context.params = withOurNamesInside(context.params);
  return withStoredNamesInside(await answer(context));
}
