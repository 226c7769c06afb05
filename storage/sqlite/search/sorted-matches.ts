// Pages in the order of a date or price. Where few documents match, all of them are collected and
// sorted for each page. Where more do, documents are taken in the order of the sort from where the
// page before ended, and only those are read that were collected; where very many do, so that they
// are not collected, all are read and compared: there every few of them match.

import type { Database, Statement } from 'better-sqlite3';
import type { SearchSort } from '../../../contracts/search.ts';
import type { SearchFilter } from '../../../contracts/search.ts';
import { passesFilters } from '../../search/filters.ts';
import { documentWords, matchDocument, textCost } from '../../search/match.ts';
import type { SearchPlan } from '../../search/search-plan.ts';
import type { Budget, MatchReader } from './match-reader.ts';
import type { RankedDocument } from './ranked-windows.ts';
import { type DocumentRow, documentOf, LISTED } from './search-schema.ts';

const COLLECTED_MAX = 65_536;
const COLLECT_POSTINGS = 98_304;
/** Of so many the keys are looked up, each in a page of the file. */
const LOOKED_UP_MAX = 4_096;
const KEY_POSTINGS = 64;
/** Of others so many are passed in the order of the sort for one page. */
const PASSED_MAX = 16_384;
const PASSED_POSTINGS = 8;
/** What is read and compared for one page. */
const READ: Budget = { postings: 0, documents: 512, text: 128_000 };
const WALK_STEP = 64;
const PASS_STEP = 1_024;

interface Sort {
  /** What a document is sorted by, by its place. */
  readonly key: Statement<[number], number>;
  /** The documents of a key behind a place, and those of the keys behind it. */
  readonly same: Statement<[number, number, number], Position>;
  readonly behind: Statement<[number, number], Position>;
  /** 1: the lowest first. */
  readonly direction: 1 | -1;
}

interface SortedPage {
  readonly documents: RankedDocument[];
  readonly next: number[] | null;
}

/** Behind `key` and `place` in the order of the sort. */
type Position = readonly [key: number, place: number];

export class SortedMatches {
  readonly #matches: MatchReader;
  readonly #document;
  readonly #sorts;

  constructor(database: Database, matches: MatchReader) {
    this.#matches = matches;
    this.#document = database.prepare<[number], DocumentRow>(
      'select * from documents where place = ?',
    );
    const sort = (column: 'created_at' | 'starts_at' | 'amount', direction: 1 | -1): Sort => {
      const [after, order] = direction === 1 ? ['>', 'asc'] : ['<', 'desc'];
      return {
        direction,
        key: database
          .prepare<[number], number>(`select ${column} from documents where place = ?`)
          .pluck(),
        // Apart, because SQLite seeks no row id in a row value: many have one price.
        same: database
          .prepare<[number, number, number], Position>(
            `select ${column}, place from documents
             where ${column} = ? and ${LISTED} and place ${after} ?
             order by place ${order} limit ?`,
          )
          .raw(),
        behind: database
          .prepare<[number, number], Position>(
            `select ${column}, place from documents where ${column} ${after} ? and ${LISTED}
             order by ${column} ${order}, place ${order} limit ?`,
          )
          .raw(),
      };
    };
    this.#sorts = {
      newest: sort('created_at', -1),
      starting: sort('starts_at', 1),
      price: sort('amount', 1),
    };
  }

  page(
    query: SearchFilter,
    plan: SearchPlan,
    gradeMax: number,
    from: readonly number[] | null,
    limit: number,
  ): SortedPage {
    const sort = this.#sorts[query.sort as Exclude<SearchSort, 'relevance'>];
    const start: Position = from === null ? startOf(sort) : [from[0]!, from[1] ?? 0];
    const expression = plan.union(gradeMax);
    if (expression !== null) {
      const budget: Budget = { postings: COLLECT_POSTINGS, documents: 0, text: 0 };
      const { places, next } = this.#matches.read(expression, 0, COLLECTED_MAX + 1, budget);
      if (next === null && places.length <= LOOKED_UP_MAX)
        return this.#collected(query, plan, gradeMax, sort, places, start, limit);
      if (next === null)
        return this.#walked(query, plan, gradeMax, sort, new Set(places), start, limit);
    }
    return this.#walked(query, plan, gradeMax, sort, null, start, limit);
  }

  #collected(
    query: SearchFilter,
    plan: SearchPlan,
    gradeMax: number,
    sort: Sort,
    places: readonly number[],
    start: Position,
    limit: number,
  ): SortedPage {
    const behind: Position[] = [];
    const budget: Budget = { ...READ };
    this.#matches.addPostings(places.length * KEY_POSTINGS);
    for (const place of places) {
      const key = sort.key.get(place);
      if (key === undefined || key === null) continue;
      if (compare(sort, [key, place], start) > 0) behind.push([key, place]);
    }
    behind.sort((a, b) => compare(sort, a, b));
    const documents: RankedDocument[] = [];
    let last: Position = start;
    for (const position of behind) {
      if (documents.length === limit || budget.documents <= 0 || budget.text <= 0)
        return { documents, next: [...last] };
      const hit = this.#hitIn(this.#document.get(position[1])!, query, plan, gradeMax, budget);
      if (hit !== null) documents.push(hit);
      last = position;
    }
    return { documents, next: null };
  }

  /** `among`: all that match; null: not known. */
  #walked(
    query: SearchFilter,
    plan: SearchPlan,
    gradeMax: number,
    sort: Sort,
    among: ReadonlySet<number> | null,
    start: Position,
    limit: number,
  ): SortedPage {
    const documents: RankedDocument[] = [];
    let last: Position = start;
    let passed = 0;
    const step = among === null ? WALK_STEP : PASS_STEP;
    const budget: Budget = { ...READ };
    while (budget.documents > 0 && passed < PASSED_MAX) {
      let positions = sort.same.all(last[0], last[1], step);
      if (positions.length === 0) positions = sort.behind.all(last[0], step);
      passed += positions.length;
      this.#matches.addPostings(positions.length * PASSED_POSTINGS);
      for (const position of positions) {
        const isSpent = budget.documents <= 0 || budget.text <= 0;
        if (documents.length === limit || isSpent) return { documents, next: [...last] };
        if (among === null || among.has(position[1])) {
          const row = this.#document.get(position[1])!;
          const hit = this.#hitIn(row, query, plan, gradeMax, budget);
          if (hit !== null) documents.push(hit);
        }
        last = position;
      }
      if (positions.length === 0) return { documents, next: null };
    }
    return { documents, next: [...last] };
  }

  #hitIn(
    row: DocumentRow,
    query: SearchFilter,
    plan: SearchPlan,
    gradeMax: number,
    budget: Budget,
  ): RankedDocument | null {
    this.#matches.spendDocument(budget);
    const document = documentOf(row);
    if (!passesFilters(document, query)) return null;
    const cost = textCost(document, plan.terms.length);
    this.#matches.spendText(budget, cost);
    // Without words nothing has to be compared.
    const fields = documentWords(document, plan.terms.length === 0 ? 0 : undefined);
    const match = matchDocument(plan.terms, fields, gradeMax);
    if (match === null) return null;
    // Once more for what is marked in it.
    this.#matches.spendText(budget, cost);
    return { document, match: { ...match, isWholeName: false } };
  }
}

function startOf({ direction }: Sort): Position {
  return direction === 1 ? [0, 0] : [Number.MAX_SAFE_INTEGER, 0];
}

/** Positive where `a` is behind `b`. */
function compare({ direction }: Sort, a: Position, b: Position): number {
  return direction * (a[0] - b[0] || a[1] - b[1]);
}
