// The schema builder (Pothos) with what all types share: scalars, global ids, connections, and what
// a field costs. Types are made from the shapes of `contracts/` (`shapes.ts`); their values are the
// wire forms that REST sends.

import SchemaBuilder, {
  type EnumRef as EnumRefOf,
  type FieldMap,
  type ObjectRef as ObjectRefOf,
} from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import RelayPlugin from '@pothos/plugin-relay';
import { Kind, valueFromASTUntyped } from 'graphql';
import type { TSchema } from 'typebox';
import { compileCheck } from '../../contracts/check.ts';
import { httpUrl } from '../../contracts/scalars.ts';
import { wireTime } from '../../contracts/wire.ts';
import type { Context } from './context.ts';

/** A value in its wire form. */
export type Row = Readonly<Record<string, unknown>>;

interface SchemaTypes {
  Context: Context;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: false;
  Scalars: {
    ID: { Input: string; Output: string | number };
    DateTime: { Input: string; Output: string };
    URL: { Input: string; Output: string };
    MinorUnits: { Input: number; Output: number };
    JSONObject: { Input: Row; Output: Row };
  };
}

type Types = PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>;
export type Builder = PothosSchemaTypes.SchemaBuilder<Types>;
/** Of a type whose values are wire forms. */
export type ObjectRef = ObjectRefOf<Types, Row>;
/** Its values are texts as REST has them. */
export type EnumRef = EnumRefOf<Types, string>;
/** Makes the fields of such a type. */
export type RowFields = PothosSchemaTypes.ObjectFieldBuilder<Types, Row>;
export type RowFieldMap = FieldMap;

/** REST's id of a value. */
export function idOf(row: Row): string {
  return String(row['id']);
}

export function makeBuilder(): Builder {
  const builder = new SchemaBuilder<SchemaTypes>({
    plugins: [RelayPlugin, ComplexityPlugin],
    defaultFieldNullability: false,
    relay: {
      cursorType: 'String',
      edgesFieldOptions: { nullable: false },
      nodeFieldOptions: { nullable: false },
      nodesOnConnection: true,
    },
    // What has no field to be resolved by a read costs nothing; see `costs.ts`.
    complexity: { defaultComplexity: 0, defaultListMultiplier: 1 },
  });
  addScalars(builder);
  builder.queryType({});
  builder.mutationType({});
  return builder;
}

function addScalars(builder: Builder): void {
  builder.scalarType('DateTime', {
    description: 'A moment: RFC 3339, in answers in UTC with milliseconds.',
    serialize: (value) => value,
    parseValue: checked('DateTime', wireTime),
  });
  builder.scalarType('URL', {
    description: 'An absolute address with http or https.',
    serialize: (value) => value,
    parseValue: checked('URL', httpUrl),
  });
  builder.scalarType('MinorUnits', {
    description:
      'An amount of money: an integer in the currency’s minor unit, up to 2^53 - 1 (1500 EUR is ' +
      '15 euros, 1500 JPY is 1500 yen).',
    serialize: (value) => value,
    parseValue: (value) => {
      if (Number.isSafeInteger(value)) return value as number;
      throw new TypeError('MinorUnits: must be an integer.');
    },
  });
  builder.scalarType('JSONObject', {
    description: 'A small JSON object.',
    serialize: (value) => value,
    parseValue: (value) => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row;
      throw new TypeError('JSONObject: must be an object.');
    },
    parseLiteral: (node, variables) => {
      if (node.kind === Kind.OBJECT) return valueFromASTUntyped(node, variables) as Row;
      throw new TypeError('JSONObject: must be an object.');
    },
  });
}

function checked(name: string, schema: TSchema): (value: unknown) => string {
  const check = compileCheck(schema);
  return (value) => {
    if (check(value).ok) return value as string;
    throw new TypeError(`${name}: has the wrong form.`);
  };
}
