// Turns refusals and faults into RFC 9457 problem documents. Only this table knows the HTTP status
// of a code. Internal causes go to the log and never into a reply.

import type { ProblemCode, Refusal } from '../../contracts/refusals.ts';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = {
  'sold-out': { status: 409, title: 'The drop is sold out.' },
  'insufficient-stock': { status: 409, title: 'Not enough units are free.' },
  'drop-not-live': { status: 409, title: 'The drop is not live.' },
  'drop-already-started': { status: 409, title: 'The drop has already started.' },
  'drop-ended': { status: 409, title: 'The drop has ended.' },
  'drop-paused': { status: 409, title: 'The sale is paused.' },
  'pass-required': { status: 403, title: 'The drop asks for a pass.' },
  'pass-invalid': { status: 403, title: 'The pass is not good here.' },
  'pass-not-yet': { status: 409, title: 'The pass is not good yet.' },
  'pass-used': { status: 409, title: 'The pass is used.' },
  'limit-per-user': { status: 409, title: 'The limit for each buyer is reached.' },
  'hold-expired': { status: 409, title: 'The hold has ended.' },
  'order-not-cancellable': { status: 409, title: 'The order cannot be cancelled now.' },
  'order-not-payable': { status: 409, title: 'Nothing is to be paid for the order.' },
  'order-not-refundable': { status: 409, title: 'The order cannot be refunded now.' },
  'idempotency-key-missing': { status: 400, title: 'The Idempotency-Key header is missing.' },
  'idempotency-key-reused': { status: 422, title: 'The key was used with another request.' },
  'request-in-progress': { status: 409, title: 'The first try of this request is under way.' },
  'drops-not-over': { status: 409, title: 'The account has drops that are not over.' },
  'last-owner': { status: 409, title: 'An organisation needs an owner.' },
  'email-taken': { status: 409, title: 'The e-mail address is taken.' },
  'already-running': { status: 409, title: 'Another run of this kind is under way.' },
  'too-many': { status: 409, title: 'There are as many as there may be.' },
  'order-over': { status: 409, title: 'The order is over.' },
  'export-not-done': { status: 409, title: 'The export is not there.' },
  'drop-announced': { status: 409, title: 'The drop is announced already.' },
  'media-too-large': { status: 413, title: 'The file is too large.' },
  'media-quota': { status: 409, title: 'There is no room for more media.' },
  'media-in-use': { status: 409, title: 'The medium is used.' },
  'webhook-disabled': { status: 409, title: 'The webhook is disabled.' },
  'precondition-failed': { status: 412, title: 'It has changed since it was read.' },
  'invalid-request': { status: 400, title: 'The request is not valid.' },
  unauthenticated: { status: 401, title: 'Authentication is needed.' },
  'second-factor-required': { status: 401, title: 'A code of the second factor is needed.' },
  forbidden: { status: 403, title: 'This is not allowed.' },
  suspended: { status: 403, title: 'The creator may sell nothing new.' },
  'not-approved': { status: 403, title: 'The creator is not approved to sell.' },
  banned: { status: 403, title: 'You are banned.' },
  'not-found': { status: 404, title: 'There is nothing here.' },
  'rate-limited': { status: 429, title: 'Too many requests.' },
  overloaded: { status: 503, title: 'Too much is waiting; try again.' },
  unavailable: { status: 503, title: 'The service is not available; try again.' },
  'search-unavailable': { status: 503, title: 'Nothing can be searched now; try again.' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here.' },
  'payload-too-large': { status: 413, title: 'The body is too large.' },
  'unsupported-media-type': { status: 415, title: 'The media type is not supported.' },
  'upgrade-required': { status: 426, title: 'This address is a WebSocket.' },
  'position-trimmed': { status: 410, title: 'Records after the position are gone.' },
  'range-not-satisfiable': { status: 416, title: 'None of these bytes are there.' },
  'tus-version': { status: 412, title: 'The version of the protocol is another one.' },
  'upload-offset': { status: 409, title: 'The upload has another number of bytes.' },
  'upload-locked': { status: 423, title: 'Another request goes on with the upload.' },
  // A status of tus, which HTTP does not know.
  'checksum-mismatch': { status: 460, title: 'The bytes have another checksum.' },
  internal: { status: 500, title: 'Something went wrong.' },
};

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** Seconds after which a client may retry a 503. */
const RETRY_AFTER_SECONDS = '1';

/**
 * A refusal with, where needed, a status or headers of its own; some codes exist only over HTTP.
 */
export interface Problem {
  readonly ok: false;
  readonly code: ProblemCode;
  readonly detail?: string;
  readonly version?: number;
  /** When the drop opens, in milliseconds since the Unix epoch. */
  readonly startsAt?: number;
  /** The server's clock, in milliseconds since the Unix epoch. */
  readonly serverTime?: number;
  /** The buyer's own order that stands in the way. */
  readonly orderId?: string;
  /** Sent as `Retry-After`. */
  readonly retryAfterMs?: number;
  /** Where the same code has two statuses: `invalid-request` is 422 for well-formed bodies. */
  readonly status?: number;
  readonly headers?: readonly (readonly [string, string])[];
}

export function problem(code: ProblemCode, detail?: string): Problem {
  return detail === undefined ? { ok: false, code } : { ok: false, code, detail };
}

export function problemStatus(refused: Problem): number {
  return refused.status ?? PROBLEMS[refused.code].status;
}

export function problemHeaders(refused: Problem): readonly (readonly [string, string])[] {
  const status = problemStatus(refused);
  if (refused.retryAfterMs !== undefined)
    return [['retry-after', secondsOf(refused.retryAfterMs)], ...(refused.headers ?? [])];
  if (status === 503) return [['retry-after', RETRY_AFTER_SECONDS], ...(refused.headers ?? [])];
  if (status === 401) return [['www-authenticate', 'Bearer'], ...(refused.headers ?? [])];
  return refused.headers ?? [];
}

/**
 * The refusal of an order before the drop's start, with the server's time `now` and `Retry-After`
 * (D5). Other refusals are returned as they are.
 */
export function withServerTime(refused: Problem, now: number): Problem {
  if (refused.startsAt === undefined) return refused;
  return { ...refused, serverTime: now, retryAfterMs: refused.startsAt - now };
}

/** At least one. */
function secondsOf(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1000)));
}

/** The problem document. `instance` is the request's path, where the document should show it. */
export function problemBody(refused: Problem, instance?: string): string {
  return JSON.stringify({
    type: `/docs#${refused.code}`,
    title: PROBLEMS[refused.code].title,
    status: problemStatus(refused),
    code: refused.code,
    detail: refused.detail,
    instance,
    version: refused.version,
    startsAt: refused.startsAt === undefined ? undefined : new Date(refused.startsAt).toISOString(),
    serverTime: refused.serverTime,
    orderId: refused.orderId,
  });
}

/** The problems for faults of the floors below, by stable code: first ours, then the broker's. */
const FAULTS: ReadonlyMap<unknown, Problem> = new Map<unknown, Problem>([
  ['invalid-cursor', problem('invalid-request', 'cursor: did not come from this list.')],
  ['invalid-position', problem('invalid-request', 'from: is no position of this stream.')],
  [
    'position-trimmed',
    problem('position-trimmed', 'Begin anew with from=start: a full pass comes first.'),
  ],
  ['store-unavailable', problem('unavailable')],
  ['fenced', problem('unavailable')],
  ['conflict', problem('unavailable')],
  ['SERVICE_NOT_FOUND', problem('unavailable')],
  ['SERVICE_NOT_AVAILABLE', problem('unavailable')],
  ['REQUEST_TIMEOUT', problem('unavailable')],
  ['REQUEST_REJECTED', problem('unavailable')],
  ['QUEUE_FULL', problem('overloaded')],
  ['queue-full', problem('overloaded')],
]);

/** The problem that answers a thrown fault. `internal` only for defects. */
export function problemOfFault(fault: unknown): Problem {
  if (!(fault instanceof Error)) return problem('internal');
  const { code, type } = fault as { code?: unknown; type?: unknown };
  return FAULTS.get(code) ?? FAULTS.get(type) ?? problem('internal');
}

/** The problem of a refusal. Invalid content of a well-formed body is 422. */
export function problemOfRefusal(refused: Refusal | Problem, withBody: boolean): Problem {
  if (refused.code === 'invalid-request' && withBody) return { status: 422, ...refused };
  return refused;
}
