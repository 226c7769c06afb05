// Types of GraphQL from the shapes of `contracts/`, so that no field, enum, bound or description
// stands twice. Outputs are made of wire shapes (`contracts/wire.ts`), inputs of the bodies that
// routes take. What a value of an input must be besides its type, the route checks.

import { type TObject, type TSchema, Type } from 'typebox';
import { HTTP_URL } from '../../contracts/patterns.ts';
import type { Builder, EnumRef, ObjectRef, Row, RowFieldMap, RowFields } from './builder.ts';

/** A type by its name, or a reference of the builder. */
type TypeRef = never;
/** The used part of Pothos's field builders, with types erased: fields come from shapes. */
interface FieldMaker {
  field(options: {
    type: TypeRef;
    nullable?: boolean;
    required?: boolean;
    description?: string | undefined;
    resolve?: (row: Row) => unknown;
  }): never;
}

/**
 * A schema by its words: copies of schemas with another description are plain objects, which
 * TypeBox's own guards do not know.
 */
interface Json {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly anyOf?: readonly Json[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: Json;
  readonly patternProperties?: object;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly default?: string | number | boolean;
}

/** Of GraphQL: 32 bits. */
const INT_MAX = 2 ** 31 - 1;
/** A property with money. Its currency stands beside it, or is that of what it belongs to. */
const AMOUNT = /^amount$|Amount$/;

interface Property {
  readonly type: unknown;
  readonly nullable: boolean;
  readonly description: string | undefined;
}

export class Shapes {
  readonly #builder: Builder;
  readonly #named = new Map<string, unknown>();
  readonly #money: unknown;

  constructor(builder: Builder, money: unknown) {
    this.#builder = builder;
    this.#money = money;
  }

  /** Gives a name to the enum that has these values. */
  nameEnum(name: string, schema: TSchema): void {
    const values = valuesOf(schema)!;
    const entries = values.map((value) => [enumName(value), { value }] as const);
    const made = this.#builder.enumType(name, { values: Object.fromEntries(entries) });
    this.#named.set(values.join('|'), made);
  }

  /** Its values are among those of the enum of this name, which is used for both. */
  nameAlso(name: string, schema: TSchema): void {
    this.#named.set(valuesOf(schema)!.join('|'), name);
  }

  /** The enum of an argument. */
  enumOf(schema: TSchema): EnumRef {
    return this.#typeOf(schema, 'an argument', false) as EnumRef;
  }

  /** A type with fields of its own beside those of a shape, but for those that are left. */
  extend(
    name: string,
    shape: TObject,
    leave: readonly string[],
    more: (maker: RowFields) => RowFieldMap,
  ): ObjectRef {
    return this.#builder.objectRef<Row>(name).implement({
      fields: (maker) => ({ ...this.fieldsOf(maker, shape, leave), ...more(maker) }),
    });
  }

  /** The fields of an output type. `leave`: names that it has otherwise, or not. */
  fieldsOf(maker: object, shape: TObject, leave: readonly string[] = []): Record<string, never> {
    const fields: Record<string, never> = {};
    const hasCurrency = 'currency' in shape.properties;
    for (const [name, schema] of Object.entries(shape.properties)) {
      if (leave.includes(name) || (hasCurrency && name === 'currency')) continue;
      const property = this.#property(schema, `${titleOf(shape)}.${name}`, false);
      const { description } = property;
      // A flag that is absent is not set.
      const isFlag = property.type === 'Boolean' && withoutNull(schema) === schema;
      const nullable = property.nullable && !isFlag;
      const isMoney = AMOUNT.test(name) && hasCurrency;
      const type = AMOUNT.test(name) ? 'MinorUnits' : name === 'id' ? 'ID' : property.type;
      fields[name] = (maker as FieldMaker).field({
        type: (isMoney ? this.#money : type) as TypeRef,
        nullable,
        description,
        resolve: isMoney
          ? (row) => moneyOf(row[name], row['currency'])
          : (row) => row[name] ?? (isFlag ? false : null),
      });
    }
    return fields;
  }

  /** The fields of an input type. */
  inputsOf(maker: object, shape: TObject): Record<string, never> {
    const fields: Record<string, never> = {};
    for (const [name, schema] of Object.entries(shape.properties)) {
      const { type, nullable, description } = this.#property(
        schema,
        `${titleOf(shape)}.${name}`,
        true,
      );
      fields[name] = (maker as FieldMaker).field({
        type: type as TypeRef,
        required: !nullable,
        description,
      });
    }
    return fields;
  }

  #property(schema: TSchema, place: string, isInput: boolean): Property {
    const inner = withoutNull(schema);
    return {
      type: this.#typeOf(inner, place, isInput),
      nullable: inner !== schema || Type.IsOptional(schema),
      description: describe(schema, inner),
    };
  }

  #typeOf(schema: Json, place: string, isInput: boolean): unknown {
    const { type, items, patternProperties, format, pattern, maximum = 0 } = schema;
    if (type === 'array') return [this.#typeOf(items!, place, isInput)];
    const values = valuesOf(schema);
    if (values !== null) {
      const known = this.#named.get(values.join('|'));
      if (known === undefined) throw new Error(`${place}: an enum without a name`);
      return known;
    }
    switch (type) {
      case 'boolean':
        return 'Boolean';
      case 'integer':
        // A film has more bytes than an Int.
        if (place.endsWith('.bytes')) return 'Float';
        return maximum > INT_MAX ? 'MinorUnits' : 'Int';
      case 'number':
        return 'Float';
      case 'string':
        if (format === 'date-time') return 'DateTime';
        return pattern === HTTP_URL ? 'URL' : 'String';
      case 'object':
        if (patternProperties !== undefined) return 'JSONObject';
        return isInput
          ? this.#inputOf(schema as TObject)
          : this.#objectOf(schema as TObject, place);
      default:
    }
    throw new Error(`${place}: no type of GraphQL`);
  }

  /** The output type of a shape that has a title, or gets a name here. */
  objectOf(shape: TObject, name = titleOf(shape)): ObjectRef {
    return this.#objectOf(shape, name!) as ObjectRef;
  }

  #objectOf(shape: TObject, place: string): unknown {
    const name = titleOf(shape) ?? place.split('.').map(capital).join('');
    const known = this.#named.get(name);
    if (known !== undefined) return known;
    const ref = this.#builder.objectRef<Row>(name);
    this.#named.set(name, ref);
    const titled = { ...shape, title: name } as TObject;
    ref.implement({ fields: (maker) => this.fieldsOf(maker, titled) });
    return ref;
  }

  /** The input type of a part of a body; the shape must have a title. */
  #inputOf(shape: TObject): unknown {
    const name = `${titleOf(shape)!}Input`;
    const known = this.#named.get(name);
    if (known !== undefined) return known;
    const fields = (maker: object) => this.inputsOf(maker, shape);
    const ref = this.#builder.inputType(name, { fields });
    this.#named.set(name, ref);
    return ref;
  }

  /** The type of objects with this title is made elsewhere. */
  nameObject(title: string, ref: unknown): void {
    this.#named.set(title, ref);
  }
}

export function moneyOf(amount: unknown, currency: unknown): Row | null {
  return amount === undefined || amount === null ? null : { amount, currency };
}

/** `order.partially_refunded` as `ORDER_PARTIALLY_REFUNDED`. */
function enumName(value: string): string {
  return value.replaceAll(/\W/g, '_').toUpperCase();
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function titleOf(shape: TObject): string | undefined {
  return (shape as Json).title;
}

/** Of an enum of texts; null of anything else. */
function valuesOf(schema: Json): readonly string[] | null {
  const consts = schema.anyOf?.map((one) => one.const) ?? [schema.const];
  const values = schema.enum ?? consts;
  return values.every((value) => typeof value === 'string') ? values : null;
}

/** The schema that the union with null is of; the schema itself where it is none. */
export function withoutNull(schema: TSchema): TSchema {
  const { anyOf, ...options } = schema as Json;
  const others = anyOf?.filter((one) => one.type !== 'null');
  if (others === undefined || others.length === anyOf?.length) return schema;
  return others.length === 1 ? others[0]! : { ...options, anyOf: others };
}

/** The description with the bounds, which GraphQL has no other place for. */
export function describe(schema: TSchema, inner = withoutNull(schema)): string | undefined {
  const { description } = schema as Json;
  const bounds = (inner as Json).format === 'date-time' ? '' : boundsOf(inner);
  const said = [description ?? '', bounds].filter((part) => part !== '');
  return said.length === 0 ? undefined : said.join('; ');
}

function boundsOf(schema: TSchema): string {
  const { minimum, maximum, minLength, maxLength, maxItems } = schema as Json;
  const { default: byDefault } = schema as Json;
  const parts = [
    maximum === undefined ? '' : `${minimum ?? 0} to ${maximum}`,
    maxLength === undefined ? '' : `${minLength ?? 0} to ${maxLength} characters`,
    maxItems === undefined ? '' : `up to ${maxItems}`,
    byDefault === undefined ? '' : `by default ${byDefault}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
