// The pages for people, as `scripts/pages.ts` built them: HTML, scripts, styles and icons, each
// with its compressed forms. A file is read when somebody first asks for it, and kept.

import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Of each form on the disk the ending of its name, the best first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** A file, as the build lists it. */
export interface BuiltFile {
  /** Where it is served. */
  readonly path: string;
  /** In the folder of the build. */
  readonly file: string;
  readonly mediaType: string;
  /** A part of the hash of its content. */
  readonly version: string;
  /** Its path changes with its content. */
  readonly isImmutable: boolean;
}

/** An app: one HTML file for all of its addresses. */
export interface BuiltApp {
  /** With `{id}` for an id. */
  readonly paths: readonly string[];
  readonly html: BuiltFile;
  /** For operators: only at the address of their own, where there is one. */
  readonly isInternal: boolean;
}

/** What the build wrote down: `pages.json`. */
export interface PagesList {
  readonly apps: readonly BuiltApp[];
  readonly files: readonly BuiltFile[];
}

export interface EncodedFile {
  readonly bytes: Uint8Array;
  /** Null: as it is. */
  readonly encoding: string | null;
}

export class BuiltPages {
  readonly list: PagesList;
  readonly #folder: string;
  /** By the name on the disk: at most three for each file of the list. */
  readonly #read = new Map<string, Promise<Uint8Array>>();

  private constructor(folder: string, list: PagesList) {
    this.#folder = folder;
    this.list = list;
  }

  /** Null where nothing was built. */
  static open(folder: string): BuiltPages | null {
    const path = join(folder, 'pages.json');
    if (!existsSync(path)) return null;
    return new BuiltPages(folder, JSON.parse(readFileSync(path, 'utf8')) as PagesList);
  }

  /** In the best form that the client takes (RFC 9110, 12.5.3). */
  async content({ file }: BuiltFile, acceptEncoding: string): Promise<EncodedFile> {
    const found = ENCODINGS.find(([name]) => accepts(acceptEncoding, name));
    if (found === undefined) return { bytes: await this.#bytes(file), encoding: null };
    const [encoding, ending] = found;
    return { bytes: await this.#bytes(`${file}${ending}`), encoding };
  }

  #bytes(name: string): Promise<Uint8Array> {
    let bytes = this.#read.get(name);
    if (bytes === undefined) {
      bytes = readFile(join(this.#folder, name));
      this.#read.set(name, bytes);
      // A file that could not be read is tried again by the next request.
      bytes.catch(() => this.#read.delete(name));
    }
    return bytes;
  }
}

function accepts(acceptEncoding: string, encoding: string): boolean {
  return acceptEncoding.split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    return name === encoding && !parameters.some((text) => /^q=0(\.0*)?$/.test(text));
  });
}
