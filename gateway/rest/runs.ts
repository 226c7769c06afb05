// Verifications and rebuilds over HTTP: one request that waits for the report, or a run that is
// started, followed as a stream of its states, and cancelled. A run that nobody follows is
// cancelled by the service, so a client that goes away ends it too.

import { setTimeout as delay } from 'node:timers/promises';
import type { Requester } from '../../contracts/accounts.ts';
import type { ActionParams } from '../../contracts/actions.ts';
import { NewRun, RunBody, type RunEnd, RunList, type RunState } from '../../contracts/operator.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { problem } from '../http/problems.ts';
import {
  emptyReply,
  jsonReply,
  type Route,
  type RouteCall,
  type RouteResult,
  type UserRequest,
  userRoute,
  NDJSON_MEDIA_TYPE,
} from '../http/route.ts';
import type { StreamSlots } from '../http/stream-slots.ts';
import { pageBody, runBody } from '../present.ts';

const POLL_FIRST_MS = 8;
const POLL_MAX_MS = 256;
/** A line comes at least so often, although nothing changed. */
const LINE_INTERVAL_MAX_MS = 5_000;
/** States that may be missing in a row, where a service does not answer. */
const UNAVAILABLE_MAX = 8;

export interface RunRoutesOptions {
  readonly slots: StreamSlots;
}

const ABOUT = { tag: 'operator', access: 'user', internal: true } as const;

export function runRoutes({ slots }: RunRoutesOptions): Route[] {
  return [
    userRoute(
      {
        ...ABOUT,
        method: 'POST',
        path: '/v1/operator/runs',
        rateClass: 'writes',
        keyed: true,
        summary: 'Start a verification or a rebuild. It is cancelled unless its stream is read.',
        body: NewRun,
        status: 201,
        response: RunBody,
        refusals: ['forbidden', 'invalid-request', 'already-running', 'unavailable'],
      },
      async ({ call, caller, body, request }) => {
        const started = await call('operator.startRun', { ...body, caller, request });
        if (!started.ok) return started;
        const location = ['location', `/v1/operator/runs/${started.value.id}`] as const;
        return jsonReply(201, runBody(started.value), [location]);
      },
    ),
    userRoute(
      {
        ...ABOUT,
        method: 'GET',
        path: '/v1/operator/runs',
        rateClass: 'reads',
        summary: 'The verifications and rebuilds that are under way.',
        status: 200,
        response: RunList,
        refusals: ['forbidden', 'unavailable'],
      },
      async ({ call, caller }) => {
        const runs = await call('operator.listRuns', { caller });
        return runs.ok
          ? jsonReply(200, pageBody({ items: runs.value, nextCursor: null }, runBody))
          : runs;
      },
    ),
    userRoute(
      {
        ...ABOUT,
        method: 'GET',
        path: '/v1/operator/runs/{id}',
        rateClass: 'reads',
        summary:
          'The states of a run, a JSON object a line. The last one has its end, unless the ' +
          'access token ends first: then read the stream again.',
        status: 200,
        response: RunBody,
        responseMediaType: NDJSON_MEDIA_TYPE,
        refusals: ['forbidden', 'not-found', 'overloaded', 'unavailable'],
      },
      async ({ id: runId, call, caller, isValid }) => {
        const first = await call('operator.followRun', { caller, runId });
        if (!first.ok) return first;
        const slot = slots.take(caller.userId);
        if (!slot.ok) return slot;
        const chunks = lines(states({ call, caller }, first.value), isValid);
        const body = { chunks, close: slot.release };
        return { ok: true, status: 200, mediaType: NDJSON_MEDIA_TYPE, body, headers: [] };
      },
    ),
    userRoute(
      {
        ...ABOUT,
        method: 'DELETE',
        path: '/v1/operator/runs/{id}',
        rateClass: 'writes',
        summary: 'Cancel a run. Its stream says when it has ended.',
        status: 204,
        refusals: ['forbidden', 'not-found', 'unavailable'],
      },
      async ({ id: runId, call, caller }) => {
        const cancelled = await call('operator.cancelRun', { caller, runId });
        return cancelled.ok ? emptyReply(204) : cancelled;
      },
    ),
  ];
}

/** Starts a run and answers with its report, when it has ended. */
export async function reportOfRun(
  { call, caller, gone }: UserRequest<unknown, unknown>,
  run: Omit<ActionParams<'operator.startRun'>, 'caller'>,
): Promise<RouteResult> {
  const started = await call('operator.startRun', { ...run, caller });
  if (!started.ok) return started;
  for await (const { end } of states({ call, caller }, started.value)) {
    if (end !== null) return replyOf(end);
    if (gone()) break;
  }
  return problem('unavailable');
}

function replyOf(end: RunEnd): RouteResult {
  if (end.type === 'report') return jsonReply(200, end.report);
  if (end.type === 'failed') return problem(end.code);
  return problem('unavailable', `The run was cancelled: ${end.reason}.`);
}

interface Follower {
  readonly call: RouteCall;
  readonly caller: Requester;
}

/** The states of the run, a few a second, up to its end. Ends early where it cannot be followed. */
async function* states(
  { call, caller }: Follower,
  first: RunState,
): AsyncGenerator<RunState, void, undefined> {
  let state = first;
  let unavailable = 0;
  // Short work is told soon.
  for (let pauseMs = POLL_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, POLL_MAX_MS)) {
    yield state;
    if (state.end !== null) return;
    await delay(pauseMs, undefined, { ref: false });
    const followed: Outcome<RunState> = await call('operator.followRun', {
      caller,
      runId: state.id,
    });
    if (followed.ok) {
      unavailable = 0;
      state = followed.value;
    } else if (followed.code !== 'unavailable' || ++unavailable > UNAVAILABLE_MAX) return;
  }
}

/** A line for each state that differs; the empty text for the others. */
async function* lines(
  runStates: AsyncIterable<RunState>,
  isValid: () => boolean,
): AsyncGenerator<string, void, undefined> {
  let before = '';
  let writtenAt = 0;
  for await (const state of runStates) {
    if (!isValid()) return;
    const line = `${JSON.stringify(runBody(state))}\n`;
    const isDue = performance.now() - writtenAt >= LINE_INTERVAL_MAX_MS;
    yield line === before && !isDue ? '' : line;
    if (line === before && !isDue) continue;
    before = line;
    writtenAt = performance.now();
  }
}
