// What AsyncAPI says about live frames, for the tests' client: a frame that it does not describe,
// or that has a field more, is an error. Validators are compiled at the first frame.

import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import { asyncApiDocument } from '../../gateway/http/asyncapi.ts';
import { schemasOf } from './closed-schemas.ts';

/** Frames whose message has another name than the type. */
const MESSAGES: Readonly<Record<string, string>> = {
  'order.payment_failed': 'paymentFailed',
  'order.payment_ready': 'paymentReady',
  'media.ready': 'mediaReady',
  'media.refused': 'mediaRefused',
};

const validators = new Map<string, ValidateFunction>();
let ajv: Ajv2020 | null = null;

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
  ajv ??= schemasOf(
    'streams',
    asyncApiDocument('', () => true),
  );
  const found = ajv.getSchema(`streams#/components/messages/${message}/payload`);
  if (found === undefined) throw new Error(`AsyncAPI describes no frame ${message}`);
  return found;
}
