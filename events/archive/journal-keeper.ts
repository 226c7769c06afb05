// What the archiver asks of the process that has the journal's writer: how far every consumer has
// come, and the trimming itself. `RemoteKeeper` asks it from another thread.

import type { MessagePort } from 'node:worker_threads';
import type { ConsumerPositions } from '../../storage/ports/consumer-positions.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type { ReadModels } from '../../storage/ports/read-models.ts';
import { answerQuestions, PortQuestions } from '../port-questions.ts';

/** From this feature level on every node reads archives. */
const ARCHIVE_LEVEL = 2;

export interface JournalKeeper {
  /**
   * The last sequence of the shard that no consumer needs any more; 0 while a node lives that reads
   * no archive. Errors: `store-unavailable`.
   */
  consumed(shard: number): Promise<number>;
  /** `Journal.trim`. Errors: `store-unavailable`. */
  trim(shard: number, through: number): Promise<void>;
}

export interface StoredKeeperOptions {
  readonly journal: Pick<Journal, 'trim'>;
  readonly readModels: Pick<ReadModels, 'position'>;
  readonly positions: ConsumerPositions;
  /** The names of all consumers of events with stored positions, in any process. */
  readonly consumers: readonly string[];
  /** The feature level of the store. */
  readonly levels: FeatureLevels;
}

export class StoredKeeper implements JournalKeeper {
  readonly #options: StoredKeeperOptions;

  constructor(options: StoredKeeperOptions) {
    this.#options = options;
  }

  async consumed(shard: number): Promise<number> {
    const { readModels, positions, consumers, levels } = this.#options;
    if (levels.reached() < ARCHIVE_LEVEL) return 0;
    let least = await readModels.position(shard);
    for (const consumer of consumers)
      least = Math.min(least, await positions.load(consumer, shard));
    return least;
  }

  async trim(shard: number, through: number): Promise<void> {
    await this.#options.journal.trim(shard, through);
  }
}

interface Question {
  readonly shard: number;
  /** Null: how far the consumers have come. */
  readonly trimThrough: number | null;
}

/** The archiver has one question at a time, so one waits. */
export class RemoteKeeper implements JournalKeeper {
  readonly #questions: PortQuestions<Question>;

  constructor(port: MessagePort) {
    this.#questions = new PortQuestions(port);
  }

  consumed(shard: number): Promise<number> {
    return this.#questions.ask({ shard, trimThrough: null });
  }

  async trim(shard: number, through: number): Promise<void> {
    await this.#questions.ask({ shard, trimThrough: through });
  }
}

/** Answers the questions of a `RemoteKeeper` at the other end of the port. */
export function serveKeeper(port: MessagePort, keeper: JournalKeeper): void {
  answerQuestions(port, async ({ shard, trimThrough }: Question) => {
    if (trimThrough === null) return await keeper.consumed(shard);
    await keeper.trim(shard, trimThrough);
    return trimThrough;
  });
}
