// What the fan-out of pushes needs of the sending side: one message to one subscription.

/** A browser's subscription (W3C Push API), with the key of ours that it was made for. */
export interface PushTarget {
  /** The address at the push service: https, and secret, since whoever knows it may send. */
  readonly endpoint: string;
  /** The browser's public key: an uncompressed point of P-256 (65 bytes), base64url. */
  readonly p256dh: string;
  /** The browser's authentication secret: 16 bytes, base64url. */
  readonly auth: string;
  /** The id of the VAPID key that the browser subscribed with. */
  readonly keyId: string;
}

/** RFC 8030, 5.3. */
export type PushUrgency = 'very-low' | 'low' | 'normal' | 'high';

export interface PushMessage {
  /** At most 3,993 bytes in UTF-8: what fits into the 4,096 that each service takes. */
  readonly payload: string;
  /** For how long the service keeps it for a browser that is away; 0: not at all. */
  readonly ttlSeconds: number;
  /**
   * A later message with the same topic takes the place of this one, while it waits. Up to 32
   * characters of base64url (RFC 8030, 5.4). Null: it stands for itself.
   */
  readonly topic: string | null;
  readonly urgency: PushUrgency;
}

export type PushOutcome =
  /** The service has taken it. */
  | 'sent'
  /** The subscription has ended (404, 410): remove it. */
  | 'gone'
  /** The service takes no message of this size (413). The next, shorter one may go. */
  | 'too-large'
  /** Not now: the service, or its place in this process, has no room. Send it again later. */
  | 'rate-limited'
  /** `retryAfterMs` says whether to send it again; without it there is no use in that. */
  | 'failed';

export interface PushResult {
  readonly outcome: PushOutcome;
  /** The least time to wait before the message is sent again. */
  readonly retryAfterMs?: number;
  /** For logs and metrics: one of a small set of words. */
  readonly reason?: string;
}

export interface PushSender {
  /**
   * Sends one message. Resolves in bounded time, at most 30 s, whatever the service does; a service
   * that hangs delays the messages of no other. Never rejects because of the service or of the
   * subscription. With an aborted `signal` it resolves to `failed` at once, though the message may
   * have gone. Errors: `store-unavailable`, where the keys cannot be read.
   */
  send(target: PushTarget, message: PushMessage, signal?: AbortSignal): Promise<PushResult>;
}
