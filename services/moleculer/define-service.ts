// Builds a Moleculer service from typed handlers, so that a service's code is plain functions. What
// all actions have in common is here once: an unavailable store is `unavailable`, a foreign cursor
// is `invalid-request`, and all other faults stay faults.

import type { Context, ServiceSchema } from 'moleculer';
import { withOrigin } from '../../app/audit/origin.ts';
import { type ActiveTrace, withTrace } from '../../actors/tracing/active-trace.ts';
import { refusal } from '../../domain/refusal.ts';
import type { Origin } from '../../contracts/audit.ts';
import type { ActionName, ActionOutcome, ActionParams } from '../../contracts/actions.ts';

type NamesIn<Service extends string, A = ActionName> = A extends `${Service}.${infer Name}`
  ? Name
  : never;

/** The handlers of all actions whose names begin with the service's. */
export type ActionHandlers<Service extends string> = {
  readonly [Name in NamesIn<Service>]: (
    params: ActionParams<Extract<ActionName, `${Service}.${Name}`>>,
  ) => Promise<ActionOutcome<Extract<ActionName, `${Service}.${Name}`>>>;
};

/** The type of handlers for the broker, which knows no parameter types. */
type AnyHandler = (params: unknown) => Promise<ActionOutcome<ActionName>>;

export function defineService<Service extends string>(
  name: Service,
  handlers: ActionHandlers<NoInfer<Service>>,
): ServiceSchema {
  const actions: Record<string, (context: Context<unknown>) => Promise<ActionOutcome<ActionName>>> =
    {};
  for (const [action, handler] of Object.entries(handlers) as [string, AnyHandler][]) {
    actions[action] = async (context) => {
      const meta = context.meta as Partial<ActiveTrace> & { origin?: Origin };
      const { traceparent, requestId, origin } = meta;
      const handle = () => withOrigin(origin, () => handler(context.params));
      try {
        if (traceparent === undefined) return await handle();
        const trace = { traceparent, ...(requestId !== undefined && { requestId }) };
        return await withTrace(trace, handle);
      } catch (error) {
        const code = (error as { code?: unknown } | null)?.code;
        if (code === 'invalid-cursor')
          return refusal('invalid-request', 'The cursor does not belong to this list.');
        if (code !== 'store-unavailable') throw error;
        const trace = traceparent === undefined ? [] : [traceparent];
        context.broker.logger.warn(
          `${name}.${action} found its store unavailable`,
          error,
          ...trace,
        );
        return refusal('unavailable');
      }
    };
  }
  return { name, actions };
}
