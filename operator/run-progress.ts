// How far a verification or a rebuild is, on stderr: one line that is replaced on a terminal, and
// elsewhere a line every few seconds.

import type { RunProgress } from '../contracts/operator.ts';
import { count } from './table.ts';

const TERMINAL_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 5_000;
const CLEAR_LINE = '\r\u001b[K';

const PHASES: Readonly<Record<RunProgress['phase'], string>> = {
  drops: 'comparing drops with their journals',
  lists: 'reading journals for order lists',
  rows: 'comparing order lists',
};

export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface ProgressLineOptions {
  readonly output: ProgressOutput;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

export class ProgressLine {
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  #shownAt = Number.NEGATIVE_INFINITY;
  #shown = '';

  constructor(options: ProgressLineOptions) {
    this.#output = options.output;
    this.#now = options.now;
  }

  readonly show = (progress: RunProgress): void => {
    const terminal = this.#output.isTTY === true;
    const now = this.#now();
    if (now - this.#shownAt < (terminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS)) return;
    const text = describeProgress(progress);
    if (text === this.#shown) return;
    this.#shownAt = now;
    this.#shown = text;
    this.#output.write(terminal ? CLEAR_LINE + text : `${text}\n`);
  };

  /** Removes the line from a terminal, before something else is printed. */
  clear(): void {
    if (this.#output.isTTY === true && this.#shown !== '') this.#output.write(CLEAR_LINE);
    this.#shown = '';
  }
}

export function describeProgress({ phase, shards, shardsDone, total, done }: RunProgress): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  const begin = `${PHASES[phase]}: ${percent} %`;
  if (phase === 'rows') return begin;
  return `${begin}, ${shardsDone} of ${count(shards, 'shard')}, ${done} of ${total} entries`;
}
