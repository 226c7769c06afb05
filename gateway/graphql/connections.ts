// Connections (Relay Cursor Connections) over pages of REST. A page has a cursor at its end only;
// the cursor of an edge inside is that of the page's start with the number of edges behind it.

import type { TObject } from 'typebox';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../../contracts/bounds.ts';
import { PageQuery } from '../../contracts/paging.ts';
import type { Builder, ObjectRef, Row } from './builder.ts';
import type { Context, QueryParameters } from './context.ts';
import type { Parts } from './parts.ts';
import { describe } from './shapes.ts';

export interface ConnectionArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

type ArgMaker = Parameters<Parameters<Builder['queryFields']>[0]>[0]['arg'];

/** Pages go forward: lists of the product have no way back. */
export function pageArgs(arg: ArgMaker) {
  return {
    first: arg.int({ description: describe(PageQuery.properties.limit) }),
    after: arg.string({ description: 'a cursor of the page before' }),
  };
}

/** The type of the connections to a type. `shape`: of the route's answer, where it has more. */
export function connectionType(
  { builder, shapes }: Pick<Parts, 'builder' | 'shapes'>,
  type: ObjectRef,
  shape?: TObject,
) {
  const { name } = type;
  return builder.connectionObject(
    {
      type,
      name: `${name}Connection`,
      ...(shape !== undefined && {
        fields: (t) => shapes.fieldsOf(t, shape, ['items', 'nextCursor']),
      }),
    },
    { name: `${name}Edge` },
  );
}

interface Edge {
  readonly cursor: string;
  readonly node: Row;
}

/** With whatever else the route's answer has beside its items. */
interface Connection extends Row {
  readonly edges: readonly Edge[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
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
  const { items: all, nextCursor: next, ...rest } = page;
  const items = (all as readonly Row[]).slice(skipped);
  const nextCursor = next as string | null;
  const edges = items.map((node, index) => {
    const isLast = index === items.length - 1 && nextCursor !== null;
    return { cursor: isLast ? nextCursor : `${start}~${skipped + index + 1}`, node };
  });
  return {
    ...rest,
    edges,
    pageInfo: {
      hasNextPage: nextCursor !== null,
      hasPreviousPage: after !== undefined && after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
