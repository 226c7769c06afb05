// Runs shell commands in a process group of their own. The whole group ends with the commands, at a
// timeout, and when the process that started it is gone, even killed: nothing is left running.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/**
 * The starting process holds the other end of descriptor 3 open as long as it lives. Nothing is
 * ever written to it, so `read` fails when that process is gone.
 */
const WATCHER = '(read -r <&3 || kill -KILL -- -$$) & exec 3<&-';

export interface ShellOptions {
  readonly commands: string;
  readonly timeoutMs: number;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Resolves to what the commands print, on stdout and on stderr, once all of it has ended. */
export async function runInShell(options: ShellOptions): Promise<{ shown: string; wrong: string }> {
  const commands = `${WATCHER}\n${options.commands}`;
  const shell = spawn('bash', ['-e', '-o', 'pipefail', '-c', commands], {
    cwd: options.cwd,
    env: options.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  await once(shell, 'spawn');
  const endGroup = (): void => {
    try {
      process.kill(-shell.pid!, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  // What runs in the background would hold stdout open, so the group ends with the shell.
  shell.once('exit', endGroup);
  const timer = setTimeout(endGroup, options.timeoutMs);
  try {
    const [shown, wrong] = await Promise.all([text(shell.stdout!), text(shell.stderr!)]);
    return { shown, wrong };
  } finally {
    clearTimeout(timer);
  }
}
