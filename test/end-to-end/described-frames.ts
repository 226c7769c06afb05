// What AsyncAPI says about live frames, for the tests' client: a frame that it does not describe,
// or that has a field more, is an error. Validators are compiled at the first frame.

import { Ajv, type ValidateFunction } from 'ajv';
import { asyncApiDocument } from '../../gateway/http/asyncapi.ts';

type Json = Record<string, unknown>;

/** Frames whose message has another name than the type. */
const MESSAGES: Readonly<Record<string, string>> = {
  'order.payment_failed': 'paymentFailed',
  'order.payment_ready': 'paymentReady',
};

const validators = new Map<string, ValidateFunction>();
let ajv: Ajv | null = null;

/** Throws where the frame is not as `/asyncapi.json` describes it. */
export function assertDescribed(frame: { readonly type: string }): void {
  const { type } = frame;
  const message = MESSAGES[type] ?? (type.startsWith('drop.') ? 'drop' : type);
  let validate = validators.get(message);
  if (validate === undefined) {
    validate = compiled(message);
    validators.set(message, validate);
  }
  if (validate(frame)) return;
  const text = JSON.stringify(frame);
  throw new Error(`not as AsyncAPI describes it: ${ajv!.errorsText(validate.errors)} in ${text}`);
}

function compiled(message: string): ValidateFunction {
  if (ajv === null) {
    ajv = new Ajv({ strict: false, validateFormats: false });
    ajv.addSchema(closed(asyncApiDocument('', () => true)) as Json, 'streams');
  }
  const found = ajv.getSchema(`streams#/components/messages/${message}/payload`);
  if (found === undefined) throw new Error(`AsyncAPI describes no frame ${message}`);
  return found;
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
