// Shows the demo: redraws in place if stdout is a terminal, or prints at most one line a second if
// it is a pipe. Fits 80 columns.

import type { LoadCounters } from './load-counters.ts';
import type { Payers } from './payers.ts';
import type { Followers, StockFrame } from './followers.ts';

export interface ScreenOptions {
  readonly output: NodeJS.WriteStream;
  readonly title: string;
  readonly url: string;
  readonly seed: number;
  readonly buyers: number;
  readonly stock: number;
  readonly followers: number;
}

/** The state to show; read again for each frame. */
export interface SaleState {
  readonly counters: LoadCounters;
  readonly payers: Payers;
  readonly followers: Followers;
  opensAt: number;
  latest: StockFrame | null;
  soldOutAfterMs: number | null;
}

const FRAME_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 1000;
const BAR_WIDTH = 40;

const CLEAR_LINE = '\u001B[2K';
const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';

export class Screen {
  readonly #options: ScreenOptions;
  readonly #inPlace: boolean;
  #timer: NodeJS.Timeout | null = null;
  #state: SaleState | null = null;
  #linesDrawn = 0;
  #lastLine = '';

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#inPlace = options.output.isTTY;
  }

  /** Also runs on `exit`, so that the terminal gets its cursor back however the demo ends. */
  readonly #showCursor = (): void => {
    this.#options.output.write(SHOW_CURSOR);
  };

  /** Prints one line about the preparation. */
  note(text: string): void {
    this.#options.output.write(`  ${text}\n`);
  }

  start(state: SaleState): void {
    this.#state = state;
    if (this.#inPlace) {
      this.#options.output.write(`\n${HIDE_CURSOR}`);
      process.once('exit', this.#showCursor);
    }
    const interval = this.#inPlace ? FRAME_INTERVAL_MS : LINE_INTERVAL_MS;
    this.#timer = setInterval(() => this.#draw(), interval);
    this.#draw();
  }

  /** Draws the last state and restores the terminal. Does nothing if not started. */
  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#draw();
    process.off('exit', this.#showCursor);
    if (this.#inPlace) this.#showCursor();
    this.#options.output.write('\n');
  }

  #draw(): void {
    const state = this.#state;
    if (state === null) return;
    if (!this.#inPlace) {
      const line = this.#line(state);
      if (line !== this.#lastLine) this.#options.output.write(`  ${line}\n`);
      this.#lastLine = line;
      return;
    }
    const lines = this.#picture(state);
    const up = this.#linesDrawn === 0 ? '' : `\u001B[${this.#linesDrawn}A`;
    this.#options.output.write(up + lines.map((line) => `${CLEAR_LINE}${line}\n`).join(''));
    this.#linesDrawn = lines.length;
  }

  #picture(state: SaleState): string[] {
    const { counters, payers, followers, latest } = state;
    const { title, url, buyers, stock, followers: followerCount, seed } = this.#options;
    const { settled } = payers;
    const free = latest?.free ?? stock;
    const answered = counters.get('buyersAnswered');
    const started = format(followers.receivedCount('drop.started'));
    const soldOut = format(followers.receivedCount('drop.sold_out'));
    return [
      `  ${title}   ${url}   seed ${seed}`,
      '',
      `  Drop    ${this.#phase(state)}`,
      `  Stock   ${bar(free / stock)} ${format(free)} free`,
      `          ${format(latest?.held ?? 0)} held, ${format(latest?.sold ?? 0)} sold`,
      `  Crowd   ${bar(answered / buyers)} ${format(answered)} of ${format(buyers)}`,
      `          ${format(counters.get('placed'))} got a unit, ` +
        `${format(counters.get('soldOut'))} sold out, ${format(counters.get('repeats'))} repeats`,
      `  Speed   ${speed(counters)}   p50 ${ms(counters, 0.5)}   p99 ${ms(counters, 0.99)}`,
      `  Money   ${settled.prompt} paid, ${settled.refused + settled['refused-late']} refused, ` +
        `${settled.late} paid late, ${settled.never} never; ${payers.pending} pending`,
      `  Live    ${started} of ${format(followerCount)} got the start, ${soldOut} the sell-out, ` +
        `${format(followers.noticeCount)} notices`,
    ];
  }

  #line(state: SaleState): string {
    const { counters, payers, latest } = state;
    const { buyers, stock } = this.#options;
    return (
      `${this.#phase(state)}: ${format(counters.get('buyersAnswered'))} of ${format(buyers)} ` +
      `answered, ${speed(counters)}, p99 ${ms(counters, 0.99)}, ` +
      `free ${latest?.free ?? stock}, held ${latest?.held ?? 0}, sold ${latest?.sold ?? 0}, ` +
      `${payers.pending} to pay`
    );
  }

  #phase({ opensAt, soldOutAfterMs, latest }: SaleState): string {
    const untilOpenMs = opensAt - Date.now();
    if (latest?.status !== 'live')
      return `opens in ${Math.max(0, untilOpenMs / 1000).toFixed(1)} s`;
    if (soldOutAfterMs === null) return 'open';
    const after = `sold out after ${(soldOutAfterMs / 1000).toFixed(2)} s`;
    return latest.free > 0 ? `${after}, ${latest.free} back` : after;
  }
}

function bar(share: number): string {
  const full = Math.ceil(Math.min(Math.max(share, 0), 1) * BAR_WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]`;
}

export function format(value: number): string {
  return value.toLocaleString('en-US');
}

function ms(counters: LoadCounters, share: number): string {
  const value = counters.latencyMs(share);
  return value === null ? '-' : `${value.toFixed(1)} ms`;
}

/** Answered buyers a second, from the first request to the latest first answer of a buyer. */
function speed(counters: LoadCounters): string {
  const elapsedMs = counters.get('crowdMs');
  const perSecond = elapsedMs === 0 ? 0 : (counters.get('buyersAnswered') / elapsedMs) * 1000;
  return `${format(Math.round(perSecond))} orders answered/s`;
}
