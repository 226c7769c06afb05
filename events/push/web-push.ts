// Sends messages of Web Push (RFC 8030): encrypted for the browser, signed for its push service.
// It costs about 0.4 ms of CPU a message, so a server does it off the loop that sells.

import type { VapidKey } from '../../storage/ports/vapid-keys.ts';
import { OutboundError } from '../outbound/outbound-error.ts';
import { parseOutboundUrl } from '../outbound/outbound-url.ts';
import { browserKeys, encryptedPush, PUSH_PAYLOAD_BYTES_MAX } from './message-encryption.ts';
import type { PushMessage, PushResult, PushTarget } from './push-sender.ts';
import { ABORTED, NO_KEYS } from './push-service.ts';
import type { PushServices } from './push-services.ts';
import type { VapidTokens } from './vapid.ts';

export interface WebPushOptions {
  readonly services: PushServices;
  readonly tokens: VapidTokens;
}

/** Of a target: the keys of the browser, and where to. */
export type BrowserTarget = Omit<PushTarget, 'keyId'>;

export class WebPush {
  readonly #options: WebPushOptions;

  constructor(options: WebPushOptions) {
    this.#options = options;
  }

  /** As `PushSender.send`, with the key that the browser subscribed with. Never rejects. */
  async send(
    target: BrowserTarget,
    message: PushMessage,
    key: VapidKey,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    if (signal?.aborted === true) return ABORTED;
    const keys = browserKeys(target.p256dh, target.auth);
    if (keys === null) return NO_KEYS;
    const url = urlOf(target.endpoint);
    if (url === null) return { outcome: 'failed', reason: 'refused-url' };
    const payload = Buffer.from(message.payload);
    if (payload.length > PUSH_PAYLOAD_BYTES_MAX)
      return { outcome: 'too-large', reason: 'payload-bytes' };
    const { services, tokens } = this.#options;
    const headers = {
      authorization: tokens.authorization(url.origin, key),
      'content-encoding': 'aes128gcm',
      'content-type': 'application/octet-stream',
      ttl: String(message.ttlSeconds),
      urgency: message.urgency,
      ...(message.topic !== null && { topic: message.topic }),
    };
    const sent = services.post({
      url,
      headers,
      encrypt: () => encryptedPush(payload, keys),
      ...(signal !== undefined && { signal }),
    });
    return signal === undefined ? await sent : await firstOf(sent, signal);
  }
}

/** The result, or at the latest when the signal is aborted. */
async function firstOf(sent: Promise<PushResult>, signal: AbortSignal): Promise<PushResult> {
  const { promise, resolve } = Promise.withResolvers<PushResult>();
  const onAbort = () => resolve(ABORTED);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([sent, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function urlOf(endpoint: string): URL | null {
  try {
    return parseOutboundUrl(endpoint).url;
  } catch (error) {
    if (error instanceof OutboundError) return null;
    throw error;
  }
}
