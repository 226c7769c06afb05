// Generates invalid values from a schema: for each field, values that its type, range or format
// forbids. Pure. Only values that the schema certainly rejects, so that each must give a 4xx.

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly patternProperties?: object;
  readonly maxProperties?: number;
}

export type Schemas = Readonly<Record<string, Schema>>;

export function resolve(schema: Schema, schemas: Schemas): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (schemas[name] ?? {});
}

/** As text that goes into JSON in the place of a value. */
const OF_EACH_TYPE: Readonly<Record<string, readonly string[]>> = {
  string: ['"text"'],
  integer: ['1'],
  boolean: ['true'],
  array: ['[]', '["text"]'],
  object: ['{}', '{"length":1}'],
  null: ['null'],
};

/** Wrong values for one field, as JSON. */
function wrongValues(schema: Schema, schemas: Schemas): string[] {
  const members = (schema.anyOf ?? []).map((member) => resolve(member, schemas));
  // A union of one shape and null: what that shape forbids, but null.
  const shape = members.find(({ type }) => type !== 'null');
  if (shape !== undefined && members.length === 2 && members.some(({ type }) => type === 'null'))
    return wrongValues(shape, schemas).filter((value) => value !== 'null');
  const type = schema.anyOf === undefined ? (schema.type ?? 'string') : 'string';
  const wrong: string[] = [];
  for (const [other, values] of Object.entries(OF_EACH_TYPE)) {
    if (other !== type) wrong.push(...values);
  }
  if (type === 'integer') wrong.push(...wrongNumbers(schema));
  if (type === 'string') wrong.push(...wrongTexts(schema));
  if (type === 'object') wrong.push('{"a":1}', '{"a":null}', '{"":"x"}', '{"a":{}}');
  if (schema.patternProperties !== undefined) {
    wrong.push('{"":"x"}', '{"a b":"x"}', '{"_a":"x"}', '{"__proto__":"x"}');
    wrong.push('{"a":1}', '{"a":null}', '{"a":["x"]}', '{"a":"\\u0000"}', '{"a":"\\ud800"}');
    wrong.push(JSON.stringify({ a: 'x'.repeat(512) }));
    const names = Array.from({ length: (schema.maxProperties ?? 0) + 1 }, (_, i) => `n${i}`);
    wrong.push(JSON.stringify(Object.fromEntries(names.map((name) => [name, 'x']))));
  }
  if (type === 'array') {
    const item = JSON.stringify('http://example.com/');
    wrong.push(
      '[null]',
      '[[]]',
      '[""]',
      `[${Array(schema.maxItems! + 1)
        .fill(item)
        .join()}]`,
    );
  }
  return wrong;
}

function wrongNumbers({ minimum = Number.MIN_SAFE_INTEGER, maximum = 2 ** 53 }: Schema): string[] {
  return [
    String(minimum - 1),
    String(maximum + 1),
    '1.5',
    '1e308',
    '-1e308',
    '1e400',
    '9007199254740993',
    `1${'0'.repeat(400)}`,
  ];
}

function wrongTexts(schema: Schema): string[] {
  const { minLength = 0, maxLength, pattern, format, anyOf } = schema;
  const wrong: string[] = [];
  if (minLength > 0) wrong.push('""');
  if (maxLength !== undefined) wrong.push(JSON.stringify('x'.repeat(maxLength + 1)));
  if (schema.enum !== undefined || anyOf !== undefined || format !== undefined) {
    wrong.push('"rubbish"', '"__proto__"', '"toString"', '""');
  }
  // No form that this interface knows allows a control character or half a character.
  if (pattern !== undefined) wrong.push('"a\\u0000b"', '"\\ud800"');
  return wrong;
}

/** Invalid bodies for an object schema, each with one change to a valid body. */
export function wrongObjects(
  schema: Schema,
  right: Readonly<Record<string, unknown>>,
  schemas: Schemas = {},
): string[] {
  const fields = Object.entries(right).map(([name, value]) => [name, JSON.stringify(value)]);
  const text = (entries: readonly (readonly (string | undefined)[])[]): string =>
    `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
  const wrong: string[] = [];
  for (const name of schema.required ?? []) {
    wrong.push(text(fields.filter(([field]) => field !== name)));
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const others = fields.filter(([other]) => other !== name);
    for (const value of wrongValues(resolve(field, schemas), schemas))
      wrong.push(text([...others, [name, value]]));
  }
  const deep = `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`;
  for (const [name, value] of [
    ['unknown', '1'],
    ['__proto__', '{"admin":true}'],
    ['constructor', '{"prototype":{}}'],
    ['', '""'],
    ['x'.repeat(1000), 'null'],
    ['deep', deep],
  ]) {
    wrong.push(text([...fields, [name, value]]));
  }
  return wrong;
}
