// The Idempotency-Key header (O1, H11): its form, and what is said of a wrong one.

import { IDEMPOTENCY_KEY_LENGTH_MAX } from '../../contracts/bounds.ts';
import { type Problem, problem } from './problems.ts';

const KEY_LENGTHS = `1 to ${IDEMPOTENCY_KEY_LENGTH_MAX}`;
const FORM = `Idempotency-Key: must be ${KEY_LENGTHS} visible ASCII characters.`;
const TWICE = 'Idempotency-Key: must be given once.';

/** The check of `IdempotencyKey` in the contract, without a regular expression. */
export function isKey(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return text.length > 0 && text.length <= IDEMPOTENCY_KEY_LENGTH_MAX;
}

/** Of a key that `isKey` refuses. Repeated headers are joined with a comma and a space. */
export function keyProblem(text: string): Problem {
  return problem('invalid-request', text.includes(', ') ? TWICE : FORM);
}
