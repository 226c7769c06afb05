// Parses a client's message and checks it before anything acts on it (H1).

import { Compile } from 'typebox/compile';
import { ACCESS_TOKEN_LENGTH_MAX } from '../../contracts/bounds.ts';
import {
  CLIENT_MESSAGES,
  type ClientMessage,
  type ClientMessageType,
} from '../../contracts/live.ts';
import { DROP_ID } from '../../contracts/patterns.ts';

/** `detail` explains the fault to the client's author. It never repeats the client's text. */
export type ParsedMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly detail: string; readonly request?: ClientMessageType };

const VALIDATORS: ReadonlyMap<unknown, { Check(value: unknown): boolean }> = new Map(
  Object.entries(CLIENT_MESSAGES).map(([type, schema]) => [type, Compile(schema)]),
);

const dropIdForm = new RegExp(DROP_ID);

export function isDropId(text: string): boolean {
  return dropIdForm.test(text);
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
    return {
      ok: false,
      detail: `"type" must be one of ${Object.keys(CLIENT_MESSAGES).join(', ')}.`,
    };
  }
  if (validator.Check(value)) return { ok: true, message: value as ClientMessage };
  const request = type as ClientMessageType;
  return { ok: false, request, detail: explain(request, value) };
}

/** Describes the first fault, in the order of the schema's fields. */
function explain(type: ClientMessageType, value: object): string {
  const properties: Readonly<Record<string, unknown>> = CLIENT_MESSAGES[type].properties;
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
      return `"accessToken" must be a string of 1 to ${ACCESS_TOKEN_LENGTH_MAX} characters.`;
    case 'ping':
      return '"ping" takes nothing else.';
  }
}
