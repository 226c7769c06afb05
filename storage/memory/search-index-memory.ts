// The search index in memory, for tests: every document is compared with every query, by the
// definition in `storage/search/match.ts`.

import { SUGGESTIONS_MAX } from '../../contracts/bounds.ts';
import { queryTerms } from '../search/query-terms.ts';
import { highlighted, hitOf } from '../search/highlight.ts';
import { passesFilters } from '../search/filters.ts';
import { SearchCursor } from '../search/search-cursor.ts';
import {
  compareKeys,
  compareMatches,
  type DocumentMatch,
  documentWords,
  explanationOf,
  isWholeName,
  matchDocument,
  TYPO,
} from '../search/match.ts';
import {
  COUNTED_MAX,
  type DocumentFilter,
  FEW_HITS,
  type SearchChange,
  type SearchDocument,
  type SearchFeed,
  type SearchHit,
  type SearchKey,
  type SearchPage,
  type SearchPosition,
  type SearchReader,
  type SearchRebuild,
  type SearchRequest,
  type SearchSize,
  type SearchStream,
  type SearchWriter,
  type StatusCount,
  STREAM_CHUNK_HITS,
  STREAMS_MAX,
  type Suggestion,
} from '../ports/search-index.ts';
import type { SearchFilter } from '../../contracts/search.ts';
import type { SearchType } from '../../contracts/search.ts';

interface Found {
  readonly document: SearchDocument;
  readonly match: DocumentMatch;
}

const STATUSES = ['upcoming', 'live', 'ended', 'cancelled'] as const;

class MemoryFeed implements SearchFeed {
  documents = new Map<string, SearchDocument>();
  positions = new Map<string, SearchPosition>();

  async apply({ upserts = [], deletes = [], positions = [] }: SearchChange): Promise<void> {
    for (const document of upserts) this.documents.set(nameOf(document), document);
    for (const key of deletes) this.documents.delete(nameOf(key));
    for (const position of positions)
      this.positions.set(`${position.name} ${position.part}`, position);
  }

  async position(name: string, part: number): Promise<number> {
    return this.positions.get(`${name} ${part}`)?.sequence ?? 0;
  }

  async find(keys: readonly SearchKey[]): Promise<readonly (SearchDocument | null)[]> {
    return keys.map((key) => this.documents.get(nameOf(key)) ?? null);
  }

  async list(
    filter: DocumentFilter,
    after: SearchKey | null,
    limit: number,
  ): Promise<readonly SearchDocument[]> {
    return [...this.documents.values()]
      .filter((document) => passesFilter(document, filter))
      .filter((document) => after === null || compareKeys(document, after) > 0)
      .sort(compareKeys)
      .slice(0, limit);
  }
}

export class MemorySearchIndex implements SearchReader, SearchWriter {
  readonly #feed = new MemoryFeed();
  #rebuilt: MemoryFeed | null = null;
  #streams = 0;

  get feed(): SearchFeed {
    return this.#feed;
  }

  async search(request: SearchRequest): Promise<SearchPage> {
    const { page, withCounts = false, withExplanations = false } = request;
    const cursor = new SearchCursor(request);
    const from = cursor.decode(page.cursor)?.[0] ?? 0;
    const found = this.#find(request);
    const shown = found.slice(from, from + page.limit);
    const next = from + shown.length;
    return {
      hits: shown.map((one) => hit(request, one, withExplanations)),
      nextCursor: next < found.length ? cursor.encode([next]) : null,
      counts: withCounts ? this.#counts(request) : null,
      corrections: correctionsOf(found),
      work: null,
    };
  }

  async suggest(
    text: string,
    type: SearchType | null,
    limit: number,
  ): Promise<readonly Suggestion[]> {
    const terms = queryTerms(text);
    const most = Math.min(limit, SUGGESTIONS_MAX);
    const names = new Set<string>();
    const suggestions: Suggestion[] = [];
    if (terms.length === 0) return [];
    for (const { document, match } of this.#find({
      text,
      type: type ?? undefined,
      sort: 'relevance',
    })) {
      const { name, id } = document;
      if (match.field > 0 || names.has(name) || suggestions.length === most) continue;
      names.add(name);
      suggestions.push({ type: document.type, id, name: highlighted(name, terms) });
    }
    return suggestions;
  }

  async stream(query: SearchFilter): Promise<SearchStream | null> {
    if (this.#streams >= STREAMS_MAX) return null;
    this.#streams += 1;
    const found = this.#find(query);
    let isOpen = true;
    const close = async () => {
      if (isOpen) this.#streams -= 1;
      isOpen = false;
    };
    return {
      next: async () => {
        const chunk = found.splice(0, STREAM_CHUNK_HITS);
        if (chunk.length > 0) return chunk.map((one) => hit(query, one, false));
        await close();
        return null;
      },
      close,
    };
  }

  async size(): Promise<SearchSize> {
    return sizeOf(this.#feed);
  }

  async rebuild(): Promise<SearchRebuild & { readonly isResumed: boolean }> {
    const isResumed = this.#rebuilt !== null;
    const feed = (this.#rebuilt ??= new MemoryFeed());
    return {
      isResumed,
      feed,
      size: async () => sizeOf(feed),
      finish: async () => false,
      swapIn: async () => {
        this.#feed.documents = feed.documents;
        this.#feed.positions = feed.positions;
        this.#rebuilt = null;
      },
      abandon: async () => {
        this.#rebuilt = null;
      },
    };
  }

  async isRebuilding(): Promise<boolean> {
    return this.#rebuilt !== null;
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  #find(query: SearchFilter): Found[] {
    const terms = queryTerms(query.text);
    const found: Found[] = [];
    for (const document of this.#feed.documents.values()) {
      if (!document.listed || !passesFilters(document, query)) continue;
      const match = matchDocument(terms, documentWords(document), TYPO);
      if (match === null) continue;
      found.push({
        document,
        match: {
          ...match,
          isWholeName: match.grade === 0 && isWholeName(document.name, query.text),
        },
      });
    }
    const withoutTypo = found.filter(({ match }) => match.grade < TYPO);
    const hits = withoutTypo.length < FEW_HITS ? found : withoutTypo;
    return hits.sort((a, b) => compare(query, a, b));
  }

  #counts(query: SearchFilter): StatusCount[] {
    const found = this.#find({ ...query, status: undefined });
    return STATUSES.flatMap((status) => {
      const count = found.filter(({ document }) => document.status === status).length;
      if (count === 0) return [];
      return [{ status, count: Math.min(count, COUNTED_MAX), isExact: count <= COUNTED_MAX }];
    });
  }
}

function nameOf({ type, id }: SearchKey): string {
  return `${type} ${id}`;
}

function sizeOf({ documents }: MemoryFeed): SearchSize {
  const words = new Set<string>();
  let listed = 0;
  for (const document of documents.values()) {
    if (document.listed) listed += 1;
    for (const field of documentWords(document))
      for (const { text } of field.words) words.add(text);
  }
  return { listed, stored: documents.size, words: words.size, bytes: 0 };
}

function passesFilter(document: SearchDocument, filter: DocumentFilter): boolean {
  if (filter.of === 'creator') return document.creatorId === filter.creatorId;
  if (filter.of === 'product') return document.productId === filter.productId;
  if (document.type !== filter.type) return false;
  return filter.of === 'type' || document.source === filter.source;
}

function compare({ sort }: SearchFilter, a: Found, b: Found): number {
  if (sort === 'relevance') return compareMatches(a.match, a.document, b.match, b.document);
  let order = b.document.createdAt - a.document.createdAt;
  if (sort === 'starting') order = a.document.startsAt! - b.document.startsAt!;
  if (sort === 'price') order = a.document.amount! - b.document.amount!;
  return order || compareKeys(a.document, b.document);
}

function hit(query: SearchFilter, { document, match }: Found, withExplanation: boolean): SearchHit {
  return {
    ...hitOf(document, queryTerms(query.text)),
    explanation: withExplanation ? explanationOf(match, document) : null,
  };
}

function correctionsOf(found: readonly Found[]): { word: string; found: string }[] {
  const corrections = new Map<string, string>();
  for (const { match } of found) {
    for (const { word, found: word2, grade } of match.words)
      if (grade === 'typo' && !corrections.has(word)) corrections.set(word, word2);
  }
  return Array.from(corrections, ([word, correction]) => ({ word, found: correction }));
}
