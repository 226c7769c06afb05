// The schemas of a description of the API: a schema with a title becomes a component of that name,
// to which the others refer.

import type { TSchema } from 'typebox';

type Json = Record<string, unknown>;

/** The schema with every titled part replaced by a reference to its component. */
export function refer(schema: TSchema, components: Json): unknown {
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
