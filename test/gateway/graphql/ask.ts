// A client of GraphQL over the fixture's own HTTP client.

import type { Fixture, RequestOptions, Response } from '../fixture.ts';

/** Sends a document by POST. */
export function ask(
  fixture: Pick<Fixture, 'request'>,
  query: string,
  variables?: object,
  options?: RequestOptions,
): Promise<Response> {
  return fixture.request('POST', '/v1/graphql', { body: { query, variables }, ...options });
}
