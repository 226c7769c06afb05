// Recipients in memory, for tests.

import type { Recipient, RecipientStore } from '../ports/recipients.ts';

export class MemoryRecipientStore implements RecipientStore {
  readonly #recipients = new Map<string, Recipient>();
  readonly #owners = new Map<string, string>();

  async find(userId: string): Promise<Recipient | null> {
    return this.#recipients.get(userId) ?? null;
  }

  async findAll(userIds: readonly string[]): Promise<ReadonlyMap<string, Recipient>> {
    const found = new Map<string, Recipient>();
    for (const userId of userIds) {
      const recipient = this.#recipients.get(userId);
      if (recipient !== undefined) found.set(userId, recipient);
    }
    return found;
  }

  async any(): Promise<boolean> {
    return this.#recipients.size > 0;
  }

  async replace(recipient: Recipient): Promise<boolean> {
    const stored = this.#recipients.get(recipient.userId)?.revision ?? 0;
    if (stored !== recipient.revision - 1) return false;
    this.#recipients.set(recipient.userId, recipient);
    return true;
  }

  async remove(userId: string): Promise<void> {
    this.#recipients.delete(userId);
  }

  async endpointOwner(endpoint: string): Promise<string | null> {
    return this.#owners.get(endpoint) ?? null;
  }

  async moveEndpoint(endpoint: string, from: string | null, to: string | null): Promise<boolean> {
    if ((this.#owners.get(endpoint) ?? null) !== from) return false;
    if (to === null) this.#owners.delete(endpoint);
    else this.#owners.set(endpoint, to);
    return true;
  }
}
