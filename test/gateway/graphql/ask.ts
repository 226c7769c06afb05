// A client of GraphQL over the fixture's own HTTP client.

import type { Fixture, RequestOptions, Response } from '../fixture.ts';

export interface Answer extends Response {
  readonly data: Record<string, unknown>;
  /** The codes of the errors. */
  readonly codes: readonly unknown[];
}

/** Sends a document by POST. */
export async function ask(
  fixture: Pick<Fixture, 'request'>,
  query: string,
  variables?: object,
  options?: RequestOptions,
): Promise<Answer> {
  const body = { query, variables };
  const response = await fixture.request('POST', '/v1/graphql', { body, ...options });
  const { data, errors = [] } = response.json as {
    data: Record<string, unknown>;
    errors?: { extensions?: { code?: unknown } }[];
  };
  return { ...response, data, codes: errors.map(({ extensions }) => extensions?.code) };
}
