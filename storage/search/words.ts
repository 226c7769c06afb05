// Divides a text into words. A chunk is what is written without a space, such as "AJ-1", "men's" or
// "501xx"; its parts are what a reader may take for words of their own ("aj" and "1"). Scripts
// without spaces between words have runs instead: any piece of a run may be a word.

import { AsciiWords } from './ascii-words.ts';
import { fold, foldUmlauts } from './fold.ts';

export interface Part {
  /** Where it is in the text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** Folded. */
  readonly text: string;
  /** A run of a script without spaces. */
  readonly isRun: boolean;
}

export interface Chunk {
  readonly start: number;
  readonly end: number;
  readonly parts: readonly Part[];
  /** Its parts written as one, folded. */
  readonly joined: string;
  /** `joined` with umlauts as two letters; null where there are none. */
  readonly spelled: string | null;
}

/** Longer words are cut: nobody types them. */
export const WORD_LENGTH_MAX = 40;
export const JOINED_PARTS_MAX = 6;

const RUN =
  '[\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Hangul}' +
  '\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}]';
const LETTER = '[\\p{L}\\p{M}]';
const CHUNKS = new RegExp(
  String.raw`[\p{L}\p{M}\p{N}]+(?:['’ʼ\x60´\-‐‑‒–._/&+·][\p{L}\p{M}\p{N}]+)*` +
    String.raw`|\p{Regional_Indicator}{2}|(?![©®™])\p{Extended_Pictographic}`,
  'gu',
);
const PARTS = new RegExp(
  String.raw`(?:(?=[\p{L}\p{M}\p{N}])${RUN})+|(?:(?!${RUN})${LETTER})+|\p{N}+`,
  'gu',
);
const RUN_START = new RegExp(String.raw`^(?=[\p{L}\p{M}])${RUN}`, 'u');
/** Signs that folding brings in, as those of ㏂; the index would divide a word at them. */
const ASCII_SIGNS = /[\0-/:-`{-\x7f]/g;
const PLAIN_WORD = /^[a-zA-Z]+$/;
const ENDS_IN_WORD = /[\p{L}\p{M}\p{N}]$/u;

const ascii = new AsciiWords();

export function chunksOf(text: string): Chunk[] {
  const plain = asciiChunks(text);
  if (plain !== null) return plain;
  const chunks: Chunk[] = [];
  for (const match of text.matchAll(CHUNKS)) {
    const start = match.index;
    const written = match[0];
    if (PLAIN_WORD.test(written)) addWord(chunks, written, start);
    else addChunks(chunks, written, start);
  }
  return chunks;
}

/** The same for most texts, in a quarter of the time. Null where the text is not ASCII. */
function asciiChunks(text: string): Chunk[] | null {
  if (!ascii.read(text)) return null;
  const chunks: Chunk[] = [];
  const lower = text.toLowerCase();
  let parts: Part[] = [];
  for (let part = 0; part < ascii.parts; part++) {
    const start = ascii.starts[part]!;
    const end = ascii.ends[part]!;
    const cut = Math.min(end, start + WORD_LENGTH_MAX);
    parts.push({ start, end, text: lower.slice(start, cut), isRun: false });
    if (ascii.isLast[part] === 0) continue;
    chunks.push({ start: parts[0]!.start, end, parts, joined: joinedOf(parts), spelled: null });
    parts = [];
  }
  return chunks;
}

function joinedOf(parts: readonly Part[]): string {
  if (parts.length === 1) return parts[0]!.text;
  let joined = '';
  for (const { text } of parts.slice(0, JOINED_PARTS_MAX)) joined += text;
  return joined.slice(0, WORD_LENGTH_MAX);
}

function addWord(chunks: Chunk[], written: string, start: number): void {
  const end = start + written.length;
  const word = written.toLowerCase().slice(0, WORD_LENGTH_MAX);
  const parts = [{ start, end, text: word, isRun: false }];
  chunks.push({ start, end, parts, joined: word, spelled: null });
}

/** A run ends a chunk: what is written beside it without a space is not one word with it. */
function addChunks(chunks: Chunk[], written: string, offset: number): void {
  let parts: Part[] = [];
  const close = () => {
    if (parts.length === 0) return;
    const start = parts[0]!.start;
    const end = parts.at(-1)!.end;
    const joined = joinedOf(parts);
    const spelled = foldUmlauts(written.slice(start - offset, end - offset));
    const kept = spelled === null || parts.length > 1 ? null : spelled.slice(0, WORD_LENGTH_MAX);
    chunks.push({ start, end, parts, joined, spelled: kept });
    parts = [];
  };
  let found = false;
  for (const match of written.matchAll(PARTS)) {
    found = true;
    const start = offset + match.index;
    const end = start + match[0].length;
    const isRun = RUN_START.test(match[0]);
    const text = fold(match[0]).replace(ASCII_SIGNS, '');
    if (text === '') continue; // Marks alone.
    if (isRun) close();
    parts.push({ start, end, text: isRun ? text : text.slice(0, WORD_LENGTH_MAX), isRun });
    if (isRun) close();
  }
  close();
  if (found) return;
  // An emoji.
  const end = offset + written.length;
  const part = { start: offset, end, text: written, isRun: false };
  chunks.push({ start: offset, end, parts: [part], joined: written, spelled: null });
}

/** Whether a folded word is a run, or a piece of one. */
export function isOfRun(word: string): boolean {
  return RUN_START.test(word);
}

/** Whether the text's last word may not be finished. */
export function endsInWord(text: string): boolean {
  return ENDS_IN_WORD.test(text);
}
