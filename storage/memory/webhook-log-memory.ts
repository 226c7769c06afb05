// Handled webhook ids in memory, for tests.

import type { WebhookLog } from '../ports/webhook-log.ts';

export class MemoryWebhookLog implements WebhookLog {
  readonly #handledAt = new Map<string, number>();

  async has(webhookId: string): Promise<boolean> {
    return this.#handledAt.has(webhookId);
  }

  async add(webhookId: string, handledAt: number): Promise<void> {
    if (!this.#handledAt.has(webhookId)) this.#handledAt.set(webhookId, handledAt);
  }

  async removeBefore(time: number): Promise<void> {
    for (const [id, handledAt] of this.#handledAt) {
      if (handledAt < time) this.#handledAt.delete(id);
    }
  }
}
