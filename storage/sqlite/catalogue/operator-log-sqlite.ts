// The operator log on SQLite, in the catalogue's file.

import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import type { OperatorLog } from '../../ports/operator-log.ts';
import type { OperatorAction } from '../../../contracts/operator.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import { readQuery } from '../thread/read-query.ts';

interface Row {
  readonly id: number;
  readonly at: number;
  readonly operatorId: string;
  readonly action: string;
  readonly params: string;
  readonly result: string;
}

export class SqliteOperatorLog implements OperatorLog {
  readonly #writer;
  readonly #below;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#below = reader.prepare<[number, number], Row>(`
      select id, at, operator_id as operatorId, action, params, result
      from operator_actions where id < ? order by id desc limit ?`);
  }

  async append(action: Omit<OperatorAction, 'id'>): Promise<OperatorAction> {
    const { at, operatorId, action: name, params, result } = action;
    const text = JSON.stringify(params);
    const id = await this.#writer.submit('addOperatorAction', at, operatorId, name, text, result);
    return { ...action, id: String(id) };
  }

  async list(page: PageRequest): Promise<Page<OperatorAction>> {
    const { time } = decodeCursor('operator-actions', page.cursor);
    const rows = readQuery(() => this.#below.all(time, page.limit + 1));
    const items = rows.slice(0, page.limit).map((row) => ({
      ...row,
      id: String(row.id),
      params: JSON.parse(row.params) as OperatorAction['params'],
    }));
    const last = items.at(-1);
    return {
      items,
      nextCursor:
        last === undefined || rows.length === items.length
          ? null
          : encodeCursor('operator-actions', { time: Number(last.id), id: '' }),
    };
  }
}
