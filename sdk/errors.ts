// What a call may fail with. An aborted call fails with the reason of its signal instead, as with
// `fetch`.

import type { Problem } from './api.ts';

export type ProblemCode = Problem['code'];

/** The server refused: RFC 9457. Nothing was done, unless the status is 5xx. */
export class ProblemError<Code extends ProblemCode = ProblemCode> extends Error {
  override readonly name = 'ProblemError';
  /** Stable: what programs branch on. */
  readonly code: Code;
  /** The HTTP status. */
  readonly status: number;
  /** All fields, such as `startsAt` and `serverTime` of `drop-not-live`. */
  readonly problem: Problem & { readonly code: Code };
  /** From the reply on, in milliseconds; null where the server gave no time. */
  readonly retryAfterMs: number | null;
  /** What the server's logs name the request by. */
  readonly requestId: string | null;

  constructor(problem: Problem & { readonly code: Code }, headers: Headers) {
    super(problem.detail ?? problem.title);
    this.code = problem.code;
    this.status = problem.status;
    this.problem = problem;
    const seconds = Number(headers.get('retry-after') ?? Number.NaN);
    this.retryAfterMs = Number.isFinite(seconds) ? Math.max(0, seconds) * 1_000 : null;
    this.requestId = headers.get('x-request-id');
  }
}

/** Of Node's `fetch`, where there was no connection. A browser does not tell. */
const NOT_CONNECTED: readonly unknown[] = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH'];

/** There is no whole answer: the server may have done what was asked. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: 'connection-lost' | 'timeout';

  /** Whether it is certain that nothing reached a server. */
  get isUnsent(): boolean {
    const { cause } = (this.cause ?? {}) as { readonly cause?: { readonly code?: unknown } };
    return NOT_CONNECTED.includes(cause?.code);
  }

  constructor(code: 'connection-lost' | 'timeout', cause: unknown) {
    super(code === 'timeout' ? 'No answer came in time.' : 'The connection was lost.', { cause });
    this.code = code;
  }
}

/**
 * An intent of this name has no answer yet, and asks for something else. Nothing was sent. Resume
 * it (`client.resume`) or discard it (`client.discard`) first.
 */
export class IntentPendingError extends Error {
  override readonly name = 'IntentPendingError';
  readonly code = 'intent-pending';
  readonly intent: string;

  constructor(intent: string) {
    super(`The intent ${intent} has no answer yet, and asks for something else.`);
    this.intent = intent;
  }
}

/**
 * The intent that was to go on is pending no more: it was answered, discarded, or is too old; or it
 * is of a user who is logged in no more. Nothing was sent, as with a new key it would be done
 * again.
 */
export class IntentGoneError extends Error {
  override readonly name = 'IntentGoneError';
  readonly code = 'intent-gone';
  readonly key: string;

  constructor(key: string) {
    super('The intent is pending no more, or it is of another user.');
    this.key = key;
  }
}

/** Whether the server refused with this code. */
export function isProblem<Code extends ProblemCode>(
  error: unknown,
  code: Code,
): error is ProblemError<Code> {
  return error instanceof ProblemError && error.code === code;
}
