// One definition for two forms of a shape: inside the product times are milliseconds and what is
// absent is null; on the wire times are RFC 3339 and what is absent is left out. A view is defined
// once with the marks below. `wire` derives the schema of what clients get, `presenter` the
// function that makes it, and `reader` the one that takes what clients send. Not for the order
// path, whose JSON is written by hand (`gateway/present.ts`).

import {
  type Static,
  type TArray,
  type TBoolean,
  type TInteger,
  type TNull,
  type TObject,
  type TOptional,
  type TProperties,
  type TSchema,
  type TString,
  type TUnion,
  Type,
} from 'typebox';
import { TIME_LENGTH_MAX } from './bounds.ts';
import type { Plain } from './plain.ts';

type Mark = 'time' | 'inside' | 'absent-if-null' | 'absent-if-false';

interface Marked<M extends Mark> {
  readonly wire: M;
}

export type TTime = TInteger & Marked<'time'>;
type TInside<S extends TSchema> = S & Marked<'inside'>;
type TAbsentIfNull<S extends TSchema> = TUnion<[S, TNull]> & Marked<'absent-if-null'>;
type TAbsentIfFalse = TBoolean & Marked<'absent-if-false'>;

export type WireSchema<S extends TSchema> =
  S extends Marked<'time'>
    ? TString
    : S extends TObject<infer P>
      ? TObject<WireProperties<P>>
      : S extends TArray<infer I extends TSchema>
        ? TArray<WireSchema<I>>
        : S extends TUnion<infer M extends TSchema[]>
          ? TUnion<WireSchemas<M>>
          : S;
type WireSchemas<M extends TSchema[]> = { [K in keyof M]: WireSchema<M[K]> };
type WireProperties<P extends TProperties> = {
  [K in keyof P as P[K] extends Marked<'inside'> ? never : K]: WireProperty<P[K]>;
};
type WireProperty<S extends TSchema> =
  S extends TAbsentIfNull<infer I>
    ? TOptional<WireSchema<I>>
    : S extends Marked<'absent-if-false'>
      ? TOptional<TBoolean>
      : S extends TOptional
        ? TOptional<WireSchema<S>>
        : WireSchema<S>;

export function markTime(schema: TInteger): TTime {
  return marked(schema, 'time');
}

/** A property that is never shown to clients. */
export function inside<S extends TSchema>(schema: S): TInside<S> {
  return marked(schema, 'inside');
}

/** A property that is left out on the wire where it is null. */
export function absentIfNull<S extends TSchema>(schema: S): TAbsentIfNull<S> {
  return marked(Type.Union([schema, Type.Null()]), 'absent-if-null');
}

/** A flag that is left out on the wire where it is false. */
export function absentIfFalse(): TAbsentIfFalse {
  return marked(Type.Boolean(), 'absent-if-false');
}

/** RFC 3339. */
export const wireTime = Type.String({ format: 'date-time', maxLength: TIME_LENGTH_MAX });

/** The schema of a shape on the wire, with the title and other options that the shape has. */
export function wire<P extends TProperties>(shape: TObject<P>): TObject<WireProperties<P>> {
  return wireOf(shape) as TObject<WireProperties<P>>;
}

/** Makes the wire form of a value: exactly the shape's properties, in their order. */
export function presenter<S extends TObject>(shape: S): (value: Plain<S>) => Static<WireSchema<S>> {
  return presentationOf(shape) as (value: Plain<S>) => Static<WireSchema<S>>;
}

/**
 * Takes the wire form that `wire(shape)` has accepted: times become milliseconds, and NaN where the
 * text has the right form and names no moment (a leap second).
 */
export function reader<S extends TObject>(shape: S): (body: Static<WireSchema<S>>) => Static<S> {
  const times = Object.keys(shape.properties).filter(
    (name) => markOf(shape.properties[name]!) === 'time',
  );
  return (body) => {
    const value = { ...body } as Record<string, unknown>;
    for (const name of times) {
      const text = value[name];
      if (text !== undefined) value[name] = Date.parse(text as string);
    }
    return value as Static<S>;
  };
}

function marked<S extends TSchema, M extends Mark>(schema: S, wireMark: M): S & Marked<M> {
  // A copy, so that a schema that others use stays without the mark.
  const copy = Object.create(Object.getPrototypeOf(schema) as object, {
    ...Object.getOwnPropertyDescriptors(schema),
    wire: { value: wireMark, enumerable: false },
  }) as S & Marked<M>;
  return copy;
}

function markOf(schema: TSchema): Mark | undefined {
  return (schema as Partial<Marked<Mark>>).wire;
}

function wireOf(schema: TSchema): TSchema {
  const form = formOf(schema);
  return Type.IsOptional(schema) ? Type.Optional(form) : form;
}

function formOf(schema: TSchema): TSchema {
  switch (markOf(schema)) {
    case 'time':
      return wireTime;
    case 'absent-if-null':
      return Type.Optional(wireOf((schema as TUnion).anyOf[0]!));
    case 'absent-if-false':
      return Type.Optional(Type.Boolean());
    default:
  }
  if (Type.IsObject(schema)) {
    const { type: _type, properties, required: _required, ...options } = schema;
    const shown = Object.entries(properties).filter(([, part]) => markOf(part) !== 'inside');
    const parts = shown.map(([name, part]) => [name, wireOf(part)] as const);
    return Type.Object(Object.fromEntries(parts), options);
  }
  if (Type.IsArray(schema)) {
    const { type: _type, items, ...options } = schema;
    return Type.Array(wireOf(items), options);
  }
  if (Type.IsUnion(schema)) {
    const { anyOf, ...options } = schema;
    return Type.Union(anyOf.map(wireOf), options);
  }
  return schema;
}

type Present = (value: never) => unknown;

/** Null: the value is shown as it is. */
function presentationOf(schema: TSchema): Present | null {
  switch (markOf(schema)) {
    case 'time':
      return (timeMs: number) => new Date(timeMs).toISOString();
    case 'absent-if-null':
      return presentOrAbsent(presentationOf((schema as TUnion).anyOf[0]!));
    case 'absent-if-false':
      return (flag: boolean) => (flag ? true : undefined);
    default:
  }
  if (Type.IsObject(schema)) return presentObject(schema);
  if (Type.IsArray(schema)) {
    const item = presentationOf(schema.items);
    return item === null ? null : (items: readonly never[]) => items.map((one) => item(one));
  }
  if (Type.IsUnion(schema)) return presentNullable(schema);
  return null;
}

function presentObject({ properties }: TObject): Present {
  const parts = Object.entries(properties)
    .filter(([, part]) => markOf(part) !== 'inside')
    .map(([name, part]) => ({ name, present: presentationOf(part) }));
  return (value: Readonly<Record<string, unknown>>) => {
    const shown: Record<string, unknown> = {};
    for (const { name, present } of parts) {
      const part = value[name];
      if (part === undefined) continue;
      const presented = present === null ? part : present(part as never);
      if (presented !== undefined) shown[name] = presented;
    }
    return shown;
  };
}

function presentOrAbsent(present: Present | null): Present {
  return (value: unknown) => {
    if (value === null) return undefined;
    return present === null ? value : present(value as never);
  };
}

/** The unions with a part to convert are those of one shape and null. */
function presentNullable({ anyOf }: TUnion): Present | null {
  const [present = null] = anyOf.map(presentationOf).filter((one) => one !== null);
  if (present === null) return null;
  return (value: unknown) => (value === null ? null : present(value as never));
}
