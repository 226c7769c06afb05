// Runs the `livedrops` command as a process until it ends.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../../operator/livedrops.ts', import.meta.url));

/**
 * For the environment of a command: it uses what Node compiled before (ava.config.js), so that a
 * start takes about half of the CPU time.
 */
export const COMPILE_CACHE: Readonly<Record<string, string>> =
  process.env['NODE_COMPILE_CACHE'] === undefined
    ? {}
    : { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] };

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** The whole environment: the command inherits nothing from the tests. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Send SIGINT after the first output. */
  readonly interruptAfterOutput?: boolean;
  /** Send SIGINT after the first text on stderr. */
  readonly interruptAfterError?: boolean;
}

export async function runCommand(
  args: readonly string[],
  { environment = {}, interruptAfterOutput = false, interruptAfterError = false }: RunOptions = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...COMPILE_CACHE, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (interruptAfterError) child.stderr.once('data', () => child.kill('SIGINT'));
  if (interruptAfterOutput) child.stdout.once('data', () => child.kill('SIGINT'));
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}
