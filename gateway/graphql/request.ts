// The parameters of GraphQL over HTTP, and what a client takes for an answer
// (https://graphql.github.io/graphql-over-http/draft/).

import { type TObject, Type } from 'typebox';
import { TOKEN_LENGTH_MAX } from '../../contracts/bounds.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';

export const GRAPHQL_MEDIA_TYPE = 'application/graphql-response+json';

export interface Parameters {
  /** The document, or the SHA-256 in hex of one that the server has kept. */
  readonly document: { readonly text: string } | { readonly digest: string };
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
}

const DOCUMENT_ID = /^sha256:([0-9a-f]{64})$/;
const documentId = Type.String({
  description: 'sha256: and the SHA-256 of a document, in place of it, where the server has it',
  pattern: DOCUMENT_ID.source,
});

/** For the description of the interface; what is sent is checked by `parametersOf`. */
export const GraphQLRequest = Type.Object(
  {
    query: Type.Optional(Type.String({ description: 'a document of GraphQL' })),
    documentId: Type.Optional(documentId),
    operationName: Type.Optional(
      Type.Union([Type.String({ maxLength: TOKEN_LENGTH_MAX }), Type.Null()]),
    ),
    variables: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()])),
    extensions: Type.Optional(
      Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
    ),
  },
  { title: 'GraphQLRequest' },
);

const GraphQLResponseError = Type.Object(
  {
    message: Type.String(),
    locations: Type.Optional(
      Type.Array(Type.Object({ line: Type.Integer(), column: Type.Integer() })),
    ),
    path: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Integer()]))),
    extensions: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { title: 'GraphQLResponseError' },
);

export const GraphQLResponse = Type.Object(
  {
    data: Type.Optional(Type.Unknown({ description: 'absent where nothing was executed' })),
    errors: Type.Optional(Type.Array(GraphQLResponseError)),
    extensions: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { title: 'GraphQLResponse' },
);

/** The same in a query string: objects are JSON. */
export const GraphQLQuery: TObject = Type.Object({
  query: Type.Optional(Type.String({ description: 'a document of GraphQL with a query' })),
  documentId: Type.Optional(documentId),
  operationName: Type.Optional(Type.String()),
  variables: Type.Optional(Type.String({ description: 'a JSON object' })),
  extensions: Type.Optional(Type.String({ description: 'a JSON object' })),
});

/** Whether the client prefers `GRAPHQL_MEDIA_TYPE`; who does not say gets plain JSON. */
export function prefersGraphQL(accept: string): boolean {
  let best = 0;
  let prefers = false;
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const weight = parameters.find((one) => one.startsWith('q='));
    const quality = weight === undefined ? 1 : Number(weight.slice(2)) || 0;
    if (quality <= best) continue;
    const isGraphQL = type === GRAPHQL_MEDIA_TYPE;
    if (!isGraphQL && type !== 'application/json' && type !== 'application/*' && type !== '*/*')
      continue;
    best = quality;
    prefers = isGraphQL;
  }
  return prefers;
}

/** Of a body that is JSON. */
export function parametersOf(body: unknown): Outcome<Parameters> {
  if (!isObject(body)) return refusal('invalid-request', 'The body must be a JSON object.');
  const { operationName, variables, extensions } = body;
  const document = documentOf(body);
  if (document === null)
    return refusal('invalid-request', 'query: must be a document of GraphQL, or documentId one.');
  if (!isAbsent(operationName) && typeof operationName !== 'string')
    return refusal('invalid-request', 'operationName: must be a text.');
  if (!isAbsent(variables) && !isObject(variables))
    return refusal('invalid-request', 'variables: must be an object.');
  if (!isAbsent(extensions) && !isObject(extensions))
    return refusal('invalid-request', 'extensions: must be an object.');
  return success({
    document,
    operationName: isAbsent(operationName) ? null : operationName,
    variables: isAbsent(variables) ? {} : variables,
  });
}

/** Of a query string, whose values are texts. */
export function queryParametersOf(query: Readonly<Record<string, string>>): Outcome<Parameters> {
  const body: Record<string, unknown> = { ...query };
  for (const name of ['variables', 'extensions']) {
    const text = query[name];
    if (text === undefined || text === '') delete body[name];
    else {
      try {
        body[name] = JSON.parse(text) as unknown;
      } catch {
        return refusal('invalid-request', `${name}: must be JSON.`);
      }
    }
  }
  if (query['operationName'] === '') delete body['operationName'];
  return parametersOf(body);
}

/** Null unless exactly one of both is given. */
function documentOf({
  query,
  documentId: id,
}: Readonly<Record<string, unknown>>): Parameters['document'] | null {
  if (!isAbsent(query) && !isAbsent(id)) return null;
  if (typeof query === 'string' && query !== '') return { text: query };
  const digest = typeof id === 'string' ? DOCUMENT_ID.exec(id)?.[1] : undefined;
  return digest === undefined ? null : { digest };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}
