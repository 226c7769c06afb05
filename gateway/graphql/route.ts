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
import { problem, type Problem } from '../http/problems.ts';
import type { RateClass, RateLimits } from '../http/rate-limits.ts';
import {
  type CheckedRequest,
  JSON_MEDIA_TYPE,
  route,
  type Route,
  type RouteResult,
  textReply,
} from '../http/route.ts';
import { isJsonMediaType, parseJson } from '../http/validation.ts';
import { Context } from './context.ts';
import type { Documents, PreparedDocument } from './documents.ts';
import { measure, type Measured } from './measure.ts';
import {
  GRAPHQL_MEDIA_TYPE,
  GraphQLQuery,
  GraphQLRequest,
  type Parameters,
  parametersOf,
  prefersGraphQL,
  queryParametersOf,
} from './request.ts';

const UTF8 = '; charset=utf-8';

export interface GraphQLRoutesOptions {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  readonly callers: Callers;
  readonly limits: RateLimits;
  readonly clock: Clock;
}

const ABOUT = {
  path: '/v1/graphql',
  tag: 'graphql',
  access: 'public',
  knowsUsers: true,
  // Counted by what the operation does.
  rateClass: null,
  status: 200,
  refusals: ['unauthenticated', 'rate-limited', 'unavailable', 'overloaded'],
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
        summary: 'A query of GraphQL.',
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
  const reply = (result: ExecutionResult, headers: readonly (readonly [string, string])[] = []) =>
    textReply(
      result.data === undefined && isGraphQL ? 400 : 200,
      (isGraphQL ? GRAPHQL_MEDIA_TYPE : JSON_MEDIA_TYPE) + UTF8,
      JSON.stringify(result),
      headers,
    );
  if (!parameters.ok) return { ...parameters, status: 400 };
  const asked = askedOf(options, parameters.value);
  if (isErrors(asked)) return reply({ errors: asked });
  if (readsOnly && asked.operation.operation !== 'query')
    return { ...problem('method-not-allowed', 'A GET takes queries.'), headers: ALLOW };
  const refused = await admit(options, request, asked.measured);
  if (refused !== null) return refused;
  const result = await execute({
    schema: options.schema,
    document: asked.prepared.document,
    operationName: asked.operation.name?.value,
    variableValues: parameters.value.variables,
    contextValue: new Context(request),
  });
  const { cost } = asked.measured;
  const extensions = { cost: { requested: cost, max: GRAPHQL_COST_MAX } };
  return reply({ ...result, extensions }, readsOnly ? cachingOf(request) : []);
}

const ALLOW = [['allow', 'POST']] as const;

/** What is shown to nobody in particular may be kept by everybody. */
function cachingOf({ header }: Request): readonly (readonly [string, string])[] {
  const isPublic = header('authorization') === '';
  return [
    ['cache-control', isPublic ? 'public, max-age=1' : 'private, no-store'],
    ['vary', 'accept, authorization'],
  ];
}

interface Asked {
  readonly prepared: PreparedDocument;
  readonly operation: OperationDefinitionNode;
  readonly measured: Measured;
}

type Errors = readonly GraphQLError[];

function isErrors(value: object): value is Errors {
  return Array.isArray(value);
}

function askedOf(
  { schema, documents }: GraphQLRoutesOptions,
  { query, operationName, variables }: Parameters,
): Asked | Errors {
  const prepared = documents.prepare(query);
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

/** The refusal of an operation that this client may not ask for, or not so often. */
async function admit(
  { callers, limits, clock }: GraphQLRoutesOptions,
  { header, address }: Request,
  { cost, rest }: Measured,
): Promise<Problem | null> {
  const limitKey = limits.enabled ? addressLimitKey(address) : '';
  const isKnown = header('authorization') !== '';
  const needing = rest.filter(({ access }) => access !== 'public');
  if (needing.length > 0 && !isKnown) return problem('unauthenticated');
  let userKey: string | null = null;
  if (isKnown) {
    const definition = needing.find(({ action }) => action !== undefined) ?? ABOUT;
    const caller = await callers.identify({ definition } as Route, { header }, limitKey);
    // What an API key may not do, the fields refuse.
    if (!('ok' in caller)) userKey = caller.limitKey;
    else if (caller.code !== 'forbidden') return caller;
  }
  const now = clock.monotonic();
  const reads = 1 + Math.floor(cost / GRAPHQL_COST_OF_READ);
  const counted: readonly (RateClass | null)[] = [
    ...rest.map(({ rateClass }) => rateClass),
    ...Array.from({ length: reads }, () => 'reads' as const),
  ];
  for (const rateClass of counted) {
    const limited = rateClass === null ? null : limits.check(rateClass, limitKey, userKey, now);
    if (limited !== null) return limited;
  }
  return null;
}
