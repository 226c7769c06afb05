// The operator log in memory.

import { decodeCursor, encodeCursor } from '../formats/cursor.ts';
import type { OperatorLog } from '../ports/operator-log.ts';
import type { OperatorAction } from '../../contracts/operator.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';

export class MemoryOperatorLog implements OperatorLog {
  readonly #actions: OperatorAction[] = [];

  async append(action: Omit<OperatorAction, 'id'>): Promise<OperatorAction> {
    const stored = { ...structuredClone(action), id: String(this.#actions.length + 1) };
    this.#actions.push(stored);
    return stored;
  }

  async list(page: PageRequest): Promise<Page<OperatorAction>> {
    const { time } = decodeCursor('operator-actions', page.cursor);
    const below = this.#actions.filter(({ id }) => Number(id) < time).toReversed();
    const items = below.slice(0, page.limit);
    const last = items.at(-1);
    return {
      items: structuredClone(items),
      nextCursor:
        last === undefined || below.length === items.length
          ? null
          : encodeCursor('operator-actions', { time: Number(last.id), id: '' }),
    };
  }
}
