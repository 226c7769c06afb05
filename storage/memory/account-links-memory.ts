// Mailed links in memory, for tests.

import {
  type AccountLink,
  type AccountLinkStore,
  LINKS_PER_USER_MAX,
} from '../ports/account-links.ts';

export class MemoryAccountLinks implements AccountLinkStore {
  /** By user; the oldest first. */
  readonly #links = new Map<string, AccountLink[]>();

  async add(link: AccountLink, now: number): Promise<void> {
    const present = (this.#links.get(link.userId) ?? []).filter(
      ({ id, expiresAt }) => id !== link.id && expiresAt > now,
    );
    this.#links.set(link.userId, [...present, link].slice(-LINKS_PER_USER_MAX));
  }

  async find(userId: string, linkId: string): Promise<AccountLink | null> {
    return this.#links.get(userId)?.find(({ id }) => id === linkId) ?? null;
  }

  async remove(userId: string, linkId: string): Promise<void> {
    const left = this.#links.get(userId)?.filter(({ id }) => id !== linkId) ?? [];
    this.#links.set(userId, left);
  }

  async removeAll(userId: string): Promise<void> {
    this.#links.delete(userId);
  }
}
