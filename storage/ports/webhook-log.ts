// The webhook log port: the ids of handled webhooks, so that a repeated webhook changes nothing
// (P2). Ids are stored for a bounded time. After that the state machine of orders is idempotent by
// itself.

export interface WebhookLog {
  has(webhookId: string): Promise<boolean>;
  /** Stores a handled id. Idempotent. Durable when it resolves. */
  add(webhookId: string, handledAt: number): Promise<void>;
  /** Removes ids handled before `time` (milliseconds). */
  removeBefore(time: number): Promise<void>;
}
