// Mutations: each is a route of REST, so its checks, scopes and idempotency are that route's. The
// input is the route's body, with its ids, its key and its condition beside it.

import type { TObject } from 'typebox';
import { OrderHeaders } from '../../contracts/orders.ts';
import { IfMatchHeaders } from '../http/if-match.ts';
import type { Problem } from '../http/problems.ts';
import { NAME_IN_PATH, type RouteDefinition } from '../http/route.ts';
import type { Row } from './builder.ts';
import { type Context, type Performed, type QueryParameters, queryOf } from './context.ts';
import { COSTS } from './costs.ts';
import { restId } from './node-ids.ts';
import { refusalRow } from './refusals.ts';
import type { Parts } from './parts.ts';
import { capital, withoutNull } from './shapes.ts';

/** What a mutation has done. */
export interface Done {
  readonly typename: string;
  /** The answer of the route; empty where it has none. */
  readonly body: Row;
  /** The ids of the input, as REST has them. */
  readonly ids: Readonly<Record<string, string>>;
  readonly replayed: boolean;
}

export interface MutationOptions {
  readonly name: string;
  /** Its method and path. */
  readonly route: string;
  /** For each id of the path, in their order: its name in the input, and the type of its node. */
  readonly ids?: readonly (readonly [name: string, type: string])[];
  /** What the payload has, besides `replayed`. */
  readonly payload?: {
    readonly name: string;
    readonly type: unknown;
    readonly nullable?: boolean;
    /** The route's answer unless given. */
    readonly from?: (done: Done, context: Context) => unknown;
  };
  /** Of ids in the body, or lists of them: the types of their nodes. */
  readonly idsInBody?: Readonly<Record<string, string>>;
  /** The input has what the route takes in its query. */
  readonly hasQuery?: boolean;
  /** What is done; a request to the route unless given. */
  readonly perform?: (context: Context, asked: Asked) => Promise<Performed | Problem>;
}

export interface Asked {
  /** As REST has them. */
  readonly ids: readonly string[];
  /** Of the route's shape; not checked yet. Undefined where the route takes none. */
  readonly body: Row | undefined;
  /** Without the question mark. */
  readonly query?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

type Input = Readonly<Record<string, unknown>>;
type Ids = NonNullable<MutationOptions['ids']>;

export function addMutation(parts: Parts, options: MutationOptions): void {
  const { builder, refusals } = parts;
  const { name, ids = [] } = options;
  const definition = parts.definition(options.route);
  const { access, rateClass, method, summary } = definition;
  const title = capital(name);
  const payload = payloadType(parts, title, definition, options.payload);
  const result = builder.unionType(`${title}Result`, {
    types: [payload, ...refusals.typesFor(definition.refusals)],
    resolveType: ({ typename }) => typename as never,
  });
  const query = options.hasQuery === true ? definition.query : undefined;
  const input = inputType(parts, title, { ...definition, query }, ids);
  const perform =
    options.perform ??
    ((context: Context, { ids: of, ...asked }: Asked) =>
      context.perform({ method, path: filled(definition, of), ...asked }));
  builder.mutationField(name, (t) =>
    t.field({
      type: result,
      description: summary,
      complexity: COSTS.mutation,
      extensions: { rest: { access, rateClass } },
      args: input === null ? {} : { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const given = args as { input?: Input };
        const asked = withRestIds(given.input ?? {}, options.idsInBody ?? {});
        const rest = ids.map(([id, type]) => restId(type, asked[id] as string));
        const performed = await perform(context, {
          ids: rest,
          body: definition.body && bodyOf(definition.body, asked),
          query: query && queryOf(bodyOf(query, asked) as QueryParameters),
          headers: headersOf(asked),
        });
        // What was read before may be otherwise now.
        context.clear();
        if (!performed.ok) return refusalRow(performed, definition.refusals);
        const { body, replayed } = performed;
        const named = ids.map(([id], index) => [id, rest[index]!] as const);
        return { typename: payload.name, body, ids: Object.fromEntries(named), replayed };
      },
    }),
  );
}

/** Null where there is nothing to say. */
function inputType(
  { builder, shapes }: Parts,
  title: string,
  {
    body,
    query,
    keyed = false,
    headers,
  }: Pick<RouteDefinition, 'body' | 'keyed' | 'headers'> & { readonly query: TObject | undefined },
  ids: Ids,
) {
  const needsKey = headers === OrderHeaders;
  const hasKey = keyed || needsKey;
  const hasCondition = headers === IfMatchHeaders;
  const hasParts = body !== undefined || query !== undefined;
  if (ids.length === 0 && !hasParts && !hasKey && !hasCondition) return null;
  return builder.inputType(`${title}Input`, {
    fields: (t) => ({
      ...Object.fromEntries(ids.map(([id]) => [id, t.id({ required: true })])),
      ...(body !== undefined && shapes.inputsOf(t, body)),
      ...(query !== undefined && shapes.inputsOf(t, query)),
      ...(hasKey && {
        idempotencyKey: t.string({
          required: needsKey,
          description: 'With the same key the same request is done once, for 24 hours.',
        }),
      }),
      ...(hasCondition && {
        ifRevision: t.int({ description: 'Only where this is the revision still.' }),
      }),
    }),
  });
}

function payloadType(
  { builder }: Parts,
  title: string,
  { keyed = false, headers }: RouteDefinition,
  payload: MutationOptions['payload'],
) {
  const mayRepeat = keyed || headers === OrderHeaders;
  return builder.objectRef<Done>(`${title}Payload`).implement({
    fields: (t) => ({
      ...(payload !== undefined && {
        [payload.name]: t.field({
          type: payload.type as never,
          nullable: payload.nullable ?? false,
          resolve: (done, _, context) =>
            (payload.from === undefined ? done.body : payload.from(done, context)) as never,
        }),
      }),
      ...(payload === undefined && { done: t.boolean({ resolve: () => true }) }),
      ...(mayRepeat && {
        replayed: t.exposeBoolean('replayed', {
          description: 'Whether it is the first answer to the same request, given again.',
        }),
      }),
    }),
  });
}

function withRestIds(input: Input, types: Readonly<Record<string, string>>): Input {
  const found = Object.entries(types).flatMap(([name, type]) => {
    const given = input[name] as string | readonly string[] | null | undefined;
    if (given === undefined || given === null) return [];
    const ids =
      typeof given === 'string' ? restId(type, given) : given.map((id) => restId(type, id));
    return [[name, ids] as const];
  });
  return { ...input, ...Object.fromEntries(found) };
}

function filled({ path }: RouteDefinition, ids: readonly string[]): string {
  let next = 0;
  return path.replaceAll(NAME_IN_PATH, () => encodeURIComponent(ids[next++]!));
}

/** Null means the same as absent, but where the shape has a null. */
function bodyOf({ properties }: TObject, input: Input): Row {
  const body: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(properties)) {
    const value = input[name];
    if (value === undefined || (value === null && withoutNull(schema) === schema)) continue;
    const isPart = value !== null && 'properties' in schema;
    body[name] = isPart ? bodyOf(schema as TObject, value as Input) : value;
  }
  return body;
}

function headersOf({ idempotencyKey, ifRevision }: Input): Record<string, string> {
  return {
    ...(typeof idempotencyKey === 'string' && { 'idempotency-key': idempotencyKey }),
    ...(typeof ifRevision === 'number' && { 'if-match': `"${ifRevision}"` }),
  };
}
