// A JSON Schema as an outline in the manner of TypeScript, for people.

type Json = Readonly<Record<string, unknown>>;

/** What is said of a field behind its type. */
const BOUNDS = [
  'format',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'maxItems',
  'default',
  'description',
] as const;

/** `schemas` are those that the schema refers to, by the last part of its references. */
export function outline(schema: Json, schemas: Json, indent = ''): string {
  const { $ref } = schema;
  if (typeof $ref === 'string') {
    return outline((schemas[$ref.split('/').at(-1)!] ?? {}) as Json, schemas, indent);
  }
  const { anyOf, type, properties, items } = schema;
  if (Array.isArray(anyOf)) {
    return anyOf.map((member) => outline(member as Json, schemas, indent)).join(' | ');
  }
  if (Array.isArray(schema['enum'])) {
    return schema['enum'].map((value) => JSON.stringify(value)).join(' | ');
  }
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (type === 'array') {
    const item = outline(items as Json, schemas, indent);
    return item.includes(' | ') ? `(${item})[]` : `${item}[]`;
  }
  if (type === 'object' && properties !== undefined) {
    return objectOutline(schema, schemas, indent);
  }
  return typeof type === 'string' ? type : 'any';
}

function objectOutline(schema: Json, schemas: Json, indent: string): string {
  const inner = `${indent}  `;
  const required = (schema['required'] ?? []) as readonly string[];
  const fields = Object.entries(schema['properties'] as Readonly<Record<string, Json>>).map(
    ([name, field]) => {
      const optional = required.includes(name) ? '' : '?';
      return `${inner}${name}${optional}: ${outline(field, schemas, inner)}${boundsOf(field)}`;
    },
  );
  return `{\n${fields.join('\n')}\n${indent}}`;
}

function boundsOf(schema: Json): string {
  const shown = BOUNDS.filter((name) => schema[name] !== undefined).map((name) =>
    name === 'description' ? String(schema[name]) : `${name} ${String(schema[name])}`,
  );
  return shown.length === 0 ? '' : `  // ${shown.join(', ')}`;
}
