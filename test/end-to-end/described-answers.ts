// What OpenAPI says about answers, for the tests' client: a status, a media type or a field that it
// does not describe is an error (G5). The description is the one that the server under test gives.
// Validators are compiled at the first answer of a kind.

import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import { schemasOf } from './closed-schemas.ts';

type Json = Record<string, unknown>;

/** An answer, and what it answers. */
export interface SeenAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** The header Content-Type; empty where there is none. */
  readonly contentType: string;
  readonly text: string;
}

/** By media type. */
type Content = Readonly<Record<string, { readonly schema?: Json }>>;

interface Described {
  readonly content?: Content;
}
type Operation = { readonly responses: Readonly<Record<string, Described & { $ref?: string }>> };
type Operations = Readonly<Record<string, Operation>>;

interface Address {
  readonly pattern: RegExp;
  readonly operations: Operations;
}

const NAME = 'openapi';
const PROBLEM = { 'application/problem+json': { schema: refer('Problem') } };
const NDJSON = 'application/x-ndjson';
const SHOWN_LENGTH_MAX = 500;

export class DescribedAnswers {
  readonly #ajv: Ajv2020;
  readonly #responses: Readonly<Record<string, Described>>;
  readonly #addresses: readonly Address[];
  readonly #validators = new Map<string, ValidateFunction>();

  /** `document` is an OpenAPI description, parsed. */
  constructor(document: Json) {
    this.#ajv = schemasOf(NAME, document);
    const { responses } = document['components'] as { responses: Record<string, Described> };
    this.#responses = responses;
    this.#addresses = Object.entries(document['paths'] as Record<string, Operations>)
      // A path without ids comes before those that it matches as well.
      .toSorted(([one], [other]) => one.split('{').length - other.split('{').length)
      .map(([path, operations]) => ({ pattern: patternOf(path), operations }));
  }

  /** Throws where the answer is not as described. */
  assert(answer: SeenAnswer): void {
    const { method, path, status, contentType, text } = answer;
    const content = this.#contentOf(method, path, status);
    if (content === null) throw different(answer, `status ${status}`);
    if (method === 'HEAD' || status === 304) {
      if (text !== '') throw different(answer, 'a body');
      return;
    }
    if (Object.keys(content).length === 0) {
      if (text !== '' || contentType !== '') throw different(answer, `a body of ${contentType}`);
      return;
    }
    // Parameters, such as a charset, count where the description has some.
    const described = content[contentType] ?? content[contentType.split(';')[0]!];
    if (described === undefined) throw different(answer, `the media type "${contentType}"`);
    if (described.schema === undefined) return;
    const validate = this.#validator(described.schema);
    const isLines = contentType === NDJSON;
    for (const json of isLines ? text.split('\n').filter((line) => line !== '') : [text]) {
      if (validate(JSON.parse(json))) continue;
      const errors = this.#ajv.errorsText(validate.errors, { dataVar: '' });
      throw different({ ...answer, text: json }, errors);
    }
  }

  /** Null where the status is not described. */
  #contentOf(method: string, path: string, status: number): Content | null {
    const address = this.#addresses.find(({ pattern }) => pattern.test(path));
    const operation = address?.operations[method === 'HEAD' ? 'get' : method.toLowerCase()];
    if (operation === undefined) {
      if (method === 'OPTIONS' && status === 204) return {};
      return status === (address === undefined ? 404 : 405) ? PROBLEM : null;
    }
    const response = operation.responses[status];
    if (response === undefined) return null;
    const { $ref } = response;
    const described = $ref === undefined ? response : this.#responses[$ref.split('/').at(-1)!]!;
    return described.content ?? {};
  }

  #validator(schema: Json): ValidateFunction {
    const key = JSON.stringify(schema);
    let validate = this.#validators.get(key);
    if (validate === undefined) {
      validate = this.#ajv.compile(JSON.parse(key.replaceAll('"#/', `"${NAME}#/`)) as Json);
      this.#validators.set(key, validate);
    }
    return validate;
  }
}

function refer(schema: string): Json {
  return { $ref: `#/components/schemas/${schema}` };
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

function different({ method, path, status, text }: SeenAnswer, what: string): Error {
  const shown = `${text.slice(0, SHOWN_LENGTH_MAX)}${text.length > SHOWN_LENGTH_MAX ? '…' : ''}`;
  return new Error(
    `not as OpenAPI describes it: ${what} in ${status} of ${method} ${path}: ${shown}`,
  );
}
