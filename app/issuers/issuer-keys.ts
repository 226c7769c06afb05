// The keys of one issuer: fetched by one request at a time, refreshed now and then, and at once, at
// a bounded rate, when a token names a key that is not known. While the issuer is away the last
// keys go on for a bounded time.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import { fetchJson } from './fetch-json.ts';
import { type Issuer, isTrustedUrl } from './issuer.ts';
import { type Algorithm, type IssuerKey, keysOf } from './jwks.ts';

export interface IssuerKeysOptions {
  readonly issuer: Issuer;
  readonly clock: Clock;
  readonly log: Logger;
  /** For each document that is fetched. */
  readonly timeoutMs?: number;
}

/** `undecided`: the keys are being fetched, or will be; the same question may be asked again. */
export type KeyFound = IssuerKey | 'unknown' | 'undecided';

export const REFRESH_INTERVAL_MS = 10 * 60_000;
/** Between the begins of two fetches. */
export const FETCH_INTERVAL_MIN_MS = 10_000;
/** For how long keys count that could not be refreshed. */
export const KEYS_AGE_MAX_MS = 24 * 60 * 60_000;
/** For how long a key counts as unknown that a fetch since has not brought. */
const UNKNOWN_MS = 60_000;
/** Names of unknown keys that are remembered. */
const UNKNOWN_MAX = 256;
const TIMEOUT_MS = 5_000;
const DOCUMENT_BYTES_MAX = 64 * 1_024;

interface UnknownKey {
  /** By the monotonic clock. */
  readonly at: number;
  /** Fetches that had begun by then: only a later one says that there is no such key. */
  readonly fetchesBegun: number;
}

export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #keys: readonly IssuerKey[] = [];
  /** When the fetch began that brought the keys, by the monotonic clock; null: there are none. */
  #fetchedAt: number | null = null;
  #attemptedAt = -Infinity;
  #fetching: Promise<void> | null = null;
  #fetchesBegun = 0;
  /** The fetch that brought the keys: the first one has the number 1. */
  #keysOfFetch = 0;
  /** By key id: keys that were asked for and are not there. */
  readonly #unknown = new Map<string, UnknownKey>();
  readonly #listeners: (() => void)[] = [];
  #timer: Timer | null = null;
  readonly #stopping = new AbortController();

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /** Since the keys were fetched, in milliseconds; null: never yet. */
  get ageMs(): number | null {
    const { clock } = this.#options;
    return this.#fetchedAt === null ? null : clock.monotonic() - this.#fetchedAt;
  }

  /** Resolves after the first fetch, however it ended. */
  async start(): Promise<void> {
    await this.refresh();
    this.#refreshLater();
  }

  /** Fetches the keys, or waits for the fetch that is under way. Never rejects. */
  refresh(): Promise<void> {
    this.#fetching ??= this.#fetchOnce().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  /** Ends the fetch that is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    await this.#fetching;
  }

  /** Calls the listener when keys are gone that were there: their tokens are valid no more. */
  onRemoved(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** `keyId` null: the token names none, which is enough where the issuer has one key only. */
  find(algorithm: Algorithm, keyId: string | null): KeyFound {
    const now = this.#options.clock.monotonic();
    if (this.#fetchedAt === null || now - this.#fetchedAt > KEYS_AGE_MAX_MS) {
      this.#fetchSoon(now);
      return 'undecided';
    }
    const ofKind = this.#keys.filter((key) => key.algorithm === algorithm);
    if (keyId === null) return ofKind.length === 1 ? ofKind[0]! : 'unknown';
    const found = ofKind.find((key) => key.keyId === keyId);
    if (found !== undefined) return found;
    const isOfOtherKind = this.#keys.some((key) => key.keyId === keyId);
    return isOfOtherKind ? 'unknown' : this.#missing(keyId, now);
  }

  #missing(keyId: string, now: number): KeyFound {
    const asked = this.#unknown.get(keyId);
    if (asked !== undefined && now - asked.at < UNKNOWN_MS) {
      if (this.#keysOfFetch > asked.fetchesBegun) return 'unknown';
    } else {
      this.#unknown.delete(keyId);
      this.#unknown.set(keyId, { at: now, fetchesBegun: this.#fetchesBegun });
      if (this.#unknown.size > UNKNOWN_MAX)
        this.#unknown.delete(this.#unknown.keys().next().value!);
    }
    this.#fetchSoon(now);
    return 'undecided';
  }

  /** Not within `FETCH_INTERVAL_MIN_MS` of the last one: whoever asks again later begins it. */
  #fetchSoon(now: number): void {
    if (this.#stopping.signal.aborted || now - this.#attemptedAt < FETCH_INTERVAL_MIN_MS) return;
    void this.refresh();
  }

  async #fetchOnce(): Promise<void> {
    const { issuer, clock, log } = this.#options;
    const beganAt = clock.monotonic();
    this.#attemptedAt = beganAt;
    this.#fetchesBegun += 1;
    const number = this.#fetchesBegun;
    try {
      const before = this.#keys;
      const keys = keysOf(await this.#fetchKeySet());
      this.#keys = keys;
      this.#fetchedAt = beganAt;
      this.#keysOfFetch = number;
      const stays = ({ keyId, pem }: IssuerKey) =>
        keys.some((key) => key.keyId === keyId && key.pem === pem);
      if (!before.every(stays)) for (const listener of this.#listeners) listener();
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      log.warn({ err: error, issuer: issuer.issuer }, 'the keys of an issuer cannot be fetched');
    }
  }

  async #fetchKeySet(): Promise<unknown> {
    const { issuer, timeoutMs = TIMEOUT_MS } = this.#options;
    const { signal } = this.#stopping;
    const bounds = { bytesMax: DOCUMENT_BYTES_MAX, timeoutMs, signal };
    if (issuer.jwksUrl !== null) return await fetchJson(issuer.jwksUrl, bounds);
    const base = issuer.issuer.replace(/\/$/, '');
    const found = await fetchJson(`${base}/.well-known/openid-configuration`, bounds);
    const { issuer: named, jwks_uri: url } = (found ?? {}) as Record<string, unknown>;
    if (named !== issuer.issuer) throw new Error('its configuration is that of another issuer');
    // An issuer out in the network cannot send us to an address of this machine.
    if (typeof url !== 'string' || !isTrustedUrl(url) || !isEncryptedLike(url, issuer.issuer))
      throw new Error('its configuration names no jwks_uri that can be trusted');
    return await fetchJson(url, bounds);
  }

  #refreshLater(): void {
    if (this.#stopping.signal.aborted) return;
    const delayMs = this.#fetchedAt === null ? FETCH_INTERVAL_MIN_MS : REFRESH_INTERVAL_MS;
    this.#timer = this.#options.clock.after(delayMs, () => {
      void this.refresh().then(() => this.#refreshLater());
    });
  }
}

function isEncryptedLike(url: string, issuer: string): boolean {
  return url.startsWith('https:') || !issuer.startsWith('https:');
}
