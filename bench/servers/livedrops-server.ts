// Runs the real server on its core, with a data directory that is removed at the stop.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import { AUTH_SECRET, SaleClient } from './sale-client.ts';

const COMMAND = new URL('../../operator/livedrops.ts', import.meta.url).pathname;

export function makeDataDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'livedrops-bench-'));
}

export class LiveDropsServer extends SaleClient {
  readonly process: PinnedProcess;
  readonly #directory: string;
  #url: URL | null = null;

  /**
   * `nodeArgs`, such as `--cpu-prof`, precede the script. The directory may already have data.
   * `command` is the `livedrops` command of another checkout; this one's by default.
   */
  constructor(
    nodeArgs: readonly string[] = [],
    directory = makeDataDirectory(),
    command = COMMAND,
    env: Readonly<Record<string, string>> = {},
  ) {
    super();
    this.#directory = directory;
    this.process = new PinnedProcess({
      core: SERVER_CORE,
      args: [...nodeArgs, command, 'start'],
      env: {
        LIVEDROPS_PORT: '0',
        LIVEDROPS_DATA: this.#directory,
        LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
        // One address and few users send all requests, so rate limits must be off.
        LIVEDROPS_RATE_LIMITS: 'off',
        LIVEDROPS_LOG: 'warn',
        // It has one core. Other checkouts may not know the setting.
        ...(command === COMMAND && { LIVEDROPS_THREADS: '1' }),
        ...env,
      },
    });
  }

  async start(): Promise<void> {
    this.#url = new URL((await this.process.line()).replace('LiveDrops ready on ', ''));
  }

  protected get url(): URL {
    return this.#url!;
  }

  async stop(): Promise<void> {
    await this.process.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
