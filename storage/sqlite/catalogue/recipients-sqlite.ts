// Recipients on SQLite, in the catalogue's file.

import type { Database } from 'better-sqlite3';
import { decodeRecipient, encodeRecipient, endpointHash } from '../../formats/recipient.ts';
import type { Recipient, RecipientStore } from '../../ports/recipients.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import type { RecipientRow } from './recipients-statements.ts';

const COLUMNS = 'user_id as userId, revision, recipient';

/** Reads alone, for threads beside the one with the writer. */
export class SqliteRecipientReader {
  readonly #find;
  readonly #findAll;
  readonly #any;

  constructor({ reader }: { readonly reader: Database }) {
    this.#find = reader.prepare<[string], RecipientRow>(
      `select ${COLUMNS} from recipients where user_id = ?`,
    );
    this.#findAll = reader.prepare<[string], RecipientRow>(`
      select ${COLUMNS} from recipients where user_id in (select value from json_each(?))`);
    this.#any = reader.prepare<[], number>('select exists (select 1 from recipients)').pluck();
  }

  async find(userId: string): Promise<Recipient | null> {
    const row = readQuery(() => this.#find.get(userId));
    return row === undefined ? null : decodeRecipient(row.recipient, row.revision);
  }

  async findAll(userIds: readonly string[]): Promise<ReadonlyMap<string, Recipient>> {
    const rows = readQuery(() => this.#findAll.all(JSON.stringify(userIds)));
    return new Map(
      rows.map(({ userId, recipient, revision }) => [userId, decodeRecipient(recipient, revision)]),
    );
  }

  async any(): Promise<boolean> {
    return readQuery(() => this.#any.get()) === 1;
  }
}

export class SqliteRecipientStore extends SqliteRecipientReader implements RecipientStore {
  readonly #writer;
  readonly #ownerOf;

  constructor({ writer, reader }: CatalogueDatabase) {
    super({ reader });
    this.#writer = writer;
    this.#ownerOf = reader
      .prepare<[string], string>('select user_id from push_endpoints where hash = ?')
      .pluck();
  }

  replace(recipient: Recipient): Promise<boolean> {
    const { userId, revision } = recipient;
    const row = { userId, revision, recipient: encodeRecipient(recipient) };
    return this.#writer.submit('replaceRecipient', row);
  }

  async remove(userId: string): Promise<void> {
    await this.#writer.submit('removeRecipient', userId);
  }

  async endpointOwner(endpoint: string): Promise<string | null> {
    return readQuery(() => this.#ownerOf.get(endpointHash(endpoint))) ?? null;
  }

  moveEndpoint(endpoint: string, from: string | null, to: string | null): Promise<boolean> {
    return this.#writer.submit('movePushEndpoint', endpointHash(endpoint), from, to);
  }
}
