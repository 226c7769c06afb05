// Schemas of a description as the tests compare with them: what it does not describe is an error.

import { Ajv2020, type Options } from 'ajv/dist/2020.js';

type Json = Record<string, unknown>;

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
/** Descriptions have keywords of their own beside the schemas'. */
const OPTIONS: Options = { strict: false, validateSchema: false };

/**
 * A validator that knows the document's schemas by `name`, such as `name#/components/schemas/X`.
 */
export function schemasOf(name: string, document: Json): Ajv2020 {
  const ajv = new Ajv2020(OPTIONS);
  ajv.addFormat('date-time', DATE_TIME);
  ajv.addSchema(closed(document) as Json, name);
  return ajv;
}

/** The same without room for fields that are not described. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== 'object' || part === null) return part;
  const copy: Json = Object.fromEntries(
    Object.entries(part).map(([name, inner]) => [name, closed(inner)]),
  );
  const isShape = copy['type'] === 'object' && typeof copy['properties'] === 'object';
  return isShape ? { additionalProperties: false, ...copy } : copy;
}
