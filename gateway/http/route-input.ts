// Query and body of a request, as its route's definition has them (H1).

import { type Check, compileCheck } from '../../contracts/check.ts';
import { NOTHING } from '../../contracts/scalars.ts';
import { problem, type Problem } from './problems.ts';
import type { IncomingRequest, RouteDefinition } from './route.ts';
import {
  isFormMediaType,
  isJsonMediaType,
  parseForm,
  parseJson,
  parseQuery,
} from './validation.ts';

export interface RouteInput {
  readonly ok: true;
  readonly query: unknown;
  readonly body: unknown;
  /** The body's exact bytes. */
  readonly bytes: Uint8Array;
}

export interface InputChecks {
  readonly query: Check<unknown>;
  readonly body: Check<unknown>;
}

export function inputChecksOf({ query, body }: RouteDefinition): InputChecks {
  return { query: compileCheck(query ?? NOTHING), body: compileCheck(body ?? NOTHING) };
}

export function routeInput(
  definition: RouteDefinition,
  checks: InputChecks,
  incoming: IncomingRequest,
): Problem | RouteInput {
  const { body: bytes } = incoming;
  if (bytes === null) return problem('payload-too-large');
  const given = definition.ignoresQuery === true ? '' : incoming.query;
  const parsedQuery = parseQuery(given, definition.query, definition.queryLengthMax);
  if (!parsedQuery.ok) return parsedQuery;
  const query = checks.query(parsedQuery.value);
  if (!query.ok) return query;
  const bodyExpected = definition.body !== undefined && definition.bodyOptional !== true;
  if (definition.bodyAsBytes === true || (!bodyExpected && bytes.length === 0)) {
    return { ok: true, query: query.value, body: {}, bytes };
  }
  const contentType = incoming.header('content-type');
  const isForm = definition.bodyAsForm === true && isFormMediaType(contentType);
  if (!isForm && !isJsonMediaType(contentType))
    return problem('unsupported-media-type', 'Use content-type: application/json.');
  const parsedBody = isForm ? parseForm(bytes, definition.body) : parseJson(bytes);
  if (!parsedBody.ok) return parsedBody;
  const body = checks.body(parsedBody.value);
  if (!body.ok) return { ...body, status: 422 };
  return { ok: true, query: query.value, body: body.value, bytes };
}
