// Wall clocks of nodes that a test sets, each for one process, by Debian's libfaketime
// <https://github.com/wolfcw/libfaketime>: a library that is loaded before the C library reads the
// difference to the true time from a file. Monotonic clocks stay true, as on a real machine.

import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian installs libraries, in a folder for each architecture. */
const LIBRARIES = '/usr/lib';
/** The build for programs with threads. */
const LIBRARY = 'faketime/libfaketimeMT.so.1';
/** The library reads its file again after so long, in seconds. */
const REREAD_SECONDS = 1;

function findLibrary(): string | null {
  if (!existsSync(LIBRARIES)) return null;
  const paths = readdirSync(LIBRARIES).map((folder) => join(LIBRARIES, folder, LIBRARY));
  return paths.find((path) => existsSync(path)) ?? null;
}

export function clocksCanBeSet(): boolean {
  return findLibrary() !== null;
}

export class NodeClocks {
  readonly #directory: string;

  /** `directory`: for a file for each node. */
  constructor(options: { readonly directory: string }) {
    this.#directory = options.directory;
  }

  /** For the process of the node, before it starts. Its clock is right at first. */
  environmentOf(nodeId: string): Record<string, string> {
    this.set(nodeId, 0);
    return {
      LD_PRELOAD: findLibrary()!,
      FAKETIME_TIMESTAMP_FILE: this.#file(nodeId),
      FAKETIME_CACHE_DURATION: String(REREAD_SECONDS),
      DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** How far the node's wall clock is ahead of this machine's; negative: behind. */
  set(nodeId: string, aheadMs: number): void {
    const seconds = (aheadMs / 1_000).toFixed(3);
    const file = this.#file(nodeId);
    // By a rename, since the process may read at any moment.
    writeFileSync(`${file}.new`, `${aheadMs < 0 ? '' : '+'}${seconds}`);
    renameSync(`${file}.new`, file);
  }

  #file(nodeId: string): string {
    return join(this.#directory, `${nodeId}.clock`);
  }
}
