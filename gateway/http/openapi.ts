// Writes OpenAPI 3.1 from the route table, with the schemas that also validate requests.

import type { TSchema } from 'typebox';
import { API_KEY_PREFIX } from '../../contracts/api-keys.ts';
import { type CreatorAction, MEMBER_ROLES, ruleOf } from '../../contracts/creator-actions.ts';
import { refer } from './named-schemas.ts';
import { PROBLEM_MEDIA_TYPE, PROBLEMS } from './problems.ts';
import { type ProblemCode, Problem } from '../../contracts/refusals.ts';
import { RepeatHeaders } from '../../contracts/requests.ts';
import { id, userId } from '../../contracts/scalars.ts';
import {
  FORM_MEDIA_TYPE,
  JSON_MEDIA_TYPE,
  NAME_IN_PATH,
  NDJSON_MEDIA_TYPE,
  PAGES_TAG,
  type Route,
  type RouteDefinition,
} from './route.ts';

type Json = Record<string, unknown>;

/** What operations refer to, by name. */
interface Components {
  readonly schemas: Json;
  readonly responses: Json;
}

/** A response with at most so many codes is a component, which operations share. */
const SHARED_CODES_MAX = 3;

/** What a request with an Idempotency-Key may be refused with besides (H11). */
const KEYED_CODES = [
  'invalid-request',
  'idempotency-key-reused',
  'request-in-progress',
  'rate-limited',
  'unavailable',
] as const;
/** What every route may refuse a request with, whatever its definition says. */
const COMMON_CODES = [
  'invalid-request',
  'payload-too-large',
  'unsupported-media-type',
  'overloaded',
  'internal',
] as const;
const HEADERS: Readonly<Record<string, Json>> = {
  'Idempotency-Replayed': {
    description: 'true: the first answer to the same request, given again.',
    schema: { const: 'true' },
  },
  ETag: {
    description: 'The version of what the body shows, for If-None-Match.',
    schema: { type: 'string' },
  },
  'Retry-After': {
    description: 'Seconds after which a client may try again.',
    schema: { type: 'string', pattern: '^[0-9]+$' },
  },
  'WWW-Authenticate': { description: 'Bearer.', schema: { type: 'string' } },
  'X-Request-Id': {
    description: 'The id of the request: its own, where it had one, as in the logs.',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
  },
  Traceparent: {
    description: 'The trace of the request (W3C Trace Context).',
    schema: { type: 'string' },
  },
};
const PROBLEM_CONTENT = {
  [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } },
};
/** OpenAPI 3.1 has no way to say it to a machine. */
const OF_LINES = `As \`${NDJSON_MEDIA_TYPE}\` each line is of the schema.`;
const SAME_OR_PROBLEM = 'The same body, or a problem.';
const UPGRADED = { description: 'The connection is a WebSocket now.' };
/** Headers that every problem of the status has. */
const HEADERS_OF_STATUS: Readonly<Record<number, string>> = {
  401: 'WWW-Authenticate',
  429: 'Retry-After',
  503: 'Retry-After',
};

/** `operatorPort`: of the operators' address; null where there is none. */
export function openApiDocument(
  routes: readonly Route[],
  version: string,
  operatorPort: number | null = null,
): Json {
  const components: Components = { schemas: {}, responses: {} };
  refer(Problem, components.schemas);
  const paths: Record<string, Json> = {};
  for (const { definition } of routes) {
    if (definition.tag === PAGES_TAG) continue;
    const path = (paths[definition.path] ??= {});
    const described = operation(definition, components);
    if (operatorPort !== null && definition.internal === true)
      described['servers'] = [operatorServer(operatorPort)];
    path[definition.method.toLowerCase()] = described;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'LiveDrops',
      version,
      description:
        'Limited-stock sales that never oversell. Times are RFC 3339 in UTC, money is in integer ' +
        'minor units by ISO 4217, errors are RFC 9457 problems with a stable code. HEAD is ' +
        'answered where GET is; another method of a path is 405 with Allow.',
      license: { name: 'All rights reserved', identifier: 'LicenseRef-All-Rights-Reserved' },
    },
    servers: [{ url: '/', description: 'The server that this description comes from.' }],
    paths,
    components: {
      headers: HEADERS,
      ...components,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        apiKey: { type: 'http', scheme: 'bearer', bearerFormat: `${API_KEY_PREFIX}…` },
      },
    },
  };
}

/** The host is not told: the description is public. */
function operatorServer(port: number): Json {
  return {
    url: `http://{host}:${port}`,
    description: "The operators' address of a node: there, and only there.",
    variables: { host: { default: 'localhost' } },
  };
}

function operation(definition: RouteDefinition, components: Components): Json {
  const { summary, tag, action, body, bodyOptional = false, bodyAsForm = false } = definition;
  const described: Json = { summary, tags: [tag], operationId: operationId(definition) };
  described['security'] = securityOf(definition);
  if (action !== undefined) Object.assign(described, forMembers(action));
  const parameters = parametersOf(definition);
  if (parameters.length > 0) described['parameters'] = parameters;
  if (body !== undefined) {
    described['requestBody'] = {
      required: !bodyOptional,
      content: Object.fromEntries(
        [JSON_MEDIA_TYPE, ...(bodyAsForm ? [FORM_MEDIA_TYPE] : [])].map((type) => [
          type,
          { schema: refer(body, components.schemas) },
        ]),
      ),
    };
  }
  const { status, otherStatuses = [], otherMediaTypeOfStatus = {} } = definition;
  const { upgrades = false, cache } = definition;
  const success = successOf(definition, components.schemas);
  const responses: Record<string, Json> = {
    [status]: success,
    ...problemsOf(definition, components.responses),
  };
  for (const other of otherStatuses) {
    const content = { ...(success['content'] as Json), ...PROBLEM_CONTENT };
    responses[other] = { ...success, description: SAME_OR_PROBLEM, content };
  }
  for (const [other, mediaType] of Object.entries(otherMediaTypeOfStatus)) {
    const shape = (success['content'] as Json)[mediaType];
    const content = { [mediaType]: shape, ...PROBLEM_CONTENT };
    responses[other] = { ...success, description: SAME_OR_PROBLEM, content };
  }
  if (upgrades) responses[101] = UPGRADED;
  if (cache !== undefined) {
    const headers = referHeaders(['ETag']);
    responses[304] = { description: 'If-None-Match names what is there.', headers };
  }
  described['responses'] = responses;
  return described;
}

/** Empty: anybody may call it. One that is empty itself: credentials show more. */
function securityOf({ access, knowsUsers = false, action }: RouteDefinition): Json[] {
  if (access === 'public' && !knowsUsers) return [];
  const nobody = knowsUsers ? [{}] : [];
  const token = access === 'key' ? [] : [{ token: [] }];
  const scope = action === undefined ? null : ruleOf(action).scope;
  const key = scope === null ? [] : [{ apiKey: [scope] }];
  return [...nobody, ...token, ...key];
}

function referHeaders(names: readonly string[]): Json {
  const all = [...names, 'X-Request-Id', 'Traceparent'];
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** Which members of a creator's organisation may call it (A10). */
function forMembers(action: CreatorAction): Json {
  const { role } = ruleOf(action);
  if (role === null) return {};
  const roles = MEMBER_ROLES.slice(0, MEMBER_ROLES.indexOf(role) + 1).join(', ');
  return { description: `Of the members of an organisation for: ${roles}.` };
}

/** Such as `postDropsIdOrders`. */
function operationId({ method, path }: RouteDefinition): string {
  const words = path
    .replace('/v1', '')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return method.toLowerCase() + name;
}

function parametersOf(definition: RouteDefinition): Json[] {
  const { path, idsOfUsers = [], query, headers, keyed } = definition;
  const parameters: Json[] = [];
  for (const [, name = ''] of path.matchAll(NAME_IN_PATH)) {
    const schema = idsOfUsers.includes(name) ? userId : id;
    parameters.push({ name, in: 'path', required: true, schema });
  }
  for (const [place, group] of [
    ['query', query],
    ['header', headers],
    ['header', keyed === true ? RepeatHeaders : undefined],
  ] as const) {
    if (group === undefined) continue;
    const required: readonly string[] = (group as { required?: readonly string[] }).required ?? [];
    for (const [name, schema] of Object.entries(group.properties)) {
      parameters.push({ name, in: place, required: required.includes(name), schema });
    }
  }
  return parameters;
}

function successOf(definition: RouteDefinition, components: Json): Json {
  const { status, response, responseMediaType, otherMediaTypes = {}, keyed, cache } = definition;
  // The answer to an upgrade has the headers of RFC 6455 alone.
  if (status === 101) return UPGRADED;
  const headers = referHeaders([
    ...(keyed === true ? ['Idempotency-Replayed'] : []),
    ...(cache === undefined ? [] : ['ETag']),
  ]);
  const content: Json = {};
  if (response !== undefined || responseMediaType !== undefined)
    content[responseMediaType ?? JSON_MEDIA_TYPE] = bodyOf(response ?? null, components);
  for (const [mediaType, shape] of Object.entries(otherMediaTypes))
    content[mediaType] = bodyOf(shape, components);
  if (Object.keys(content).length === 0) return { description: 'Success.', headers };
  const description = NDJSON_MEDIA_TYPE in content ? `Success. ${OF_LINES}` : 'Success.';
  return { description, headers, content };
}

function bodyOf(shape: TSchema | null, components: Json): Json {
  return shape === null ? {} : { schema: refer(shape, components) };
}

/** The route's own refusals, and those that all routes, or all of its kind, may give. */
function problemsOf(definition: RouteDefinition, shared: Json): Record<string, Json> {
  const codes = new Set<ProblemCode>([...definition.refusals, ...COMMON_CODES]);
  const { access, knowsUsers = false, rateClass, keyed, path } = definition;
  if (access !== 'public' || knowsUsers) codes.add('unauthenticated').add('forbidden');
  if (access !== 'public' || rateClass !== null) codes.add('rate-limited').add('unavailable');
  if (path.includes('{')) codes.add('not-found');
  if (definition.refusesBanned !== undefined) codes.add('banned');
  if (keyed === true) for (const code of KEYED_CODES) codes.add(code);
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
    // Content that is not what the schema says, also of a body where none is expected.
    if (code === 'invalid-request') byStatus.set(422, [...(byStatus.get(422) ?? []), code]);
  }
  const problems: Record<string, Json> = {};
  for (const [status, codesOfStatus] of byStatus) {
    const isShared = codesOfStatus.length <= SHARED_CODES_MAX;
    const name = `${codesOfStatus.map(wordOf).join('')}${status}`;
    if (isShared) shared[name] ??= problemOf(status, codesOfStatus);
    problems[status] = isShared
      ? { $ref: `#/components/responses/${name}` }
      : problemOf(status, codesOfStatus);
  }
  return problems;
}

function problemOf(status: number, codes: readonly ProblemCode[]): Json {
  const header = HEADERS_OF_STATUS[status];
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    headers: referHeaders(header === undefined ? [] : [header]),
    content: PROBLEM_CONTENT,
  };
}

/** Such as `SoldOut` of `sold-out`. */
function wordOf(code: ProblemCode): string {
  return code.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
