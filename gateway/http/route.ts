// What a route is: a definition (address, schemas, who may call, what may come back), from which
// requests are validated and OpenAPI is written, and a handler that turns a checked request into a
// reply. Handlers know neither the server in use nor HTTP syntax.

import type { Requester, TokenIdentity } from '../../contracts/accounts.ts';
import type { Static, TObject, TSchema } from 'typebox';
import type { ActionName, ActionOutcome, ActionParams } from '../../contracts/actions.ts';
import type { ProblemCode } from '../../contracts/refusals.ts';
import type { Problem } from './problems.ts';
import type { RateClass } from './rate-limits.ts';

/**
 * Synchronous, because a client's credentials are looked at before its body is read. Null for any
 * token that is not valid now.
 */
export type VerifyToken = (token: string, nowMs: number) => TokenIdentity | null;

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** A request as the server read it, before anything is checked. */
export interface IncomingRequest {
  /** In capitals, as sent. */
  readonly method: string;
  readonly path: string;
  /** Without the question mark; empty where there is none. */
  readonly query: string;
  /** By lower-case name; empty where absent. Repeated headers are joined by commas. */
  readonly header: (name: string) => string;
  /** The remote address, as text. */
  readonly address: string;
  /** Null when it was larger than the server reads. */
  readonly body: Uint8Array | null;
}

/** A body that is made while it is sent: the next chunk when the client has taken the last. */
export interface BodyStream {
  /**
   * An empty chunk sends nothing: it gives the server the chance to end a quiet stream. Between two
   * others less than 10 s may pass, after which the server gives the connection up.
   */
  readonly chunks: AsyncIterable<string>;
  /** Called once the reply has ended, however it did. */
  readonly close: () => void;
}

export interface Reply {
  readonly ok: true;
  readonly status: number;
  /** Empty for replies without a body. */
  readonly mediaType: string;
  readonly body: string | BodyStream;
  readonly headers: readonly (readonly [string, string])[];
}

export type RouteResult = Reply | Problem;

/** `CallAction` with the request's trace filled in. */
export type RouteCall = <A extends ActionName>(
  action: A,
  params: ActionParams<A>,
) => Promise<ActionOutcome<A>>;

/** The ids of a path, by the names that the route's definition gives them. */
export type PathIds = Readonly<Record<string, string>>;

/** A request that keeps what its route's definition says. */
export interface CheckedRequest<Q, B> {
  /** The id that is called `id` in the path; empty where there is none. */
  readonly id: string;
  /**
   * All ids in the path by their names: each 1 to 80 characters of letters, digits, `_` and `-`,
   * or, as the definition says, a user's id, decoded.
   */
  readonly ids: PathIds;
  readonly query: Q;
  readonly body: B;
  /** The body's exact bytes. */
  readonly bytes: Uint8Array;
  readonly header: (name: string) => string;
  readonly address: string;
  /** Calls a service with this request's trace. */
  readonly call: RouteCall;
}

export interface UserRequest<Q, B> extends CheckedRequest<Q, B> {
  /** Whom the access token speaks for. */
  readonly caller: Requester;
  /** Seconds since the Unix epoch. */
  readonly tokenExpiresAt: number;
}

/** Who may call: anybody, or only somebody with a valid access token. */
export type Access = 'public' | 'user';

/** An id in the path of a definition. */
export const NAME_IN_PATH = /\{(\w+)\}/g;

export interface RouteDefinition {
  readonly method: Method;
  /** Such as `/v1/drops/{id}`. */
  readonly path: string;
  /**
   * The names of those ids in the path that are users': visible ASCII, percent-encoded where a path
   * needs that.
   */
  readonly idsOfUsers?: readonly string[];
  readonly summary: string;
  readonly tag: string;
  readonly access: Access;
  /** Null: not limited. */
  readonly rateClass: RateClass | null;
  readonly query?: TObject;
  readonly body?: TObject;
  /** The body is signed: its bytes go to the handler as they came, whatever they are. */
  readonly bodyAsBytes?: boolean;
  /** Further request headers, for the documentation. */
  readonly headers?: TObject;
  /** The status of success, and what the body then is. */
  readonly status: number;
  readonly response?: TSchema;
  /** JSON unless given. Of a stream, `response` is the shape of one line. */
  readonly responseMediaType?: string;
  /** Codes of its own, besides those that every route of its kind may answer. */
  readonly refusals: readonly ProblemCode[];
  /** Cache-Control for public reads, which then have an ETag too (H10). */
  readonly cache?: string;
}

/**
 * Stands in the table with its types erased; `route` and `userRoute` see that handler and
 * definition agree.
 */
export interface Route {
  readonly definition: RouteDefinition;
  /**
   * Null: answered elsewhere (the order path, an upgrade), and in the table for 405 and the
   * documentation only.
   */
  readonly handle:
    | ((request: UserRequest<never, never>) => RouteResult | Promise<RouteResult>)
    | null;
}

type StaticOf<S> = S extends TSchema ? Static<S> : unknown;

/** A route that anybody may call. */
export function route<const D extends RouteDefinition & { access: 'public' }>(
  definition: D,
  handle: (
    request: CheckedRequest<StaticOf<D['query']>, StaticOf<D['body']>>,
  ) => RouteResult | Promise<RouteResult>,
): Route {
  return { definition, handle };
}

/** A route for whoever has a valid access token. */
export function userRoute<const D extends RouteDefinition & { access: 'user' }>(
  definition: D,
  handle: (
    request: UserRequest<StaticOf<D['query']>, StaticOf<D['body']>>,
  ) => RouteResult | Promise<RouteResult>,
): Route {
  return { definition, handle };
}

export const JSON_MEDIA_TYPE = 'application/json';

type Headers = Reply['headers'];

export function jsonReply(status: number, body: unknown, headers: Headers = []): Reply {
  return textReply(status, JSON_MEDIA_TYPE, JSON.stringify(body), headers);
}

export function textReply(
  status: number,
  mediaType: string,
  body: string,
  headers: Headers = [],
): Reply {
  return { ok: true, status, mediaType, body, headers };
}

export function emptyReply(status: number, headers: Headers = []): Reply {
  return { ok: true, status, mediaType: '', body: '', headers };
}
