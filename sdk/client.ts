// `@livedrops/client`: the REST API, typed from the server's own description. One client serves one
// user at a time, or nobody.

import type { LogIn, Operations, Order, Register, Session as SessionBody } from './api.ts';
import { ConnectionError, IntentGoneError, isProblem, ProblemError } from './errors.ts';
import { Intents, makeKey, type PendingIntent } from './intents.ts';
import { type KeptSession, Session } from './session.ts';
import { browserStorage, type KeyValueStorage } from './storage.ts';
import { type Asked, isRepeatable, requestOf, takesKey } from './request.ts';
import { type Answer, openStream, type Request, send } from './transport.ts';
import { delay, jittered, SharedWork } from './waits.ts';

export type * from './api.ts';
export * from './errors.ts';
export type { PendingIntent } from './intents.ts';
export type { KeptSession, Session as ClientSession } from './session.ts';
export { type KeyValueStorage, MemoryStorage } from './storage.ts';

export type Operation = keyof Operations;

/** What an operation takes: `path`, `query`, `headers` and `body` as they are described. */
export type Input<O extends Operation> = Omit<Operations[O], 'keyed' | 'reply' | 'line'> &
  CallOptions &
  (Operations[O] extends { readonly keyed: true } ? IntentOptions : unknown);
export type Reply<O extends Operation> = Operations[O]['reply'];

/** What one `call` takes besides its operation: nothing, where nothing is required. */
export type Inputs<O extends Operation> =
  Partial<Input<O>> extends Input<O> ? [input?: Input<O>] : [input: Input<O>];

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of each try. Default: that of the client. */
  readonly timeoutMs?: number | undefined;
  /** 1: no retries. Default: that of the client. */
  readonly triesMax?: number | undefined;
}

export interface IntentOptions {
  /**
   * A name for what is wanted once, such as `buy the lamp`: its key lasts until there is an answer,
   * so that the same call after a failure, a second press or a reload goes on with it. Absent: the
   * key is of this call alone, and its retries. Null: no key, and no retries of what may have
   * reached the server.
   */
  readonly intent?: string | null | undefined;
}

export interface LiveDropsOptions {
  /** Such as `https://drops.example`. Of several gateways the next is tried where one is lost. */
  readonly url: string | readonly string[];
  /**
   * An access token or API key; or a function that gives one, called with the token that the server
   * refused. Absent: those of the session.
   */
  readonly token?: string | ((refused?: string) => Promise<string> | string);
  /** Where sessions are kept. Default: `localStorage`, which tabs share; without it, memory. */
  readonly sessionStorage?: KeyValueStorage;
  /**
   * Where keys of intents are kept. Default: the `sessionStorage` of the tab, so that they survive
   * a reload; without it, memory.
   */
  readonly intentStorage?: KeyValueStorage;
  readonly fetch?: typeof fetch;
  /** Default: 10 s. */
  readonly timeoutMs?: number;
  /** Default: 6, with jitter and, where the server says so, after `Retry-After`. */
  readonly triesMax?: number;
  /** The bound of the first wait, which doubles up to 10 s. Default: 300 ms. */
  readonly retryFirstMs?: number;
}

const TIMEOUT_MS = 10_000;
const TRIES_MAX = 6;
const RETRY_FIRST_MS = 300;
const RETRY_MAX_MS = 10_000;
/** Where the server asks for a longer wait, the call fails instead. */
const RETRY_AFTER_MAX_MS = 30_000;
const PAGE_LIMIT = 100;

/** Any operation's input. */
interface Call extends Asked, CallOptions, IntentOptions {
  /** Of a pending intent, which goes on. */
  readonly resumedKey?: string | undefined;
}

/** A key, and whose it is. */
type Keyed = Pick<PendingIntent, 'key' | 'userId'>;

type Run<T> = (request: Request, options: Parameters<typeof send>[1]) => Promise<T>;

export class LiveDrops {
  readonly session: Session;
  readonly #options: LiveDropsOptions;
  readonly #urls: readonly string[];
  readonly #intents: Intents;
  readonly #running = new Map<string, SharedWork<Answer>>();
  /** Of `#urls`, the one that answered last. */
  #at = 0;

  constructor(options: LiveDropsOptions) {
    this.#options = options;
    const { url, sessionStorage, intentStorage } = options;
    this.#urls = (typeof url === 'string' ? [url] : url).map((one) => one.replace(/\/$/, ''));
    this.#intents = new Intents(intentStorage ?? browserStorage('sessionStorage'));
    this.session = new Session({
      storage: sessionStorage ?? browserStorage('localStorage'),
      scope: this.#urls[0]!,
      refresh: (refreshToken) => this.call('POST /v1/auth/refresh', { body: { refreshToken } }),
    });
  }

  /** The gateway that answered last. */
  get url(): string {
    return this.#urls[this.#at]!;
  }

  /** The next call begins with the next gateway, where there are several. */
  nextUrl(): void {
    this.#at = (this.#at + 1) % this.#urls.length;
  }

  /** The access token to use now; null: none. */
  async token(refused?: string): Promise<string | null> {
    const { token } = this.#options;
    if (token === undefined) return await this.session.token(refused);
    return typeof token === 'string' ? token : await token(refused);
  }

  /** Runs with the token; once more with a new one, where it is refused as that of nobody. */
  async withToken<T>(run: (token: string | null) => Promise<T>): Promise<T> {
    const token = await this.token();
    try {
      return await run(token);
    } catch (error) {
      if (token === null || !isProblem(error, 'unauthenticated')) throw error;
      const other = await this.token(token);
      if (other === null || other === token) throw error;
      return await run(other);
    }
  }

  /**
   * Asks for an operation by its method and path. Lost connections, 429 and 503 are tried again
   * where that is safe; a refusal never is. Errors: `ProblemError`, `ConnectionError`,
   * `IntentPendingError`, `IntentGoneError`, the reason of the signal.
   */
  async call<O extends Operation>(operation: O, ...[input]: Inputs<O>): Promise<Reply<O>> {
    return (await this.send(operation, ...([input] as Inputs<O>))).body;
  }

  /** The same, with what else the reply says. `replayed`: the answer of an earlier try, again. */
  async send<O extends Operation>(
    operation: O,
    ...[input]: Inputs<O>
  ): Promise<{ body: Reply<O>; status: number; replayed: boolean; headers: Headers }> {
    const answer = await this.#answer(operation, input ?? {});
    const { status, headers, text } = answer;
    const isJson = /\bjson\b/.test(headers.get('content-type') ?? '');
    const body = (isJson ? JSON.parse(text) : text || undefined) as Reply<O>;
    return { body, status, headers, replayed: headers.get('idempotency-replayed') === 'true' };
  }

  /** A reply that is read piece by piece. Its opening is tried again as a `call` is. */
  async open<O extends Operation>(operation: O, ...[input]: Inputs<O>): Promise<Response> {
    return await this.#retried(operation, input ?? {}, null, openStream);
  }

  /** The items of all pages of a list, read as they are asked for. */
  async *items<O extends Operation>(
    operation: O,
    ...[input]: Inputs<O>
  ): AsyncGenerator<Reply<O> extends { readonly items: readonly (infer T)[] } ? T : never> {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const { query, ...rest } = (input ?? {}) as Call;
      const asked = { ...rest, query: { limit: PAGE_LIMIT, ...query, cursor } };
      const page = (await this.call(operation, ...([asked] as unknown as Inputs<O>))) as {
        readonly items: readonly never[];
        readonly nextCursor?: string | null;
      };
      yield* page.items;
      cursor = page.nextCursor ?? null;
    }
  }

  /**
   * Orders units of a drop: once for each intent, by default `order` and the drop's id. So two
   * presses for one drop that wait for their answer together are one order.
   */
  async placeOrder(
    dropId: string,
    body: Operations['POST /v1/drops/{id}/orders']['body'],
    options: CallOptions & IntentOptions = {},
  ): Promise<Order> {
    const { intent = `order ${dropId}` } = options;
    const input = { path: { id: dropId }, body, ...options, intent };
    return await this.call('POST /v1/drops/{id}/orders', input);
  }

  /** Intents of the present user that have no answer yet. */
  async pending(): Promise<readonly PendingIntent[]> {
    return this.#intents.pending(subjectOf(await this.token()));
  }

  /**
   * Asks for a pending intent again, as it was, with its key. Errors: those of `call`, and
   * `IntentGoneError` where it is pending no more or is another user's: then nothing is sent.
   */
  async resume(intent: PendingIntent, options: CallOptions = {}): Promise<unknown> {
    const { operation, path, query, body, key } = intent;
    const input = { path, query, body, resumedKey: key, ...options };
    return await this.call(operation as Operation, ...([input] as unknown as Inputs<Operation>));
  }

  /** The next call of its name is a new intent. What the server did of this one stays. */
  discard({ key }: PendingIntent): void {
    this.#intents.end(key);
  }

  async register(body: Register, options: CallOptions = {}): Promise<KeptSession> {
    const session = await this.call('POST /v1/auth/register', { body, ...options });
    return this.session.keep(session);
  }

  async logIn(body: LogIn, options: CallOptions = {}): Promise<KeptSession> {
    const session: SessionBody = await this.call('POST /v1/auth/login', { body, ...options });
    return this.session.keep(session);
  }

  /** Ends the session here first, then on the server. */
  async logOut(options: CallOptions = {}): Promise<void> {
    const { current } = this.session;
    if (current === null) return;
    this.session.forget();
    const { refreshToken } = current;
    await this.call('POST /v1/auth/logout', { body: { refreshToken }, ...options });
  }

  async #answer(operation: string, input: Call): Promise<Answer> {
    if (!takesKey(operation) || input.intent === null)
      return await this.#retried(operation, input, null, send);
    const userId = subjectOf(await this.token());
    input.signal?.throwIfAborted();
    const { intent, resumedKey, path, query, body } = input;
    const asked = { operation, path, query, body };
    let pending: PendingIntent;
    if (resumedKey !== undefined) pending = this.#intents.find(resumedKey, userId);
    else if (intent !== undefined) pending = this.#intents.begin(intent, userId, asked);
    else return await this.#retried(operation, input, { key: makeKey(), userId }, send);
    const { key } = pending;
    // A second call waits for the answer to the first: only one of them may end the intent.
    let running = this.#running.get(key);
    if (running === undefined || running.isOver) {
      running = new SharedWork((signal) =>
        this.#settled(key, this.#retried(operation, { ...input, signal }, pending, send)),
      );
      this.#running.set(key, running);
    }
    try {
      return await running.wait(input.signal);
    } finally {
      if (running.isOver && this.#running.get(key) === running) this.#running.delete(key);
    }
  }

  /**
   * The intent is over with an answer, or with a refusal of what was asked. Who hears of a defect
   * (5xx) or of a token that ended does not know whether an earlier try was done.
   */
  async #settled(key: string, answer: Promise<Answer>): Promise<Answer> {
    try {
      const settled = await answer;
      this.#intents.end(key);
      return settled;
    } catch (error) {
      if (isRefusal(error)) this.#intents.end(key);
      throw error;
    }
  }

  async #retried<T>(operation: string, input: Call, keyed: Keyed | null, run: Run<T>): Promise<T> {
    const { triesMax = TRIES_MAX, retryFirstMs = RETRY_FIRST_MS } = this.#options;
    const lastTry = input.triesMax ?? triesMax;
    const backoff = { firstMs: retryFirstMs, maxMs: RETRY_MAX_MS };
    const mayRepeat = keyed !== null || isRepeatable(operation);
    for (let tries = 1; ; tries++) {
      const url = this.#at;
      try {
        return await this.#authorised(operation, input, keyed, run);
      } catch (error) {
        const wait = waitOf(error, mayRepeat);
        if (wait === null || tries >= lastTry) throw error;
        if (this.#at === url) this.nextUrl();
        await delay(wait + jittered(tries, backoff), input.signal);
      }
    }
  }

  /** What has a key is its user's: where somebody else has logged in since, it is not sent. */
  async #authorised<T>(
    operation: string,
    input: Call,
    keyed: Keyed | null,
    run: Run<T>,
  ): Promise<T> {
    const { fetch = globalThis.fetch, timeoutMs = TIMEOUT_MS } = this.#options;
    const options = {
      fetch: (...request: Parameters<typeof fetch>) => fetch(...request),
      timeoutMs: input.timeoutMs ?? timeoutMs,
      signal: input.signal,
    };
    const attempt = (as: string | null): Promise<T> => {
      if (keyed !== null && as !== null && subjectOf(as) !== keyed.userId)
        throw new IntentGoneError(keyed.key);
      return run(requestOf(this.url, operation, input, keyed?.key ?? null, as), options);
    };
    return operation.startsWith('POST /v1/auth/')
      ? await attempt(null)
      : await this.withToken(attempt);
  }
}

/** The same again may succeed. `request-in-progress`: an earlier try of ours is under way. */
function isTransient({ status, code }: ProblemError): boolean {
  return status === 429 || status === 503 || code === 'request-in-progress';
}

/** The server decided: nothing was done, and the same again would be refused again. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ProblemError) || isTransient(error)) return false;
  return error.status < 500 && error.status !== 401;
}

/** How long to wait at least before the next try; null: there is none. */
function waitOf(error: unknown, mayRepeat: boolean): number | null {
  if (error instanceof ConnectionError) return mayRepeat || error.isUnsent ? 0 : null;
  if (!(error instanceof ProblemError) || !isTransient(error)) return null;
  // A request that counted against a limit was not done; any other 503 may come after the deed.
  if (!mayRepeat && error.status !== 429) return null;
  const wait = error.retryAfterMs ?? 0;
  return wait > RETRY_AFTER_MAX_MS ? null : wait;
}

/** The user of an access token; empty where it is none that can be read. */
function subjectOf(token: string | null): string {
  try {
    const claims = (token ?? '').split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
    const { sub } = JSON.parse(atob(claims)) as { readonly sub?: unknown };
    return typeof sub === 'string' ? sub : '';
  } catch {
    return '';
  }
}
