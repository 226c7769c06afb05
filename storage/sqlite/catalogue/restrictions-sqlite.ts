// Restrictions on SQLite, in the catalogue's file.

import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type {
  Restriction,
  RestrictionChange,
  RestrictionKey,
} from '../../../contracts/restrictions.ts';
import { decodeRestriction, encodeRestriction } from '../../formats/restriction.ts';
import type {
  RestrictionBounds,
  RestrictionChanges,
  RestrictionStore,
} from '../../ports/restrictions.ts';
import { readPage } from '../thread/read-page.ts';
import { readQuery } from '../thread/read-query.ts';
import type { ChangingDatabase } from './catalogue-options.ts';
import type { RestrictionRow } from './restrictions-statements.ts';

type Scope = Pick<RestrictionKey, 'kind' | 'scope'>;
type ChangeRow = Omit<RestrictionRow, 'since'> & { readonly sequence: number };

export class SqliteRestrictionStore implements RestrictionStore {
  readonly #writer;
  readonly #signal;
  readonly #find;
  readonly #list;
  readonly #changes;
  readonly #newest;
  readonly #trimmed;

  constructor({ writer, reader, signal }: ChangingDatabase) {
    this.#writer = writer;
    this.#signal = signal;
    this.#find = reader
      .prepare<[RestrictionKey], string>(`
        select restriction from restrictions
        where kind = @kind and scope = @scope and subject = @subject and restriction is not null`)
      .pluck();
    this.#list = reader
      .prepare<[string, string, number, string, number], string>(`
        select restriction from restrictions
        where kind = ? and scope = ? and (since, subject) < (?, ?) and restriction is not null
        order by since desc, subject desc limit ?`)
      .pluck();
    this.#changes = reader.prepare<[number, number], ChangeRow>(`
      select sequence, kind, scope, subject, until, restriction from restrictions
      where sequence > ? order by sequence limit ?`);
    this.#newest = reader
      .prepare<[], number>("select seq from sqlite_sequence where name = 'restrictions'")
      .pluck();
    this.#trimmed = reader.prepare<[], number>('select sequence from restrictions_trimmed').pluck();
  }

  async put(
    restriction: Restriction,
    bounds: RestrictionBounds,
    now: number,
  ): Promise<RestrictionChange | null> {
    const { kind, scope, subject, since, until } = restriction;
    const key = { kind, scope, subject };
    const text = encodeRestriction(restriction);
    const row = { ...key, since, until, restriction: text };
    const put = await this.#writer.submit('putRestriction', row, bounds, now);
    if (put !== null) this.#signal.appended();
    return put === null ? null : { ...key, until, isLifted: false, sequence: put };
  }

  async lift({ kind, scope, subject }: RestrictionKey): Promise<RestrictionChange | null> {
    const lift = await this.#writer.submit('liftRestriction', { kind, scope, subject });
    if (lift !== null) this.#signal.appended();
    return lift;
  }

  async find({ kind, scope, subject }: RestrictionKey): Promise<Restriction | null> {
    const text = readQuery(() => this.#find.get({ kind, scope, subject }));
    return text === undefined ? null : decodeRestriction(text);
  }

  async list({ kind, scope }: Scope, page: PageRequest): Promise<Page<Restriction>> {
    return readPage(
      'restrictions',
      page,
      ({ time, id }, limit) =>
        readQuery(() => this.#list.all(kind, scope, time, id, limit)).map(decodeRestriction),
      ({ since: time, subject: id }) => ({ time, id }),
    );
  }

  async changes(after: number, limit: number): Promise<RestrictionChanges> {
    // Read before the rows, so that every lift up to it is in them.
    const newest = readQuery(() => this.#newest.get()) ?? 0;
    const rows = readQuery(() => this.#changes.all(after, limit));
    // Read after the rows, so that what was trimmed in between is found.
    const trimmed = readQuery(() => this.#trimmed.get()) ?? 0;
    const changes = rows.map(({ restriction, ...change }) => {
      return { ...change, isLifted: restriction === null };
    });
    return { changes, position: rows.at(-1)?.sequence ?? after, newest, trimmed };
  }
}
