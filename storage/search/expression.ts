// What is looked for in an inverted index: tokens, combined by and, or, and not. Each expression
// knows how much evaluating it can cost at most, so that whoever runs it can stay within a budget.
// The cost is in postings: entries of tokens' lists of documents that are read. The text is in the
// language of FTS5.

export interface Expression {
  readonly text: string;
  /** Its text with only the documents of another expression. */
  textAmong(among: Expression): string;
  /** How many tokens are in it. */
  readonly tokens: number;
  /** The most documents that can match. */
  readonly documentsMax: number;
  /** Tokens one of which is in each document that matches; as many documents have them at most. */
  readonly cover: Expression;
  /** The most postings that are read among so many documents. */
  postings(documents: number): number;
  /** The most that are read until so many matches are found; without an end where none may be. */
  postingsUntil(matches: number): number;
}

/** `documents`: how many documents have it at most. */
export function token(name: string, documents: number): Expression {
  return {
    text: `"${name}"`,
    textAmong: (among) => both(among.text, `"${name}"`),
    tokens: 1,
    documentsMax: documents,
    get cover() {
      return this;
    },
    postings: (among) => Math.min(documents, among),
    postingsUntil: (matches) => Math.min(documents, matches),
  };
}

export function all(expressions: readonly Expression[]): Expression {
  if (expressions.length === 1) return expressions[0]!;
  const joined = `(${expressions.map(({ text }) => text).join(' AND ')})`;
  return {
    text: joined,
    textAmong: (among) => both(among.text, joined),
    tokens: sum(expressions, ({ tokens }) => tokens),
    documentsMax: Math.min(...expressions.map(({ documentsMax }) => documentsMax)),
    get cover() {
      return rarestOf(expressions).cover;
    },
    postings: (among) => sum(expressions, (one) => one.postings(among)),
    postingsUntil: () => Infinity,
  };
}

export function any(expressions: readonly Expression[]): Expression {
  if (expressions.length === 1) return expressions[0]!;
  const joined = `(${expressions.map(({ text }) => text).join(' OR ')})`;
  return {
    text: joined,
    textAmong: (among) => both(among.text, joined),
    tokens: sum(expressions, ({ tokens }) => tokens),
    documentsMax: sum(expressions, ({ documentsMax }) => documentsMax),
    get cover() {
      return any(expressions.map(({ cover }) => cover));
    },
    postings: (among) => sum(expressions, (one) => one.postings(among)),
    postingsUntil: (matches) => sum(expressions, (one) => one.postingsUntil(matches)),
  };
}

export function but(expression: Expression, not: Expression): Expression {
  return {
    text: `(${expression.text} NOT ${not.text})`,
    // On both sides: FTS5 looks for the first match of what is left out wherever that is.
    textAmong: (among) => `(${expression.textAmong(among)} NOT ${not.textAmong(among)})`,
    tokens: expression.tokens + not.tokens,
    documentsMax: expression.documentsMax,
    get cover() {
      return expression.cover;
    },
    postings: (among) => expression.postings(among) + not.postings(among),
    // At worst all that is left out comes first.
    postingsUntil: (matches) =>
      expression.postingsUntil(matches + not.documentsMax) + not.postings(Infinity),
  };
}

/** Of some: the one that the fewest documents have. */
export function rarestOf(expressions: readonly Expression[]): Expression {
  return expressions.reduce((one, other) => (other.documentsMax < one.documentsMax ? other : one));
}

/** An expression that costs at most this is looked for in one step. */
const WHOLE_POSTINGS_MAX = 65_536;
/** The same for one of few documents: each is sought in the list of each token. */
const WHOLE_SEEKS_MAX = 1024;
/** What finding a token's list takes, or a document in it, in postings. */
export const SEEK_POSTINGS = 256;

/** The cost of looking for so many matches in one step; null where that may be too much. */
export function wholeCost(expression: Expression, limit: number): number | null {
  const postings = Math.min(expression.postings(Infinity), expression.postingsUntil(limit));
  const lists = expression.tokens * SEEK_POSTINGS;
  if (postings <= WHOLE_POSTINGS_MAX) return postings + lists;
  const seeks = expression.documentsMax * expression.tokens;
  return seeks <= WHOLE_SEEKS_MAX ? Math.min(postings, seeks * SEEK_POSTINGS) + lists : null;
}

function both(a: string, b: string): string {
  return `(${a} AND ${b})`;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
