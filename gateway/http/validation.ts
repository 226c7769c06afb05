// Parses bodies and query strings into values for the schemas' checks. OpenAPI is written from the
// same schemas.

import type { TObject } from 'typebox';
import type { Outcome } from '../../contracts/refusals.ts';
import { NOTHING } from '../../contracts/scalars.ts';
import { refusal, success } from '../../domain/refusal.ts';

const FIELD_NAME_LENGTH_MAX = 64;
const QUERY_LENGTH_MAX = 2_048;
const FORM_LENGTH_MAX = 16 * 1_024;
/** An integer in a query string, short enough to be exact. */
const INTEGER = /^-?[0-9]{1,15}$/;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The value of a JSON body in strict UTF-8. A leading byte order mark is ignored. */
export function parseJson(bytes: Uint8Array): Outcome<unknown> {
  try {
    return success(JSON.parse(UTF8.decode(bytes)) as unknown);
  } catch {
    return refusal('invalid-request', 'The body is not valid JSON.');
  }
}

const JSON_TYPE = /^application\/json[\t ]*(?:;[\t ]*charset=(?:utf-8|"utf-8")[\t ]*)?$/i;

export function isJsonMediaType(contentType: string): boolean {
  return contentType === 'application/json' || JSON_TYPE.test(contentType);
}

const FORM_TYPE =
  /^application\/x-www-form-urlencoded[\t ]*(?:;[\t ]*charset=(?:utf-8|"utf-8")[\t ]*)?$/i;

export function isFormMediaType(contentType: string): boolean {
  return FORM_TYPE.test(contentType);
}

/** The value of a form, which is a query string in UTF-8. */
export function parseForm(bytes: Uint8Array, schema?: TObject): Outcome<unknown> {
  try {
    return parseQuery(UTF8.decode(bytes), schema, FORM_LENGTH_MAX);
  } catch {
    return refusal('invalid-request', 'The body is not a valid form.');
  }
}

/**
 * A query string as an object, with numbers and booleans where the schema has them. Refuses
 * parameters that are given twice and broken percent-encoding. Unknown parameters stay, and the
 * schema's check refuses them.
 */
export function parseQuery(
  query: string,
  schema: TObject = NOTHING,
  lengthMax = QUERY_LENGTH_MAX,
): Outcome<unknown> {
  const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  if (query.length > lengthMax) return refusal('invalid-request', 'The query is too long.');
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const split = pair.indexOf('=');
    const name = decode(split < 0 ? pair : pair.slice(0, split));
    const text = decode(split < 0 ? '' : pair.slice(split + 1));
    if (name === null || text === null) {
      return refusal('invalid-request', 'The query is not valid percent-encoded UTF-8.');
    }
    if (name in values) {
      return refusal('invalid-request', `${name.slice(0, FIELD_NAME_LENGTH_MAX)}: is given twice.`);
    }
    values[name] = typed(
      text,
      Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined,
    );
  }
  return success(values);
}

/**
 * The text as the schema's type. Where it does not fit, the text itself, which the check refuses.
 */
function typed(text: string, schema: object | undefined): unknown {
  const type = schema !== undefined && 'type' in schema ? schema.type : null;
  if (type === 'integer' && INTEGER.test(text)) return Number(text);
  if (type === 'boolean' && text === 'true') return true;
  if (type === 'boolean' && text === 'false') return false;
  return text;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
