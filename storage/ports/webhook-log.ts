// The webhook log port: which webhook ids were handled, so that a repeated one changes nothing
// (P2). Ids are kept for a bounded time; beyond it the state machine of orders is idempotent by
// itself.

export interface WebhookLog {
  has(webhookId: string): Promise<boolean>;
  /** Remembers a handled id; idempotent. Durable when it resolves. */
  add(webhookId: string, handledAt: number): Promise<void>;
  /** Forgets ids handled before `time` (milliseconds). */
  removeBefore(time: number): Promise<void>;
}
