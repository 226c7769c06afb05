// Contacts of shops' own users on SQLite, in the catalogue's file.

import type { Contact } from '../../../contracts/contacts.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import { decodeContact, encodeContact } from '../../formats/contact.ts';
import { type ContactStore, spaceOf } from '../../ports/contacts.ts';
import { readPage } from '../thread/read-page.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';

interface Row {
  readonly contact: string;
  readonly created_at: number;
}

export class SqliteContactStore implements ContactStore {
  readonly #writer;
  readonly #byId;
  readonly #bySpace;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#byId = reader.prepare<[string], Row>(
      'select contact, created_at from contacts where user_id = ?',
    );
    this.#bySpace = reader.prepare<[string, number, string, number], Row>(`
      select contact, created_at from contacts
      where space = ? and (created_at, user_id) < (?, ?)
      order by created_at desc, user_id desc limit ?`);
  }

  async put(contact: Contact): Promise<Contact> {
    const { userId, createdAt } = contact;
    const row = { userId, space: spaceOf(userId), createdAt, contact: encodeContact(contact) };
    return { ...contact, createdAt: await this.#writer.submit('putContact', row) };
  }

  async find(userId: string): Promise<Contact | null> {
    const row = readQuery(() => this.#byId.get(userId));
    return row === undefined ? null : contactOf(row);
  }

  async list(space: string, page: PageRequest): Promise<Page<Contact>> {
    return readPage(
      'contacts',
      page,
      ({ time, id }, limit) =>
        readQuery(() => this.#bySpace.all(space, time, id, limit)).map(contactOf),
      ({ createdAt: time, userId: id }) => ({ time, id }),
    );
  }

  remove(userId: string): Promise<boolean> {
    return this.#writer.submit('removeContact', userId);
  }
}

function contactOf({ contact, created_at: createdAt }: Row): Contact {
  return decodeContact(contact, createdAt);
}
