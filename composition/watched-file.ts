// Reads a file again when it has changed, so that what it says changes without a restart. It looks
// by `stat`, because a file that a container platform mounts is replaced by a link that
// notifications of the file system may miss.

import { readFile, stat } from 'node:fs/promises';
import type { Clock, Timer } from '../actors/clock.ts';

const READ_INTERVAL_MS = 2_000;

export interface WatchedFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Gets the text at the first look, then whenever the file has changed. */
  readonly onText: (text: string) => void;
  /** The file could not be read, or `onText` threw. It is tried again. */
  readonly onFault: (fault: unknown) => void;
}

export class WatchedFile {
  readonly #options: WatchedFileOptions;
  #timer: Timer | null = null;
  /** What `stat` said of the text that was read last. */
  #version = '';
  #stopped = false;

  constructor(options: WatchedFileOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.after(READ_INTERVAL_MS, () => void this.#look());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    try {
      await this.#readChanged();
    } catch (error) {
      this.#options.onFault(error);
    }
    if (!this.#stopped) this.start();
  }

  async #readChanged(): Promise<void> {
    const { path, onText } = this.#options;
    const { mtimeMs, ino, size } = await stat(path);
    const version = `${mtimeMs} ${ino} ${size}`;
    if (version === this.#version) return;
    const text = await readFile(path, 'utf8');
    this.#version = version;
    onText(text);
  }
}
