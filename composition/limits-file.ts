// The file of limits. Nodes read it again when it changes, so that limits change without a restart.

import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Clock } from '../actors/clock.ts';
import { checkLimits, type Limits } from '../contracts/limits.ts';
import { parseExemptNetwork } from '../gateway/http/exempt-networks.ts';
import type { LimitsSource } from '../gateway/http/limits.ts';
import { WatchedFile } from './watched-file.ts';

/** The limits of a file, or the requirement that its text does not meet. */
export function parseLimits(text: string): Limits | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'must be JSON';
  }
  const checked = checkLimits(json);
  if (!checked.ok) return `is wrong: ${checked.detail}`;
  for (const [index, network] of (checked.value.exempt ?? []).entries()) {
    const parsed = parseExemptNetwork(network);
    if (typeof parsed === 'string') return `is wrong: exempt.${index}: ${parsed}.`;
  }
  return checked.value;
}

/** The limits of the file at `path`, or the requirement that it does not meet. */
export function readLimits(path: string): Limits | string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return `cannot be read: ${(error as Error).message}`;
  }
  return parseLimits(text);
}

export interface LimitsFileOptions {
  /** Null: the limits stay as they are. */
  readonly path: string | null;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The limits in force. A file that is missing or wrong changes nothing. */
export class LimitsFile implements LimitsSource {
  readonly #options: LimitsFileOptions;
  readonly #file: WatchedFile | null;
  readonly #listeners: ((limits: Limits) => void)[] = [];
  #current: Limits;

  constructor(options: LimitsFileOptions) {
    const { path, limits, clock, log } = options;
    this.#options = options;
    this.#current = limits;
    this.#file =
      path === null
        ? null
        : new WatchedFile({
            path,
            clock,
            onText: (text) => this.#read(text),
            onFault: (fault) =>
              log.error({ err: fault, file: path }, 'the limits cannot be read again'),
          });
  }

  get current(): Limits {
    return this.#current;
  }

  onReplaced(listener: (limits: Limits) => void): void {
    this.#listeners.push(listener);
  }

  start(): void {
    this.#file?.start();
  }

  stop(): void {
    this.#file?.stop();
  }

  #read(text: string): void {
    const { path, log } = this.#options;
    const parsed = parseLimits(text);
    if (typeof parsed === 'string') {
      log.error({ file: path }, `the limits stay as they were: the file ${parsed}`);
      return;
    }
    if (JSON.stringify(parsed) === JSON.stringify(this.#current)) return;
    this.#current = parsed;
    for (const listener of this.#listeners) listener(parsed);
    log.info({ file: path, limits: parsed }, 'the limits have changed');
  }
}
