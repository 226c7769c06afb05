// The audit log on SQLite, in the catalogue's file.

import { randomUUID } from 'node:crypto';
import type { AuditEntry, AuditFilter, NewAuditEntry } from '../../../contracts/audit.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import {
  decodeAuditEntry,
  encodeAuditEntry,
  type StoredAuditEntry,
} from '../../formats/audit-entry.ts';
import type { AuditLog, BegunChange } from '../../ports/audit-log.ts';
import { readAuditPage } from '../../rows/audit-page.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import { readQuery } from '../thread/read-query.ts';

interface Row {
  readonly id: number;
  readonly at: number;
  readonly operatorId: string;
  readonly action: string;
  readonly params: string;
  readonly result: string;
  /** Null: written by an earlier version. */
  readonly audit: string | null;
}

const COLUMNS = 'id, at, operator_id as operatorId, action, params, result, audit';

export class SqliteAuditLog implements AuditLog {
  readonly #writer;
  readonly #below;
  readonly #belowOf;
  readonly #from;
  readonly #newest;
  readonly #begun;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#below = reader.prepare<[number, number], Row>(`
      select ${COLUMNS} from operator_actions where id < ? order by id desc limit ?`);
    this.#belowOf = reader.prepare<[string, number, number], Row>(`
      select ${COLUMNS} from operator_actions where creator_id = ? and id < ?
      order by id desc limit ?`);
    this.#from = reader.prepare<[number, number], Row>(`
      select ${COLUMNS} from operator_actions where id >= ? order by id limit ?`);
    this.#newest = reader
      .prepare<[], number | null>('select max(id) from operator_actions')
      .pluck();
    this.#begun = reader.prepare<[number, number], { id: string; entry: string }>(`
      select id, entry from begun_changes where begun_at < ? limit ?`);
  }

  async append(entry: NewAuditEntry): Promise<AuditEntry> {
    const sequence = await this.#writer.submit('appendAudit', encodeAuditEntry(entry));
    return { ...entry, sequence };
  }

  async begin(entry: NewAuditEntry): Promise<string> {
    const id = randomUUID();
    await this.#writer.submit('beginAudit', id, entry.at, JSON.stringify(entry));
    return id;
  }

  async finish(id: string, entry: NewAuditEntry): Promise<AuditEntry | null> {
    const sequence = await this.#writer.submit('finishAudit', id, encodeAuditEntry(entry));
    return sequence === null ? null : { ...entry, sequence };
  }

  discard(id: string): Promise<void> {
    return this.#writer.submit('discardAudit', id);
  }

  async listBegun(before: number, limit: number): Promise<BegunChange[]> {
    return readQuery(() => this.#begun.all(before, limit)).map(({ id, entry }) => {
      return { id, entry: JSON.parse(entry) as NewAuditEntry };
    });
  }

  async list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    const { creatorId } = filter;
    return await readAuditPage(
      async (below, limit) =>
        readQuery(() =>
          creatorId === undefined
            ? this.#below.all(below, limit)
            : this.#belowOf.all(creatorId, below, limit),
        ).map(entryOf),
      filter,
      page,
    );
  }

  async readFrom(sequence: number, limit: number): Promise<AuditEntry[]> {
    return readQuery(() => this.#from.all(sequence, limit)).map(entryOf);
  }

  async newest(): Promise<number> {
    return readQuery(() => this.#newest.get()) ?? 0;
  }

  trim(before: number, limit: number): Promise<number> {
    return this.#writer.submit('trimAudit', before, limit);
  }
}

function entryOf({ id, params, audit, ...row }: Row): AuditEntry {
  return decodeAuditEntry(id, {
    ...row,
    params: JSON.parse(params) as StoredAuditEntry['params'],
    ...(audit !== null && { audit: JSON.parse(audit) as StoredAuditEntry['audit'] }),
  });
}
