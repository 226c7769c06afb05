// The body of an order: one number. The compiled validator checks it. Accepted bodies are cached by
// their bytes, because most bodies are the same few.

import { Buffer } from 'node:buffer';
import { Compile } from 'typebox/compile';
import { problem, type Problem } from '../http/problems.ts';
import { NewOrder } from '../../contracts/orders.ts';
import { compileCheck } from '../../contracts/check.ts';

/**
 * Longer bodies are parsed and checked each time. So are new bodies once the cache has
 * `ACCEPTED_COUNT_MAX` entries.
 */
const ACCEPTED_LENGTH_MAX = 64;
const ACCEPTED_COUNT_MAX = 1024;

interface Accepted {
  readonly bytes: Uint8Array;
  readonly quantity: number;
}

const validator = Compile(NewOrder);
const check = compileCheck(NewOrder);
/** By a hash of the bytes. Of bodies with the same hash the first one is cached. */
const accepted = new Map<number, Accepted>();

/** The quantity in a body, or the problem that refuses it. The bytes are copied, not referenced. */
export function orderQuantity(bytes: Uint8Array): number | Problem {
  if (bytes.length > ACCEPTED_LENGTH_MAX) return checkBody(bytes);
  let hash = 0;
  for (let i = 0; i < bytes.length; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
  const cached = accepted.get(hash);
  if (cached !== undefined && isSame(cached.bytes, bytes)) return cached.quantity;
  const quantity = checkBody(bytes);
  if (typeof quantity === 'number' && cached === undefined && accepted.size < ACCEPTED_COUNT_MAX)
    accepted.set(hash, { bytes: bytes.slice(), quantity });
  return quantity;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

function checkBody(bytes: Uint8Array): number | Problem {
  // Only one number is read from the body, so wrong UTF-8 cannot pass: it could only be in a name
  // or a string, and those are refused.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return problem('invalid-request', 'The body is not valid JSON.');
  }
  if (!validator.Check(body)) {
    const checked = check(body);
    const detail = checked.ok ? undefined : checked.detail;
    return { ok: false, code: 'invalid-request', status: 422, ...(detail && { detail }) };
  }
  return body.quantity;
}
