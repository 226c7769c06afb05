// Sessions that ended lately, so that their access tokens are refused although they have not
// expired (A1c): a followed log. It is bounded, as the store's is: where more sessions end than
// that, the oldest ends are evicted, and every token of a session that was made before the last
// evicted end is refused. Its client gets a new one with its refresh token, which an ended session
// cannot.
//
// What a remembered token costs more is one comparison of numbers: it is looked up in the list only
// when it is remembered, and once after further sessions have ended
// (`node_modules/.bin/node bench/probes/ended-sessions.ts`).

import type { Clock } from '../../actors/clock.ts';
import { type LiveBus, type LiveMessage, SESSIONS_TOPIC } from '../../actors/live-bus.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS, type TokenIdentity } from '../../contracts/accounts.ts';
import { FollowedLog, type FollowedPage } from '../../events/followed-log.ts';
import {
  ENDED_SESSIONS_MAX,
  type EndedSession,
  type SessionStore,
} from '../../storage/ports/sessions.ts';

/** Clocks of nodes differ by at most a second each from the store's (W7). */
const CLOCK_SLACK_SECONDS = 2;
const PAGE_LENGTH = 2_000;

export interface EndedSessionsOptions {
  readonly bus: LiveBus;
  readonly sessions: Pick<SessionStore, 'ended'>;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
  readonly countMax?: number;
}

export class EndedSessions {
  readonly #options: EndedSessionsOptions;
  readonly #countMax: number;
  #version = 0;
  /** When each ended, in milliseconds since the Unix epoch; the oldest first, more or less. */
  readonly #endedAt = new Map<string, number>();
  /** Tokens of sessions that expire by this second are refused. */
  #refusedUntil = 0;
  readonly #listeners = new Set<(userId: string | null) => void>();
  readonly #followed: FollowedLog;

  constructor(options: EndedSessionsOptions) {
    this.#options = options;
    this.#countMax = options.countMax ?? ENDED_SESSIONS_MAX;
    this.#followed = new FollowedLog({
      ...options,
      name: 'the ended sessions',
      topic: SESSIONS_TOPIC,
      onMessage: (message) => this.#onMessage(message),
      readPage: (after) => this.#readPage(after),
      onCaughtUp: () => this.#notify(null),
    });
  }

  /** Resolves when every session that ended before is refused. Errors: `store-unavailable`. */
  start(): Promise<void> {
    return this.#followed.start();
  }

  stop(): void {
    this.#followed.stop();
  }

  /** Rises whenever more tokens are refused than before. */
  get version(): number {
    return this.#version;
  }

  /** Whether the session of a valid token has ended. */
  refuses({ sessionId, expiresAt }: Pick<TokenIdentity, 'sessionId' | 'expiresAt'>): boolean {
    if (sessionId === undefined) return false;
    if (expiresAt <= this.#refusedUntil) return true;
    return this.#endedAt.size > 0 && this.#endedAt.has(sessionId);
  }

  /**
   * Calls the listener when sessions of the user, or of anybody (null), are refused from now on.
   * Returns a function that ends the subscription.
   */
  onEnded(listener: (userId: string | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #add({ id, endedAt }: EndedSession): void {
    this.#endedAt.set(id, endedAt);
    this.#version += 1;
    this.#forget();
    if (this.#endedAt.size <= this.#countMax) return;
    for (const [oldest, oldestEndedAt] of this.#endedAt) {
      this.#endedAt.delete(oldest);
      return this.#lose(oldestEndedAt);
    }
  }

  /** The tokens of those that ended long enough ago have all expired. */
  #forget(): void {
    const before =
      this.#options.clock.now() - (ACCESS_TOKEN_LIFETIME_SECONDS + CLOCK_SLACK_SECONDS) * 1_000;
    for (const [id, endedAt] of this.#endedAt) {
      if (endedAt >= before) return;
      this.#endedAt.delete(id);
    }
  }

  #lose(endedUntil: number): void {
    this.#version += 1;
    const second = Math.ceil(endedUntil / 1_000) + ACCESS_TOKEN_LIFETIME_SECONDS;
    this.#refusedUntil = Math.max(this.#refusedUntil, second + CLOCK_SLACK_SECONDS);
  }

  #onMessage(message: LiveMessage): void {
    if (message.type !== 'sessions-ended') return;
    for (const id of message.sessionIds) this.#add({ id, endedAt: message.endedAt });
    this.#notify(message.userId);
  }

  async #readPage(after: number): Promise<FollowedPage> {
    const page = await this.#options.sessions.ended(after, PAGE_LENGTH);
    for (const ended of page.ended) this.#add(ended);
    if (page.lostUntil > 0) this.#lose(page.lostUntil);
    return { position: page.position, isLast: page.ended.length < PAGE_LENGTH };
  }

  #notify(userId: string | null): void {
    for (const listener of this.#listeners) listener(userId);
  }
}
