// `livedrops top`: a live view of the cluster. On a terminal it draws in place and takes keys;
// elsewhere it prints a frame, or with --json a line, each second.

import { type Environment, PROCESS_ENVIRONMENT } from '../../composition/process-environment.ts';
import { connectOperator, type ConnectOptions } from '../connect.ts';
import { interruptSignal, type Pace, realPace } from '../pace.ts';
import { frame } from './frame.ts';
import { type LookedAt, look } from './look.ts';
import { type Look, type Picture, pictureOf } from './picture.ts';
import { Terminal, type TerminalInput, type TerminalOutput } from './terminal.ts';

export interface TopOptions extends ConnectOptions {
  readonly json?: true;
  readonly once?: true;
}

export interface TopParts {
  readonly api: LookedAt;
  readonly input: TerminalInput;
  readonly output: TerminalOutput & { readonly isTTY?: boolean };
  readonly pace: Pace;
  /** Ends the loop; `pace` rejects its pause then. */
  readonly interrupt: AbortController;
  readonly environment: Environment;
}

const INTERVAL_MS = 1_000;
/** For a node that hangs: the next one is asked then, and what it would have told is left out. */
const TIMEOUT_MS = 3_000;
const PLAIN_SIZE = { columns: 100, rows: 60 };
const CTRL_C = '\u0003';

export async function top(options: TopOptions): Promise<void> {
  const interrupt = new AbortController();
  const interrupted = interruptSignal();
  interrupted.addEventListener('abort', () => interrupt.abort());
  const { stdin: input, stdout: output } = process;
  const pace = realPace(interrupt.signal);
  const api = await connectOperator({ ...options, timeoutMs: TIMEOUT_MS });
  await run(options, { api, input, output, pace, interrupt, environment: PROCESS_ENVIRONMENT });
  // A request may hang still.
  if (interrupt.signal.aborted) process.exit();
}

export async function run(options: TopOptions, parts: TopParts): Promise<void> {
  const { output, interrupt } = parts;
  const inPlace = output.isTTY === true && options.json !== true && options.once !== true;
  try {
    const first = await nextLook(parts);
    if (inPlace) await drawInPlace(first, parts);
    else await print(first, options, parts);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  }
}

/** Rejects where it is interrupted meanwhile: a look takes long where nodes hang. */
async function nextLook({ api, pace, interrupt: { signal } }: TopParts): Promise<Look> {
  signal.throwIfAborted();
  const interrupted = Promise.withResolvers<never>();
  const onAbort = () => interrupted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([look(api, () => pace.now()), interrupted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function print(first: Look, options: TopOptions, parts: TopParts): Promise<void> {
  const { api, output, pace } = parts;
  let before = first;
  for (;;) {
    await pace.pause(INTERVAL_MS);
    const after = await nextLook(parts);
    output.write(textOf(pictureOf(before, after), options, api.url));
    if (options.once === true) return;
    before = after;
  }
}

function textOf(picture: Picture, { json, once }: TopOptions, url: string): string {
  if (json === true) return `${JSON.stringify(picture, null, once === true ? 2 : 0)}\n`;
  const lines = frame(picture, { ...PLAIN_SIZE, colours: false, isPaused: false, url });
  // Without a terminal there are no keys.
  return `${lines.slice(0, -1).join('\n')}\n`;
}

async function drawInPlace(first: Look, parts: TopParts): Promise<void> {
  const { api, input, output, pace, interrupt, environment } = parts;
  let [before, picture, isPaused] = [first, pictureOf(first, first), false];
  let fault: string | null = null;
  const colours = environment['NO_COLOR'] === undefined || environment['NO_COLOR'] === '';
  const draw = () => {
    const { columns, rows } = terminal.size;
    const lines = frame(picture, { columns, rows, colours, isPaused, url: api.url });
    terminal.draw(fault === null ? lines : [...lines.slice(0, -1), fault.slice(0, columns)]);
  };
  const terminal: Terminal = new Terminal({
    input,
    output,
    onResize: draw,
    onKey(key) {
      if (key === 'q' || key === CTRL_C) interrupt.abort();
      if (key !== 'p') return;
      isPaused = !isPaused;
      draw();
    },
  });
  terminal.open();
  try {
    while (!interrupt.signal.aborted) {
      draw();
      await pace.pause(INTERVAL_MS);
      if (isPaused) continue;
      try {
        const after = await nextLook(parts);
        picture = pictureOf(before, after);
        before = after;
        fault = null;
      } catch (error) {
        // Nodes come back: the last picture stays, with what is wrong.
        fault = error instanceof Error ? error.message : String(error);
      }
    }
  } finally {
    terminal.close();
  }
}
