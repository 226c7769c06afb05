// A span for each action that a node does for a request, as a middleware of the broker. It is there
// only where traces are on. Calls to shards have spans of their own
// (`actors/tracing/batch-trace.ts`) and no `traceparent` in their metadata.

import type { ActionHandler, Middleware } from 'moleculer';
import { activeTrace } from '../../actors/tracing/active-trace.ts';
import { inSpan } from '../../actors/tracing/open-span.ts';
import type { Tracing } from '../../actors/tracing/tracing.ts';

export function tracedActions(tracing: Tracing): Middleware {
  return {
    name: 'traced-actions',
    localAction(next, { name = '' }) {
      const handler: ActionHandler = function (context) {
        const meta = context.meta as { traceparent?: string };
        const { traceparent: parent } = meta;
        if (parent === undefined) return next.call(this, context);
        const attributes = { 'rpc.system.name': 'moleculer', 'rpc.method': name };
        return inSpan(tracing, { name, kind: 'server', parent, attributes }, async () => {
          meta.traceparent = activeTrace()!.traceparent;
          return (await next.call(this, context)) as unknown;
        });
      };
      return handler;
    },
  };
}
