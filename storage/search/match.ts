// How well a document matches a query: the definition of grades and of their order, by which the
// memory driver finds and orders hits, and by which the SQLite driver orders those it has found.

import type {
  Explanation,
  MatchField,
  MatchGrade,
  SearchDocument,
  WordMatch,
} from '../ports/search-index.ts';
import { DESCRIPTION_SEARCHED_MAX } from '../ports/search-index.ts';
import { editDistance } from './edits.ts';
import { isOfLetters, type QueryTerm, wholeNameOf } from './query-terms.ts';
import { type Chunk, chunksOf } from './words.ts';

export const GRADES: readonly MatchGrade[] = ['exact', 'prefix', 'within', 'typo'];
export const EXACT = 0;
export const PREFIX = 1;
export const WITHIN = 2;
export const TYPO = 3;
export const FIELDS: readonly MatchField[] = ['name', 'creator', 'description'];

/** A shorter beginning of a word is in about every description. */
const BEGINNING_IN_DESCRIPTION_LENGTH_MIN = 3;

/** A word of a text, with its place there. */
interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly isRun: boolean;
}

export interface FieldWords {
  readonly words: readonly Word[];
  readonly chunks: readonly Chunk[];
}

export interface TermMatch {
  /** An index of `GRADES`. */
  readonly grade: number;
  readonly edits: number;
  readonly found: string;
  /** Of the matching pieces: start, end, start, end, … */
  readonly places: readonly number[];
}

export interface DocumentMatch {
  /** Of the worst word: an index of `GRADES`. */
  readonly grade: number;
  readonly isWholeName: boolean;
  /** Of the word placed worst: an index of `FIELDS`. */
  readonly field: number;
  readonly edits: number;
  readonly isPhrase: boolean;
  readonly nameWords: number;
  readonly words: readonly WordMatch[];
}

export function fieldWords(text: string): FieldWords {
  const words: Word[] = [];
  const chunks = chunksOf(text);
  for (const { start, end, parts, joined, spelled } of chunks) {
    for (const part of parts) words.push(part);
    if (parts.length > 1) words.push({ text: joined, start, end, isRun: false });
    if (spelled !== null) words.push({ text: spelled, start, end, isRun: false });
  }
  return { words, chunks };
}

type Texts = Pick<SearchDocument, 'name' | 'creatorName' | 'description'>;

/** What is searched of a document, in the order of `FIELDS`. */
export function searchedTexts({ name, creatorName, description }: Texts): string[] {
  return [name, creatorName, description.slice(0, DESCRIPTION_SEARCHED_MAX)];
}

/** The fields' words in the order of `FIELDS`; those behind `fieldMax` have none. */
export function documentWords(document: Texts, fieldMax = FIELDS.length - 1): FieldWords[] {
  return searchedTexts(document).map((text, field) => fieldWords(field > fieldMax ? '' : text));
}

/** The best match of a term in a field, of `gradeMax` or better. */
export function matchTerm(
  term: QueryTerm,
  { words }: FieldWords,
  gradeMax: number,
): TermMatch | null {
  let best: TermMatch | null = null;
  for (const word of words) {
    const match = matchWord(term, word, gradeMax);
    if (match === null || match.grade > gradeMax) continue;
    if (
      best === null ||
      match.grade < best.grade ||
      (match.grade === best.grade && match.edits < best.edits)
    )
      best = match;
    if (best.grade === EXACT) return best;
  }
  const inParts = matchParts(term, words);
  if (inParts === null || inParts.grade > gradeMax) return best;
  return best === null || inParts.grade < best.grade ? inParts : best;
}

export function matchWord(term: QueryTerm, word: Word, gradeMax: number): TermMatch | null {
  const { text, start, end } = word;
  if (term.isRun !== word.isRun) return null;
  if (!term.isRun && text === term.text)
    return { grade: EXACT, edits: 0, found: text, places: [start, end] };
  if (!term.isRun && gradeMax === EXACT) return null;
  const at = text.indexOf(term.text);
  if (at >= 0) {
    const places = pieceOf(word, at, term.text.length);
    if (term.isRun) return { grade: EXACT, edits: 0, found: term.text, places };
    if (at === 0 && term.mayBeginWord) return { grade: PREFIX, edits: 0, found: text, places };
    const isWithin = term.mayBeInside || (term.mayEndWord && text.endsWith(term.text));
    if (isWithin && gradeMax >= WITHIN && isOfLetters(text))
      return { grade: WITHIN, edits: 0, found: text, places };
  }
  if (gradeMax < TYPO || Math.abs(text.length - term.text.length) > term.edits) return null;
  if (term.edits === 0 || term.isRun || !isOfLetters(text)) return null;
  const edits = editDistance(text, term.text, term.edits);
  if (edits > term.edits) return null;
  return { grade: TYPO, edits, found: text, places: [start, end] };
}

/** A term of several parts that the field has as words of their own. */
function matchParts(term: QueryTerm, words: readonly Word[]): TermMatch | null {
  if (term.parts.length < 2) return null;
  const places: number[] = [];
  let grade = EXACT;
  for (const [index, part] of term.parts.entries()) {
    let word = words.find(({ text }) => text === part);
    if (word === undefined && term.mayBeginWord && index === term.parts.length - 1) {
      word = words.find(({ text, isRun }) => !isRun && text.startsWith(part));
      grade = PREFIX;
    }
    if (word === undefined) return null;
    places.push(word.start, word.end);
  }
  return { grade, edits: 0, found: term.parts.join(' '), places };
}

/** A piece of a folded word in the text itself: the whole word where folding changed its length. */
function pieceOf({ text, start, end }: Word, at: number, length: number): number[] {
  if (text.length !== end - start) return [start, end];
  return [start + at, start + at + length];
}

/**
 * Null where a word does not match. `gradeMax`: worse grades do not count. Without terms everything
 * matches.
 */
export function matchDocument(
  terms: readonly QueryTerm[],
  fields: readonly FieldWords[],
  gradeMax: number,
): Omit<DocumentMatch, 'isWholeName'> | null {
  let grade = EXACT;
  const all: (TermMatch | null)[][] = [];
  for (const term of terms) {
    const matches = fields.map((field, at) =>
      matchTerm(term, field, gradeMaxIn(at, term, gradeMax)),
    );
    const best = Math.min(...matches.map((match) => match?.grade ?? Infinity));
    if (best === Infinity) return null;
    grade = Math.max(grade, best);
    all.push(matches);
  }
  // The best place is looked for within the document's grade: in "Runner by Run", "run" is in the
  // name where prefixes count, and in the creator's name where they do not.
  let field = 0;
  let edits = 0;
  const words: WordMatch[] = [];
  for (const [index, matches] of all.entries()) {
    const at = matches.findIndex((match) => match !== null && match.grade <= grade);
    const match = matches[at]!;
    field = Math.max(field, at);
    edits += match.edits;
    const word = terms[index]!.text;
    words.push({ word, found: match.found, grade: GRADES[match.grade]!, field: FIELDS[at]! });
  }
  const nameWords = fields[0]!.chunks.length;
  const isPhrase = field === 0 && isInOrder(all.map(([inName]) => inName!));
  return { grade, field, edits, isPhrase, nameWords, words };
}

/** Beginnings of one or two letters are looked for in names only. */
function gradeMaxIn(field: number, term: QueryTerm, gradeMax: number): number {
  const isInNames = FIELDS[field] !== 'description';
  return isInNames || mayBeginInDescription(term) ? gradeMax : EXACT;
}

export function mayBeginInDescription({ parts }: QueryTerm): boolean {
  return parts.at(-1)!.length >= BEGINNING_IN_DESCRIPTION_LENGTH_MIN;
}

/** Whether the matches follow one another with nothing but a space or a sign between. */
function isInOrder(matches: readonly TermMatch[]): boolean {
  for (let index = 1; index < matches.length; index++) {
    const end = matches[index - 1]!.places.at(-1)!;
    const start = matches[index]!.places[0]!;
    if (start < end || start - end > 3) return false;
  }
  return true;
}

/**
 * What comparing a document with so many words of a query takes, by the characters of its texts; of
 * the descriptions only where `fieldMax` has them.
 */
export function textCost(document: Texts, words: number, fieldMax = FIELDS.length - 1): number {
  const { name, creatorName, description } = document;
  const isRead = fieldMax === FIELDS.length - 1;
  const described = isRead ? Math.min(description.length, DESCRIPTION_SEARCHED_MAX) : 0;
  return Math.ceil(((name.length + creatorName.length + described) * (2 + words)) / 3);
}

export function isWholeName(name: string, query: string): boolean {
  const whole = wholeNameOf(query);
  return whole !== '' && wholeNameOf(name) === whole;
}

/** Steps of half a doubling; at most `POPULARITY_CLASS_MAX`. */
export function popularityClass(popularity: number): number {
  return Math.min(POPULARITY_CLASS_MAX, Math.floor(2 * Math.log2(1 + Math.max(0, popularity))));
}

export const POPULARITY_CLASS_MAX = 63;

type Ordered = Pick<SearchDocument, 'popularity' | 'startsAt' | 'createdAt' | 'type' | 'id'>;

/** Negative where `a` is the better hit. Never 0 for two documents. */
export function compareMatches(
  a: DocumentMatch,
  aDocument: Ordered,
  b: DocumentMatch,
  bDocument: Ordered,
): number {
  return (
    a.grade - b.grade ||
    Number(b.isWholeName) - Number(a.isWholeName) ||
    a.field - b.field ||
    a.edits - b.edits ||
    Number(b.isPhrase) - Number(a.isPhrase) ||
    popularityClass(bDocument.popularity) - popularityClass(aDocument.popularity) ||
    a.nameWords - b.nameWords ||
    bDocument.popularity - aDocument.popularity ||
    (bDocument.startsAt ?? 0) - (aDocument.startsAt ?? 0) ||
    bDocument.createdAt - aDocument.createdAt ||
    compareKeys(aDocument, bDocument)
  );
}

export function compareKeys(
  a: Pick<SearchDocument, 'type' | 'id'>,
  b: Pick<SearchDocument, 'type' | 'id'>,
): number {
  if (a.type !== b.type) return a.type < b.type ? -1 : 1;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

export function explanationOf(
  match: DocumentMatch,
  { popularity, startsAt }: Pick<SearchDocument, 'popularity' | 'startsAt'>,
): Explanation {
  const { grade, isWholeName: whole, field, isPhrase, nameWords, words } = match;
  return {
    grade: GRADES[grade]!,
    isWholeName: whole,
    field: FIELDS[field]!,
    isPhrase,
    popularityClass: popularityClass(popularity),
    nameWords,
    popularity,
    startsAt,
    words,
  };
}
