// Handled webhook ids on SQLite.

import type { WebhookLog } from '../../ports/webhook-log.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import { readQuery } from '../thread/read-query.ts';

export class SqliteWebhookLog implements WebhookLog {
  readonly #writer;
  readonly #has;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#has = reader.prepare<[string], 1>('select 1 from webhooks where id = ?').pluck();
  }

  async has(webhookId: string): Promise<boolean> {
    return readQuery(() => this.#has.get(webhookId)) !== undefined;
  }

  async add(webhookId: string, handledAt: number): Promise<void> {
    await this.#writer.submit('addWebhook', webhookId, handledAt);
  }

  async removeBefore(time: number): Promise<void> {
    await this.#writer.submit('removeWebhooksBefore', time);
  }
}
