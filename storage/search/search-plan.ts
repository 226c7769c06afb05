// Turns a query into tiers: expressions whose hits come one tier after another, the best first. A
// tier is a grade and a scope. Each leaves out what the tiers before it have.

import { editDistance } from './edits.ts';
import { all, any, but, type Expression, oneStepOf, rarestOf, token } from './expression.ts';
import {
  PREFIX_TOKEN_LENGTH_MAX,
  PREFIX_TOKEN_LENGTHS,
  prefixToken,
  runTokens,
  type Scope,
  wholeNameToken,
} from './index-tokens.ts';
import { filterExpressions } from './filter-expressions.ts';
import { EXACT, mayBeginInDescription, PREFIX, TYPO, WITHIN } from './match.ts';
import { type QueryTerm, wholeNameOf } from './query-terms.ts';
import type { SearchFilter } from '../../contracts/search.ts';

/** A word that documents have. */
export interface KnownWord {
  readonly word: string;
  readonly documents: number;
}

/** What a plan asks of the index. Each answer has at most `limit` words, most frequent first. */
export interface Vocabulary {
  /** Listed documents in all. */
  readonly documents: number;
  /** How many documents have a word in any field. */
  documentsWith(word: string): number;
  /** How many documents have a token that is no word, at most. */
  documentsWithToken(name: string): number;
  beginningWith(text: string, limit: number): readonly KnownWord[];
  /** The different beginnings of so many letters of words that begin with a text and are longer. */
  beginnings(text: string, length: number): readonly string[];
  /** Words of letters that are longer and contain the term as its fields allow. */
  containing(term: QueryTerm, limit: number): readonly KnownWord[];
  /** Words of letters within the term's edits, but not the term itself. */
  near(term: QueryTerm, limit: number): readonly KnownWord[];
}

export interface Tier {
  /** Of `GRADES`: the worst that a hit of the tier has. */
  readonly grade: number;
  /** Of `FIELDS`: the last one that is looked into. */
  readonly field: number;
  /** Hits of the same grade whose words are all in fields before are in a tier before. */
  readonly fieldMin: number;
  readonly isWholeName: boolean;
  /** Without what tiers before it have. Null: all documents. */
  readonly expression: Expression | null;
  /**
   * The expression is a part of what is looked for, without what tiers before it have: of what
   * matches, only documents of just this grade and these fields are in the tier.
   */
  readonly isLoose: boolean;
}

/** Words in place of one of the query, of each kind; of all words of the query together. */
const WORDS_OF_KIND_MAX = 24;
const WORDS_MAX = 64;

/** Pieces of words and of runs that are looked for, of all words of the query together. */
const PIECES_MAX = 32;
const PIECES_MIN = 4;

/** Documents of one word that are compared instead of being sought, and what seeks are few. */
const LOOSE_DOCUMENTS_MAX = 2_048;
const LOOSE_SEEKS_MIN = 1_024;

/** So many documents are few enough not to be counted by field. */
const FEW_DOCUMENTS_MAX = 64;

/** Where words are looked for. */
type Within = 'name' | 'names' | 'anywhere';

/** Tiers by these numbers, so that a cursor names the same one in every plan. */
const WHOLE_NAME_TIER = 0;
const FIRST_TYPO_TIER = 7;
export const TIER_COUNT = 10;

/** So many documents with typos in their names are found in one step, or the tier is left out. */
const NAME_TYPOS_MAX = 256;

export class SearchPlan {
  readonly terms: readonly QueryTerm[];
  readonly #wholeName: string;
  readonly #vocabulary: Vocabulary;
  readonly #filters: readonly Expression[];
  readonly #wordsMax: number;
  readonly #known = new Map<string, readonly KnownWord[]>();
  readonly #prefixesOf = new Map<string, readonly string[]>();
  readonly #unions = new Map<string, Expression | null>();

  constructor(query: SearchFilter, terms: readonly QueryTerm[], vocabulary: Vocabulary) {
    this.terms = terms;
    this.#wholeName = wholeNameOf(query.text);
    this.#vocabulary = vocabulary;
    this.#filters = filterExpressions(query, vocabulary);
    const share = Math.floor(WORDS_MAX / Math.max(1, terms.length));
    this.#wordsMax = Math.min(WORDS_OF_KIND_MAX, share);
  }

  /** Null: nothing can be in it. */
  tier(number: number): Tier | null {
    if (this.terms.length === 0) {
      if (number !== WHOLE_NAME_TIER) return null;
      const expression = this.#filtered(null);
      const tier = { grade: EXACT, field: 0, fieldMin: 0, isWholeName: false };
      return { ...tier, expression, isLoose: false };
    }
    if (this.isTypo(number)) return this.#typoTier(number);
    const { expression, without, ...rest } = this.#tiers()[number]!;
    return expression === null ? null : this.#tier(rest, expression, without, []);
  }

  isTypo(number: number): boolean {
    return number >= FIRST_TYPO_TIER;
  }

  /** All that matches in a grade or better; null: everything matches. */
  union(gradeMax: number): Expression | null {
    if (this.terms.length === 0) return this.#filtered(null);
    return this.#filtered(this.#matching(gradeMax, 'anywhere'));
  }

  /**
   * The word, or filter, that the fewest documents have, in a grade or better; null without any.
   * All hits are among these documents.
   */
  rarest(gradeMax: number): Expression | null {
    const words = this.terms.map((term) => any(this.#alternatives(term, gradeMax, 'anywhere')));
    const expressions = [...words, ...this.#filters];
    return expressions.length === 0 ? null : rarestOf(expressions);
  }

  /** Whether there are words that are not meant but mistyped. */
  get hasTypos(): boolean {
    return this.#adds(TYPO);
  }

  #tiers(): readonly (Omit<Tier, 'expression' | 'isLoose'> & {
    readonly expression: Expression | null;
    readonly without: Expression | null;
  })[] {
    const inName = this.#matching(EXACT, 'name');
    const inNames = this.#matching(EXACT, 'names');
    const exact = this.#matching(EXACT, 'anywhere');
    const whole = this.#other(wholeNameToken(this.#wholeName));
    const hasPrefixes = this.#adds(PREFIX);
    const prefixInName = hasPrefixes ? this.#matching(PREFIX, 'name') : null;
    const prefix = this.#matching(PREFIX, 'anywhere');
    const within = this.#matching(WITHIN, 'anywhere');
    const tier = (
      grade: number,
      [fieldMin, field]: readonly [number, number],
      expression: Expression | null,
      without: Expression | null,
    ) => ({ grade, fieldMin, field, isWholeName: false, expression, without });
    return [
      { ...tier(EXACT, [0, 0], whole, null), isWholeName: true },
      tier(EXACT, [0, 0], inName, whole),
      tier(EXACT, [1, 1], inNames, inName),
      tier(EXACT, [2, 2], exact, inNames),
      tier(PREFIX, [0, 0], prefixInName, exact),
      tier(PREFIX, [1, 2], hasPrefixes ? prefix : null, any([exact, prefixInName ?? exact])),
      tier(WITHIN, [0, 2], this.#adds(WITHIN) ? within : null, prefix),
    ];
  }

  /**
   * In names before elsewhere, and one edit before two: the rare word that is meant would be in no
   * window that anybody reads, where very many popular documents have one that is less near.
   */
  #typoTier(number: number): Tier | null {
    if (!this.hasTypos) return null;
    const without = this.#matching(WITHIN, 'anywhere');
    const shown: Expression[] = [];
    const tier = { grade: TYPO, fieldMin: 0, isWholeName: false };
    const inName = [this.#oneEditInName(), this.#matching(TYPO, 'name')];
    for (const [index, expression] of inName.entries()) {
      const found = expression && but(this.#filtered(expression)!, any([without, ...shown]));
      const isApart = found !== null && oneStepOf(found, NAME_TYPOS_MAX) !== null;
      if (number === FIRST_TYPO_TIER + index)
        return isApart ? { ...tier, field: 0, expression: found, isLoose: false } : null;
      if (isApart) shown.push(expression!);
    }
    const anywhere = this.#matching(TYPO, 'anywhere');
    return this.#tier({ ...tier, field: 2 }, anywhere, without, shown);
  }

  /** Null where all may be one edit away, or the edits of several words would be added up. */
  #oneEditInName(): Expression | null {
    const mistyped = this.terms.filter((term) => this.#words(term, TYPO).length > 0);
    const isApart = mistyped.length === 1 && mistyped[0]!.edits > 1;
    return isApart ? this.#matching(TYPO, 'name', 1) : null;
  }

  /** `without` has better hits only, `shown` has hits of the same grade, too. */
  #tier(
    tier: Omit<Tier, 'expression' | 'isLoose'>,
    expression: Expression,
    without: Expression | null,
    shown: readonly Expression[],
  ): Tier {
    const leftOut = without === null ? shown : [without, ...shown];
    const filtered = this.#filtered(expression)!;
    const exact = leftOut.length === 0 ? filtered : but(filtered, any(leftOut));
    const loose = tier.grade >= WITHIN ? this.rarest(tier.grade)!.cover : filtered.cover;
    const isCheap = tier.grade < WITHIN && oneStepOf(exact, Infinity) !== null;
    if (tier.isWholeName || isCheap || !isDearer(exact, loose))
      return { ...tier, expression: exact, isLoose: false };
    return {
      ...tier,
      expression: shown.length === 0 ? loose : but(loose, any(shown)),
      isLoose: true,
    };
  }

  /** Whether a grade finds more than the one before. */
  #adds(grade: number): boolean {
    if (grade === PREFIX) return this.terms.some((term) => term.mayBeginWord);
    return this.terms.some((term) => this.#words(term, grade).length > 0);
  }

  #matching(gradeMax: number, within: Within, editsMax: 1 | 2 = 2): Expression {
    const key = `${gradeMax} ${within} ${editsMax}`;
    let expression = this.#unions.get(key);
    if (expression === undefined || expression === null) {
      expression = all(
        this.terms.map((term) => any(this.#alternatives(term, gradeMax, within, editsMax))),
      );
      this.#unions.set(key, expression);
    }
    return expression;
  }

  #alternatives(term: QueryTerm, gradeMax: number, within: Within, editsMax = 2): Expression[] {
    if (within === 'names') return [...this.#exact(term, 'n'), ...this.#exact(term, 'm')];
    const scope = within === 'name' ? 'n' : 'd';
    const alternatives = this.#exact(term, scope);
    if (gradeMax >= PREFIX && term.mayBeginWord) {
      const scopes = beginningScopes(term, within);
      alternatives.push(...this.#beginnings(term.text, scopes));
      const last = term.parts.length > 1 ? this.#beginnings(term.parts.at(-1)!, scopes) : [];
      const before = term.parts
        .slice(0, -1)
        .slice(0, PIECES_MIN)
        .map((part) => this.#word(part, scope));
      if (last.length > 0) alternatives.push(all([...before, any(last)]));
    }
    for (const grade of [WITHIN, TYPO]) {
      if (gradeMax < grade) continue;
      for (const { word, documents } of this.#words(term, grade)) {
        if (grade === TYPO && editDistance(word, term.text, editsMax) > editsMax) continue;
        alternatives.push(token(scope + word, this.#documentsIn(scope, word, documents)));
      }
    }
    return alternatives;
  }

  #exact({ text, parts, isRun }: QueryTerm, scope: Scope): Expression[] {
    // Of a long one some tokens are enough: what has them is compared.
    const most = Math.max(PIECES_MIN, Math.floor(PIECES_MAX / this.terms.length));
    if (isRun) {
      const names = runTokens(scope, text).slice(0, most);
      return [all(names.map((name) => this.#other(name)))];
    }
    if (parts.length === 1) return [this.#word(text, scope)];
    const pieces = parts.slice(0, most).map((part) => this.#word(part, scope));
    return [this.#word(text, scope), all(pieces)];
  }

  #word(text: string, scope: Scope): Expression {
    const [known] = this.#remember(`word ${text}`, () => [
      { word: text, documents: this.#vocabulary.documentsWith(text) },
    ]);
    return token(scope + text, this.#documentsIn(scope, text, known!.documents));
  }

  /** Of a word that few names and very many descriptions have, the names are counted. */
  #documentsIn(scope: Scope, word: string, documents: number): number {
    if (scope === 'd' || documents <= FEW_DOCUMENTS_MAX) return documents;
    return Math.min(documents, this.#other(scope + word).documentsMax);
  }

  #beginnings(text: string, scopes: readonly Scope[]): Expression[] {
    const beginnings: Expression[] = [];
    const isShort = text.length <= PREFIX_TOKEN_LENGTH_MAX;
    for (const scope of scopes) {
      if (isShort && scope !== 'd') {
        const tokens = this.#prefixes(text).map((one) => this.#other(prefixToken(scope, one)));
        beginnings.push(...tokens.filter(({ documentsMax }) => documentsMax > 0));
        continue;
      }
      const words = this.#remember(`beginning ${text}`, () =>
        this.#vocabulary.beginningWith(text, this.#wordsMax),
      );
      for (const { word, documents } of words) beginnings.push(token(scope + word, documents));
    }
    return beginnings;
  }

  /** Beginnings that have tokens, and are all that words have which begin with a short text. */
  #prefixes(text: string): readonly string[] {
    if (PREFIX_TOKEN_LENGTHS.includes(text.length)) return [text];
    let prefixes = this.#prefixesOf.get(text);
    if (prefixes === undefined) {
      prefixes = this.#vocabulary.beginnings(text, text.length + 1);
      this.#prefixesOf.set(text, prefixes);
    }
    return prefixes;
  }

  #words(term: QueryTerm, grade: number): readonly KnownWord[] {
    const isPossible = grade === TYPO ? term.edits > 0 : term.mayEndWord;
    if (!isPossible) return [];
    return this.#remember(`${grade} ${term.text}`, () =>
      grade === TYPO
        ? this.#vocabulary.near(term, this.#wordsMax)
        : this.#vocabulary.containing(term, this.#wordsMax),
    );
  }

  #remember(key: string, look: () => readonly KnownWord[]): readonly KnownWord[] {
    let words = this.#known.get(key);
    if (words === undefined) {
      words = look();
      this.#known.set(key, words);
    }
    return words;
  }

  /** A token that is in no vocabulary. */
  #other(name: string): Expression {
    const [known] = this.#remember(`token ${name}`, () => [
      { word: name, documents: this.#vocabulary.documentsWithToken(name) },
    ]);
    return token(name, known!.documents);
  }

  #filtered(expression: Expression | null): Expression | null {
    const parts = expression === null ? this.#filters : [expression, ...this.#filters];
    return parts.length === 0 ? null : all(parts);
  }
}

/**
 * Whether seeking the documents of one word in the lists of all others takes longer than comparing
 * these documents.
 */
function isDearer(exact: Expression, loose: Expression): boolean {
  if (loose.documentsMax > LOOSE_DOCUMENTS_MAX) return false;
  return exact.documentsMax * exact.tokens > LOOSE_SEEKS_MIN;
}

/** Short beginnings have tokens of their own in names, and are completed in descriptions. */
function beginningScopes(term: QueryTerm, within: Within): readonly Scope[] {
  if (within === 'name') return ['n'];
  if (!mayBeginInDescription(term)) return ['n', 'm'];
  const last = term.parts.at(-1)!;
  return last.length <= PREFIX_TOKEN_LENGTH_MAX ? ['n', 'm', 'd'] : ['d'];
}
