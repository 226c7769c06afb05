// The session of an account: log-in, and tokens that are renewed before they end. The tokens are
// kept in a storage that the tabs of a browser share. Only one tab at a time refreshes (Web Locks),
// and the others find its result in the storage. Where there are no locks, the server gives tabs
// that refresh together the same tokens (A1a).

import type { OwnProfile, Session as SessionBody } from './api.ts';
import { isProblem } from './errors.ts';
import { type KeyValueStorage, readJson } from './storage.ts';

export interface KeptSession {
  readonly user: OwnProfile;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Of the access token, by this device's clock: milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** Exchanges a refresh token. Errors: as of any call. */
export type Refresh = (refreshToken: string) => Promise<SessionBody>;

export interface SessionOptions {
  readonly storage: KeyValueStorage;
  /** Tells servers apart that keep their sessions in one storage. */
  readonly scope: string;
  readonly refresh: Refresh;
}

type Listener = (session: KeptSession | null) => void;
interface Locks {
  request<T>(name: string, run: () => Promise<T>): Promise<T>;
}

/** Before its end a token is renewed. */
const RENEW_BEFORE_MS = 30_000;

export class Session {
  readonly #options: SessionOptions;
  readonly #item: string;
  readonly #listeners = new Set<Listener>();
  #refreshing: Promise<KeptSession | null> | null = null;
  #unlisten: (() => void) | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#item = `livedrops:session:${options.scope}`;
  }

  /** Null where nobody is logged in. Another tab may change it. */
  get current(): KeptSession | null {
    return readJson(this.#options.storage, this.#item) as KeptSession | null;
  }

  /** Keeps what a registration or a log-in was answered with. */
  keep({ user, accessToken, refreshToken, expiresIn }: SessionBody): KeptSession {
    const expiresAt = Date.now() + expiresIn * 1_000;
    const kept = { user, accessToken, refreshToken, expiresAt };
    this.#options.storage.setItem(this.#item, JSON.stringify(kept));
    this.#tell(kept);
    return kept;
  }

  /** Tokens of this device; on the server the session goes on. */
  forget(): void {
    this.#options.storage.removeItem(this.#item);
    this.#tell(null);
  }

  /**
   * An access token that is good for a while; null where nobody is logged in. `refused` is one that
   * the server no longer takes: the result is another. Errors: `ConnectionError`, `ProblemError`.
   */
  async token(refused?: string): Promise<string | null> {
    const { current } = this;
    if (current === null) return null;
    if (isGood(current, refused)) return current.accessToken;
    this.#refreshing ??= this.#refreshAlone(refused).finally(() => {
      this.#refreshing = null;
    });
    return (await this.#refreshing)?.accessToken ?? null;
  }

  /** Calls the listener after log-in, renewal and log-out, of other tabs too. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#unlisten ??= this.#listenToTabs();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#unlisten?.();
      this.#unlisten = null;
    };
  }

  async #refreshAlone(refused: string | undefined): Promise<KeptSession | null> {
    const { locks } = (globalThis as { navigator?: { locks?: Locks } }).navigator ?? {};
    if (locks === undefined) return await this.#refreshOnce(refused);
    return await locks.request(`${this.#item}:refresh`, () => this.#refreshOnce(refused));
  }

  async #refreshOnce(refused: string | undefined): Promise<KeptSession | null> {
    // Another tab may have refreshed, or logged out, while this one waited for the lock.
    const { current } = this;
    if (current === null || isGood(current, refused)) return current;
    try {
      const session = await this.#options.refresh(current.refreshToken);
      // Somebody may have logged in or out meanwhile; what they did stays.
      if (this.current?.refreshToken !== current.refreshToken) return this.current;
      return this.keep(session);
    } catch (error) {
      if (!isProblem(error, 'unauthenticated')) throw error;
      if (this.current?.refreshToken === current.refreshToken) this.forget();
      return null;
    }
  }

  #tell(session: KeptSession | null): void {
    for (const listener of this.#listeners) listener(session);
  }

  #listenToTabs(): () => void {
    const page = globalThis as Partial<
      Pick<EventTarget, 'addEventListener' | 'removeEventListener'>
    >;
    const onStorage = (event: Event): void => {
      // A null key: all of the storage was cleared.
      const { key } = event as Event & { readonly key?: string | null };
      if (key === null || key === this.#item) this.#tell(this.current);
    };
    page.addEventListener?.('storage', onStorage);
    return () => page.removeEventListener?.('storage', onStorage);
  }
}

function isGood({ accessToken, expiresAt }: KeptSession, refused: string | undefined): boolean {
  return accessToken !== refused && Date.now() < expiresAt - RENEW_BEFORE_MS;
}
