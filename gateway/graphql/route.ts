// GraphQL over HTTP at /v1/graphql: a POST for every operation, a GET for queries. Who calls and
// whether they may call so often is settled before anything is done, as a problem with its status;
// whatever comes after is the answer of GraphQL.

import {
  execute,
  type ExecutionResult,
  getVariableValues,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import {
  GRAPHQL_COST_MAX,
  GRAPHQL_COST_OF_READ,
  GRAPHQL_QUERY_STRING_LENGTH_MAX,
} from '../../contracts/bounds.ts';
import type { Clock } from '../../actors/clock.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { addressLimitKey } from '../http/address.ts';
import type { Callers } from '../http/callers.ts';
import type { PublicReads } from '../cache/public-reads.ts';
import type { MediaUrls } from '../media-urls.ts';
import type { OrderPath } from '../orders/order-path.ts';
import { problem, type Problem } from '../http/problems.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import {
  type CheckedRequest,
  type HeaderPairs,
  JSON_MEDIA_TYPE,
  route,
  type Route,
  type RouteResult,
  textReply,
} from '../http/route.ts';
import { isJsonMediaType, parseJson } from '../http/validation.ts';
import { type ClientRequest, Context } from './context.ts';
import type { Documents, PreparedDocument } from './documents.ts';
import { measure, type Measured } from './measure.ts';
import {
  GRAPHQL_MEDIA_TYPE,
  GraphQLQuery,
  GraphQLRequest,
  GraphQLResponse,
  type Parameters,
  parametersOf,
  prefersGraphQL,
  queryParametersOf,
} from './request.ts';
import { encoded } from './told-errors.ts';

const UTF8 = '; charset=utf-8';

export interface GraphQLRoutesOptions {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  readonly callers: Callers;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly reads: PublicReads;
  readonly urls: MediaUrls;
  /** Gets defects that a field met. */
  readonly onFault: (fault: unknown) => void;
  /** Counts no limit: operations have. */
  readonly orders: () => OrderPath;
}

const ABOUT = {
  path: '/v1/graphql',
  tag: 'graphql',
  access: 'public',
  knowsUsers: true,
  // Counted by what the operation does.
  rateClass: null,
  status: 200,
  response: GraphQLResponse,
  otherMediaTypes: { [GRAPHQL_MEDIA_TYPE]: GraphQLResponse },
  otherMediaTypeOfStatus: { 400: GRAPHQL_MEDIA_TYPE },
  refusals: ['unauthenticated', 'method-not-allowed', 'rate-limited', 'unavailable'],
} as const;

type Request = CheckedRequest<unknown, unknown>;

export function graphQLRoutes(options: GraphQLRoutesOptions): Route[] {
  return [
    route(
      {
        ...ABOUT,
        method: 'POST',
        summary: 'An operation of GraphQL: docs/schema.graphql has the schema.',
        body: GraphQLRequest,
        bodyAsBytes: true,
      },
      async (request) => {
        if (!isJsonMediaType(request.header('content-type')))
          return problem('unsupported-media-type', 'Use content-type: application/json.');
        const body = parseJson(request.bytes);
        return await answer(options, request, body.ok ? parametersOf(body.value) : body, false);
      },
    ),
    route(
      {
        ...ABOUT,
        method: 'GET',
        summary: 'A query of GraphQL, or operations over WebSocket by graphql-transport-ws.',
        upgrades: true,
        query: GraphQLQuery,
        queryLengthMax: GRAPHQL_QUERY_STRING_LENGTH_MAX,
      },
      (request) =>
        answer(options, request, queryParametersOf(request.query as Record<string, string>), true),
    ),
  ];
}

async function answer(
  options: GraphQLRoutesOptions,
  request: Request,
  parameters: Outcome<Parameters>,
  readsOnly: boolean,
): Promise<RouteResult> {
  const isGraphQL = prefersGraphQL(request.header('accept'));
  const reply = (result: ExecutionResult, headers: HeaderPairs = []) =>
    textReply(
      result.data === undefined && isGraphQL ? 400 : 200,
      (isGraphQL ? GRAPHQL_MEDIA_TYPE : JSON_MEDIA_TYPE) + UTF8,
      encoded(result, options.onFault),
      headers,
    );
  if (!parameters.ok) return { ...parameters, status: 400 };
  const client = await clientOf(options, request);
  if (!client.ok) return client;
  const asked = askedOf(options, parameters.value);
  if (isErrors(asked)) return reply({ errors: asked });
  if (readsOnly && asked.operation.operation !== 'query')
    return { ...problem('method-not-allowed', 'A GET takes queries.'), headers: ALLOW };
  if (asked.operation.operation === 'subscription') return reply({ errors: [OVER_WEB_SOCKET] });
  const refused = refuseOperation(options, client, asked.measured);
  if (refused !== null) return refused;
  const result = await executed(options, request, client, asked, parameters.value.variables);
  const { cost } = asked.measured;
  const extensions = { cost: { requested: cost, max: GRAPHQL_COST_MAX } };
  const mayBeKept = readsOnly && result.errors === undefined;
  return reply({ ...result, extensions }, mayBeKept ? cachingOf(request) : []);
}

/** Does what a query or a mutation asks for. */
export async function executed(
  options: GraphQLRoutesOptions,
  request: ClientRequest,
  client: Client,
  { prepared, operation }: Asked,
  variables: Parameters['variables'],
): Promise<ExecutionResult> {
  const { schema, reads, urls, orders } = options;
  const { userId } = client;
  const context = new Context({ request, userId, reads, urls, orders: orders() });
  const compiled = prepared.compiled.get(operation);
  if (compiled !== undefined) return await compiled({}, context, variables);
  return await execute({
    schema,
    document: prepared.document,
    operationName: operation.name?.value,
    variableValues: variables,
    contextValue: context,
  });
}

const ALLOW = [['allow', 'POST']] as const;

/** What is shown to nobody in particular may be kept by everybody. */
function cachingOf({ header }: Request): HeaderPairs {
  const isPublic = header('authorization') === '';
  return [
    ['cache-control', isPublic ? 'public, max-age=1' : 'private, no-store'],
    ['vary', 'accept, authorization'],
  ];
}

const OVER_WEB_SOCKET = new GraphQLError('A subscription is made over WebSocket.');

const UNKNOWN_DOCUMENT = new GraphQLError('documentId: is not known here; send the document.', {
  extensions: { code: 'document-unknown' },
});

export interface Asked {
  readonly prepared: PreparedDocument;
  readonly operation: OperationDefinitionNode;
  readonly measured: Measured;
}

export type Errors = readonly GraphQLError[];

export function isErrors(value: object): value is Errors {
  return Array.isArray(value);
}

export function askedOf(
  { schema, documents }: GraphQLRoutesOptions,
  { document, operationName, variables }: Parameters,
): Asked | Errors {
  const prepared =
    'text' in document ? documents.prepare(document.text) : documents.find(document.digest);
  if (prepared === null) return [UNKNOWN_DOCUMENT];
  if (isErrors(prepared)) return prepared;
  const { operations } = prepared;
  const operation =
    operationName === null && operations.length === 1
      ? operations[0]
      : operations.find(({ name }) => name?.value === operationName);
  if (operation === undefined)
    return [new GraphQLError('operationName: must name an operation of the document.')];
  const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], { ...variables });
  if (coerced.errors !== undefined) return coerced.errors;
  const values = coerced.variableValues;
  try {
    const measured = measure(schema, { prepared, operation, variables, values });
    return { prepared, operation, measured };
  } catch (error) {
    return [error as GraphQLError];
  }
}

export interface Client {
  readonly ok: true;
  /** Null without credentials, and for API keys. */
  readonly userId: string | null;
  readonly isKnown: boolean;
  /** Under which limits count what is done: of the address, and of the user or the API key. */
  readonly addressKey: string;
  readonly callerKey: string | null;
}

/** Who asks; counts the read that every request is, so that none is parsed for nothing. */
export async function clientOf(
  { callers, limits, clock }: GraphQLRoutesOptions,
  { header, address }: Pick<Request, 'header' | 'address'>,
): Promise<Client | Problem> {
  const addressKey = limits.enabled ? addressLimitKey(address) : '';
  const isKnown = header('authorization') !== '';
  const caller = isKnown ? await callers.credentials({ header }, addressKey) : null;
  if (caller !== null && 'ok' in caller) return caller;
  const callerKey = caller === null ? null : caller.limitKey;
  const limited = limits.check('reads', addressKey, callerKey, clock.monotonic());
  if (limited !== null) return limited;
  const userId = caller === null || caller.byKey ? null : caller.userId;
  return { ok: true, userId, isKnown, addressKey, callerKey };
}

/** Refuses an operation that this client may not ask for, or not so often. */
export function refuseOperation(
  { limits, clock }: GraphQLRoutesOptions,
  { isKnown, addressKey, callerKey }: Client,
  { cost, rest }: Measured,
): Problem | null {
  if (!isKnown && rest.some(({ access }) => access !== 'public')) return problem('unauthenticated');
  const now = clock.monotonic();
  const classes = rest.map(({ rateClass }) => rateClass);
  for (let read = GRAPHQL_COST_OF_READ; read <= cost; read += GRAPHQL_COST_OF_READ)
    classes.push('reads');
  for (const rateClass of classes) {
    if (rateClass === null) continue;
    const limited = limits.check(rateClass, addressKey, callerKey, now);
    if (limited !== null) return limited;
  }
  return null;
}
