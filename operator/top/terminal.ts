// The terminal of `livedrops top`: its own screen, keys one by one, and all of it put back however
// the command ends.

import type { Readable } from 'node:stream';

export interface TerminalOutput {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

export interface TerminalInput extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
}

export interface TerminalOptions {
  readonly input: TerminalInput;
  readonly output: TerminalOutput;
  readonly onKey: (key: string) => void;
  readonly onResize: () => void;
}

const ENTER = '\u001B[?1049h\u001B[?25l';
const LEAVE = '\u001B[?25h\u001B[?1049l';
const HOME = '\u001B[H';
const CLEAR_REST_OF_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';
const SIZE_UNKNOWN = { columns: 80, rows: 24 };

export class Terminal {
  readonly #options: TerminalOptions;
  #isOpen = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  get size(): { columns: number; rows: number } {
    const { columns, rows } = this.#options.output;
    return columns && rows ? { columns, rows } : SIZE_UNKNOWN;
  }

  /** Also runs on `exit`, which comes after a crash too. Idempotent. */
  readonly close = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { input, output, onResize } = this.#options;
    process.off('exit', this.close);
    output.off('resize', onResize);
    input.off('data', this.#onData);
    if (input.isTTY === true) input.setRawMode?.(false);
    input.pause();
    output.write(LEAVE);
  };

  open(): void {
    const { input, output, onResize } = this.#options;
    this.#isOpen = true;
    process.on('exit', this.close);
    output.on('resize', onResize);
    output.write(ENTER);
    if (input.isTTY === true) input.setRawMode?.(true);
    input.on('data', this.#onData);
    input.resume();
  }

  /** In one write, so that no half of a frame is seen. */
  draw(lines: readonly string[]): void {
    const shown = lines.map((line) => `${line}${CLEAR_REST_OF_LINE}`).join('\r\n');
    this.#options.output.write(`${HOME}${shown}${CLEAR_BELOW}`);
  }

  readonly #onData = (data: Buffer | string): void => {
    for (const key of data.toString()) this.#options.onKey(key);
  };
}
