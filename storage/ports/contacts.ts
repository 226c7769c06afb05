// The contacts port: where shops' own users are reached (A6). Each user has one, under the user's
// id, whose part before the first colon is the shop's space. Personal data: what is removed is gone
// from the store at once.

import type { Contact } from '../../contracts/contacts.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';

export interface ContactStore {
  /**
   * Stores the contact of `contact.userId` in place of an earlier one, whose `createdAt` stays. One
   * atomic step, durable when it resolves; returns what is stored. Errors: `store-unavailable`.
   */
  put(contact: Contact): Promise<Contact>;
  /** Errors: `store-unavailable`. */
  find(userId: string): Promise<Contact | null>;
  /**
   * The contacts of a space, by `createdAt`, newest first: a change moves none, so pages show each
   * once. Errors: `invalid-cursor`, `store-unavailable`.
   */
  list(space: string, page: PageRequest): Promise<Page<Contact>>;
  /** Removes one; false where there is none. Errors: `store-unavailable`. */
  remove(userId: string): Promise<boolean>;
}

/** The space of a user's id. */
export function spaceOf(userId: string): string {
  return userId.slice(0, userId.indexOf(':'));
}
