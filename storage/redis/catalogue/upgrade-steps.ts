// Runs the steps of an upgrade of the store, one at a time: at the start of the node, whenever the
// feature level changes, and once a second until the upgrade is done.

import type { Logger } from 'pino';
import type { FeatureLevels } from '../../ports/feature-level.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';

const TICK_INTERVAL_MS = 1_000;

export interface UpgradeStepsOptions {
  /** For the log, such as `the copy of the catalogue`. */
  readonly name: string;
  readonly levels: FeatureLevels;
  /** Does what can be done now. After an error another call goes on. */
  readonly advance: () => Promise<void>;
  readonly isDone: () => boolean;
  /** Errors that are no defects, besides `store-unavailable`; none unless given. */
  readonly isExpected?: (error: unknown) => boolean;
  readonly log: Logger;
}

export class UpgradeSteps {
  readonly #options: UpgradeStepsOptions;
  #isStopping = false;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #unlisten: () => void = () => undefined;

  constructor(options: UpgradeStepsOptions) {
    this.#options = options;
  }

  /** Whether a step that takes long should end early. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  start(): void {
    this.#unlisten = this.#options.levels.onChange(() => this.#run());
    this.#run();
  }

  /** Resolves when no step is in progress. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#unlisten();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }

  #run(): void {
    if (this.#isStopping || this.#running !== null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#running = this.#advanceOnce().finally(() => {
      this.#running = null;
      if (this.#isStopping || this.#options.isDone()) return;
      this.#timer = setTimeout(() => this.#run(), TICK_INTERVAL_MS).unref();
    });
  }

  /** Never rejects: the next call goes on. */
  async #advanceOnce(): Promise<void> {
    const { name, advance, isExpected = () => false, log } = this.#options;
    try {
      await advance();
    } catch (error) {
      if (error instanceof StoreUnavailableError || isExpected(error))
        log.debug({ err: error }, `${name} goes on later`);
      else log.error({ err: error }, `${name} has failed, and is tried again`);
    }
  }
}
