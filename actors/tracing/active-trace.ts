// The trace and the request that code works for, without being handed from function to function:
// for spans below it, and for the ids in log lines. The order path has no part in it.

import { AsyncLocalStorage } from 'node:async_hooks';

export interface ActiveTrace {
  readonly traceparent: string;
  readonly requestId?: string;
  /** The one order that the work is about. */
  readonly orderId?: string;
}

const storage = new AsyncLocalStorage<ActiveTrace>();

export function activeTrace(): ActiveTrace | undefined {
  return storage.getStore();
}

/** Whatever `run` begins has the trace, after `run` has returned, too. */
export function withTrace<T>(trace: ActiveTrace, run: () => T): T {
  return storage.run(trace, run);
}

/** What `run` begins is about the order. Without a trace, or an order, it is the mere call. */
export function aboutOrder<T>(orderId: string | undefined, run: () => T): T {
  const trace = storage.getStore();
  return trace === undefined || orderId === undefined
    ? run()
    : storage.run({ ...trace, orderId }, run);
}
