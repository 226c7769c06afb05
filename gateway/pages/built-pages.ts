// The pages for people, as `scripts/pages.ts` built them: HTML, scripts, styles and icons, each
// with its compressed forms. All of it, some 500 KB, is read at the start and kept: it may be built
// again under a server that runs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of each form on the disk the ending of its name, the best first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

const AS_IT_IS = [null, ''] as const;

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
  /** Orders are paid on it: the payment provider's own script may run there. */
  readonly takesPayments: boolean;
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
  /** By the name on the disk. */
  readonly #bytes = new Map<string, Uint8Array>();

  private constructor(folder: string) {
    const read = (name: string) => readFileSync(join(folder, name));
    this.list = JSON.parse(read('pages.json').toString()) as PagesList;
    for (const { file } of [...this.list.apps.map(({ html }) => html), ...this.list.files])
      for (const [, ending] of [AS_IT_IS, ...ENCODINGS])
        this.#bytes.set(`${file}${ending}`, read(`${file}${ending}`));
  }

  /** Null where nothing was built, or is being built. */
  static open(folder: string): BuiltPages | null {
    try {
      return new BuiltPages(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return null;
    }
  }

  /** In the best form that the client takes (RFC 9110, 12.5.3). `file`: of the list. */
  content({ file }: BuiltFile, acceptEncoding: string): EncodedFile {
    const [encoding, ending] =
      ENCODINGS.find(([name]) => accepts(acceptEncoding, name)) ?? AS_IT_IS;
    return { bytes: this.#bytes.get(`${file}${ending}`)!, encoding };
  }
}

function accepts(acceptEncoding: string, encoding: string): boolean {
  return acceptEncoding.split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    return name === encoding && !parameters.some((text) => /^q=0(\.0*)?$/.test(text));
  });
}
