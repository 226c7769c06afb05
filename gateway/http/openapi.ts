// Writes OpenAPI 3.1 from the route table, with the schemas that also validate requests. A schema
// with a title becomes a named component.

import type { TSchema } from 'typebox';
import { API_KEY_PREFIX } from '../../contracts/api-keys.ts';
import { type CreatorAction, MEMBER_ROLES, ruleOf } from '../../contracts/creator-actions.ts';
import { PROBLEM_MEDIA_TYPE, PROBLEMS } from './problems.ts';
import { type ProblemCode, Problem } from '../../contracts/refusals.ts';
import { RepeatHeaders } from '../../contracts/requests.ts';
import { id, userId } from '../../contracts/scalars.ts';
import {
  FORM_MEDIA_TYPE,
  JSON_MEDIA_TYPE,
  NAME_IN_PATH,
  type Route,
  type RouteDefinition,
} from './route.ts';

type Json = Record<string, unknown>;

/** What a request with an Idempotency-Key may be refused with besides (H11). */
const KEYED_CODES = [
  'invalid-request',
  'idempotency-key-reused',
  'request-in-progress',
  'rate-limited',
  'unavailable',
] as const;
const REPLAYED = {
  'Idempotency-Replayed': {
    description: 'true: the first answer to the same request, given again.',
    schema: { const: 'true' },
  },
};

export function openApiDocument(routes: readonly Route[], version: string): Json {
  const components: Json = {};
  refer(Problem, components);
  const paths: Record<string, Json> = {};
  for (const { definition } of routes) {
    const path = (paths[definition.path] ??= {});
    path[definition.method.toLowerCase()] = operation(definition, components);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'LiveDrops',
      version,
      description:
        'Limited-stock sales that never oversell. Times are RFC 3339 in UTC, money is in integer ' +
        'minor units by ISO 4217, errors are RFC 9457 problems with a stable code.',
    },
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        apiKey: { type: 'http', scheme: 'bearer', bearerFormat: `${API_KEY_PREFIX}…` },
      },
    },
  };
}

function operation(definition: RouteDefinition, components: Json): Json {
  const {
    summary,
    tag,
    access,
    action,
    knowsUsers = false,
    body,
    bodyOptional = false,
    bodyAsForm = false,
  } = definition;
  const described: Json = { summary, tags: [tag], operationId: operationId(definition) };
  if (access !== 'public' || knowsUsers) {
    const nobody = knowsUsers ? [{}] : [];
    const token = access === 'key' ? [] : [{ token: [] }];
    const scope = action === undefined ? null : ruleOf(action).scope;
    const key = scope === null ? [] : [{ apiKey: [scope] }];
    described['security'] = [...nobody, ...token, ...key];
  }
  if (action !== undefined) Object.assign(described, forMembers(action));
  const parameters = parametersOf(definition);
  if (parameters.length > 0) described['parameters'] = parameters;
  if (body !== undefined) {
    described['requestBody'] = {
      required: !bodyOptional,
      content: Object.fromEntries(
        [JSON_MEDIA_TYPE, ...(bodyAsForm ? [FORM_MEDIA_TYPE] : [])].map((type) => [
          type,
          { schema: refer(body, components) },
        ]),
      ),
    };
  }
  described['responses'] = { ...successOf(definition, components), ...problemsOf(definition) };
  return described;
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
  const { status, response, responseMediaType, otherMediaTypes = [], keyed } = definition;
  const success: Json = { description: 'Success.' };
  if (keyed === true) success['headers'] = REPLAYED;
  if (response !== undefined) {
    const mediaType = responseMediaType ?? JSON_MEDIA_TYPE;
    const content: Json = { [mediaType]: { schema: refer(response, components) } };
    for (const other of otherMediaTypes) content[other] = {};
    success['content'] = content;
  } else if (responseMediaType !== undefined) {
    success['content'] = { [responseMediaType]: {} };
  }
  return { [String(status)]: success };
}

/** The route's own refusals, and those that all routes of its kind may give. */
function problemsOf(definition: RouteDefinition): Json {
  const codes = new Set<ProblemCode>(definition.refusals);
  const { access, knowsUsers = false } = definition;
  if (access !== 'public' || knowsUsers) codes.add('unauthenticated');
  if (access === 'key') codes.add('forbidden');
  if (definition.refusesBanned !== undefined) codes.add('banned');
  if (definition.rateClass !== null) codes.add('rate-limited');
  if (definition.keyed === true) for (const code of KEYED_CODES) codes.add(code);
  if (definition.query !== undefined) codes.add('invalid-request');
  if (definition.body !== undefined) {
    codes.add('invalid-request').add('payload-too-large').add('unsupported-media-type');
  }
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
    if (code === 'invalid-request' && definition.body !== undefined) {
      byStatus.set(422, [...(byStatus.get(422) ?? []), code]);
    }
  }
  const problems: Json = {};
  for (const [status, codesOfStatus] of byStatus) {
    problems[String(status)] = {
      description: codesOfStatus.map((code) => `\`${code}\``).join(', '),
      content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  return problems;
}

/** The schema with every titled part replaced by a reference to its component. */
function refer(schema: TSchema, components: Json): unknown {
  const { title } = schema as { title?: string };
  if (title === undefined) return referInside(schema, components);
  // Reserved before the recursion, so that each component is written once.
  if (!(title in components)) {
    components[title] = null;
    components[title] = referInside(schema, components);
  }
  return { $ref: `#/components/schemas/${title}` };
}

function referInside(value: unknown, components: Json): unknown {
  if (Array.isArray(value)) return value.map((item) => referPart(item, components));
  if (typeof value !== 'object' || value === null) return value;
  const copy: Json = {};
  for (const [name, part] of Object.entries(value)) copy[name] = referPart(part, components);
  return copy;
}

function referPart(part: unknown, components: Json): unknown {
  const titled = typeof part === 'object' && part !== null && 'title' in part;
  const isSchema = titled && typeof part.title === 'string';
  return isSchema ? refer(part, components) : referInside(part, components);
}
