// The client of end-to-end tests: HTTP by the transport of `sdk/`, tokens, signed webhook calls.
// With several gateways the calls go to them in turn. An answer that OpenAPI does not describe
// fails its call (G5).

import { AccessTokens } from '../../app/access-tokens.ts';
import { signWebhook } from '../../events/payments/webhook-signature.ts';
import { requestOf } from '../../sdk/request.ts';
import { exchange } from '../../sdk/transport.ts';
import { DescribedAnswers } from './described-answers.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Empty where the body is no JSON object. */
  readonly json: Json;
}

/** An answer whose head is there, for replies that go on. */
export interface OpenedAnswer {
  readonly status: number;
  /** Resolves at its end. */
  read(): Promise<Answer>;
}

export interface CallOptions {
  /** A user, whose token is minted; or a token as it is. */
  readonly as?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** One of `urls`; each in turn unless given. */
  readonly url?: string;
}

export interface WebhookOptions {
  readonly id?: string;
  /** Milliseconds since the Unix epoch. */
  readonly time?: number;
  readonly secret?: string;
  readonly reference?: string;
  readonly amount?: number;
  readonly currency?: string;
  /** Of a dispute that is closed. */
  readonly outcome?: string;
}

export interface SaleClientOptions {
  readonly urls: readonly string[];
  /** With several each call has a connection of its own, and so the next thread; 1 unless given. */
  readonly threads?: number;
  /** Terms of a drop as the servers' version names them. */
  readonly termsOf?: (terms: Json) => Json;
  /** The servers may be of another version: what they send is not compared with this one's. */
  readonly anyVersion?: boolean;
}

export const AUTH_SECRET = 'the secret of the end-to-end suite, long enough';
export const PASS_SECRET = 'the-pass-secret-of-the-end-to-end-suite-0';
export const DETAILS_SECRET = 'the-details-secret-of-the-end-to-end-suite';
export const PAYMENT_SECRETS = [
  `whsec_${Buffer.from('the first secret of payments').toString('base64')}`,
  `whsec_${Buffer.from('the second one, for rotation').toString('base64')}`,
] as const;

/** A longer call fails, so that it fails its test instead of blocking it. */
const CALL_MAX_MS = 45_000;
const PAGE_LENGTH = 10;
const PAGES_MAX = 100;
/** How far ahead a time is set that a test then waits for, and after a slow answer. */
const SOON_MS = [500, 2_000, 8_000];

let names = 0;
/** By their texts. Servers of one version have the same, and validators take time to compile. */
const descriptions = new Map<string, DescribedAnswers>();

export class SaleClient {
  /** Whether what the servers send must be as this version describes it. */
  readonly isThisVersion: boolean;
  readonly #urls: readonly string[];
  /** Of each server. */
  readonly threads: number;
  readonly #termsOf: (terms: Json) => Json;
  readonly #accessTokens = new AccessTokens({ secret: AUTH_SECRET });
  /** The highest version of each drop that an answer has shown. */
  readonly #versions = new Map<string, number>();
  #described: DescribedAnswers | null = null;
  #calls = 0;

  constructor(options: SaleClientOptions) {
    this.isThisVersion = options.anyVersion !== true;
    this.#urls = options.urls;
    this.threads = options.threads ?? 1;
    this.#termsOf = options.termsOf ?? ((terms) => terms);
  }

  /** Where each gateway answers. */
  get urls(): readonly string[] {
    return this.#urls;
  }

  /** The address of a gateway, of each in turn. */
  nextUrl(): string {
    this.#calls += 1;
    return this.#urls[this.#calls % this.#urls.length]!;
  }

  /** The same as a port. */
  nextPort(): number {
    return Number(new URL(this.nextUrl()).port);
  }

  token(userId: string, lifetimeSeconds = 3600, roles: readonly string[] = []): string {
    return this.#accessTokens.sign({ userId, roles, lifetimeSeconds });
  }

  /** A name that no other test of this file has. */
  fresh(prefix: string): string {
    names += 1;
    return `${prefix}${names}`;
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    return await (await this.open(method, path, options)).read();
  }

  /** A call that resolves when the head of its answer is there. */
  async open(method: string, path: string, options: CallOptions = {}): Promise<OpenedAnswer> {
    const { as, headers, body, url = this.nextUrl() } = options;
    const token = options.token ?? (as === undefined ? undefined : this.token(as));
    // One try, whatever the answer is.
    const isText = typeof body === 'string';
    const asked = isText
      ? { headers: { 'content-type': 'application/json', ...headers } }
      : { headers: headers ?? {}, body };
    const request = requestOf(url, `${method} ${path}`, asked, null, token ?? null);
    const connection = this.threads > 1 && { connection: 'close' };
    const sent = { ...request, headers: { ...request.headers, ...connection } };
    const response = await exchange(isText ? { ...sent, body } : sent, {
      fetch,
      timeoutMs: CALL_MAX_MS,
      signal: AbortSignal.timeout(CALL_MAX_MS),
    });
    const { status } = response;
    return { status, read: () => this.#read(response, method) };
  }

  async #read(response: Response, method: string): Promise<Answer> {
    const { status, url } = response;
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    if (this.isThisVersion) {
      // `fetch` may have sent another path than it was given: `/%2e%2e` goes a folder up.
      const { origin, pathname } = new URL(url);
      this.#described ??= await describedAt(origin);
      this.#described.assert({ method, path: pathname, status, contentType: type, text });
    }
    const isJson = /[/+]json\b/.test(type) && text !== '';
    const json = (isJson ? JSON.parse(text) : {}) as Json;
    this.#learnVersion(json);
    return { status, headers: response.headers, text, json };
  }

  /** The lines of a reply of NDJSON. Throws where it is refused. */
  async lines(path: string, options: CallOptions = {}): Promise<Json[]> {
    const { text } = succeeded(await this.get(path, options));
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Json);
  }

  get(path: string, options: CallOptions = {}): Promise<Answer> {
    return this.call('GET', path, options);
  }

  post(path: string, options: CallOptions = {}): Promise<Answer> {
    return this.call('POST', path, options);
  }

  /** Throws unless the account is made. */
  async register(name: string): Promise<{ id: string; email: string; session: Json }> {
    const email = `${this.fresh('person')}@example.com`;
    const body = { email, password: 'correct horse battery', name };
    const { status, json, text } = await this.post('/v1/auth/register', { body });
    if (status !== 201) throw new Error(`register was answered ${status}: ${text}`);
    return { id: (json['user'] as { id: string }).id, email, session: json };
  }

  /** A product of the creator. Throws unless it is made. */
  async product(creatorId: string): Promise<string> {
    const path = `/v1/creators/${creatorId}/products`;
    const { status, json, text } = await this.post(path, { as: creatorId, body: { name: 'Lamp' } });
    if (status !== 201) throw new Error(`the product was answered ${status}: ${text}`);
    return String(json['id']);
  }

  /**
   * A drop of `creator`, live at once and for an hour unless told otherwise. Throws unless made.
   */
  async drop(creatorId: string, terms: Json = {}): Promise<string> {
    const path = `/v1/products/${await this.product(creatorId)}/drops`;
    const body = this.#termsOf({ ...dropTerms(), ...terms });
    const answer = await this.post(path, { as: creatorId, body });
    if (answer.status !== 201) throw new Error(`the drop was answered ${answer.text}`);
    return String(answer.json['id']);
  }

  /**
   * Sets a time of the drop to a moment from now, and resolves to it in milliseconds since the Unix
   * epoch. Where that moment was past before the server had it, a later one is set. Throws where it
   * is refused for another reason.
   */
  async soon(dropId: string, creatorId: string, field: 'startsAt' | 'endsAt'): Promise<number> {
    for (const leadMs of SOON_MS) {
      const at = Date.now() + leadMs;
      const body = { [field]: new Date(at).toISOString() };
      const answer = await this.call('PATCH', `/v1/drops/${dropId}`, { as: creatorId, body });
      if (answer.status === 422 && Date.now() >= at) continue;
      succeeded(answer);
      return at;
    }
    throw new Error(`${field} of ${dropId} was past each time`);
  }

  order(dropId: string, userId: string, key: string, quantity = 1): Promise<Answer> {
    return this.post(`/v1/drops/${dropId}/orders`, {
      as: userId,
      headers: { 'idempotency-key': key },
      body: { quantity },
    });
  }

  /**
   * The drop, not older than what any answer has shown before: like every client, this one orders
   * what it sees by versions (O8).
   */
  async readDrop(dropId: string): Promise<Json> {
    const known = this.#versions.get(dropId) ?? 0;
    return await this.inAMoment(
      async () => (await this.get(`/v1/drops/${dropId}`)).json,
      ({ version }) => Number(version) >= known,
    );
  }

  /**
   * For state that the other gateway gets a moment later: repeats the read until it matches. With
   * one gateway the first read must match.
   */
  inAMoment<T>(read: () => Promise<T>, matches: (value: T) => boolean): Promise<T> {
    return this.#urls.length === 1 ? read() : eventually(read, matches);
  }

  #learnVersion({ id, dropId = id, version }: Json): void {
    if (typeof dropId !== 'string' || typeof version !== 'number') return;
    const known = this.#versions.get(dropId) ?? 0;
    if (version > known) this.#versions.set(dropId, version);
  }

  async readOrder(orderId: string, userId: string): Promise<Json> {
    return (await this.get(`/v1/orders/${orderId}`, { as: userId })).json;
  }

  /** Every item of a list, in pages of ten. Throws where a page is refused or too long. */
  async listAll(path: string, as?: string): Promise<Json[]> {
    const items: Json[] = [];
    let cursor = '';
    for (let page = 0; page < PAGES_MAX; page++) {
      const options = as === undefined ? {} : { as };
      const { status, json } = await this.get(`${path}?limit=${PAGE_LENGTH}${cursor}`, options);
      const found = json['items'] as Json[];
      if (status !== 200 || found.length > PAGE_LENGTH) throw new Error(`${path} is no page`);
      items.push(...found);
      if (typeof json['nextCursor'] !== 'string') return items;
      cursor = `&cursor=${json['nextCursor']}`;
    }
    throw new Error(`${path} has no end`);
  }

  webhook(type: string, orderId: string, options: WebhookOptions = {}): Promise<Answer> {
    const { reference = 'ref', amount, currency, outcome } = options;
    const data = { orderId, reference, amount, currency, outcome };
    const body = JSON.stringify({ type, data });
    const id = options.id ?? this.fresh('msg_');
    const timestamp = Math.floor((options.time ?? Date.now()) / 1000);
    const secret = options.secret ?? PAYMENT_SECRETS[0];
    return this.post('/v1/payments/webhook', {
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signWebhook({ secret, id, timestamp, body }),
      },
      body,
    });
  }
}

/** What the server at this origin says of its answers. */
async function describedAt(origin: string): Promise<DescribedAnswers> {
  const signal = AbortSignal.timeout(CALL_MAX_MS);
  const text = await (await fetch(`${origin}/openapi.json`, { signal })).text();
  let described = descriptions.get(text);
  if (described === undefined) {
    described = new DescribedAnswers(JSON.parse(text) as Record<string, unknown>);
    descriptions.set(text, described);
  }
  return described;
}

/** The answer, where it is a success; throws where the server refused. */
export function succeeded(answer: Answer): Answer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new Error(`answered ${answer.status}: ${answer.text}`);
}

/** Live at once, for an hour. */
export function dropTerms(): Json {
  const now = Date.now();
  return {
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + 3_600_000).toISOString(),
    stock: 10,
    unitAmount: 1500,
    currency: 'EUR',
    limitPerUser: 5,
  };
}

const POLL_TIMEOUT_MS = 30_000;
const POLL_DELAY_MS = 25;

/** Repeats a read until it matches; resolves to the last value after the timeout. */
export async function eventually<T>(
  read: () => Promise<T>,
  matches: (value: T) => boolean,
  maxMs: number = POLL_TIMEOUT_MS,
): Promise<T> {
  const until = performance.now() + maxMs;
  for (;;) {
    const value = await read();
    if (matches(value) || performance.now() > until) return value;
    await new Promise((resolve) => setTimeout(resolve, POLL_DELAY_MS));
  }
}
