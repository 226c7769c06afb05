// The identity of a request with an Idempotency-Key (H11), for every interface that takes one. The
// digests are part of what is stored for 24 hours.

import { hash } from 'node:crypto';
import type { KeyedRequest } from '../contracts/requests.ts';

/** 132 bits: no two requests have the same by accident, nor by intent. */
const DIGEST_LENGTH = 22;

export interface RequestIdentity {
  readonly callerId: string;
  /** What is asked to be done, and to which thing: the same key on another route is another. */
  readonly route: string;
  readonly key: string;
  /** Everything else that was asked, as plain data. The order of fields does not count. */
  readonly asked: unknown;
}

export function keyedRequest({ callerId, route, key, asked }: RequestIdentity): KeyedRequest {
  // None of the three has a line break in it.
  return {
    id: digest([callerId, route, key].join('\n')),
    fingerprint: digest(canonical(asked)),
    callerId,
  };
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, DIGEST_LENGTH);
}

/** JSON with the fields of objects in one order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
