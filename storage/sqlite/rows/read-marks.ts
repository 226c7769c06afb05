// Finds read marks that no notification has (L3): they are beyond the highest id, as where rows
// were lost and came again under lower ids. Later notifications would begin as read. Unread counts
// themselves are counted from rows, so nothing else can make them wrong.

import { Findings, type Reconciled, type ReconcileOptions } from '../../ports/reconciled.ts';
import { readQuery } from '../thread/read-query.ts';
import type { ProjectionsDatabase, UserRows } from './user-rows.ts';

export interface ReadMark {
  /** One for all notifications up to the id, or for the one of the id. */
  readonly kind: 'all' | 'one';
  readonly userId: string;
  readonly id: number;
  readonly readAt: number;
}

type Place = [userId: string, id: number, limit: number];
type MarkRow = Omit<ReadMark, 'kind'>;

const MARKS_OF = {
  all: { table: 'read_all', id: 'through_id' },
  one: { table: 'read_one', id: 'id' },
} as const;

export class ReadMarks {
  readonly #rows: UserRows;
  readonly #writer: ProjectionsDatabase['writer'];
  readonly #page;

  constructor({ reader, writer, rows }: ProjectionsDatabase & { readonly rows: UserRows }) {
    this.#rows = rows;
    this.#writer = writer;
    const pageOf = (kind: ReadMark['kind']) => {
      const { table, id } = MARKS_OF[kind];
      return reader.prepare<Place, MarkRow>(`
        select user_id as userId, ${id} as id, read_at as readAt from ${table}
        where (user_id, ${id}) > (?, ?) order by user_id, ${id} limit ?`);
    };
    this.#page = { all: pageOf('all'), one: pageOf('one') };
  }

  /** As `FeedStore.reconcile`. The cursor is the last compared mark: its kind, id and user. */
  async reconcile({ cursor, limit, pause }: ReconcileOptions): Promise<Reconciled> {
    const findings = new Findings();
    const [kindText = 'all', after = '0', ...user] = (cursor ?? 'all 0 ').split(' ');
    const kind: ReadMark['kind'] = kindText === 'one' ? 'one' : 'all';
    await pause();
    const page = readQuery(() => this.#page[kind].all(user.join(' '), Number(after), limit));
    // Read after the marks: a notification is marked only once it has its id.
    const lastId = this.#rows.notificationIdMax();
    const wrong = page.filter(({ id }) => id > lastId).map((mark) => ({ kind, ...mark }));
    findings.compared += page.length;
    for (const { userId } of wrong) findings.differed(userId);
    if (wrong.length > 0) await this.#writer.submit('removeMarks', wrong, lastId);
    const last = page.at(-1);
    if (last !== undefined && page.length === limit)
      return findings.at(`${kind} ${last.id} ${last.userId}`);
    return findings.at(kind === 'all' ? 'one 0 ' : null);
  }
}
