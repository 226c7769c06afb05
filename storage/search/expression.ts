// What is looked for in an inverted index: tokens, combined by and, or, and not. Each expression
// knows how much evaluating it can cost at most, so that whoever runs it can stay within a budget.
// The cost is in postings: entries of tokens' lists of documents that are read. The text is in the
// language of FTS5.

export interface Expression {
  readonly text: string;
  /** How many tokens are in it. */
  readonly tokens: number;
  /** The most documents that can match. */
  readonly documentsMax: number;
  /** The most postings that are read among so many documents. */
  postings(documents: number): number;
}

/** `documents`: how many documents have it at most. */
export function token(name: string, documents: number): Expression {
  return {
    text: `"${name}"`,
    tokens: 1,
    documentsMax: documents,
    postings: (among) => Math.min(documents, among),
  };
}

export function all(expressions: readonly Expression[]): Expression {
  if (expressions.length === 1) return expressions[0]!;
  return {
    text: `(${expressions.map(({ text }) => text).join(' AND ')})`,
    tokens: sum(expressions, ({ tokens }) => tokens),
    documentsMax: Math.min(...expressions.map(({ documentsMax }) => documentsMax)),
    postings: (among) => sum(expressions, (one) => one.postings(among)),
  };
}

export function any(expressions: readonly Expression[]): Expression {
  if (expressions.length === 1) return expressions[0]!;
  return {
    text: `(${expressions.map(({ text }) => text).join(' OR ')})`,
    tokens: sum(expressions, ({ tokens }) => tokens),
    documentsMax: sum(expressions, ({ documentsMax }) => documentsMax),
    postings: (among) => sum(expressions, (one) => one.postings(among)),
  };
}

export function but(expression: Expression, not: Expression): Expression {
  return {
    text: `(${expression.text} NOT ${not.text})`,
    tokens: expression.tokens + not.tokens,
    documentsMax: expression.documentsMax,
    postings: (among) => expression.postings(among) + not.postings(among),
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
