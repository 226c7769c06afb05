// The routes of search (Q1, Q3): pages of hits, a whole result as lines, and suggestions. All are
// public; why hits are ordered as they are is for operators.

import { isOperator } from '../../app/caller.ts';
import { PAGE_LIMIT_DEFAULT, SUGGESTIONS_DEFAULT } from '../../contracts/bounds.ts';
import type { ActionParams } from '../../contracts/actions.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { Static } from 'typebox';
import {
  type FoundPage,
  SEARCH_TYPES,
  type SearchFilter,
  type SearchItem,
  SearchItemBody,
  type SearchLag,
  SearchQuery,
  SearchResultBody,
  SuggestQuery,
  Suggestions,
} from '../../contracts/search.ts';
import { success } from '../../domain/refusal.ts';
import { cacheHeaders, SEARCH_LAG, searchLag } from '../cache/cache-headers.ts';
import { cachedBody, cacheKey } from '../cache/cached-reply.ts';
import type { ProductPictures } from '../cache/product-pictures.ts';
import { type PublicReads, TAGS } from '../cache/public-reads.ts';
import { problem, problemBody, type Problem } from '../http/problems.ts';
import {
  type CheckedRequest,
  type HeaderPairs,
  JSON_MEDIA_TYPE,
  jsonReply,
  route,
  type Route,
  type RouteCall,
  type RouteResult,
  NDJSON_MEDIA_TYPE,
  textReply,
} from '../http/route.ts';
import type { StreamSlots } from '../http/stream-slots.ts';
import { searchItemBody, searchResultBody } from '../present.ts';

const ABOUT = {
  method: 'GET',
  tag: 'search',
  access: 'public',
  rateClass: 'searches',
  status: 200,
} as const;
const CACHE = 'public, max-age=1';
const PRIVATE = ['cache-control', 'private, no-store'] as const;

type Query = Static<typeof SearchQuery>;
type Request = CheckedRequest<Query, unknown>;

export interface SearchRoutesOptions {
  readonly reads: PublicReads;
  /** Of whole results, counted by address. */
  readonly slots: StreamSlots;
  readonly pictures: ProductPictures;
}

export function searchRoutes({ slots, reads, pictures }: SearchRoutesOptions): Route[] {
  return [
    route(
      {
        ...ABOUT,
        path: '/v1/search',
        summary:
          'Products, drops and creators by words, the best first: in pages, or with ' +
          '`Accept: application/x-ndjson` all of them, one a line, as of one moment.',
        query: SearchQuery,
        knowsUsers: true,
        response: SearchResultBody,
        otherMediaTypes: { [NDJSON_MEDIA_TYPE]: SearchItemBody },
        refusals: [
          'invalid-request',
          'unauthenticated',
          'forbidden',
          'overloaded',
          'search-unavailable',
        ],
        cache: CACHE,
      },
      async (request) => {
        const refused = await refuseExplanations(request);
        if (refused !== null) return refused;
        const isWhole = wantsLines(request.header('accept'));
        if (isWhole) return await wholeResult(request, slots);
        return request.query.explain === true
          ? await explainedPage(request, pictures)
          : await sharedPage(request, reads, pictures);
      },
    ),
    route(
      {
        ...ABOUT,
        path: '/v1/search/suggest',
        summary: 'Names that complete what was typed, the best first.',
        query: SuggestQuery,
        response: Suggestions,
        refusals: ['invalid-request', 'search-unavailable'],
        cache: CACHE,
      },
      async ({ call, query }) => {
        const { q: text, type, limit = SUGGESTIONS_DEFAULT } = query;
        const types = type === undefined ? {} : { type: SEARCH_TYPES[type] };
        return await cachedSearch(reads, {
          key: cacheKey('/v1/search/suggest', { q: text, type, limit }),
          load: () => call('search.suggest', { text, ...types, limit }),
          present: ({ items }) => ({ items }),
          headers: [],
        });
      },
    ),
  ];
}

/** Only operators may be told why hits are ordered as they are. */
async function refuseExplanations({ query, identify }: Request): Promise<Problem | null> {
  if (query.explain !== true) return null;
  const user = await identify();
  if (!user.ok) return user;
  return isOperator(user) ? null : problem('forbidden', 'explain: is for operators.');
}

async function explainedPage(
  { call, query }: Request,
  pictures: ProductPictures,
): Promise<RouteResult> {
  const found = await foundPage(call, pageOf(query), pictures);
  if (!found.ok) return found;
  const headers = [varies, [SEARCH_LAG, searchLag(found.value.lagMs)] as const, PRIVATE];
  return jsonReply(200, searchResultBody(found.value.result), headers);
}

function sharedPage(
  { call, query }: Request,
  reads: PublicReads,
  pictures: ProductPictures,
): Promise<RouteResult> {
  const asked = pageOf(query);
  const { q, type, status, creator_id, currency, min, max, sort, cursor } = query;
  return cachedSearch(reads, {
    key: cacheKey('/v1/search', {
      q,
      type,
      status,
      creator_id,
      currency,
      min,
      max,
      sort,
      limit: asked.page.limit,
      cursor,
      counts: asked.withCounts ? undefined : 'false',
    }),
    load: () => foundPage(call, asked, pictures),
    present: ({ result }) => searchResultBody(result),
    headers: [varies],
  });
}

/** The hits of products and drops have the pictures of their products. */
async function foundPage(
  call: RouteCall,
  asked: ActionParams<'search.find'>,
  pictures: ProductPictures,
): Promise<Outcome<FoundPage>> {
  const found = await call('search.find', asked);
  if (!found.ok) return found;
  const { lagMs, result } = found.value;
  const productIds = new Set(result.items.flatMap((item) => productIdOf(item) ?? []));
  const shown = await pictures.of(productIds, call);
  const items = result.items.map((item) => {
    const picture = shown.get(productIdOf(item) ?? '');
    return picture === undefined ? item : { ...item, picture };
  });
  return success({ lagMs, result: { ...result, items } });
}

function productIdOf({ type, id, productId }: SearchItem): string | null {
  return type === 'product' ? id : productId;
}

function pageOf(query: Query): ActionParams<'search.find'> {
  const { limit = PAGE_LIMIT_DEFAULT, cursor = null, counts = true, explain = false } = query;
  return {
    filter: filterOf(query),
    page: { limit, cursor },
    withCounts: counts,
    withExplanations: explain,
  };
}

interface CachedSearch<T> {
  readonly key: string;
  readonly load: () => Promise<Outcome<T>>;
  readonly present: (found: T) => object;
  readonly headers: HeaderPairs;
}

/** From the gateway's cache where the same was asked a moment ago. */
async function cachedSearch<T extends SearchLag>(
  reads: PublicReads,
  { key, load, present, headers }: CachedSearch<T>,
): Promise<RouteResult> {
  const about = ({ lagMs }: T) => ({ lagMs });
  const tags = [TAGS.names];
  const read = await cachedBody(reads, { kind: 'searches', key, tags, load, present, about });
  const { outcome, served, ageMs } = read;
  if (!outcome.ok) return outcome;
  const { json, etag, lagMs = null } = outcome.value;
  const reply = textReply(200, JSON_MEDIA_TYPE, json, [
    ...headers,
    ['etag', etag],
    [SEARCH_LAG, searchLag(lagMs, ageMs)],
    ...cacheHeaders(read),
  ]);
  return served === 'hit' ? { ...reply, source: reads.source('searches', key) } : reply;
}

async function wholeResult(
  { call, query, address }: Request,
  slots: StreamSlots,
): Promise<RouteResult> {
  if (query.cursor !== undefined || query.limit !== undefined || query.explain !== undefined)
    return problem('invalid-request', 'A whole result takes no cursor, limit or explain.');
  const slot = slots.take(address);
  if (!slot.ok) return slot;
  let isOpen = false;
  try {
    const opened = await call('search.open', { filter: filterOf(query) });
    if (!opened.ok) return opened;
    isOpen = true;
    const { nodeId, streamId } = opened.value;
    const close = () => {
      slot.release();
      // Where it does not arrive, the node closes what nobody reads.
      call('search.close', { nodeId, streamId }).catch(() => undefined);
    };
    const chunks = lines(call, { nodeId, streamId });
    return {
      ok: true,
      status: 200,
      mediaType: NDJSON_MEDIA_TYPE,
      body: { chunks, isWhole: true, close },
      headers: [varies, ['cache-control', 'no-store'], [SEARCH_LAG, searchLag(opened.value.lagMs)]],
    };
  } finally {
    if (!isOpen) slot.release();
  }
}

/**
 * Where hits are far apart, spaces come before the next line, so that neither the server nor what
 * is between takes the connection for a dead one. What cannot go on ends with its problem as the
 * last line, and breaks off.
 */
async function* lines(
  call: RouteCall,
  opened: { readonly nodeId: string; readonly streamId: string },
): AsyncGenerator<string, void, undefined> {
  for (;;) {
    const read = await call('search.read', opened);
    if (!read.ok) {
      yield `${problemBody(read)}\n`;
      throw new Error(`the rest of a result is ${read.code}`);
    }
    if (read.value === null) return;
    let text = '';
    for (const item of read.value) text += `${JSON.stringify(searchItemBody(item))}\n`;
    yield text === '' ? ' ' : text;
  }
}

function filterOf(query: Query): SearchFilter {
  const { q = '', type, status, creator_id, currency, min, max, sort = 'relevance' } = query;
  return {
    text: q,
    ...(type !== undefined && { type: SEARCH_TYPES[type] }),
    ...(status !== undefined && { status }),
    ...(creator_id !== undefined && { creatorId: creator_id }),
    ...(currency !== undefined && { currency }),
    ...(min !== undefined && { amountMin: min }),
    ...(max !== undefined && { amountMax: max }),
    sort,
  };
}

/** The one address has two forms. */
const varies = ['vary', 'accept'] as const;

/** Whether the lines are named, and not only accepted with everything else. */
function wantsLines(accept: string): boolean {
  return accept
    .split(',')
    .some((range) => range.split(';')[0]!.trim().toLowerCase() === NDJSON_MEDIA_TYPE);
}
