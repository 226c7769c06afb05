// The typed call of a service action from a gateway. A condition that passes by itself (the service
// is missing, no reply in time, a node is gone) becomes the refusal `unavailable`. A defect stays a
// rejection.

import type { ServiceBroker } from 'moleculer';
import { refusal } from '../../domain/refusal.ts';
import type { RefusalCode } from '../../contracts/refusals.ts';
import type { CallAction } from '../../contracts/actions.ts';

/** Moleculer's error types, which survive the network, and their refusals. */
const REFUSAL_BY_ERROR_TYPE: ReadonlyMap<unknown, RefusalCode> = new Map([
  ['REQUEST_TIMEOUT', 'unavailable'],
  ['REQUEST_SKIPPED', 'unavailable'],
  ['REQUEST_REJECTED', 'unavailable'],
  ['SERVICE_NOT_FOUND', 'unavailable'],
  ['SERVICE_NOT_AVAILABLE', 'unavailable'],
  // The transporter is disconnected.
  ['BAD_GATEWAY', 'unavailable'],
  ['QUEUE_FULL', 'overloaded'],
]);

export function createCallAction(broker: ServiceBroker): CallAction {
  return async (action, params, traceparent) => {
    try {
      // Metadata is passed on with every further call in the same context, on any node (H4).
      return await broker.call(
        action,
        params,
        traceparent === undefined ? {} : { meta: { traceparent } },
      );
    } catch (error) {
      const code = REFUSAL_BY_ERROR_TYPE.get((error as { type?: unknown } | null)?.type);
      if (code === undefined) throw error;
      const trace = traceparent === undefined ? [] : [traceparent];
      broker.logger.warn(`${action} could not be answered`, error, ...trace);
      return refusal(code);
    }
  };
}
