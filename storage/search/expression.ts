// What is looked for in an inverted index: tokens, combined by and, or, and not. Each expression
// knows how much evaluating it can cost at most, so that whoever runs it can stay within a budget.
// The cost is in postings: entries of tokens' lists of documents that are read. The text is in the
// language of FTS5.
//
// FTS5 looks for the next document of an intersection wherever that is, and reads its lists until
// there is one. Within an intersection with few documents it looks no further than these, but not
// within what is joined by 'or' or 'not' inside of it: "few AND (a OR (b AND c))" may read 'b' and
// 'c' to their ends. So the few documents are written into each of these ('textAmong').

export interface Expression {
  readonly text: string;
  /** Its text with only the documents of another expression, which bounds what is read. */
  textAmong(among: Expression): string;
  /** How often the other expression is in that. */
  readonly amongs: number;
  /** How many tokens are in it. */
  readonly tokens: number;
  /** To find its next document reads an entry of each of its lists, wherever that is. */
  readonly isUnion: boolean;
  /** All of these match; of other expressions than intersections only itself. */
  readonly conjuncts: readonly Expression[];
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
    textAmong: (among) => joined('AND', [among.text, `"${name}"`]),
    amongs: 1,
    tokens: 1,
    isUnion: true,
    get conjuncts() {
      return [this];
    },
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
  const conjuncts = expressions.flatMap((one) => one.conjuncts);
  const unions = conjuncts.filter(({ isUnion }) => isUnion).map(({ text }) => text);
  const others = conjuncts.filter(({ isUnion }) => !isUnion);
  return {
    text: joined('AND', texts(conjuncts)),
    textAmong: (among) =>
      joined('AND', [among.text, ...unions, ...others.map((one) => one.textAmong(among))]),
    amongs: 1 + sum(others, ({ amongs }) => amongs),
    tokens: sum(conjuncts, ({ tokens }) => tokens),
    isUnion: false,
    conjuncts,
    documentsMax: Math.min(...conjuncts.map(({ documentsMax }) => documentsMax)),
    get cover() {
      return rarestOf(conjuncts).cover;
    },
    postings: (among) => sum(conjuncts, (one) => one.postings(among)),
    postingsUntil: () => Infinity,
  };
}

export function any(expressions: readonly Expression[]): Expression {
  if (expressions.length === 1) return expressions[0]!;
  const unions = expressions.filter(({ isUnion }) => isUnion);
  const others = expressions.filter(({ isUnion }) => !isUnion);
  return {
    text: joined('OR', texts(expressions)),
    textAmong(among) {
      const apart = others.map((one) => one.textAmong(among));
      if (unions.length === 0) return joined('OR', apart);
      const together = joined('AND', [among.text, joined('OR', texts(unions))]);
      return joined('OR', [together, ...apart]);
    },
    amongs: Math.min(1, unions.length) + sum(others, ({ amongs }) => amongs),
    tokens: sum(expressions, ({ tokens }) => tokens),
    isUnion: others.length === 0,
    get conjuncts() {
      return [this];
    },
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
    amongs: expression.amongs + not.amongs,
    tokens: expression.tokens + not.tokens,
    isUnion: false,
    get conjuncts() {
      return [this];
    },
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

/** How to look for matches in one step, and what that costs. */
export interface OneStep {
  readonly text: string;
  readonly postings: number;
}

/** For so many matches; null where it may be too much. */
export function oneStepOf(expression: Expression, limit: number): OneStep | null {
  const { text, tokens, documentsMax } = expression;
  const postings = Math.min(expression.postings(Infinity), expression.postingsUntil(limit));
  const lists = tokens * SEEK_POSTINGS;
  if (postings <= WHOLE_POSTINGS_MAX) return { text, postings: postings + lists };
  if (documentsMax * tokens > WHOLE_SEEKS_MAX) return null;
  const { cover } = expression;
  const covers = cover.tokens * expression.amongs * SEEK_POSTINGS;
  const seeks = Math.min(postings, documentsMax * tokens * SEEK_POSTINGS);
  return { text: expression.textAmong(cover), postings: seeks + lists + covers };
}

function joined(operator: 'AND' | 'OR', parts: readonly string[]): string {
  return parts.length === 1 ? parts[0]! : `(${parts.join(` ${operator} `)})`;
}

function texts(expressions: readonly Expression[]): string[] {
  return expressions.map(({ text }) => text);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
