// The demo's server by itself: one process, on SQLite.

import { join } from 'node:path';
import { loadConfig } from '../../composition/config.ts';
import {
  type DemoServer,
  journalOrders,
  type StoppedServer,
  verifyFindings,
} from './demo-server.ts';
import { ServerProcess } from './server-process.ts';

export class SingleServer implements DemoServer {
  readonly name = 'LiveDrops';
  readonly outboxes: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #process: ServerProcess;

  constructor(options: {
    readonly dataDirectory: string;
    /** Further `LIVEDROPS_` variables. */
    readonly environment: Readonly<Record<string, string>>;
  }) {
    const { dataDirectory, environment } = options;
    this.outboxes = [join(dataDirectory, 'outbox')];
    this.#environment = {
      ...environment,
      LIVEDROPS_DATA: dataDirectory,
      LIVEDROPS_PORT: '0',
    };
    this.#process = new ServerProcess({ environment: this.#environment });
  }

  async start(): Promise<readonly string[]> {
    return [await this.#process.start()];
  }

  async finish(): Promise<StoppedServer> {
    const stoppedInOrder = await this.#process.stop();
    const journal = await journalOrders(loadConfig(this.#environment));
    return { stoppedInOrder, journal, verified: await verifyFindings(this.#environment) };
  }

  async kill(): Promise<void> {
    await this.#process.kill();
  }
}
