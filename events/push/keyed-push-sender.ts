// The sender of pushes: finds the key that the browser subscribed with, and hands the message to
// what encrypts and sends it, in this thread or another.

import { activeTrace } from '../../actors/tracing/active-trace.ts';
import type { OpenSpan } from '../../actors/tracing/open-span.ts';
import type { Tracing } from '../../actors/tracing/tracing.ts';
import type { VapidKey } from '../../storage/ports/vapid-keys.ts';
import type { PushCounts } from './push-counts.ts';
import type { PushMessage, PushResult, PushSender, PushTarget } from './push-sender.ts';
import type { VapidKeys } from './vapid-keys.ts';
import type { BrowserTarget } from './web-push.ts';

export interface KeyedPushSenderOptions {
  readonly keys: VapidKeys;
  /** Never rejects. */
  readonly send: (
    target: BrowserTarget,
    message: PushMessage,
    key: VapidKey,
    signal?: AbortSignal,
  ) => Promise<PushResult>;
  readonly counts: PushCounts;
  /** Null, or absent: pushes have no spans. */
  readonly tracing?: Tracing | null;
}

const NO_KEY: PushResult = { outcome: 'failed', reason: 'unknown-key' };
/** The keys are read again by then. */
const NO_KEY_YET: PushResult = { ...NO_KEY, retryAfterMs: 1_000 };

export class KeyedPushSender implements PushSender {
  readonly #options: KeyedPushSenderOptions;

  constructor(options: KeyedPushSenderOptions) {
    this.#options = options;
  }

  async send(target: PushTarget, message: PushMessage, signal?: AbortSignal): Promise<PushResult> {
    const { keys, send, counts, tracing = null } = this.#options;
    const { endpoint, p256dh, auth, keyId } = target;
    counts.underWay += 1;
    const span = tracing === null ? null : beginSpan(tracing, endpoint);
    let error: string | null = 'fault';
    try {
      const key = await keys.findSubscribed(keyId);
      const result =
        key === null
          ? NO_KEY
          : key === 'early'
            ? NO_KEY_YET
            : await send({ endpoint, p256dh, auth }, message, key, signal);
      counts.add(endpoint, result);
      const { outcome, reason } = result;
      error = outcome === 'failed' && reason !== 'aborted' ? (reason ?? outcome) : null;
      return result;
    } finally {
      span?.end(error);
      counts.underWay -= 1;
    }
  }
}

/** The address is secret, since whoever knows it may send; its host is not. */
function beginSpan(tracing: Tracing, endpoint: string): OpenSpan {
  const host = URL.parse(endpoint)?.hostname ?? '';
  const { traceparent: parent, orderId } = activeTrace() ?? {};
  const attributes = { 'server.address': host };
  return tracing.begin({ name: 'push', kind: 'client', parent, orderId, attributes });
}
