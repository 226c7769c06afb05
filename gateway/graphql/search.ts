// Search and suggestions.

import {
  SearchQuery,
  SearchResultBody,
  SuggestQuery,
  Suggestions,
} from '../../contracts/search.ts';
import { brandWithType } from '@pothos/core';
import { idOf, type Row } from './builder.ts';
import { optionalId } from './catalogue.ts';
import { connectionOf, connectionType, pageArgs } from './connections.ts';
import { COSTS, costOfList } from './costs.ts';
import type { Context } from './context.ts';
import type { Parts } from './parts.ts';
import { describe } from './shapes.ts';

const REST = { access: 'public', rateClass: 'searches' } as const;
const NODES = { product: 'Product', drop: 'Drop', creator: 'User' } as const;

const HIT = SearchResultBody.properties.items.items;
const HIGHLIGHTS = HIT.properties.highlights.properties;

export function addSearch(parts: Parts): void {
  const { builder, shapes } = parts;
  const textPart = shapes.objectOf(HIGHLIGHTS.name.items, 'TextPart');
  const highlights = builder.objectRef<Row>('Highlights').implement({
    description: 'Texts in pieces that together are the text.',
    fields: (t) => {
      const names = Object.keys(HIGHLIGHTS);
      const fields = names.map((name) => {
        const resolve = (row: Row) => row[name] as readonly Row[];
        return [name, t.field({ type: [textPart], resolve })] as const;
      });
      return Object.fromEntries(fields);
    },
  });
  const hit = shapes.extend(
    'SearchHit',
    HIT,
    ['id', 'creatorId', 'productId', 'explanation', 'highlights'],
    (t) => ({
      restId: t.string({ resolve: idOf }),
      highlights: t.field({ type: highlights, resolve: (row) => row['highlights'] as Row }),
      node: t.field({
        type: builder.nodeInterfaceRef(),
        nullable: true,
        complexity: COSTS.loaded,
        description: 'The product, the drop or the user; null where it is gone by now.',
        resolve: nodeOf,
      }),
    }),
  );
  const suggestion = shapes.extend(
    'Suggestion',
    Suggestions.properties.items.items,
    ['id', 'name'],
    (t) => ({
      restId: t.string({ resolve: idOf }),
      name: t.field({ type: [textPart], resolve: (row) => row['name'] as readonly Row[] }),
    }),
  );
  const hits = connectionType(parts, hit, SearchResultBody);
  const { q, type, status, currency, sort } = SearchQuery.properties;
  builder.queryFields((t) => ({
    search: t.field({
      type: hits,
      nullable: true,
      complexity: costOfList,
      description: 'Products, drops and creators by words, the best first.',
      extensions: { rest: REST },
      args: {
        ...pageArgs(t.arg),
        q: t.arg.string({ description: describe(q) }),
        type: t.arg({ type: shapes.enumOf(type) }),
        status: t.arg({ type: shapes.enumOf(status), description: describe(status) }),
        creatorId: t.arg.id(),
        currency: t.arg.string({ description: describe(currency) }),
        min: t.arg({ type: 'MinorUnits', description: 'together with currency' }),
        max: t.arg({ type: 'MinorUnits', description: 'together with currency' }),
        sort: t.arg({ type: shapes.enumOf(sort), description: describe(sort) }),
        counts: t.arg.boolean({ description: describe(SearchQuery.properties.counts) }),
      },
      resolve: (_, { first, after, creatorId, ...filter }, context) =>
        connectionOf(
          context,
          '/v1/search',
          { first, after },
          { ...filter, creator_id: optionalId('User', creatorId) },
        ),
    }),
    suggest: t.field({
      type: [suggestion],
      nullable: true,
      complexity: { field: COSTS.read, multiplier: 1 },
      description: 'Names that complete what was typed, the best first.',
      extensions: { rest: REST },
      args: {
        q: t.arg.string({ required: true, description: describe(SuggestQuery.properties.q) }),
        type: t.arg({ type: shapes.enumOf(SuggestQuery.properties.type) }),
        limit: t.arg.int({ description: describe(SuggestQuery.properties.limit) }),
      },
      resolve: async (_, args, context) =>
        (await context.read('/v1/search/suggest', args))['items'] as readonly Row[],
    }),
  }));
}

async function nodeOf(
  { type, id }: Row,
  _: object,
  { products, drops, users }: Context,
): Promise<object | null> {
  const name = NODES[type as keyof typeof NODES];
  const loaders = { Product: products, Drop: drops, User: users } as const;
  const row = await loaders[name].load(String(id));
  if (row !== null) brandWithType(row, name as never);
  return row;
}
