// Mailed links on SQLite, in the catalogue's file.

import type { AccountLink, AccountLinkStore } from '../../ports/account-links.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';

export class SqliteAccountLinks implements AccountLinkStore {
  readonly #writer;
  readonly #find;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#find = reader.prepare<[string, string], AccountLink>(`
      select id, user_id as userId, purpose, hash, email, credentials, expires_at as expiresAt
      from account_links where id = ? and user_id = ?`);
  }

  async add(link: AccountLink, now: number): Promise<void> {
    await this.#writer.submit('addLink', link, now);
  }

  async find(userId: string, linkId: string): Promise<AccountLink | null> {
    return readQuery(() => this.#find.get(linkId, userId)) ?? null;
  }

  async remove(userId: string, linkId: string): Promise<void> {
    await this.#writer.submit('removeLink', userId, linkId);
  }

  async removeAll(userId: string): Promise<void> {
    await this.#writer.submit('removeLinks', userId);
  }
}
