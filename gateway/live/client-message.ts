// What a client may say, checked before anything acts on it: one schema for each type, unknown
// fields refused (H1).

import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const EXACT = { additionalProperties: false } as const;
const DROP_ID = '[A-Za-z0-9_]{1,64}';
const topic = Type.String({ pattern: `^(drop:${DROP_ID}|creator:[\\x21-\\x7e]{1,128})$` });

const SCHEMAS = {
  subscribe: Type.Object({ type: Type.Literal('subscribe'), topic }, EXACT),
  unsubscribe: Type.Object({ type: Type.Literal('unsubscribe'), topic }, EXACT),
  // 15 digits are exact in every number format that a store may keep ids in.
  resume: Type.Object(
    { type: Type.Literal('resume'), after: Type.String({ pattern: '^(0|[1-9][0-9]{0,14})$' }) },
    EXACT,
  ),
  authenticate: Type.Object(
    {
      type: Type.Literal('authenticate'),
      accessToken: Type.String({ minLength: 1, maxLength: 4_096 }),
    },
    EXACT,
  ),
  ping: Type.Object({ type: Type.Literal('ping') }, EXACT),
} as const;

export type ClientMessage = {
  [T in keyof typeof SCHEMAS]: Static<(typeof SCHEMAS)[T]>;
}[keyof typeof SCHEMAS];

/**
 * `detail` says what is wrong in words for the client's author. It never repeats the client's text.
 */
export type ParsedMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly detail: string; readonly request?: ClientMessage['type'] };

const VALIDATORS: ReadonlyMap<unknown, { Check(value: unknown): boolean }> = new Map(
  Object.entries(SCHEMAS).map(([type, schema]) => [type, Compile(schema)]),
);

const DROP_ID_ONLY = new RegExp(`^${DROP_ID}$`);

export function isDropId(text: string): boolean {
  return DROP_ID_ONLY.test(text);
}

export function parseClientMessage(text: string): ParsedMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, detail: 'The message is not JSON.' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, detail: 'The message is not a JSON object.' };
  }
  const type = Object.hasOwn(value, 'type') ? (value as { type: unknown }).type : undefined;
  const validator = VALIDATORS.get(type);
  if (validator === undefined) {
    return { ok: false, detail: `"type" must be one of ${Object.keys(SCHEMAS).join(', ')}.` };
  }
  if (validator.Check(value)) return { ok: true, message: value as ClientMessage };
  const request = type as ClientMessage['type'];
  return { ok: false, request, detail: explain(request, value) };
}

/** Names the first thing that is wrong, in the order of the schema's fields. */
function explain(type: ClientMessage['type'], value: object): string {
  const properties: Readonly<Record<string, unknown>> = SCHEMAS[type].properties;
  if (Object.keys(value).some((field) => !Object.hasOwn(properties, field))) {
    return `"${type}" takes only ${Object.keys(properties).join(', ')}.`;
  }
  switch (type) {
    case 'subscribe':
    case 'unsubscribe':
      return '"topic" must be "drop:ID" or "creator:ID".';
    case 'resume':
      return '"after" must be the last notification id seen, a string of digits; "0" for all.';
    case 'authenticate':
      return '"accessToken" must be a string of 1 to 4096 characters.';
    case 'ping':
      return '"ping" takes nothing else.';
  }
}
