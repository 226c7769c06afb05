// A route: a definition (path, schemas, access, possible replies) from which requests are validated
// and OpenAPI is written, and a handler that turns a checked request into a reply. Handlers know
// neither the server library nor HTTP syntax.

import type { Requester, TokenIdentity, TokenRefusal } from '../../contracts/accounts.ts';
import type { Static, TObject, TSchema } from 'typebox';
import type { ActionName, ActionOutcome, ActionParams } from '../../contracts/actions.ts';
import type { CreatorAction } from '../../contracts/creator-actions.ts';
import type { ProblemCode } from '../../contracts/refusals.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Problem } from './problems.ts';
import type { RateClass } from './rate-limits.ts';
import type { SharedSource } from './shared-replies.ts';

/**
 * Synchronous, because credentials are checked before the body is read. Says why where the token is
 * not valid at `nowMs`, in milliseconds since the Unix epoch.
 */
export type VerifyToken = (token: string, nowMs: number) => TokenIdentity | TokenRefusal;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Where a request came in. `operators`: the address of their own, where there is one; then internal
 * routes are found there only.
 */
export type Door = 'public' | 'operators';

/** A request as the server read it, before any check. */
export interface IncomingRequest {
  /** In capitals, as sent. */
  readonly method: string;
  readonly path: string;
  /** Without the question mark; empty where there is none. */
  readonly query: string;
  /**
   * By lower-case name; empty where the header is absent. Repeated headers are joined with commas.
   */
  readonly header: (name: string) => string;
  /** Whether the header is there, be it empty. */
  readonly hasHeader: (name: string) => boolean;
  readonly door: Door;
  /** The client's address, as text. */
  readonly address: string;
  /** Whether the client went away before the reply. */
  readonly gone: () => boolean;
  /** Null where the body is larger than the server reads. */
  readonly body: Uint8Array | null;
}

/**
 * A body that is produced while it is sent. The next chunk is requested when the client has taken
 * the last one.
 */
export interface BodyStream {
  /**
   * An empty chunk sends nothing, but lets the server end a quiet stream. The time between two
   * other chunks must be below 10 s, or the server closes the connection.
   */
  readonly chunks: AsyncIterable<string>;
  /** True: a part is worth nothing. A reply that cannot go on is cut off instead of ended. */
  readonly isWhole?: boolean;
  /** False: its reader may no longer read it, and the reply does not go on. Default: true. */
  readonly isAllowed?: () => boolean;
  /** Called when the reply has ended, in any way. */
  readonly close: () => void;
}

/** Names in lower case. */
export type HeaderPairs = readonly (readonly [string, string])[];

export interface Reply {
  readonly ok: true;
  readonly status: number;
  /** Empty for replies without a body. */
  readonly mediaType: string;
  readonly body: string | Uint8Array | BodyStream;
  readonly headers: HeaderPairs;
  /** Where the same reply comes from when it is asked for again, by anybody. */
  readonly source?: SharedSource;
}

export type RouteResult = Reply | Problem;

/** `CallAction` that passes on the request's trace. */
export type RouteCall = <A extends ActionName>(
  action: A,
  params: ActionParams<A>,
) => Promise<ActionOutcome<A>>;

/** A request of a handler to another route, for the client that it serves. */
export interface InnerRequest {
  readonly method: Method;
  /** With its ids percent-encoded. */
  readonly path: string;
  /** Without the question mark; none unless given. */
  readonly query?: string;
  /** Sent as JSON; none unless given. */
  readonly body?: unknown;
  /** By lower-case name, in place of those of the client's request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The ids of a path, by their names in the route's definition. */
export type PathIds = Readonly<Record<string, string>>;

/** Who asks on a route that every client may call. */
export interface Identified extends Requester {
  readonly ok: true;
  /** By an API key. */
  readonly byKey: boolean;
}

/** A request that matches its route's definition. */
export interface CheckedRequest<Q, B> {
  /** The id named `id` in the path. Empty where there is none. */
  readonly id: string;
  /**
   * All ids of the path by name. Each has 1 to 80 letters, digits, `_` or `-`; or, where the
   * definition says so, it is a user's id, decoded.
   */
  readonly ids: PathIds;
  readonly query: Q;
  readonly body: B;
  /** The body's exact bytes. */
  readonly bytes: Uint8Array;
  readonly header: (name: string) => string;
  /**
   * The user of the request's credentials, on a route that every client may call. `unauthenticated`
   * without valid ones.
   */
  readonly identify: () => Promise<Identified | Problem>;
  readonly door: Door;
  readonly address: string;
  /** It comes from this machine itself, and not through a proxy. */
  readonly isLocal: boolean;
  /** Whether the client went away: nobody reads the reply. */
  readonly gone: () => boolean;
  /** Calls a service with this request's trace. */
  readonly call: RouteCall;
  /**
   * Runs another route for the same client, with all of its checks but its limit: whoever calls it
   * has counted that. Never rejects.
   */
  readonly perform: (inner: InnerRequest) => Promise<RouteResult>;
}

export interface UserRequest<Q, B> extends CheckedRequest<Q, B> {
  /** The user of the access token. */
  readonly caller: Requester;
  /** Seconds since the Unix epoch; Infinity where an API key has no end. */
  readonly tokenExpiresAt: number;
  /** Where the definition is `keyed` and the client sent a key: to be passed to the use case. */
  readonly request: KeyedRequest | undefined;
  /** Of the access token; undefined where it has none. */
  readonly sessionId: string | undefined;
  /** Whether the token is valid still, for replies that take long. */
  readonly isValid: () => boolean;
}

/**
 * `public`: every client may call. `user`: only with a valid access token, or an API key where the
 * definition has an `action` that has a scope. `key`: only with an API key.
 */
export type Access = 'public' | 'user' | 'key';

/** The name of an id in a definition's path. */
export const NAME_IN_PATH = /\{(\w+)\}/g;

export interface RouteDefinition {
  readonly method: Method;
  /** Such as `/v1/drops/{id}`. */
  readonly path: string;
  /**
   * The names of the path's ids that are users' ids: visible ASCII, percent-encoded where a path
   * needs it.
   */
  readonly idsOfUsers?: readonly string[];
  readonly summary: string;
  readonly tag: string;
  readonly access: Access;
  /** Found at the operators' address only, where there is one. */
  readonly internal?: true;
  /** On a public route: a valid access token shows more. */
  readonly knowsUsers?: boolean;
  /** Null: not limited, or the handler counts. */
  readonly rateClass: RateClass | null;
  readonly query?: TObject;
  /** Characters of the query string; 2,048 unless given. */
  readonly queryLengthMax?: number;
  /**
   * The query is the client's own matter: links to a page come with whatever others add to them.
   */
  readonly ignoresQuery?: boolean;
  readonly body?: TObject;
  /** A request without a body is checked as one with an empty object. */
  readonly bodyOptional?: boolean;
  /** The body may also be a form (`application/x-www-form-urlencoded`) of texts. */
  readonly bodyAsForm?: boolean;
  /** The body is signed: the handler gets its bytes unparsed. */
  readonly bodyAsBytes?: boolean;
  /**
   * What the route does for a creator, and so which API keys and members may call it. Absent: no
   * API key may, and a member only for themselves.
   */
  readonly action?: CreatorAction;
  /**
   * A user who is banned is refused: everywhere, or by the creator whose id is in the path (A9).
   */
  readonly refusesBanned?: 'everywhere' | 'by-creator';
  /** Takes an Idempotency-Key (H11). The use case must keep the promise. */
  readonly keyed?: boolean;
  /** Further request headers, for the documentation. */
  readonly headers?: TObject;
  /** The status and the body's shape of a success. */
  readonly status: number;
  readonly response?: TSchema;
  /** Upgraded to WebSocket it is a live stream: 101. */
  readonly upgrades?: boolean;
  /** Further statuses whose bodies have the same shape. */
  readonly otherStatuses?: readonly number[];
  /** The same body in one media type alone, by the further status, beside problems. */
  readonly otherMediaTypeOfStatus?: Readonly<Record<number, string>>;
  /**
   * Media types that a client may choose instead, with the shape of the body, of NDJSON of one
   * line; null: it is not JSON.
   */
  readonly otherMediaTypes?: Readonly<Record<string, TSchema | null>>;
  /** Default: JSON. For NDJSON, `response` is the shape of one line. */
  readonly responseMediaType?: string;
  /** The route's own codes, besides those that all routes of its kind may give. */
  readonly refusals: readonly ProblemCode[];
  /** A problem of this status for people, whose client asks for HTML. Others get the document. */
  readonly problemPage?: (status: number) => Reply;
  /** Cache-Control for public reads, which then have an ETag too (H10). */
  readonly cache?: string;
}

/**
 * A route as the table stores it, with types erased. `route` and `userRoute` check that handler and
 * definition match.
 */
export interface Route {
  readonly definition: RouteDefinition;
  /**
   * Null: the order path or an upgrade answers; the table needs the route for 405 and for OpenAPI.
   */
  readonly handle:
    | ((request: UserRequest<never, never>) => RouteResult | Promise<RouteResult>)
    | null;
}

type StaticOf<S> = S extends TSchema ? Static<S> : unknown;

/** A route that every client may call. */
export function route<const D extends RouteDefinition & { access: 'public' }>(
  definition: D,
  handle: (
    request: CheckedRequest<StaticOf<D['query']>, StaticOf<D['body']>>,
  ) => RouteResult | Promise<RouteResult>,
): Route {
  return { definition, handle };
}

/** A route that needs a valid access token. */
export function userRoute<const D extends RouteDefinition & { access: 'user' }>(
  definition: D,
  handle: (
    request: UserRequest<StaticOf<D['query']>, StaticOf<D['body']>>,
  ) => RouteResult | Promise<RouteResult>,
): Route {
  return { definition, handle };
}

/** A route for API keys only. Its caller is the owner of the key. */
export function keyRoute<
  const D extends RouteDefinition & { access: 'key'; action: CreatorAction },
>(
  definition: D,
  handle: (
    request: UserRequest<StaticOf<D['query']>, StaticOf<D['body']>>,
  ) => RouteResult | Promise<RouteResult>,
): Route {
  return { definition, handle };
}

/** The tag of pages for people and their files, which OpenAPI leaves out. */
export const PAGES_TAG = 'pages';

export const JSON_MEDIA_TYPE = 'application/json';
export const FORM_MEDIA_TYPE = 'application/x-www-form-urlencoded';
/** Lines, each of them JSON. */
export const NDJSON_MEDIA_TYPE = 'application/x-ndjson';

export function jsonReply(status: number, body: unknown, headers: HeaderPairs = []): Reply {
  return textReply(status, JSON_MEDIA_TYPE, JSON.stringify(body), headers);
}

export function textReply(
  status: number,
  mediaType: string,
  body: string,
  headers: HeaderPairs = [],
): Reply {
  return { ok: true, status, mediaType, body, headers };
}

export function emptyReply(status: number, headers: HeaderPairs = []): Reply {
  return { ok: true, status, mediaType: '', body: '', headers };
}
