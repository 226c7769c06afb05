// The typed call from a gateway to a service action. What a caller can only wait out (no such
// service just now, no answer in time, a node gone) is the refusal `unavailable`; a defect stays a
// rejection.

import type { ServiceBroker } from 'moleculer';
import { refusal } from '../../domain/refusal.ts';
import type { RefusalCode } from '../../contracts/refusals.ts';
import type { CallAction } from '../../contracts/actions.ts';

/** Moleculer's own error types, which survive the network, and what they mean to a caller. */
const REFUSAL_BY_ERROR_TYPE: ReadonlyMap<unknown, RefusalCode> = new Map([
  ['REQUEST_TIMEOUT', 'unavailable'],
  ['REQUEST_SKIPPED', 'unavailable'],
  ['REQUEST_REJECTED', 'unavailable'],
  ['SERVICE_NOT_FOUND', 'unavailable'],
  ['SERVICE_NOT_AVAILABLE', 'unavailable'],
  // The transporter has lost its connection.
  ['BAD_GATEWAY', 'unavailable'],
  ['QUEUE_FULL', 'overloaded'],
]);

export function createCallAction(broker: ServiceBroker): CallAction {
  return async (action, params, traceparent) => {
    try {
      // Metadata goes along with every further call made in the same context, on any node (H4).
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
