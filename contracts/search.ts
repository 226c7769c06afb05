// Search (Q1 to Q5): what can be asked of the index of products, drops and creators.

import { Type } from 'typebox';
import {
  SEARCH_TEXT_LENGTH_MAX,
  SUGGESTIONS_DEFAULT,
  SUGGESTIONS_MAX,
  UNIT_AMOUNT_MAX,
} from './bounds.ts';
import { DropStatus } from './drops.ts';
import { Picture } from './media.ts';
import { list, paging } from './paging.ts';
import type { Plain } from './plain.ts';
import { count, currencyCode, id, STRICT, textOrNull, time, userId } from './scalars.ts';
import { absentIfNull, wire } from './wire.ts';

export const SearchType = Type.Union([
  Type.Literal('product'),
  Type.Literal('drop'),
  Type.Literal('creator'),
]);
export type SearchType = Plain<typeof SearchType>;

/**
 * `relevance`: the best first. `newest`: created last first. `starting`: the earliest start first.
 * `price`: the lowest first.
 */
export const SearchSort = Type.Union([
  Type.Literal('relevance'),
  Type.Literal('newest'),
  Type.Literal('starting'),
  Type.Literal('price'),
]);
export type SearchSort = Plain<typeof SearchSort>;

/** What clients call the types. */
export const SEARCH_TYPES = { products: 'product', drops: 'drop', creators: 'creator' } as const;

/** A piece of a text: whether it matches. The pieces together are the text. */
const TextPart = Type.Object({ text: Type.String(), match: Type.Boolean() });
const parts = Type.Array(TextPart);

const MatchGrade = Type.Enum(['exact', 'prefix', 'within', 'typo'], { type: 'string' });
const MatchField = Type.Enum(['name', 'creator', 'description'], { type: 'string' });

/** Why a hit stands where it stands: what is compared first comes first. For operators. */
const Explanation = Type.Object(
  {
    grade: MatchGrade,
    isWholeName: Type.Boolean(),
    field: MatchField,
    isPhrase: Type.Boolean(),
    popularityClass: Type.Integer(),
    nameWords: count,
    popularity: Type.Number(),
    startsAt: Type.Union([time, Type.Null()]),
    words: Type.Array(
      Type.Object({
        word: Type.String(),
        found: Type.String(),
        grade: MatchGrade,
        field: MatchField,
      }),
    ),
  },
  { title: 'SearchExplanation' },
);

export const SearchItem = Type.Object(
  {
    type: SearchType,
    id: Type.String(),
    /** Of a drop, its product's. */
    name: Type.String(),
    creatorId: userId,
    /** Empty where the creator has no account here. */
    creatorName: Type.String(),
    productId: absentIfNull(id),
    /** Of a drop: the present one. */
    status: absentIfNull(DropStatus),
    /** In the currency's minor unit. */
    unitAmount: absentIfNull(count),
    currency: absentIfNull(currencyCode),
    startsAt: absentIfNull(time),
    createdAt: time,
    highlights: Type.Object({ name: parts, creatorName: parts, description: parts }),
    explanation: absentIfNull(Explanation),
    /**
     * Of products and drops, where everybody may see it. Gateways add it to pages; whole results
     * have none.
     */
    picture: Type.Optional(Picture),
  },
  { title: 'SearchItem' },
);
export type SearchItem = Plain<typeof SearchItem>;

export const SearchResult = Type.Object(
  {
    items: Type.Array(SearchItem),
    nextCursor: textOrNull,
    /** Of all hits but for the filter `status`; a status without hits is left out. */
    counts: absentIfNull(
      Type.Array(
        Type.Object({
          status: DropStatus,
          count,
          /** False: there are at least as many. */
          isExact: Type.Boolean(),
        }),
      ),
    ),
    /** Words that were looked for in place of mistyped ones. */
    corrections: Type.Array(Type.Object({ word: Type.String(), found: Type.String() })),
  },
  { title: 'SearchResult' },
);
export type SearchResult = Plain<typeof SearchResult>;

export const Suggestions = Type.Object(
  { items: Type.Array(Type.Object({ type: SearchType, id: Type.String(), name: parts })) },
  { title: 'Suggestions' },
);
export type Suggestions = Plain<typeof Suggestions>;

/** How a node's index stands. */
export const SearchNodeStatus = Type.Object({
  /** True: it was never complete, and finds a part. */
  isBuilding: Type.Boolean(),
  /** For how long the oldest change that is not in it has waited. */
  lagMs: count,
  /** Changes of accounts, products, drops and follows that are not in it. */
  recordsBehind: count,
  /** That can be found. */
  documents: count,
  words: count,
  bytes: count,
  /** Under way; null: none. */
  rebuild: Type.Union([Type.Object({ startedAt: time, documents: count }), Type.Null()]),
  /** That have ended since the process began. */
  rebuilds: count,
  /** Documents compared with their truth since then, and those that differed (L3). */
  compared: Type.Optional(count),
  mended: Type.Optional(count),
});
export type SearchNodeStatus = Plain<typeof SearchNodeStatus>;

export const SearchNode = Type.Object(
  {
    node: Type.String(),
    /** Null: it does not answer, or its index is not open. */
    index: Type.Union([SearchNodeStatus, Type.Null()]),
  },
  { title: 'SearchNode' },
);
export type SearchNode = Plain<typeof SearchNode>;

/** What is asked, as services and indexes take it. */
export interface SearchFilter {
  /** As typed. Without a word in it, all documents that pass the filters are hits. */
  readonly text: string;
  readonly type?: SearchType | undefined;
  readonly status?: DropStatus | undefined;
  readonly creatorId?: string | undefined;
  readonly currency?: string | undefined;
  /** Bounds of `amount`, both inclusive. What has no price is not within. */
  readonly amountMin?: number | undefined;
  readonly amountMax?: number | undefined;
  /**
   * Under `starting` what starts nowhere, and under `price` what has no price, is no hit. Other
   * sorts than `relevance` compare across grades.
   */
  readonly sort: SearchSort;
}

/** How old is what a node finds. */
export interface SearchLag {
  /** Null: the index was never complete. */
  readonly lagMs: number | null;
}

export interface FoundPage extends SearchLag {
  readonly result: SearchResult;
}

export interface Suggested extends SearchLag {
  readonly items: Suggestions['items'];
}

/** A whole result as of one moment, which the node that has it gives in chunks. */
export interface OpenedResult extends SearchLag {
  readonly nodeId: string;
  readonly streamId: string;
}

// On the wire

const text = Type.String({
  maxLength: SEARCH_TEXT_LENGTH_MAX,
  description: 'words, the last of which may not be finished; without a word: all',
});
const typeName = Type.Enum(Object.keys(SEARCH_TYPES) as (keyof typeof SEARCH_TYPES)[], {
  type: 'string',
});
const amount = Type.Integer({ minimum: 0, maximum: UNIT_AMOUNT_MAX });

export const SearchQuery = Type.Object(
  {
    q: Type.Optional(text),
    type: Type.Optional(typeName),
    status: Type.Optional({ ...DropStatus, description: 'drops only' }),
    creator_id: Type.Optional(userId),
    currency: Type.Optional(Type.String({ pattern: '^[A-Z]{3}$', description: 'drops only' })),
    min: Type.Optional({ ...amount, description: 'in the minor unit; together with currency' }),
    max: Type.Optional({ ...amount, description: 'in the minor unit; together with currency' }),
    sort: Type.Optional({ ...SearchSort, default: 'relevance' }),
    counts: Type.Optional(Type.Boolean({ description: 'false: no counts by status' })),
    explain: Type.Optional(Type.Boolean({ description: 'for operators: why hits are so ordered' })),
    ...paging,
  },
  STRICT,
);
export const SuggestQuery = Type.Object(
  {
    q: { ...text, minLength: 1 },
    type: Type.Optional(typeName),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: SUGGESTIONS_MAX, default: SUGGESTIONS_DEFAULT }),
    ),
  },
  STRICT,
);
export const SearchItemBody = wire(SearchItem);
export const SearchResultBody = wire(SearchResult);
export const SearchNodeList = list(wire(SearchNode), 'SearchNodeList');
