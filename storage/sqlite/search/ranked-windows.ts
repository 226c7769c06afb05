// The windows of a tier: the next documents in the order of their places, compared and sorted.

import type { Database } from 'better-sqlite3';
import { FEW_HITS, type SearchDocument } from '../../ports/search-index.ts';
import type { SearchFilter } from '../../../contracts/search.ts';
import { passesFilters } from '../../search/filters.ts';
import {
  compareMatches,
  type DocumentMatch,
  documentWords,
  EXACT,
  isWholeName,
  matchDocument,
  textCost,
  TYPO,
} from '../../search/match.ts';
import type { QueryTerm } from '../../search/query-terms.ts';
import type { SearchPlan, Tier } from '../../search/search-plan.ts';
import type { Budget, MatchReader } from './match-reader.ts';
import { type DocumentRow, documentOf } from './search-schema.ts';

export interface RankedDocument {
  readonly document: SearchDocument;
  readonly match: DocumentMatch;
}

/**
 * Of one window, so that what it has depends on nothing else. The document whose text (`textCost`)
 * passes the bound is in.
 */
export const WINDOW: Readonly<Budget> = { postings: 65_536, documents: 256, text: 48_000 };
/** Of all hits that are compared together. */
const FEW_TEXT_MAX = 96_000;

export class RankedWindows {
  readonly #matches: MatchReader;
  readonly #document;

  constructor(database: Database, matches: MatchReader) {
    this.#matches = matches;
    this.#document = database.prepare<[number], DocumentRow>(
      'select * from documents where place = ?',
    );
  }

  /**
   * All hits, sorted, where they are among few documents: all of these are compared, as the memory
   * driver compares all. Null where they are not few, or have too much text.
   */
  readFew(query: SearchFilter, plan: SearchPlan, budget: Budget): RankedDocument[] | null {
    const rarest = plan.terms.length === 0 ? null : plan.rarest(TYPO);
    if (rarest === null || rarest.documentsMax > WINDOW.documents) return null;
    // All that may match, since a search for what does match may end before it has all.
    const found = this.#matches.read(rarest.cover, 0, WINDOW.documents + 1, { ...budget });
    const documents: RankedDocument[] = [];
    const textLeft = budget.text - FEW_TEXT_MAX;
    for (const place of found.places) {
      this.#matches.spendDocument(budget);
      const document = documentOf(this.#document.get(place)!);
      this.#matches.spendText(budget, textCost(document, plan.terms.length));
      if (budget.text < textLeft) return null;
      if (!passesFilters(document, query)) continue;
      const match = matchDocument(plan.terms, documentWords(document), TYPO);
      if (match === null) continue;
      const isWhole = match.grade === EXACT && isWholeName(document.name, query.text);
      documents.push({ document, match: { ...match, isWholeName: isWhole } });
    }
    const withoutTypo = documents.filter(({ match }) => match.grade < TYPO);
    return sorted(withoutTypo.length < FEW_HITS ? documents : withoutTypo);
  }

  /** Takes what it costs from the budget of the page. */
  read(
    query: SearchFilter,
    terms: readonly QueryTerm[],
    tier: Tier,
    start: number,
    budget: Budget,
  ): { documents: RankedDocument[]; next: number | null } {
    const own: Budget = { postings: WINDOW.postings, documents: 0, text: WINDOW.text };
    const found = this.#matches.read(tier.expression, start, WINDOW.documents, own);
    budget.postings -= WINDOW.postings - own.postings;
    const documents: RankedDocument[] = [];
    for (const [index, place] of found.places.entries()) {
      this.#matches.spendDocument(budget);
      const document = documentOf(this.#document.get(place)!);
      const match = this.#match(query, terms, tier, document);
      if (match !== null) documents.push({ document, match });
      const cost = textCost(document, terms.length, tier.field);
      this.#matches.spendText(own, cost);
      budget.text -= cost;
      if (own.text > 0 || index + 1 === found.places.length) continue;
      return { documents: sorted(documents), next: place + 1 };
    }
    return { documents: sorted(documents), next: found.next };
  }

  /** Null where the tokens only seemed to match. */
  #match(
    query: SearchFilter,
    terms: readonly QueryTerm[],
    tier: Tier,
    document: SearchDocument,
  ): DocumentMatch | null {
    // Price tokens let through a little more, and creators and currencies are hashes.
    if (!passesFilters(document, query)) return null;
    const match = matchDocument(terms, documentWords(document, tier.field), tier.grade);
    if (match === null) return null;
    const isBefore = match.grade < tier.grade || match.field < tier.fieldMin;
    if (tier.isLoose && isBefore) return null;
    const mayBeWhole = tier.isWholeName || (tier.isLoose && tier.grade === EXACT);
    const isWhole = mayBeWhole && isWholeName(document.name, query.text);
    if (isWhole !== tier.isWholeName) return null;
    return { ...match, isWholeName: isWhole };
  }
}

function sorted(documents: RankedDocument[]): RankedDocument[] {
  return documents.sort((a, b) => compareMatches(a.match, a.document, b.match, b.document));
}
