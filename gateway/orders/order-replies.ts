// The heads of an order's replies, status line and headers together, and the bodies that many
// orders share. Every value in a head is checked or made here, so none can contain a line break.

import { STATUS_CODES } from 'node:http';
import type { RefusalCode } from '../../contracts/refusals.ts';
import type { OwnRefusal, WatchedDrop } from '../drop-views.ts';
import {
  PROBLEM_MEDIA_TYPE,
  problem,
  type Problem,
  problemBody,
  problemHeaders,
  problemStatus,
} from '../http/problems.ts';
import { SECURITY_LINES } from '../http/security-headers.ts';

/** Header lines of every reply. */
const COMMON_LINES = `${SECURITY_LINES}\r\ncache-control: no-store\r\n`;
const PLACED_LINES = `content-type: application/json\r\n${COMMON_LINES}location: /v1/orders/`;
export const CREATED_HEAD = `201 Created\r\n${PLACED_LINES}`;
export const REPLAYED_HEAD = `201 Created\r\nidempotency-replayed: true\r\n${PLACED_LINES}`;
const PROBLEM_LINES = `content-type: ${PROBLEM_MEDIA_TYPE}\r\n${COMMON_LINES}`;

/** Status line and headers, before the trace headers. */
export function problemHead(refused: Problem): string {
  const status = problemStatus(refused);
  let head = `${status} ${STATUS_CODES[status]}\r\n${PROBLEM_LINES}`;
  for (const [name, value] of problemHeaders(refused)) head += `${name}: ${value}\r\n`;
  return head;
}

/**
 * Text that many requests share is passed to the server as bytes: the server sends bytes as they
 * are, and encodes a string into UTF-8 each time.
 */
function bytesOf(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).buffer;
}

export const OVERLOADED_HEAD = problemHead(problem('overloaded'));
export const OVERLOADED_BODY = bytesOf(problemBody(problem('overloaded')));
export const PROBLEM_HEAD_403 = `403 Forbidden\r\n${PROBLEM_LINES}`;
export const PROBLEM_HEAD_409 = `409 Conflict\r\n${PROBLEM_LINES}`;

/** The gateway may give it by itself the next time, once it watches the drop. */
export function isOwnRefusal(code: RefusalCode): boolean {
  return code === 'sold-out' || code === 'drop-paused' || code === 'pass-required';
}

/** All clients get the same text at one version, so it is built once. */
export function refusalBody(drop: WatchedDrop, code: OwnRefusal): ArrayBuffer {
  const version = drop.view!.version;
  if (drop.refusalVersion !== version) {
    drop.refusalBody = bytesOf(problemBody({ ok: false, code, version }));
    drop.refusalVersion = version;
  }
  return drop.refusalBody;
}
