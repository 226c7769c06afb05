// Checks a value against its schema, and says in one sentence what is wrong, by field, without
// echoing more of the input than a field's name. Gateway and use cases check with the same.

import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Refusal, Success } from './refusals.ts';

const FIELD_NAME_LENGTH_MAX = 64;
/** A refusal names the values that are allowed, where there are no more. */
const NAMED_VALUES_MAX = 12;

export type Check<T> = (value: unknown) => Success<T> | Refusal;

/** Compiles a checker; its refusals are `invalid-request`. Compile once: it takes milliseconds. */
export function compileCheck<S extends TSchema>(schema: S): Check<Static<S>> {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return { ok: true, value };
    return { ok: false, code: 'invalid-request', detail: explain(validator.Errors(value)) };
  };
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/** Where the validator's own words would quote a long schema. */
const PLAIN_WORDS: ReadonlyMap<string, string> = new Map([
  ['anyOf', 'is not one of the allowed values'],
  ['enum', 'is not one of the allowed values'],
  ['pattern', 'has the wrong form'],
  ['format', 'has the wrong form'],
  ['minProperties', 'must not be empty'],
]);

function explain(errors: readonly SchemaError[]): string {
  // A missing or unknown field is the clearest thing to say; then the first that is wrong.
  for (const { keyword, instancePath, params } of errors) {
    if (keyword === 'required') {
      const { requiredProperties } = params as { requiredProperties: readonly string[] };
      return `${fieldName(instancePath, requiredProperties[0])}: is missing.`;
    }
    if (keyword === 'additionalProperties') {
      const { additionalProperties } = params as { additionalProperties: readonly string[] };
      return `${fieldName(instancePath, additionalProperties[0])}: is not a known field.`;
    }
  }
  // The error of a union comes after those of its members, and says most.
  const shown = errors.find(({ keyword }) => keyword === 'anyOf') ?? errors[0];
  if (shown === undefined) return 'The content is not valid.';
  const allowed = allowedValues(shown, errors);
  const said = allowed ?? PLAIN_WORDS.get(shown.keyword) ?? shown.message;
  return `${fieldName(shown.instancePath) || 'The content'}: ${said}.`;
}

/** Which values would be right; null where that is no short list. */
function allowedValues(shown: SchemaError, errors: readonly SchemaError[]): string | null {
  const { keyword, instancePath } = shown;
  if (keyword !== 'const' && keyword !== 'enum' && keyword !== 'anyOf') return null;
  const values: string[] = [];
  for (const error of errors) {
    if (error === shown && keyword === 'anyOf') continue;
    if (error.instancePath !== instancePath) continue;
    const params = error.params as { allowedValue?: unknown; allowedValues?: readonly unknown[] };
    if (error.keyword === 'const') values.push(String(params.allowedValue));
    else if (error.keyword === 'enum') values.push(...(params.allowedValues ?? []).map(String));
    else return null;
  }
  if (values.length === 0 || values.length > NAMED_VALUES_MAX) return null;
  return values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`;
}

/** A JSON pointer and perhaps one more name, as `a.b.0`, cut to a bounded length. */
function fieldName(pointer: string, last?: string): string {
  const names = pointer.split('/').slice(1);
  if (last !== undefined) names.push(last);
  return names.join('.').slice(0, FIELD_NAME_LENGTH_MAX);
}
