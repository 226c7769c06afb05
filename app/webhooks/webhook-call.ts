// One call of a webhook, signed as Standard Webhooks 1.0.0 says, and what its answer means.

import type { DeliveryAttempt, Webhook, WebhookSecret } from '../../contracts/webhooks.ts';
import { activeTrace } from '../../actors/tracing/active-trace.ts';
import { entryContext } from '../../actors/tracing/trace-context.ts';
import type { Tracing } from '../../actors/tracing/tracing.ts';
import { entryOfMessage } from '../../events/webhooks/webhook-messages.ts';
import type { OutboundClient } from '../../events/outbound/outbound-client.ts';
import { signWebhook } from '../../events/payments/webhook-signature.ts';
import { type AttemptOutcome, RETRY_AFTER_MAX_MS } from '../../events/webhooks/webhook-delivery.ts';

const CALL_TIMEOUT_MS = 10_000;
/** Read of an answer; the rest is not waited for. */
const ANSWER_BYTES_MAX = 1_024;
/** Of an answer's text, in the record of an attempt that failed. */
const EXCERPT_LENGTH_MAX = 200;
const NOT_SHOWN = /[\p{C}\p{Z}]+/gu;

export interface WebhookCallOptions {
  readonly outbound: Pick<OutboundClient, 'call'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly monotonic: () => number;
  /** Null, or absent: calls have no spans, and no `traceparent`. */
  readonly tracing?: Tracing | null;
}

export interface WebhookCall {
  readonly webhook: Pick<Webhook, 'url' | 'secrets'>;
  readonly messageId: string;
  readonly body: string;
}

/** Null: given up by the signal; whether it arrived is not known. Never rejects. */
export async function callWebhook(
  options: WebhookCallOptions,
  call: WebhookCall,
  signal: AbortSignal,
): Promise<AttemptOutcome | null> {
  const { tracing = null } = options;
  if (tracing === null) return await sendWebhook(options, call, {}, signal);
  const entry = entryOfMessage(call.messageId);
  const parent = entry === null ? activeTrace()?.traceparent : entryContext(entry);
  const attributes = { 'livedrops.message_id': call.messageId };
  const span = tracing.begin({ name: 'webhook', kind: 'client', parent, attributes });
  const { traceparent } = span;
  const outcome = await sendWebhook(options, call, { traceparent }, signal);
  const status = outcome?.attempt.status ?? null;
  const error = outcome === null || outcome.isSent ? null : (outcome.attempt.reason ?? 'failed');
  span.end(error, status === null ? {} : { 'http.response.status_code': status });
  return outcome;
}

async function sendWebhook(
  { outbound, now, monotonic }: WebhookCallOptions,
  { webhook, messageId, body }: WebhookCall,
  traceHeaders: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<AttemptOutcome | null> {
  const at = now();
  const began = monotonic();
  const timestamp = Math.floor(at / 1_000);
  const signatures = secretsInForce(webhook.secrets, at).map((secret) =>
    signWebhook({ secret, id: messageId, timestamp, body }),
  );
  const reply = await outbound.call({
    url: webhook.url,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'LiveDrops-Webhooks/1.0',
      'webhook-id': messageId,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatures.join(' '),
      ...traceHeaders,
    },
    body,
    timeoutMs: CALL_TIMEOUT_MS,
    bodyBytesMax: ANSWER_BYTES_MAX,
    signal,
  });
  const durationMs = Math.round(monotonic() - began);
  const attempt = { at, durationMs, status: null, reason: null, excerpt: null };
  if (!reply.ok) {
    if (reply.failure === 'aborted') return null;
    return failed({ ...attempt, reason: reply.failure });
  }
  const { status, headers } = reply;
  if (status >= 200 && status < 300)
    return { attempt: { ...attempt, status }, isSent: true, retryAfterMs: null, isGone: false };
  const excerpt = excerptOf(reply.body);
  return {
    ...failed({ ...attempt, status, reason: reasonOf(status), excerpt }),
    retryAfterMs: retryAfterOf(status, headers['retry-after'], at),
    isGone: status === 410,
  };
}

/** The newest first. */
export function secretsInForce(secrets: readonly WebhookSecret[], nowMs: number): string[] {
  const inForce = secrets.filter(({ endsAt }) => endsAt === null || endsAt > nowMs);
  return inForce.map(({ secret }) => secret);
}

function failed(attempt: DeliveryAttempt): AttemptOutcome {
  return { attempt, isSent: false, retryAfterMs: null, isGone: false };
}

function reasonOf(status: number): string {
  if (status < 400) return 'redirect';
  return status < 500 ? 'http-4xx' : 'http-5xx';
}

/** In seconds, or as a date (RFC 9110, 10.2.3). */
function retryAfterOf(status: number, text: string | undefined, nowMs: number): number | null {
  if (text === undefined || (status !== 429 && status !== 503)) return null;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), RETRY_AFTER_MAX_MS);
}

/** One line of what can be shown; null where there is nothing. */
function excerptOf(body: Buffer): string | null {
  const text = body.toString('utf8').replaceAll(NOT_SHOWN, ' ').trim();
  return text === '' ? null : text.slice(0, EXCERPT_LENGTH_MAX).toWellFormed();
}
