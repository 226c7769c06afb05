// The real server on its core, on a data directory of its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import { AUTH_SECRET, SaleClient } from './sale-client.ts';

const COMMAND = new URL('../../operator/livedrops.ts', import.meta.url).pathname;

export class LiveDropsServer extends SaleClient {
  readonly process: PinnedProcess;
  readonly #directory = mkdtempSync(join(tmpdir(), 'livedrops-bench-'));
  #url: URL | null = null;

  /** `nodeArgs`, such as `--cpu-prof`, go before the script. */
  constructor(nodeArgs: readonly string[] = []) {
    super();
    this.process = new PinnedProcess({
      core: SERVER_CORE,
      args: [...nodeArgs, COMMAND, 'start'],
      env: {
        LIVEDROPS_PORT: '0',
        LIVEDROPS_DATA: this.#directory,
        LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
        // One address and few users send everything; the limits themselves are measured nowhere.
        LIVEDROPS_RATE_LIMITS: 'off',
        LIVEDROPS_LOG: 'warn',
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
