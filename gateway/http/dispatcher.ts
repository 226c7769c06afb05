// Turns a request into a reply, for every route but the order path: finds the route, checks the
// caller and the input, calls the handler, and encodes the result. A handler's refusal becomes a
// problem. A fault is logged with the request's id, and the reply says as little of it as possible.

import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import { assert } from '../../domain/assert.ts';
import { keyedRequest } from '../../app/keyed-request.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { CallAction } from '../../contracts/actions.ts';
import type { Requester } from '../../contracts/accounts.ts';
import type { Origin } from '../../contracts/audit.ts';
import { OPERATOR_ROLE } from '../../contracts/role-names.ts';
import type { RestrictionSet } from '../../events/restriction-set.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import type { Caller, Callers } from './callers.ts';
import { addressLimitKey } from './address.ts';
import { isKey, keyProblem } from './idempotency-key.ts';
import { type ClientOfRequest, incomingOf } from './inner-request.ts';
import { type FindExemplar, type RefusalCounts, RouteCounts } from '../metrics/route-counts.ts';
import { serviceKindOf } from '../metrics/service-levels.ts';
import type { Origins } from './origins.ts';
import { type OutgoingReply, present } from './outgoing-reply.ts';
import {
  problem,
  type Problem,
  problemOfFault,
  problemOfRefusal,
  problemStatus,
} from './problems.ts';
import type { RateLimits } from './rate-limits.ts';
import {
  type CheckedRequest,
  type Door,
  type Identified,
  type IncomingRequest,
  type InnerRequest,
  NAME_IN_PATH,
  type PathIds,
  type Route,
  type RouteDefinition,
  type RouteResult,
} from './route.ts';
import { type InputChecks, inputChecksOf, routeInput } from './route-input.ts';
import type { RouteTable } from './route-table.ts';
import type { SharedReplies } from './shared-replies.ts';
import { isFromHere } from './operator-access.ts';
import { withTrace } from '../../actors/tracing/active-trace.ts';
import type { RequestWatch } from './request-watch.ts';
import { type Trace, traceHeaderLines, traceOf } from './trace.ts';

export interface DispatcherOptions {
  readonly table: RouteTable;
  /** For requests at the public door, where there is another one; absent: there is none. */
  readonly publicTable?: RouteTable;
  readonly callers: Callers;
  readonly limits: RateLimits;
  readonly bans: Pick<RestrictionSet, 'isEmpty' | 'banOf'>;
  readonly call: CallAction;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  readonly origins: Origins;
  /** Gets what may be answered without the dispatcher from now on. */
  readonly shared: SharedReplies;
  /** Of all its routes. */
  readonly refusals: RefusalCounts;
  readonly exemplar?: FindExemplar | undefined;
  /** Null: traces and the access log are off. */
  readonly watch: RequestWatch | null;
  /** Of a gateway thread: the routes that its main thread answers. */
  readonly elsewhere?: ReadonlySet<Route>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Checks extends InputChecks {
  readonly counts: RouteCounts;
}

const KEY = 'idempotency-key';
const REPLAYED = ['idempotency-replayed', 'true'] as const;
/** From this feature level on every node keeps the promise of a key. */
const KEYS_LEVEL = 3;

const NOT_VALID = (): boolean => false;
const NOBODY: Requester = { userId: '', roles: [] };

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #checks = new Map<Route, Checks>();
  readonly #unmatched: RouteCounts;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { exemplar } = options;
    this.#unmatched = new RouteCounts({
      method: 'any',
      route: 'unmatched',
      kind: null,
      exemplar,
    });
    for (const route of options.table.routes) {
      const { method, path } = route.definition;
      this.#checks.set(route, {
        ...inputChecksOf(route.definition),
        counts: new RouteCounts({
          method,
          route: path,
          kind: serviceKindOf(route.definition),
          exemplar,
        }),
      });
    }
  }

  /** The counts of every route, and of requests without a route. */
  get counts(): RouteCounts[] {
    return [...[...this.#checks.values()].map(({ counts }) => counts), this.#unmatched];
  }

  countsOf(route: Route): RouteCounts {
    return this.#checks.get(route)?.counts ?? this.#unmatched;
  }

  /** Whether the main thread answers the request. */
  isElsewhere({ door, method, path }: Pick<IncomingRequest, 'door' | 'method' | 'path'>): boolean {
    const { elsewhere } = this.#options;
    if (elsewhere === undefined) return false;
    const match = this.#tableOf(door).match(method, path);
    return match.found === 'route' && elsewhere.has(match.route);
  }

  /** Always resolves to a reply; never rejects. */
  async dispatch(incoming: IncomingRequest): Promise<OutgoingReply> {
    const startedAt = this.#options.clock.monotonic();
    const lines = this.#linesOf(incoming);
    const trace = traceOf(lines);
    const match = this.#tableOf(incoming.door).match(incoming.method, incoming.path);
    let result: RouteResult;
    if (match.found === 'nothing') result = problem('not-found');
    else if (match.found === 'methods') result = this.#withoutRoute(incoming, match.allow);
    else {
      const { route, ids } = match;
      result = await withTrace(trace, () => this.#run(route, ids, incoming, trace));
    }
    const route = match.found === 'route' ? match.route : null;
    const onFault = (fault: unknown): void => {
      if (route !== null) this.#faultOf(fault, route, trace);
    };
    const { origins, refusals } = this.#options;
    if (!result.ok) refusals.add(result.code);
    const reply = present(result, route, incoming, trace, origins, onFault);
    const counts = route === null ? this.#unmatched : this.countsOf(route);
    if (route !== null && result.ok && result.source !== undefined) {
      const { source } = result;
      this.#options.shared.add(incoming, { route, counts, source, headers: reply.headers });
    }
    this.#note(counts, incoming.method, reply.status, startedAt, lines);
    const isShed = !result.ok && result.code === 'overloaded';
    this.#watched(incoming, { lines, counts, reply, startedAt, isShed });
    return reply;
  }

  #tableOf(door: Door): RouteTable {
    const { table, publicTable = table } = this.#options;
    return door === 'public' ? publicTable : table;
  }

  /** The trace lines of a reply: they continue the client's trace, or begin one. */
  #linesOf(incoming: Pick<IncomingRequest, 'header'>): string {
    const { watch } = this.#options;
    const traceparent = incoming.header('traceparent');
    const lines = traceHeaderLines(traceparent, incoming.header('x-request-id'));
    return watch === null ? lines : watch.linesOf(lines);
  }

  #watched(
    incoming: IncomingRequest,
    about: {
      readonly lines: string;
      readonly counts: RouteCounts;
      readonly reply: OutgoingReply;
      readonly startedAt: number;
      readonly isShed: boolean;
    },
  ): void {
    const { watch, clock } = this.#options;
    if (watch === null) return;
    const { reply, ...request } = about;
    const { status, body } = reply;
    const traceparent = incoming.header('traceparent');
    const tracestate = incoming.header('tracestate');
    const bytes = typeof body === 'string' ? body : 'byteLength' in body ? body.byteLength : 0;
    watch.ended({
      ...request,
      client: traceparent === '' ? null : { traceparent, tracestate },
      status,
      endedAt: clock.monotonic(),
      submittedAt: 0,
      body: bytes,
    });
  }

  /** A request for what is shared was answered (`read-path.ts`). `traceLines`: of the reply. */
  noteRead(counts: RouteCounts, status: number, startedAt: number, traceLines: string): void {
    this.#note(counts, 'GET', status, startedAt, traceLines);
  }

  /** Whether `noteRead` reads the trace lines. */
  get notesTraces(): boolean {
    const { watch, log } = this.#options;
    return watch !== null || log.isLevelEnabled('debug');
  }

  #note(
    counts: RouteCounts,
    method: string,
    status: number,
    startedAt: number,
    lines: string,
  ): void {
    const { clock, log, watch } = this.#options;
    const durationMs = clock.monotonic() - startedAt;
    watch?.answering(lines);
    counts.record(status, durationMs);
    if (!log.isLevelEnabled('debug')) return;
    log.debug({ ...traceOf(lines), method, route: counts.route, status, durationMs }, 'request');
  }

  /** A preflight of a page that may read the reply; another method is refused. */
  #withoutRoute(incoming: IncomingRequest, allow: string): RouteResult {
    const { origins } = this.#options;
    const isPreflight =
      incoming.method === 'OPTIONS' && incoming.hasHeader('access-control-request-method');
    if (isPreflight && origins.has(incoming.header('origin'))) return origins.preflight(allow);
    return { ok: false, code: 'method-not-allowed', headers: [['allow', allow]] };
  }

  /** The reply to a request that is refused before it gets here. `route`: where that is known. */
  refuse(incoming: IncomingRequest, refused: Problem, route: Route | null = null): OutgoingReply {
    this.#options.refusals.add(refused.code);
    const startedAt = this.#options.clock.monotonic();
    const lines = this.#linesOf(incoming);
    const trace = traceOf(lines);
    const reply = present(refused, route, incoming, trace, this.#options.origins);
    const counts = route === null ? this.#unmatched : this.countsOf(route);
    this.#note(counts, incoming.method, reply.status, startedAt, lines);
    const isShed = refused.code === 'overloaded';
    this.#watched(incoming, { lines, counts, reply, startedAt, isShed });
    return reply;
  }

  async #run(
    route: Route,
    ids: PathIds,
    incoming: IncomingRequest,
    trace: Trace,
    isCounted = true,
  ): Promise<RouteResult> {
    try {
      const { callers, limits, clock, call } = this.#options;
      const { access, rateClass } = route.definition;
      const monotonicMs = clock.monotonic();
      const limitKey = limits.enabled ? addressLimitKey(incoming.address) : '';
      let user: Caller | null = null;
      if (access !== 'public') {
        const found = await callers.identify(route, incoming, limitKey);
        if ('ok' in found) return found;
        user = found;
      }
      if (rateClass !== null && isCounted) {
        const limited = limits.check(rateClass, limitKey, user && user.limitKey, monotonicMs);
        if (limited !== null) return limited;
      }
      if (user !== null && this.#isBanned(route, user, ids)) return problem('banned');
      const key = this.#key(route, incoming);
      if (typeof key === 'object' && key !== null) return key;
      const checked = routeInput(route.definition, this.#checks.get(route)!, incoming);
      if (!checked.ok) return checked;
      if (route.handle === null) return problem('not-found');
      if (user !== null) {
        const member = await callers.withMemberships(route, user);
        if ('ok' in member) return member;
        user = member;
      }
      const keyed =
        key === null || user === null
          ? undefined
          : requestOf(route.definition, ids, user.userId, key, [checked.query, checked.body]);
      const origin =
        route.definition.method === 'GET' ? undefined : originOf(incoming, user, trace.requestId);
      let passedOn = keyed === undefined;
      let replayed = false;
      const result = await route.handle({
        id: ids['id'] ?? '',
        ids,
        query: checked.query as never,
        body: checked.body as never,
        bytes: checked.bytes,
        header: incoming.header,
        identify: () => this.#requester(route, incoming, limitKey),
        door: incoming.door,
        address: incoming.address,
        isLocal: isFromHere(incoming),
        gone: incoming.gone,
        call: async (action, params) => {
          if (keyed !== undefined && 'request' in params) passedOn = true;
          const outcome = await call(action, params, trace.traceparent, origin);
          if ('replayed' in (outcome as Outcome<unknown>)) replayed = true;
          return outcome;
        },
        perform: (inner) => this.#perform(inner, incoming, trace),
        caller: user === null ? NOBODY : requesterOf(user),
        tokenExpiresAt: user === null ? 0 : user.expiresAt,
        request: keyed,
        sessionId: user?.sessionId,
        isValid: user === null ? NOT_VALID : user.isValid,
      });
      assert(passedOn || !result.ok, 'a route that takes keys must pass them on');
      if (result.ok && replayed) return { ...result, headers: [...result.headers, REPLAYED] };
      return result.ok ? result : problemOfRefusal(result, route.definition.body !== undefined);
    } catch (fault) {
      return this.#faultOf(fault, route, trace);
    }
  }

  /** What a handler's request does for its client, for one that has no request under way. */
  requestFor({
    header,
    address,
  }: Pick<IncomingRequest, 'header' | 'address'>): Pick<
    CheckedRequest<unknown, unknown>,
    'perform' | 'call' | 'header' | 'address'
  > {
    const client: ClientOfRequest = {
      header,
      hasHeader: (name) => header(name) !== '',
      door: 'public',
      address,
      gone: () => false,
    };
    const trace = traceOf(this.#linesOf({ header: () => '' }));
    return {
      header,
      address,
      call: (action, params) => this.#options.call(action, params, trace.traceparent),
      perform: (inner) => this.#perform(inner, client, trace),
    };
  }

  async #perform(inner: InnerRequest, outer: ClientOfRequest, trace: Trace): Promise<RouteResult> {
    const match = this.#tableOf(outer.door).match(inner.method, inner.path);
    if (match.found !== 'route') return problem('not-found');
    return await this.#run(match.route, match.ids, incomingOf(inner, outer), trace, false);
  }

  /** Who asks on a route that every client may call. */
  async #requester(
    route: Route,
    incoming: IncomingRequest,
    limitKey: string,
  ): Promise<Identified | Problem> {
    const { callers } = this.#options;
    const found = await callers.identify(route, incoming, limitKey);
    const member = 'ok' in found ? found : await callers.withMemberships(route, found);
    return 'ok' in member ? member : { ok: true, byKey: member.byKey, ...requesterOf(member) };
  }

  #isBanned({ definition }: Route, { userId }: Caller, ids: PathIds): boolean {
    const { bans } = this.#options;
    const { refusesBanned } = definition;
    if (refusesBanned === undefined || bans.isEmpty) return false;
    const creatorId = refusesBanned === 'by-creator' ? ids['id']! : '';
    return bans.banOf(userId, creatorId) === 'banned';
  }

  /** The Idempotency-Key; null without one, or where the route takes none (H11). */
  #key({ definition }: Route, incoming: IncomingRequest): string | Problem | null {
    if (definition.keyed !== true || !incoming.hasHeader(KEY)) return null;
    const key = incoming.header(KEY);
    if (!isKey(key)) return keyProblem(key);
    // A node of an older version would do what it is asked without a look at the key.
    return this.#options.levels.reached() < KEYS_LEVEL ? problem('unavailable') : key;
  }

  #faultOf(fault: unknown, route: Route, trace: Trace): Problem {
    const reply = problemOfFault(fault);
    const line = {
      ...trace,
      method: route.definition.method,
      route: route.definition.path,
      err: fault,
    };
    if (reply.code === 'internal') this.#options.log.error(line, 'a request met a defect');
    else if (problemStatus(reply) >= 500) this.#options.log.warn(line, 'a request met a fault');
    return reply;
  }
}

/** What use cases get of a caller. */
function requesterOf({ userId, roles, memberships }: Caller): Requester {
  return { userId, roles, ...(memberships !== undefined && { memberships }) };
}

/** For the audit log. A token with the operator's role and without a session was made by hand. */
function originOf({ address }: IncomingRequest, user: Caller | null, requestId: string): Origin {
  const isOperator = user?.roles.includes(OPERATOR_ROLE) === true;
  const signedIn = user?.sessionId === undefined ? 'command-line' : 'operator';
  return {
    kind: user?.byKey === true ? 'api-key' : isOperator ? signedIn : 'user',
    userId: user?.userId ?? '',
    keyId: user?.byKey === true ? user.limitKey : null,
    address: addressLimitKey(address),
    requestId,
  };
}

function requestOf(
  { method, path }: RouteDefinition,
  ids: PathIds,
  callerId: string,
  key: string,
  asked: readonly unknown[],
): KeyedRequest {
  const filled = path.replaceAll(NAME_IN_PATH, (_, name: string) => ids[name]!);
  return keyedRequest({ callerId, route: `${method} ${filled}`, key, asked });
}
