// The typed call of a service action from a gateway. A condition that passes by itself (the service
// is missing, no reply in time, a node is gone) becomes the refusal `unavailable`. A defect stays a
// rejection.
//
// A node that was killed is called until its heartbeats have been missed for seconds. So a list
// that another node does not answer soon is asked of a second one as well, and the first answer
// counts. Searches go to nodes of which `SearchCalls` knows how they do.

import type { CallingOptions, ServiceBroker } from 'moleculer';
import pTimeout from 'p-timeout';
import type { Origin } from '../../contracts/audit.ts';
import { systemClock } from '../../actors/clock.ts';
import { type ActiveTrace, activeTrace } from '../../actors/tracing/active-trace.ts';
import { refusal } from '../../domain/refusal.ts';
import type { RefusalCode } from '../../contracts/refusals.ts';
import type {
  ActionName,
  ActionOutcome,
  ActionParams,
  CallAction,
} from '../../contracts/actions.ts';
import { type OpenedAction, type SearchAction, SearchCalls } from './search-calls.ts';

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

const SEARCHES: ReadonlySet<ActionName> = new Set<SearchAction>([
  'search.find',
  'search.suggest',
  'search.open',
]);
const OPENED: ReadonlySet<ActionName> = new Set<OpenedAction>(['search.read', 'search.close']);

/** A list waits for owners of drops for 250 ms. */
const SECOND_ASK_MS = 400;

/** Reads of pages. Asked twice they have no effect but their cost. */
const LISTS: ReadonlySet<ActionName> = new Set([
  'catalogue.products',
  'catalogue.drops',
  'orders.list',
  'orders.ofDrop',
  'jobs.list',
  'follows.followers',
  'follows.following',
  'notifications.list',
]);

export function createCallAction(broker: ServiceBroker): CallAction {
  const searches = new SearchCalls({ broker, clock: systemClock });
  return async <Name extends ActionName>(
    action: Name,
    params: ActionParams<Name>,
    traceparent?: string,
    origin?: Origin,
  ): Promise<ActionOutcome<Name>> => {
    // Metadata is passed on with every further call in the same context, on any node (H4).
    const meta = {
      ...(traceparent !== undefined && metaOf(traceparent)),
      ...(origin !== undefined && { origin }),
    };
    const options = { meta };
    if (SEARCHES.has(action))
      return (await searches.ask(
        action as SearchAction,
        params as ActionParams<SearchAction>,
        options,
      )) as ActionOutcome<Name>;
    if (OPENED.has(action))
      return (await searches.askOpened(
        action as OpenedAction,
        params as ActionParams<OpenedAction>,
        options,
      )) as ActionOutcome<Name>;
    try {
      return LISTS.has(action)
        ? await callList(broker, action, params, options)
        : await broker.call(action, params, options);
    } catch (error) {
      const code = REFUSAL_BY_ERROR_TYPE.get((error as { type?: unknown } | null)?.type);
      if (code === undefined) throw error;
      const trace = traceparent === undefined ? [] : [traceparent];
      broker.logger.warn(`${action} could not be answered`, error, ...trace);
      return refusal(code);
    }
  };
}

function metaOf(traceparent: string): ActiveTrace {
  const requestId = activeTrace()?.requestId;
  return requestId === undefined ? { traceparent } : { traceparent, requestId };
}

/** What Moleculer adds to the promise of a call. */
interface CallPromise<Answer> extends Promise<Answer> {
  readonly ctx?: { readonly nodeID?: string };
}

async function callList<Name extends ActionName>(
  broker: ServiceBroker,
  action: Name,
  params: ActionParams<Name>,
  options: CallingOptions,
): Promise<ActionOutcome<Name>> {
  const first: CallPromise<ActionOutcome<Name>> = broker.call(action, params, options);
  const firstNode = first.ctx?.nodeID;
  if (firstNode === undefined || firstNode === broker.nodeID) return await first;
  const askSecond = () => {
    const nodeID = otherNodeWith(broker, action, firstNode);
    if (nodeID === null) return first;
    const second = broker.call<ActionOutcome<Name>, ActionParams<Name>>(action, params, {
      ...options,
      nodeID,
    });
    // Where both fail the first error tells why.
    return Promise.any([first, second]).catch(() => first);
  };
  return await pTimeout(first, { milliseconds: SECOND_ASK_MS, fallback: askSecond });
}

/** Another node with the action, any of them; null if there is none. */
function otherNodeWith(broker: ServiceBroker, action: string, except: string): string | null {
  const actions = broker.registry.getActionList({ onlyAvailable: true, withEndpoints: true });
  const endpoints = actions.find(({ name }) => name === action)?.endpoints ?? [];
  const others = endpoints.filter(({ nodeID, available }) => available && nodeID !== except);
  return others[Math.floor(Math.random() * others.length)]?.nodeID ?? null;
}
