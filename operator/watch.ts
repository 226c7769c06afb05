// Shows a text and refreshes it each second: in place in a terminal, line after line elsewhere. An
// error is shown instead of the text and does not end the command, because nodes come back.

import type { Pace } from './pace.ts';

export interface WatchOptions {
  readonly show: () => Promise<string>;
  readonly output: Output;
  readonly pace: Pace;
  /** Ends the loop. `pace` has to reject its pause when this signal aborts. */
  readonly interrupted: AbortSignal;
}

export interface Output {
  readonly isTTY?: boolean;
  /** Number of lines of the terminal. */
  readonly rows?: number;
  write(text: string): unknown;
}

const INTERVAL_MS = 1000;
const CLEAR_SCREEN = '\u001B[2J';
const HOME = '\u001B[H';
const CLEAR_REST_OF_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

export async function watch({ show, output, pace, interrupted }: WatchOptions): Promise<void> {
  const inPlace = output.isTTY === true;
  if (inPlace) output.write(CLEAR_SCREEN);
  while (!interrupted.aborted) {
    let text: string;
    try {
      text = await show();
    } catch (error) {
      text = `${error instanceof Error ? error.message : String(error)}\n`;
    }
    output.write(inPlace ? HOME + fitToScreen(text, output.rows ?? 24) + CLEAR_BELOW : text);
    try {
      await pace.pause(INTERVAL_MS);
    } catch (error) {
      if (!interrupted.aborted) throw error;
    }
  }
}

/** Cuts the text to the lines of the terminal, so that the first lines stay visible. */
function fitToScreen(text: string, rows: number): string {
  const lines = text.trimEnd().split('\n');
  const shown = lines.length < rows ? lines : lines.slice(0, rows - 2);
  const left = lines.length - shown.length;
  if (left > 0) shown.push(`and ${left} more lines`);
  return shown.map((line) => `${line}${CLEAR_REST_OF_LINE}\n`).join('');
}
