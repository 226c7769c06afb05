// Data directories that a process of its own fills, and copies of them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeDataDirectory } from '../servers/livedrops-server.ts';

/** A directory with data directories; all of them go with it. */
export class PreparedData {
  readonly #root = makeDataDirectory();
  readonly #remove = (): void => rmSync(this.#root, { recursive: true, force: true });

  constructor() {
    process.on('exit', this.#remove);
  }

  path(name: string): string {
    return join(this.#root, name);
  }

  /** Runs a script of `bench/load`; resolves when it has ended. */
  async fill(script: string, ...args: readonly string[]): Promise<void> {
    const path = new URL(`../load/${script}`, import.meta.url).pathname;
    const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 2, 2] });
    const end = () => child.kill();
    process.once('exit', end);
    const [code] = (await once(child, 'exit')) as [number | null];
    process.off('exit', end);
    if (code !== 0) throw new Error(`${script} ${args[0]} failed`);
  }

  copy(name: string, to: string): string {
    const path = this.path(to);
    // Copied by the file system where it can.
    const mode = constants.COPYFILE_FICLONE;
    cpSync(this.path(name), path, { recursive: true, mode });
    return path;
  }

  remove(): void {
    process.off('exit', this.#remove);
    this.#remove();
  }
}
