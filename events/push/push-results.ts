// What a push service's reply, or none, means for the message and for the service.

import { retryAfterMs } from '../outbound/retry-after.ts';
import type { PushReply } from './push-transport.ts';
import type { PushResult } from './push-sender.ts';

/** What a reply says of the service. `nothing`: it was not asked, or gave an answer of no kind. */
export type ServiceState = 'well' | 'overloaded' | 'failing' | 'nothing';

export interface JudgedReply {
  readonly result: PushResult;
  readonly service: ServiceState;
  /** The service asks to be left alone for so long; null: it does not. */
  readonly pauseMs: number | null;
}

/** Before a message is sent again, where nothing says when. */
const RETRY_MS = 5_000;
const DNS_RETRY_MS = 60_000;
/** A service that asks for more is asked again by then. */
export const RETRY_AFTER_MAX_MS = 60 * 60_000;

/** Failures that another try does not change. */
const FINAL: readonly string[] = ['refused-url', 'refused-address'];
/** Failures that say nothing of the service. */
const OWN: readonly string[] = ['aborted', 'busy', ...FINAL];

export function judgeReply(reply: PushReply, nowMs: number): JudgedReply {
  if (!reply.ok) return judgeFailure(reply.failure);
  const { status } = reply;
  if (status >= 200 && status < 300)
    return { result: { outcome: 'sent' }, service: 'well', pauseMs: null };
  const reason = `status-${status}`;
  const asked = retryAfterMs(reply.retryAfter, { nowMs, maxMs: RETRY_AFTER_MAX_MS });
  const retry = asked ?? RETRY_MS;
  if (status === 404 || status === 410)
    return { result: { outcome: 'gone', reason }, service: 'well', pauseMs: null };
  if (status === 413)
    return { result: { outcome: 'too-large', reason }, service: 'well', pauseMs: null };
  if (status === 429) {
    const result = { outcome: 'rate-limited', retryAfterMs: retry, reason } as const;
    return { result, service: 'overloaded', pauseMs: asked };
  }
  if (status >= 500 || status === 408) {
    const result = { outcome: 'failed', retryAfterMs: retry, reason } as const;
    return { result, service: 'failing', pauseMs: asked };
  }
  return { result: { outcome: 'failed', reason }, service: 'well', pauseMs: null };
}

function judgeFailure(reason: string): JudgedReply {
  const service = OWN.includes(reason) ? 'nothing' : 'failing';
  if (FINAL.includes(reason))
    return { result: { outcome: 'failed', reason }, service, pauseMs: null };
  if (reason === 'busy') {
    const result = { outcome: 'rate-limited', retryAfterMs: RETRY_MS, reason } as const;
    return { result, service, pauseMs: null };
  }
  const retry = reason === 'dns' ? DNS_RETRY_MS : reason === 'aborted' ? 0 : RETRY_MS;
  return { result: { outcome: 'failed', retryAfterMs: retry, reason }, service, pauseMs: null };
}
