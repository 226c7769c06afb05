// Turns bodies and query strings into checked values. The schemas are the ones that OpenAPI is
// written from.

import type { TObject } from 'typebox';
import type { Outcome } from '../../contracts/refusals.ts';
import { NOTHING } from '../../contracts/scalars.ts';
import { refusal, success } from '../../domain/refusal.ts';

const FIELD_NAME_LENGTH_MAX = 64;
const QUERY_LENGTH_MAX = 2_048;
/** A number in a query string: short enough to be exact. */
const INTEGER = /^-?[0-9]{1,9}$/;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The value of a JSON body. Strict UTF-8, and a leading byte order mark is ignored. */
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

/**
 * A query string as an object, with numbers and booleans where the schema has them. Refused:
 * parameters given twice, broken percent-encoding. Unknown ones stay in, for the schema's check to
 * refuse.
 */
export function parseQuery(query: string, schema: TObject = NOTHING): Outcome<unknown> {
  const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  if (query.length > QUERY_LENGTH_MAX) return refusal('invalid-request', 'The query is too long.');
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
 * The value that the schema's type asks for; the text itself where it does not fit, for the check
 * to refuse.
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
