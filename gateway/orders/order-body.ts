// The body of an order: mostly one number. The compiled validator checks it. Accepted bodies
// that are mere numbers are cached by their bytes, because most of them are the same few.

import { Buffer } from 'node:buffer';
import { Compile } from 'typebox/compile';
import { problem, type Problem } from '../http/problems.ts';
import { metadataText } from '../../domain/description.ts';
import { NewOrder } from '../../contracts/orders.ts';
import { compileCheck } from '../../contracts/check.ts';
import { parseJson } from '../http/validation.ts';

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

/** What an order with metadata or a pass asks for. */
export interface OrderContent {
  readonly ok: true;
  readonly quantity: number;
  /** As `metadataText` writes it; null without any. */
  readonly metadata: string | null;
  /** As the client sent it; null without one. */
  readonly pass: string | null;
}

const validator = Compile(NewOrder);
const check = compileCheck(NewOrder);
/** By a hash of the bytes. Of bodies with the same hash the first one is cached. */
const accepted = new Map<number, Accepted>();

/**
 * What a body asks for, or the problem that refuses it. A number is the quantity of an order
 * without metadata and pass. The bytes are copied, not referenced.
 */
export function readOrderBody(bytes: Uint8Array): number | OrderContent | Problem {
  if (bytes.length > ACCEPTED_LENGTH_MAX) return checkBody(bytes);
  let hash = 0;
  for (let i = 0; i < bytes.length; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
  const cached = accepted.get(hash);
  if (cached !== undefined && isSame(cached.bytes, bytes)) return cached.quantity;
  const content = checkBody(bytes);
  if (typeof content === 'number' && cached === undefined && accepted.size < ACCEPTED_COUNT_MAX)
    accepted.set(hash, { bytes: bytes.slice(), quantity: content });
  return content;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

function checkBody(bytes: Uint8Array): number | OrderContent | Problem {
  // Without texts only a number is read from the body, so wrong UTF-8 cannot pass: it could only
  // be in a name or a string, and those are refused.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return problem('invalid-request', 'The body is not valid JSON.');
  }
  if (typeof body === 'object' && body !== null && ('metadata' in body || 'pass' in body))
    return checkTexts(bytes);
  return validator.Check(body) ? body.quantity : refused(body);
}

/** Texts are read in strict UTF-8. */
function checkTexts(bytes: Uint8Array): number | OrderContent | Problem {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return parsed;
  if (!validator.Check(parsed.value)) return refused(parsed.value);
  const { quantity, metadata = {}, pass = null } = parsed.value;
  const written = metadataText(metadata);
  if (written === null && pass === null) return quantity;
  return { ok: true, quantity, metadata: written, pass };
}

function refused(body: unknown): Problem {
  const checked = check(body);
  const detail = checked.ok ? undefined : checked.detail;
  return { ok: false, code: 'invalid-request', status: 422, ...(detail && { detail }) };
}
