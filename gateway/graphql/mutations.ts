// Mutations: each is a route of REST, so its checks, limit, scopes and idempotency are that route's.
// The input is the route's body, with its ids, its key and its condition beside it.

import type { TObject } from 'typebox';
import type { RouteDefinition } from '../http/route.ts';
import { IfMatchHeaders } from '../http/if-match.ts';
import { NAME_IN_PATH } from '../http/route.ts';
import type { Row } from './builder.ts';
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
  /** For each id of the path, in its order: its name in the input, and the type of its node. */
  readonly ids?: readonly (readonly [name: string, type: string])[];
  /** What the payload has, besides `replayed`. */
  readonly payload?: {
    readonly name: string;
    readonly type: unknown;
    readonly nullable?: boolean;
    /** The route's answer unless given. */
    readonly from?: (done: Done, context: never) => unknown;
  };
}

type Input = Readonly<Record<string, unknown>>;

export function addMutation(parts: Parts, options: MutationOptions): void {
  const { builder, shapes, refusals } = parts;
  const { name, ids = [], payload } = options;
  const definition = parts.definition(options.route);
  const title = capital(name);
  const input = builder.inputType(`${title}Input`, {
    fields: (t) => ({
      ...Object.fromEntries(
        ids.map(([id]) => [id, t.id({ required: true, description: 'a node’s id, or REST’s' })]),
      ),
      ...(definition.body === undefined ? {} : shapes.inputsOf(t, definition.body)),
      ...(definition.keyed === true && {
        idempotencyKey: t.string({
          description: 'With the same key the same request is done once, for 24 hours.',
        }),
      }),
      ...(definition.headers === IfMatchHeaders && {
        ifRevision: t.int({ description: 'Only where this is the revision still.' }),
      }),
    }),
  });
  const payloadRef = builder.objectRef<Done>(`${title}Payload`).implement({
    fields: (t) => ({
      ...(payload !== undefined && {
        [payload.name]: t.field({
          type: payload.type as never,
          nullable: payload.nullable ?? false,
          resolve: (done, _, context) =>
            (payload.from === undefined
              ? done.body
              : payload.from(done, context as never)) as never,
        }),
      }),
      replayed: t.exposeBoolean('replayed', {
        description: 'Whether it is the first answer to the same request, given again.',
      }),
    }),
  });
  const result = builder.unionType(`${title}Result`, {
    types: [payloadRef, ...refusals.typesFor(definition.refusals)],
    resolveType: ({ typename }) => typename as never,
  });
  const { access, rateClass, action } = definition;
  builder.mutationField(name, (t) =>
    t.field({
      type: result,
      description: definition.summary,
      complexity: COSTS.mutation,
      extensions: { rest: { access, rateClass, action } },
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const asked = args.input as Input;
        const rest = ids.map(([id, type]) => restId(type, asked[id] as string));
        const performed = await context.perform({
          method: definition.method,
          path: filled(definition, rest),
          ...(definition.body !== undefined && { body: bodyOf(definition.body, asked) }),
          headers: headersOf(asked),
        });
        if (!performed.ok) return refusalRow(performed, definition.refusals);
        const named = ids.map(([id], index) => [id, rest[index]!] as const);
        return {
          typename: `${title}Payload`,
          body: performed.body,
          ids: Object.fromEntries(named),
          replayed: performed.replayed,
        } satisfies Done;
      },
    }),
  );
}

function filled({ path }: RouteDefinition, ids: readonly string[]): string {
  let next = 0;
  return path.replaceAll(NAME_IN_PATH, () => encodeURIComponent(ids[next++]!));
}

/** Null means the same as absent, but where the shape has a null. */
export function bodyOf({ properties }: TObject, input: Input): Row {
  const body: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(properties)) {
    const value = input[name];
    if (value !== undefined && (value !== null || withoutNull(schema) !== schema))
      body[name] = value;
  }
  return body;
}

function headersOf({ idempotencyKey, ifRevision }: Input): Record<string, string> {
  return {
    ...(typeof idempotencyKey === 'string' && { 'idempotency-key': idempotencyKey }),
    ...(typeof ifRevision === 'number' && { 'if-match': `"${ifRevision}"` }),
  };
}
