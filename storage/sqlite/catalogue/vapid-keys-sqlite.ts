// VAPID keys on SQLite, in the catalogue's file.

import type { VapidKey, VapidKeyStore } from '../../ports/vapid-keys.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';

export class SqliteVapidKeys implements VapidKeyStore {
  readonly #writer;
  readonly #all;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#all = reader
      .prepare<[], string>('select key from vapid_keys order by number desc')
      .pluck();
  }

  async list(): Promise<readonly VapidKey[]> {
    const keys = readQuery(() => this.#all.all());
    return keys.map((key) => JSON.parse(key) as VapidKey);
  }

  add(key: VapidKey, after: string | null): Promise<boolean> {
    return this.#writer.submit('addVapidKey', key.keyId, JSON.stringify(key), after);
  }

  remove(keyId: string): Promise<boolean> {
    return this.#writer.submit('removeVapidKey', keyId);
  }
}
