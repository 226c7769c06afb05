// Connections (Relay Cursor Connections) over pages of REST. A page has a cursor at its end only;
// the cursor of an edge inside is that of the page's start with the number of edges behind it.

import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../../contracts/bounds.ts';
import type { Row } from './builder.ts';
import type { Context, QueryParameters } from './context.ts';

export interface ConnectionArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

export interface Edge {
  readonly cursor: string;
  readonly node: Row;
}

export interface Connection {
  readonly edges: readonly Edge[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  /** The whole answer of the route, for what a list has besides. */
  readonly page: Row;
}

const INSIDE = /^(.*)~([0-9]{1,3})$/;

/** Reads a page of a list at `path`. A `first` that is out of bounds the route refuses. */
export async function connectionOf(
  context: Context,
  path: string,
  { first, after }: ConnectionArgs,
  filter: QueryParameters = {},
): Promise<Connection> {
  const [, start = after ?? '', skippedText = '0'] = INSIDE.exec(after ?? '') ?? [];
  const skipped = Number(skippedText);
  const wanted = first ?? PAGE_LIMIT_DEFAULT;
  const limit = skipped === 0 ? wanted : Math.min(skipped + wanted, PAGE_LIMIT_MAX);
  const cursor = start === '' ? undefined : start;
  const page = await context.read(path, { ...filter, limit, cursor });
  const items = (page['items'] as readonly Row[]).slice(skipped);
  const nextCursor = page['nextCursor'] as string | null;
  const edges = items.map((node, index) => {
    const isLast = index === items.length - 1 && nextCursor !== null;
    return { cursor: isLast ? nextCursor : `${start}~${skipped + index + 1}`, node };
  });
  return {
    edges,
    pageInfo: {
      hasNextPage: nextCursor !== null,
      hasPreviousPage: after !== undefined && after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    page,
  };
}
