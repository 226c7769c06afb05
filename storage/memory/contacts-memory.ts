// Contacts in memory, for tests.

import type { Contact } from '../../contracts/contacts.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import { type ContactStore, spaceOf } from '../ports/contacts.ts';
import { pageNewestFirst } from './newest-first.ts';

export class MemoryContactStore implements ContactStore {
  readonly #contacts = new Map<string, Contact>();

  async put(contact: Contact): Promise<Contact> {
    const { createdAt } = this.#contacts.get(contact.userId) ?? contact;
    const stored = { ...contact, createdAt };
    this.#contacts.set(contact.userId, stored);
    return stored;
  }

  async find(userId: string): Promise<Contact | null> {
    return this.#contacts.get(userId) ?? null;
  }

  async list(space: string, page: PageRequest): Promise<Page<Contact>> {
    const ofSpace = [...this.#contacts.values()].filter(({ userId }) => spaceOf(userId) === space);
    const positionOf = ({ createdAt: time, userId: id }: Contact) => ({ time, id });
    return pageNewestFirst('contacts', ofSpace, positionOf, page);
  }

  async remove(userId: string): Promise<boolean> {
    return this.#contacts.delete(userId);
  }
}
