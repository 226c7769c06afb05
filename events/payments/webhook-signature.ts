// Standard Webhooks 1.0.0 signatures
// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>):
// `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`. The `standardwebhooks` package makes
// them. Its `verify` reads the machine's clock and cannot use ours, so the tolerance and the
// comparison are here.

import { isUtf8 } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

const TOLERANCE_SECONDS = 5 * 60;
/** Signatures that are checked in one header. A rotation needs two. */
const SIGNATURES_MAX = 16;
const TIMESTAMP = /^[0-9]{1,12}$/;

export interface SignedCall {
  /** The three Standard Webhooks headers; empty where absent. */
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  /** The exact bytes that were signed. */
  readonly body: Uint8Array;
}

export class WebhookVerifier {
  readonly #keys: readonly Webhook[];

  /**
   * Secrets are base64, with or without `whsec_`. A call signed with any of them is valid. Throws
   * for a malformed secret.
   */
  constructor(options: { readonly secrets: readonly string[] }) {
    this.#keys = options.secrets.map((secret) => new Webhook(secret));
  }

  /** True where one of the secrets signed exactly this call at most five minutes from `nowMs`. */
  verify(call: SignedCall, nowMs: number): boolean {
    if (call.id === '' || !TIMESTAMP.test(call.timestamp)) return false;
    const timestamp = Number(call.timestamp);
    if (Math.abs(Math.floor(nowMs / 1_000) - timestamp) > TOLERANCE_SECONDS) return false;
    // The package signs text. Bytes that are not UTF-8 would be replaced in it, and bytes other
    // than those sent would be accepted.
    if (!isUtf8(call.body)) return false;
    const body = textOf(call.body);
    const given = call.signature
      .split(' ', SIGNATURES_MAX)
      .map((signature) => Buffer.from(signature));
    let matches = false;
    for (const key of this.#keys) {
      const expected = Buffer.from(key.sign(call.id, new Date(timestamp * 1_000), body));
      for (const signature of given) {
        if (signature.length === expected.length && timingSafeEqual(signature, expected))
          matches = true;
      }
    }
    return matches;
  }
}

/** The `webhook-signature` header for a call; `timestamp` in seconds since the Unix epoch. */
export function signWebhook(call: {
  readonly secret: string;
  readonly id: string;
  readonly timestamp: number;
  readonly body: string;
}): string {
  return new Webhook(call.secret).sign(call.id, new Date(call.timestamp * 1_000), call.body);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
