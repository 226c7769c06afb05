// Reads the places of what matches an expression, in their order, in steps of bounded work.
//
// FTS5 cannot be stopped while it looks for the next match, and two frequent tokens that no
// document has together make it read all of both. So an expression that may cost much is looked for
// block by block: a block's token is in few documents, which bounds the work of each step, and
// after each step there may be an end. FTS5 skips to the block by its own indexes.

import type { Database } from 'better-sqlite3';
import type { SearchWork } from '../../ports/search-index.ts';
import { any, type Expression, oneStepOf, SEEK_POSTINGS, token } from '../../search/expression.ts';
import { BLOCK_PLACES, blockOf, blockToken, UNLISTED_FROM } from './search-schema.ts';

/** Work that may still be done. */
export interface Budget {
  /** Entries of tokens' lists, and what counts as such: at most about 40 ns each. */
  postings: number;
  /** Documents that are read and compared: about 15 us each, their texts apart. */
  documents: number;
  /** Characters that are divided into words and compared (`textCost`): about 60 ns each. */
  text: number;
}

export interface Found {
  readonly places: number[];
  /** Where to go on; null at the end. */
  readonly next: number | null;
}

/** Of the blocks that are one step. */
const STEP_POSTINGS_MAX = 32_768;
const STEP_BLOCKS_MAX = 32;

/** Of a token: beyond this it is frequent. */
const PROBED_MAX = 1_024;

interface Block {
  readonly block: number;
  readonly documents: number;
}

export class MatchReader {
  readonly #version;
  readonly #loadBlocks;
  readonly #match;
  readonly #count;
  readonly #documents;
  #loadedVersion = -1;
  #blocks: readonly Block[] = [];
  #documentCount = 0;
  #postings = 0;
  #documentsRead = 0;
  #text = 0;

  constructor(database: Database) {
    this.#version = database.prepare<[], number>('pragma data_version').pluck();
    this.#loadBlocks = database.prepare<[], Block>(
      'select block, documents from blocks where documents > 0 order by block',
    );
    // The casts: numbers are bound as real ones, which FTS5 does not take for row ids.
    this.#match = database
      .prepare<[string, number, number], number>(
        `select rowid from matches where matches match ? and rowid >= cast(? as integer)
         order by rowid limit ?`,
      )
      .pluck();
    this.#count = database
      .prepare<[string, number], number>(
        'select count(*) from (select 1 from matches where matches match ? limit ?)',
      )
      .pluck();
    this.#documents = database
      .prepare<[number, number, number], number>(
        'select place from documents where place >= ? and place < ? order by place limit ?',
      )
      .pluck();
  }

  /** Takes in what was written since the last call. Inside of a transaction. */
  refresh(): void {
    const version = this.#version.get()!;
    if (version === this.#loadedVersion) return;
    this.#loadedVersion = version;
    this.#blocks = this.#loadBlocks.all();
    this.#documentCount = 0;
    for (const { documents } of this.#blocks) this.#documentCount += documents;
  }

  /** What was read since the last call. */
  takeWork(): Omit<SearchWork, 'cpuMicros'> {
    const work = { postings: this.#postings, documents: this.#documentsRead, text: this.#text };
    this.#postings = 0;
    this.#documentsRead = 0;
    this.#text = 0;
    return work;
  }

  spendPostings(budget: Budget, postings: number): void {
    budget.postings -= postings;
    this.#postings += postings;
  }

  spendText(budget: Budget, characters: number): void {
    budget.text -= characters;
    this.#text += characters;
  }

  /** What is counted, and bounded by whoever calls. */
  addPostings(postings: number): void {
    this.#postings += postings;
  }

  spendDocument(budget: Budget): void {
    budget.documents -= 1;
    this.#documentsRead += 1;
  }

  /** Listed documents. */
  get documentCount(): number {
    return this.#documentCount;
  }

  /**
   * How many documents have a token: exact where they are few, else all, which is an upper bound.
   */
  documentsWith(name: string): number {
    const count = this.#count.get(`"${name}"`, PROBED_MAX)!;
    this.#postings += count + SEEK_POSTINGS;
    return count < PROBED_MAX ? count : this.#documentCount;
  }

  /**
   * At most `limit` places from `from` on. Fewer, with a place to go on, where the budget is used
   * up. One step is always done. Null as expression: all listed documents.
   */
  read(expression: Expression | null, from: number, limit: number, budget: Budget): Found {
    if (expression === null) {
      this.spendPostings(budget, limit);
      return upTo(this.#documents.all(from, UNLISTED_FROM, limit), limit);
    }
    if (expression.documentsMax === 0) return { places: [], next: null };
    const whole = oneStepOf(expression, limit);
    if (whole !== null) {
      this.spendPostings(budget, whole.postings);
      return upTo(this.#match.all(whole.text, from, limit), limit);
    }
    const places: number[] = [];
    let next: number | null = from;
    do {
      const step = this.#step(expression, next);
      if (step === null) return { places, next: null };
      this.spendPostings(budget, step.postings);
      const left = limit - places.length;
      const found = this.#match.all(step.text, next, left);
      for (const place of found) places.push(place);
      next = found.length === left ? found.at(-1)! + 1 : step.end;
    } while (places.length < limit && budget.postings > 0);
    return { places, next };
  }

  /** How many match, at most `max`; `isExact` is false where the budget was used up before. */
  count(
    expression: Expression | null,
    max: number,
    budget: Budget,
  ): { count: number; isExact: boolean } {
    if (expression === null) return { count: Math.min(max, this.#documentCount), isExact: true };
    if (expression.documentsMax === 0) return { count: 0, isExact: true };
    const whole = oneStepOf(expression, max);
    if (whole !== null) {
      this.spendPostings(budget, whole.postings);
      return { count: this.#count.get(whole.text, max)!, isExact: true };
    }
    let count = 0;
    let next = 0;
    while (count < max) {
      const step = this.#step(expression, next);
      if (step === null) return { count, isExact: true };
      if (budget.postings <= 0) return { count, isExact: false };
      this.spendPostings(budget, step.postings);
      count += this.#count.get(step.text, max - count)!;
      next = step.end;
    }
    return { count, isExact: true };
  }

  /** The next blocks together: as many as the work of one step allows; null behind the last. */
  #step(expression: Expression, from: number) {
    let at = this.#firstBlock(blockOf(from));
    const tokens: Expression[] = [];
    let documents = 0;
    let postings = 0;
    let end = from;
    while (at < this.#blocks.length && tokens.length < STEP_BLOCKS_MAX) {
      const { block, documents: more } = this.#blocks[at]!;
      const blocks = (documents + more + (tokens.length + 1) * SEEK_POSTINGS) * expression.amongs;
      const work = expression.postings(documents + more) + blocks;
      if (tokens.length > 0 && work > STEP_POSTINGS_MAX) break;
      postings = work + expression.tokens * SEEK_POSTINGS;
      documents += more;
      tokens.push(token(blockToken(block), more));
      end = (block + 1) * BLOCK_PLACES;
      at += 1;
    }
    if (tokens.length === 0) return null;
    return { text: expression.textAmong(any(tokens)), postings, end };
  }

  /** The index of the first block that is not below `block`. */
  #firstBlock(block: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#blocks[middle]!.block < block) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function upTo(places: number[], limit: number): Found {
  return { places, next: places.length === limit ? places.at(-1)! + 1 : null };
}
