// Sessions in memory, for tests.

import {
  ENDED_SESSIONS_MAX,
  type EndedPage,
  type EndedSession,
  type SessionChange,
  type SessionRow,
  type SessionStore,
} from '../ports/sessions.ts';
import type { MemoryAccountStore } from './accounts-memory.ts';

export interface MemorySessionStoreOptions {
  readonly accounts: Pick<MemoryAccountStore, 'revokeFamily'>;
  readonly endedMax?: number;
}

export class MemorySessionStore implements SessionStore {
  readonly #accounts: Pick<MemoryAccountStore, 'revokeFamily'>;
  readonly #endedMax: number;
  readonly #sessions = new Map<string, SessionRow>();
  #ended: (EndedSession & { readonly position: number })[] = [];
  #position = 0;
  #lostUntil = 0;

  constructor({ accounts, endedMax = ENDED_SESSIONS_MAX }: MemorySessionStoreOptions) {
    this.#accounts = accounts;
    this.#endedMax = endedMax;
  }

  async put(session: SessionRow, now: number): Promise<void> {
    for (const { id, userId, expiresAt } of this.#sessions.values()) {
      if (userId === session.userId && expiresAt <= now) this.#sessions.delete(id);
    }
    this.#sessions.set(session.id, session);
  }

  async find(userId: string, sessionId: string): Promise<SessionRow | null> {
    const session = this.#sessions.get(sessionId);
    return session?.userId === userId ? session : null;
  }

  async change(userId: string, sessionId: string, change: SessionChange): Promise<boolean> {
    const session = await this.find(userId, sessionId);
    if (session === null) return false;
    this.#sessions.set(sessionId, { ...session, ...change });
    return true;
  }

  async list(userId: string, now: number): Promise<SessionRow[]> {
    return [...this.#sessions.values()]
      .filter((session) => session.userId === userId && session.expiresAt > now)
      .toSorted((a, b) => b.usedAt - a.usedAt || (a.id < b.id ? 1 : -1));
  }

  async end(
    userId: string,
    sessionIds: readonly string[],
    now: number,
    forgottenBefore: number,
  ): Promise<void> {
    this.#ended = this.#ended.filter(({ endedAt }) => endedAt >= forgottenBefore);
    for (const id of sessionIds) {
      this.#ended = this.#ended.filter((ended) => ended.id !== id);
      this.#ended.push({ id, endedAt: now, position: ++this.#position });
      if (this.#sessions.get(id)?.userId === userId) this.#sessions.delete(id);
      await this.#accounts.revokeFamily(id);
    }
    for (const { endedAt } of this.#ended.splice(0, this.#ended.length - this.#endedMax))
      this.#lostUntil = Math.max(this.#lostUntil, endedAt);
  }

  async ended(after: number, limit: number): Promise<EndedPage> {
    const found = this.#ended.filter(({ position }) => position > after).slice(0, limit);
    return {
      ended: found.map(({ id, endedAt }) => ({ id, endedAt })),
      position: found.at(-1)?.position ?? after,
      lostUntil: this.#lostUntil,
    };
  }
}
