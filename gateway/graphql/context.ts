// What the resolvers of one operation share: requests to the routes of REST in the client's name,
// the path of orders, and single things that are read together.

import DataLoader from 'dataloader';
import { GraphQLError } from 'graphql';
import { ID, USER_ID } from '../../contracts/patterns.ts';
import type { Outcome, ProblemCode } from '../../contracts/refusals.ts';
import { cachedBody, type CachedReply } from '../cache/cached-reply.ts';
import { productRead, profileRead } from '../cache/entity-reads.ts';
import { loadTogether } from '../cache/load-together.ts';
import type { PublicReads } from '../cache/public-reads.ts';
import type { MediaUrls } from '../media-urls.ts';
import { problem, PROBLEMS, problemStatus, type Problem } from '../http/problems.ts';
import type { CheckedRequest, InnerRequest } from '../http/route.ts';
import type { OrderPath } from '../orders/order-path.ts';
import type { Row } from './builder.ts';
import { placeOrder } from './order-call.ts';

/** The used part of the client's request. */
export type ClientRequest = Pick<
  CheckedRequest<unknown, unknown>,
  'perform' | 'call' | 'header' | 'address'
>;

export interface ContextOptions {
  readonly request: ClientRequest;
  /** Null without credentials, and for API keys, which act for their owner at each route. */
  readonly userId: string | null;
  readonly reads: PublicReads;
  readonly urls: MediaUrls;
  /** Counts no limit: the operation has. */
  readonly orders: OrderPath;
}

export interface Performed {
  readonly ok: true;
  /** Empty where the route answers without a body. */
  readonly body: Row;
  /** The first answer to the same request, given again (H11). */
  readonly replayed: boolean;
}

/** Without those that are null or undefined. */
export type QueryParameters = Readonly<
  Record<string, string | number | boolean | null | undefined>
>;

type Loader = DataLoader<string, Row | null>;

const NOT_FOUND: readonly ProblemCode[] = ['not-found'];
const idForm = new RegExp(ID);
const userIdForm = new RegExp(USER_ID);

export class Context {
  readonly #options: ContextOptions;
  /** By REST's ids; null for what is not there, or not for this caller. */
  readonly drops: Loader;
  readonly products: Loader;
  readonly users: Loader;
  readonly orders: Loader;

  constructor(options: ContextOptions) {
    this.#options = options;
    const { call } = options.request;
    this.drops = this.#each('/v1/drops');
    this.orders = this.#each('/v1/orders');
    this.products = this.#together(
      idForm,
      (productIds) => call('catalogue.productsById', { productIds }),
      productRead,
    );
    this.users = this.#together(
      userIdForm,
      (userIds) => call('accounts.profiles', { userIds }),
      profileRead,
    );
  }

  get isKnown(): boolean {
    return this.#options.request.header('authorization') !== '';
  }

  get userId(): string {
    const { userId } = this.#options;
    if (userId === null) throw errorOf(problem('forbidden', 'This takes an access token.'));
    return userId;
  }

  /** Forgets what was read. */
  clear(): void {
    for (const loader of [this.drops, this.products, this.users, this.orders]) loader.clearAll();
  }

  /** What a route does with a request; faults are thrown. */
  async perform(inner: InnerRequest): Promise<Performed | Problem> {
    const result = await this.#options.request.perform(inner);
    if (!result.ok) return refusalOf(result);
    const { body, headers } = result;
    const replayed = headers.some(([name]) => name === 'idempotency-replayed');
    return { ok: true, body: body === '' ? {} : (JSON.parse(body as string) as Row), replayed };
  }

  async placeOrder(dropId: string, body: unknown, key: string): Promise<Performed | Problem> {
    const { orders, request } = this.#options;
    const { header, address } = request;
    const placed = await placeOrder(orders, { dropId, body, key, header, address });
    return placed.ok ? { ...placed, body: placed.body as Row } : refusalOf(placed);
  }

  /** What a route reads; refusals are thrown, too. */
  async read(path: string, query: QueryParameters = {}): Promise<Row> {
    const performed = await this.perform({ method: 'GET', path, query: queryOf(query) });
    if (!performed.ok) throw errorOf(performed);
    return performed.body;
  }

  /** The same; null where it is refused with one of the codes. */
  async find(path: string, codes = NOT_FOUND): Promise<Row | null> {
    const performed = await this.perform({ method: 'GET', path });
    if (performed.ok) return performed.body;
    if (codes.includes(performed.code)) return null;
    throw errorOf(performed);
  }

  /** One request for each: what it reads is near, or is its caller's alone. */
  #each(path: string): Loader {
    return new DataLoader((ids) => {
      return Promise.all(ids.map((id) => this.find(`${path}/${encodeURIComponent(id)}`)));
    });
  }

  /**
   * From the gateway's cache; what is not there is loaded by one call. `read`: how REST caches it.
   */
  #together<T>(
    form: RegExp,
    loadAll: (ids: readonly string[]) => Promise<Outcome<readonly (T | null)[]>>,
    read: (id: string, load: () => Promise<Outcome<T>>, urls: MediaUrls) => CachedReply<T>,
  ): Loader {
    const { reads, urls } = this.#options;
    const loads = loadTogether(loadAll);
    const find = async (id: string): Promise<Row | null> => {
      if (!form.test(id)) return null;
      const { outcome } = await cachedBody(
        reads,
        read(id, () => loads.load(id), urls),
      );
      if (outcome.ok) return JSON.parse(outcome.value.json) as Row;
      if (outcome.code === 'not-found') return null;
      throw errorOf(outcome);
    };
    return new DataLoader((ids) => Promise.all(ids.map(find)));
  }
}

/** The refusal; thrown where it says nothing about what was asked, so another try may succeed. */
function refusalOf(refused: Problem): Problem {
  const status = problemStatus(refused);
  if (status >= 500 || status === 429 || status === 401) throw errorOf(refused);
  return refused;
}

/** `extensions` has the code, and when to try again, in milliseconds, where that is known. */
export function errorOf({ code, detail, retryAfterMs }: Problem): GraphQLError {
  const message = detail ?? PROBLEMS[code].title;
  const extensions = { code, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return new GraphQLError(message, { extensions });
}

export function queryOf(query: QueryParameters): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null) given.append(name, String(value));
  return given.toString();
}
