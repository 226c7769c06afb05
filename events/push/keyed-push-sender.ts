// The sender of pushes: finds the key that the browser subscribed with, and hands the message to
// what encrypts and sends it, in this thread or another.

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
    const { keys, send, counts } = this.#options;
    const { endpoint, p256dh, auth, keyId } = target;
    counts.underWay += 1;
    try {
      const key = await keys.findSubscribed(keyId);
      const result =
        key === null
          ? NO_KEY
          : key === 'early'
            ? NO_KEY_YET
            : await send({ endpoint, p256dh, auth }, message, key, signal);
      counts.add(endpoint, result);
      return result;
    } finally {
      counts.underWay -= 1;
    }
  }
}
