// Kept answers to requests on SQLite, in the catalogue's file.

import type { KeyedRequest } from '../../../contracts/requests.ts';
import type { Answered, Kept, RequestLog } from '../../ports/requests.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';

export class SqliteRequests implements RequestLog {
  readonly #writer;

  constructor({ writer }: Pick<CatalogueDatabase, 'writer'>) {
    this.#writer = writer;
  }

  async find(request: KeyedRequest): Promise<Kept<string> | null> {
    return (await this.#writer.submit('findRequest', request)) as Kept<string> | null;
  }

  keep(request: KeyedRequest, value: string): Promise<Answered<string>> {
    return this.#writer.submit('keepRequest', request, value);
  }

  remove(request: KeyedRequest, value: string): Promise<boolean> {
    return this.#writer.submit('removeRequest', request, value);
  }
}
