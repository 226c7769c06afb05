// Searches one state of a search index: pages, counts, suggestions.
//
// A page by relevance goes through the tiers of the query (`storage/search/search-plan.ts`), and
// through each in windows: the next documents in the order of their places are read, compared as
// the memory driver compares all documents, and sorted. A cursor names the window and how far into
// it the page went, so a page costs the same at any depth. What a window reads depends only on
// where it begins, so every page that begins in it sees the same.

import { SUGGESTIONS_MAX } from '../../../contracts/bounds.ts';
import type { Database } from 'better-sqlite3';
import type { SearchType } from '../../../contracts/search.ts';
import {
  COUNTED_MAX,
  FEW_HITS,
  type SearchHit,
  type SearchPage,
  type SearchRequest,
  type StatusCount,
  type Suggestion,
} from '../../ports/search-index.ts';
import type { SearchFilter } from '../../../contracts/search.ts';
import { highlighted, hitOf } from '../../search/highlight.ts';
import { all, token } from '../../search/expression.ts';
import { STATUS_CODES, statusToken } from '../../search/index-tokens.ts';
import { EXACT, explanationOf, textCost, TYPO, WITHIN } from '../../search/match.ts';
import { queryTerms } from '../../search/query-terms.ts';
import { SearchCursor } from '../../search/search-cursor.ts';
import { SearchPlan, TIER_COUNT } from '../../search/search-plan.ts';
import { type Budget, MatchReader } from './match-reader.ts';
import { type RankedDocument, RankedWindows, WINDOW } from './ranked-windows.ts';
import { SortedMatches } from './sorted-matches.ts';
import { VocabularyReader } from './vocabulary-reader.ts';

/** Of one page, which begins a further window only where all that a window may take is left. */
const PAGE: Budget = { postings: 196_608, documents: 512, text: 128_000 };
/** Suggestions show few names and are asked for at each letter. */
const SUGGESTIONS: Budget = { postings: 65_536, documents: 256, text: 64_000 };
/** In place of a tier in a cursor: all hits are one window. */
const FEW = TIER_COUNT;
const COUNTS_POSTINGS = 131_072;
const FEW_POSTINGS = 65_536;

export class Searcher {
  readonly #matches: MatchReader;
  readonly #vocabulary: VocabularyReader;
  readonly #windows: RankedWindows;
  readonly #sorted: SortedMatches;

  constructor(database: Database) {
    this.#matches = new MatchReader(database);
    this.#vocabulary = new VocabularyReader(database, this.#matches);
    this.#windows = new RankedWindows(database, this.#matches);
    this.#sorted = new SortedMatches(database, this.#matches);
  }

  /** Without counts. Inside of a transaction, as everything here. */
  page(request: SearchRequest): SearchPage {
    const { page, sort, withExplanations = false } = request;
    const cpu = withExplanations ? process.threadCpuUsage() : null;
    this.#matches.takeWork();
    const plan = this.#plan(request);
    const cursor = new SearchCursor(request);
    const from = cursor.decode(page.cursor);
    const found =
      sort === 'relevance'
        ? this.#byRelevance(request, plan, from, page.limit, { ...PAGE })
        : this.#sorted.page(request, plan, this.#gradeMax(plan), from, page.limit);
    const hits = found.documents.map(
      ({ document, match }): SearchHit => ({
        ...hitOf(document, plan.terms),
        explanation: withExplanations ? explanationOf(match, document) : null,
      }),
    );
    return {
      hits,
      nextCursor: found.next === null ? null : cursor.encode(found.next),
      counts: null,
      corrections: correctionsOf(found.documents),
      work: cpu === null ? null : { ...this.#matches.takeWork(), cpuMicros: microsSince(cpu) },
    };
  }

  /** In a call of its own, so that neither holds the thread for long. */
  counts(request: SearchFilter): StatusCount[] {
    const plan = this.#plan({ ...request, status: undefined });
    const matching = plan.union(this.#gradeMax(plan));
    const isVerified = request.amountMin !== undefined || request.amountMax !== undefined;
    const counts: StatusCount[] = [];
    for (const status of STATUS_CODES) {
      const name = statusToken(status);
      const filter = token(name, this.#matches.documentsWith(name));
      const expression = matching === null ? filter : all([matching, filter]);
      const budget: Budget = {
        postings: COUNTS_POSTINGS / STATUS_CODES.length,
        documents: 0,
        text: 0,
      };
      const found = this.#matches.count(expression, COUNTED_MAX + 1, budget);
      if (found.count === 0 && found.isExact) continue;
      const isExact = found.isExact && found.count <= COUNTED_MAX && !isVerified;
      counts.push({ status, count: Math.min(found.count, COUNTED_MAX), isExact });
    }
    return counts;
  }

  suggest(text: string, type: SearchType | null, limit: number): Suggestion[] {
    const query: SearchFilter = { text, type: type ?? undefined, sort: 'relevance' };
    const plan = this.#plan(query);
    if (plan.terms.length === 0) return [];
    const names = new Map<string, Suggestion>();
    const most = Math.min(limit, SUGGESTIONS_MAX);
    // More than asked for: drops have the names of their products.
    const { documents } = this.#byRelevance(query, plan, null, 4 * most, { ...SUGGESTIONS });
    for (const { document, match } of documents) {
      const { name, id } = document;
      if (match.field > 0 || names.has(name) || names.size === most) continue;
      names.set(name, { type: document.type, id, name: highlighted(name, plan.terms) });
    }
    return [...names.values()];
  }

  #plan(query: SearchFilter): SearchPlan {
    this.#matches.refresh();
    const terms = queryTerms(query.text);
    this.#vocabulary.begin(terms.length);
    return new SearchPlan(query, terms, this.#vocabulary);
  }

  #byRelevance(
    query: SearchFilter,
    plan: SearchPlan,
    from: readonly number[] | null,
    limit: number,
    budget: Budget,
  ): { documents: RankedDocument[]; next: number[] | null } {
    const [firstTier = 0, firstStart = 0, firstSkip = 0] = from ?? [];
    // What was few may be many by now: then the pages begin anew.
    const few =
      firstTier === FEW || from === null ? this.#windows.readFew(query, plan, budget) : null;
    if (few !== null) {
      const shown = this.#shown(few, firstSkip, limit, plan, budget);
      const end = firstSkip + shown.length;
      return {
        documents: shown,
        next: end < few.length ? [FEW, 0, end] : null,
      };
    }
    const documents: RankedDocument[] = [];
    let gradeMax: number | null = null;
    let start: number | null = firstStart;
    let skip = firstSkip;
    let windows = 0;
    for (let number = firstTier % FEW; number < TIER_COUNT; number++) {
      if (plan.isTypo(number) && (gradeMax ??= this.#gradeMax(plan)) < TYPO) break;
      const tier = plan.tier(number);
      if (tier === null) start = null;
      while (start !== null) {
        // The first one is read whatever is left, so that a page goes on.
        if (windows > 0 && !hasRoomForWindow(budget))
          return { documents, next: [number, start, skip] };
        windows += 1;
        const window = this.#windows.read(query, plan.terms, tier!, start, budget);
        const taken = this.#shown(window.documents, skip, limit - documents.length, plan, budget);
        documents.push(...taken);
        skip += taken.length;
        if (skip < window.documents.length) return { documents, next: [number, start, skip] };
        start = window.next;
        skip = 0;
      }
      start = 0;
      skip = 0;
    }
    return { documents, next: null };
  }

  /**
   * At most `limit` of what was found, and at least one, where `budget` has text left: what is
   * marked in a hit is looked for in all of it.
   */
  #shown(
    found: readonly RankedDocument[],
    from: number,
    limit: number,
    plan: SearchPlan,
    budget: Budget,
  ): RankedDocument[] {
    let end = from;
    while (end < Math.min(found.length, from + limit) && (end === from || budget.text > 0)) {
      this.#matches.spendText(budget, textCost(found[end]!.document, plan.terms.length));
      end += 1;
    }
    return found.slice(from, end);
  }

  /** The worst grade that the query has hits of: typos only where little else is found. */
  #gradeMax(plan: SearchPlan): number {
    if (plan.terms.length === 0) return EXACT;
    const without = plan.union(WITHIN);
    if (!plan.hasTypos) return WITHIN;
    const budget: Budget = { postings: FEW_POSTINGS, documents: 0, text: 0 };
    const { count, isExact } = this.#matches.count(without, FEW_HITS, budget);
    return count < FEW_HITS && isExact ? TYPO : WITHIN;
  }
}

function microsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

function hasRoomForWindow({ postings, documents, text }: Budget): boolean {
  return postings >= WINDOW.postings && documents >= WINDOW.documents && text >= WINDOW.text;
}

function correctionsOf(documents: readonly RankedDocument[]): { word: string; found: string }[] {
  const corrections = new Map<string, string>();
  for (const { match } of documents) {
    for (const { word, found, grade } of match.words)
      if (grade === 'typo' && !corrections.has(word)) corrections.set(word, found);
  }
  return Array.from(corrections, ([word, found]) => ({ word, found }));
}
