// What a request of a command fails with, in words for people.

import { ConnectionError, ProblemError } from '../sdk/errors.ts';

/** The server did not answer, or its answer is not a success. The message is for people. */
export class ApiError extends Error {
  /** The HTTP status; 0 without an answer. */
  readonly status: number;
  /** True if the request certainly changed nothing. */
  readonly notDelivered: boolean;

  constructor(message: string, status: number, notDelivered = false) {
    super(message);
    this.status = status;
    this.notDelivered = notDelivered;
  }

  /** A later retry may succeed: no answer, too many requests, or the service is unavailable. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

/** Of an error of the client, at `url`; any other error stays. */
export function apiErrorOf(error: unknown, url: string): unknown {
  if (error instanceof ConnectionError) {
    const advice = `no server at ${url} answers (${whyLost(error)}); --url names another`;
    return new ApiError(advice, 0, error.isUnsent);
  }
  if (!(error instanceof ProblemError)) return error;
  const { status, message } = error;
  if (status === 401) {
    const advice = 'give --token, or the LIVEDROPS_AUTH_SECRET that its nodes share';
    return new ApiError(`${url} does not accept the token; ${advice}`, status);
  }
  if (status === 403) return new ApiError('the token does not have the operator role', status);
  return new ApiError(message, status);
}

function whyLost({ code, cause }: ConnectionError): string {
  if (code === 'timeout') return 'no answer in time';
  const { message, cause: deeper } = cause as Error;
  const { code: systemCode, message: deeperMessage } = (deeper ?? {}) as NodeJS.ErrnoException;
  return systemCode ?? deeperMessage ?? message;
}
