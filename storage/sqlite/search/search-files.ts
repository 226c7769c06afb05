// The files of a search index, in a folder of their own. An index is `search-N.db`, and the small
// file `current` names the one that serves: a rebuilt index takes its place when that file is
// renamed over the one before, which is one step of the file system. So a crash at any moment
// leaves either. What is above the number is being built; what is below is left over.

import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../make-folder.ts';
import { SEARCH_FORMAT } from './search-schema.ts';

const CURRENT = 'current';
const INDEX_FILE = /^search-(\d+)\.db/;

export class SearchFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * For the process that writes: removes what is left over, and an index of another format. The
   * number of the index that serves, or of the one to make where there is none: its maker swaps to
   * it once it can be read.
   */
  prepare(): number {
    makeFolder(this.#folder);
    const named = this.#read();
    const isKnown = named !== null && named.format === SEARCH_FORMAT;
    const current = isKnown ? named.number : (named?.number ?? 0) + 1;
    for (const file of readdirSync(this.#folder)) {
      const number = INDEX_FILE.exec(file)?.[1];
      if (number === undefined) continue;
      const isKept = isKnown && [current, current + 1].includes(Number(number));
      if (!isKept) rmSync(join(this.#folder, file), { force: true });
    }
    return current;
  }

  /** The number of the index that serves; null where none of this format was ever written. */
  current(): number | null {
    const named = this.#read();
    return named?.format === SEARCH_FORMAT ? named.number : null;
  }

  index(number: number): string {
    return join(this.#folder, `search-${number}.db`);
  }

  exists(number: number): boolean {
    return readdirSync(this.#folder).includes(`search-${number}.db`);
  }

  /** Durable when it returns. */
  swapTo(number: number): void {
    const written = join(this.#folder, `${CURRENT}.new`);
    const file = openSync(written, 'w');
    try {
      writeSync(file, `${SEARCH_FORMAT} ${number}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(written, join(this.#folder, CURRENT));
    const folder = openSync(this.#folder, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }

  /** With its logs. Readers that have it open still read it. */
  remove(number: number): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.index(number) + suffix, { force: true });
  }

  #read(): { format: number; number: number } | null {
    let text: string;
    try {
      text = readFileSync(join(this.#folder, CURRENT), 'utf8');
    } catch {
      return null; // There is none yet.
    }
    const [format, number] = text.trim().split(' ').map(Number);
    return { format: format!, number: number! };
  }
}

/** The size of the write-ahead log of an index's file. */
export function logBytesOf(file: string): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
