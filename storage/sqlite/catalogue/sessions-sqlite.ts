// Sessions on SQLite: ending some is one transaction.

import {
  ENDED_SESSIONS_MAX,
  type EndedPage,
  type EndedSession,
  type SessionChange,
  type SessionRow,
  type SessionStore,
} from '../../ports/sessions.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';

const COLUMNS = `id, user_id as userId, device, created_at as createdAt, used_at as usedAt,
  expires_at as expiresAt, credentials`;

export class SqliteSessionStore implements SessionStore {
  readonly #writer;
  readonly #endedMax;
  readonly #find;
  readonly #list;
  readonly #ended;
  readonly #lostUntil;

  constructor(options: CatalogueDatabase & { readonly endedMax?: number }) {
    const { writer, reader, endedMax = ENDED_SESSIONS_MAX } = options;
    this.#writer = writer;
    this.#endedMax = endedMax;
    this.#find = reader.prepare<[string, string], SessionRow>(
      `select ${COLUMNS} from sessions where id = ? and user_id = ?`,
    );
    this.#list = reader.prepare<[string, number], SessionRow>(`
      select ${COLUMNS} from sessions where user_id = ? and expires_at > ?
      order by used_at desc, id desc`);
    this.#ended = reader.prepare<[number, number], EndedSession & { position: number }>(`
      select position, id, ended_at as endedAt from ended_sessions
      where position > ? order by position limit ?`);
    this.#lostUntil = reader.prepare<[], number>('select until from ended_sessions_lost').pluck();
  }

  async put(session: SessionRow, now: number): Promise<void> {
    await this.#writer.submit('putSession', session, now);
  }

  async find(userId: string, sessionId: string): Promise<SessionRow | null> {
    return readQuery(() => this.#find.get(sessionId, userId)) ?? null;
  }

  change(userId: string, sessionId: string, change: SessionChange): Promise<boolean> {
    return this.#writer.submit('changeSession', userId, sessionId, change);
  }

  async list(userId: string, now: number): Promise<SessionRow[]> {
    return readQuery(() => this.#list.all(userId, now));
  }

  async end(
    userId: string,
    sessionIds: readonly string[],
    now: number,
    forgottenBefore: number,
  ): Promise<void> {
    const end = [userId, sessionIds, now, forgottenBefore, this.#endedMax] as const;
    await this.#writer.submit('endSessions', ...end);
  }

  async ended(after: number, limit: number): Promise<EndedPage> {
    const found = readQuery(() => this.#ended.all(after, limit));
    return {
      ended: found.map(({ id, endedAt }) => ({ id, endedAt })),
      position: found.at(-1)?.position ?? after,
      lostUntil: readQuery(() => this.#lostUntil.get()) ?? 0,
    };
  }
}
