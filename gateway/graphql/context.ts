// What the resolvers of one operation share: requests to the routes of REST in the client's name,
// and reads that are loaded together.

import DataLoader from 'dataloader';
import { GraphQLError } from 'graphql';
import { PROBLEMS, problemStatus, type Problem } from '../http/problems.ts';
import type { InnerRequest, RouteResult } from '../http/route.ts';
import type { Row } from './builder.ts';

export interface ContextOptions {
  readonly perform: (inner: InnerRequest) => Promise<RouteResult>;
}

/** Without those that are null or undefined. */
export type QueryParameters = Readonly<
  Record<string, string | number | boolean | null | undefined>
>;

export interface Performed {
  readonly ok: true;
  /** Empty where the route answers without a body. */
  readonly body: Row;
  /** The first answer to the same request, given again (H11). */
  readonly replayed: boolean;
}

export class Context {
  readonly #options: ContextOptions;
  readonly drops: DataLoader<string, Row | null>;
  readonly products: DataLoader<string, Row | null>;
  readonly users: DataLoader<string, Row | null>;

  constructor(options: ContextOptions) {
    this.#options = options;
    const each = (path: string) =>
      new DataLoader<string, Row | null>((ids) =>
        Promise.all(ids.map((id) => this.find(`${path}/${encodeURIComponent(id)}`))),
      );
    this.drops = each('/v1/drops');
    this.products = each('/v1/products');
    this.users = each('/v1/users');
  }

  /** What a route does with a request; faults are thrown. */
  async perform(inner: InnerRequest): Promise<Performed | Problem> {
    const result = await this.#options.perform(inner);
    if (!result.ok) {
      if (isFault(result)) throw errorOf(result);
      return result;
    }
    const { body, headers } = result;
    const replayed = headers.some(([name]) => name === 'idempotency-replayed');
    return { ok: true, body: body === '' ? {} : (JSON.parse(body as string) as Row), replayed };
  }

  /** What a route reads; refusals are thrown, too. */
  async read(path: string, query?: QueryParameters): Promise<Row> {
    const performed = await this.perform({ method: 'GET', path, query: queryOf(query) });
    if (!performed.ok) throw errorOf(performed);
    return performed.body;
  }

  /** The same; null where there is nothing. */
  async find(path: string): Promise<Row | null> {
    const performed = await this.perform({ method: 'GET', path });
    if (performed.ok) return performed.body;
    if (performed.code === 'not-found') return null;
    throw errorOf(performed);
  }
}

/** Whether it says nothing about what was asked, so that the same may succeed another time. */
function isFault(refused: Problem): boolean {
  const status = problemStatus(refused);
  return status >= 500 || status === 429 || status === 401;
}

/** `extensions` has the code, and when to try again, in milliseconds, where that is known. */
export function errorOf({ code, detail, retryAfterMs }: Problem): GraphQLError {
  const message = detail ?? PROBLEMS[code].title;
  const extensions = { code, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return new GraphQLError(message, { extensions });
}

function queryOf(query: QueryParameters = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null) given.append(name, String(value));
  return given.toString();
}
