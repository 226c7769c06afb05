// A node that runs the tree of some directory, as `livedrops start` of that tree does.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withStoredNames } from '../../storage/formats/amount-names.ts';
import { AUTH_SECRET, PAYMENT_SECRETS, SaleClient } from '../end-to-end/sale-client.ts';
import { COMPILE_CACHE } from '../operator/run-command.ts';
import { ChildServer } from '../servers/child-server.ts';

export const TODAY = fileURLToPath(new URL('../..', import.meta.url));
const CLOCK = new URL('clock-at.ts', import.meta.url).href;
const STORE_CLOCK = new URL('store-clock-at.ts', import.meta.url).href;
/** A machine that is busy starts three nodes at once in tens of seconds. */
const READY_TIMEOUT_MS = 180_000;
const READY = /^LiveDrops ready on (http:\/\/\S+)$/m;

export interface VersionedNodeOptions {
  /** Default: today's tree. */
  readonly tree?: string;
  /** Whether the tree's API has the names of amounts that are only stored today. */
  readonly hasStoredNames?: boolean;
  /** `LIVEDROPS_` variables beside the secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Where its wall clock and that of its Redis begin, in milliseconds since the Unix epoch;
   * default: the real time.
   */
  readonly clockAt?: number;
}

export class VersionedNode {
  readonly #server: ChildServer;
  readonly #hasStoredNames: boolean;

  constructor(options: VersionedNodeOptions) {
    const { tree = TODAY, hasStoredNames = false, environment, clockAt } = options;
    this.#hasStoredNames = hasStoredNames;
    this.#server = new ChildServer({
      command: process.execPath,
      args: [join(tree, 'operator', 'livedrops.ts'), 'start'],
      ready: READY,
      readyTimeoutMs: READY_TIMEOUT_MS,
      environment: {
        // Other trees are in directories of one test, and would only fill it.
        ...(tree === TODAY ? COMPILE_CACHE : {}),
        LIVEDROPS_PORT: '0',
        LIVEDROPS_RATE_LIMITS: 'off',
        LIVEDROPS_LOG: 'warn',
        LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
        LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
        ...environment,
        ...(clockAt === undefined
          ? {}
          : {
              NODE_OPTIONS: `--import=${CLOCK} --import=${STORE_CLOCK}`,
              TEST_CLOCK_AT: String(clockAt),
            }),
      },
    });
  }

  /** Resolves when it is ready, to a client of its gateway. */
  async start(): Promise<SaleClient> {
    await this.#server.start();
    const urls = [READY.exec(this.#server.output)![1]!];
    const terms = this.#hasStoredNames && { termsOf: withStoredNames };
    return new SaleClient({ urls, anyVersion: true, ...terms });
  }

  get output(): string {
    return this.#server.output;
  }
  get pid(): number {
    return this.#server.pid;
  }

  /** Resolves to its exit code. Harmless when it has ended already. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    return this.#server.stop(signal);
  }
}
