// Gives the change stream to one consumer: each bucket from its stored position, after a full pass
// where the stream no longer has the records from there. The position is stored after the work, so
// a crash between the two repeats records. A bucket that fails is retried with a growing delay and
// does not delay others.
//
// A store that was restored from an older copy has other records under the same sequences. So each
// position has a mark, a hash of the record at it, and each read begins with that record. Where the
// marks differ, the position is of another stream, and a full pass follows.

import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import { fnv1a } from '../../domain/ids.ts';
import type { ChangeRecord, ChangeStream } from '../../storage/ports/change-stream.ts';
import type { ConsumerPositions, ShardPosition } from '../../storage/ports/consumer-positions.ts';
import type { ConsumerLease } from '../off-loop/consumer-lease.ts';
import { type ChangeConsumer, positionsName } from './change-consumer.ts';

/** Records, or entities of a full pass, that the consumer gets at once. */
const BATCH_MAX = 256;
/** The longest delay until changes of other processes, or a free lease, are found. */
const POLL_MS = 250;
const RETRY_DELAY_FIRST_MS = 50;
const RETRY_DELAY_MAX_MS = 5000;

export interface ChangeRunnerOptions {
  readonly consumer: ChangeConsumer;
  readonly changes: ChangeStream;
  /**
   * Any store of positions: one that commits them together with the consumer's own rows makes each
   * record's effect happen once.
   */
  readonly positions: ConsumerPositions;
  /** Null: this process alone runs the consumer. */
  readonly lease: ConsumerLease | null;
  readonly pollMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Position {
  /** Of the last record that the consumer has taken. */
  readonly sequence: number;
  /** Of that record; `NO_RECORD` where the stream did not have the record any more. */
  readonly mark: number;
}

const NO_RECORD = 0;
/** No stream has it, so a full pass follows. */
const BEFORE_ALL = -1;

/** The positions with which a consumer makes a full pass of each bucket. */
export function positionsBeforeAll(bucketCount: number): ShardPosition[] {
  return Array.from({ length: bucketCount }, (_, bucket) => [
    { shard: bucket, sequence: BEFORE_ALL },
    { shard: bucketCount + bucket, sequence: NO_RECORD },
  ]).flat();
}

export class ChangeRunner {
  readonly #options: ChangeRunnerOptions;
  readonly #name: string;
  /** By bucket; null: not loaded yet. */
  readonly #positions: (Position | null)[];
  #running: Promise<void> | null = null;
  #unsubscribe: (() => void) | null = null;
  #stopped = false;
  /** Set since the last pass over the buckets: a record was appended, or the runner is to stop. */
  #awake = false;
  #wake: (() => void) | null = null;

  constructor(options: ChangeRunnerOptions) {
    this.#options = options;
    this.#name = positionsName(options.consumer.name);
    this.#positions = Array.from({ length: options.changes.bucketCount }, () => null);
  }

  start(): void {
    this.#unsubscribe = this.#options.changes.onAppend(() => this.#wakeUp());
    this.#running = this.#run();
  }

  /** Finishes the batch in progress and starts no other. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe?.();
    this.#wakeUp();
    await this.#running;
    await this.#options.lease?.release();
  }

  /** Records that the consumer has not consumed. Errors: `store-unavailable`. */
  async lag(): Promise<number> {
    const { changes } = this.#options;
    let records = 0;
    for (let bucket = 0; bucket < changes.bucketCount; bucket++) {
      const { last } = await changes.head(bucket);
      records += Math.max(0, last - (await this.#position(bucket)).sequence);
    }
    return records;
  }

  async #run(): Promise<void> {
    const { changes, pollMs = POLL_MS } = this.#options;
    const { bucketCount } = changes;
    let delayMs = RETRY_DELAY_FIRST_MS;
    while (!this.#stopped) {
      this.#awake = false;
      if (!(await this.#mayRun())) {
        await this.#pause(pollMs);
        continue;
      }
      let moved = false;
      let failed = false;
      for (let bucket = 0; bucket < bucketCount && !this.#stopped; bucket++) {
        try {
          if (await this.#advance(bucket)) moved = true;
        } catch (error) {
          failed = true;
          const { consumer, log } = this.#options;
          log.warn({ err: error, consumer: consumer.name, bucket }, 'a consumer of changes waits');
        }
      }
      if (failed) {
        await this.#pause(delayMs);
        delayMs = Math.min(delayMs * 2, RETRY_DELAY_MAX_MS);
        continue;
      }
      delayMs = RETRY_DELAY_FIRST_MS;
      if (!moved && !this.#awake) await this.#pause(pollMs, true);
    }
  }

  /**
   * Without the lease another process continues from here: positions are loaded again with the next
   * lease.
   */
  async #mayRun(): Promise<boolean> {
    const { lease } = this.#options;
    if (lease === null || (await lease.hold())) return true;
    this.#positions.fill(null);
    return false;
  }

  /** Gives the consumer the bucket's next records. False where there are none. */
  async #advance(bucket: number): Promise<boolean> {
    const { consumer } = this.#options;
    if (!(await this.#mayRun())) return false;
    const position = await this.#position(bucket);
    const records = await this.#readBehind(bucket, position);
    if (records === null) {
      await this.#fullPass(bucket);
      return true;
    }
    const last = records.at(-1);
    if (last === undefined) return false;
    await consumer.consume(records);
    await this.#save(bucket, positionAt(last));
    return true;
  }

  /** Null where the stream is not the one of the position, or does not reach back to it. */
  async #readBehind(bucket: number, position: Position): Promise<ChangeRecord[] | null> {
    const { changes } = this.#options;
    const { sequence, mark } = position;
    try {
      if (mark === NO_RECORD) {
        // The record is there now, and was not then.
        if (sequence > 0 && sequence > (await changes.head(bucket)).trimmed) return null;
        return await changes.read(bucket, sequence, BATCH_MAX);
      }
      const [at, ...records] = await changes.read(bucket, sequence - 1, BATCH_MAX + 1);
      return at === undefined || positionAt(at).mark !== mark ? null : records;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'position-trimmed') throw error;
      return null;
    }
  }

  async #fullPass(bucket: number): Promise<void> {
    const { changes, consumer, log } = this.#options;
    // Read before the first page: changes during the pass have later sequences.
    const end = await this.#end(bucket);
    // A new store has nothing to pass over.
    const level = end.sequence === 0 ? 'debug' : 'info';
    log[level]({ consumer: consumer.name, bucket }, 'a consumer of changes makes a full pass');
    await consumer.beginFullPass(bucket);
    let cursor: string | null = null;
    do {
      if (this.#stopped || !(await this.#mayRun())) return;
      const page = await changes.scan(bucket, cursor, BATCH_MAX);
      await consumer.addEntities(bucket, page.changes);
      cursor = page.nextCursor;
    } while (cursor !== null);
    await consumer.endFullPass(bucket);
    await this.#save(bucket, end);
  }

  /** The position of the newest record. */
  async #end(bucket: number): Promise<Position> {
    const { changes } = this.#options;
    const { last, trimmed } = await changes.head(bucket);
    if (last === trimmed) return { sequence: last, mark: NO_RECORD };
    const [record] = await changes.read(bucket, last - 1, 1);
    return positionAt(record!);
  }

  async #position(bucket: number): Promise<Position> {
    const known = this.#positions[bucket] ?? null;
    if (known !== null) return known;
    const { positions } = this.#options;
    const sequence = await positions.load(this.#name, bucket);
    const mark = await positions.load(this.#name, this.#placeOfMark(bucket));
    const position = { sequence, mark };
    this.#positions[bucket] = position;
    return position;
  }

  async #save(bucket: number, position: Position): Promise<void> {
    const { sequence, mark } = position;
    await this.#options.positions.replace(this.#name, [
      { shard: bucket, sequence },
      { shard: this.#placeOfMark(bucket), sequence: mark },
    ]);
    this.#positions[bucket] = position;
  }

  /** Marks are stored after the buckets, so that both are written in one step. */
  #placeOfMark(bucket: number): number {
    return this.#options.changes.bucketCount + bucket;
  }

  #wakeUp(): void {
    this.#awake = true;
    this.#wake?.();
  }

  /** Ends early when the runner is to stop, or, with `forAppends`, when a record is appended. */
  async #pause(delayMs: number, forAppends = false): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(delayMs, resolve);
      this.#wake = () => {
        if (!forAppends && !this.#stopped) return;
        timer.cancel();
        resolve();
      };
      if (this.#stopped) this.#wake();
    });
    this.#wake = null;
  }
}

function positionAt({ sequence, at, change }: ChangeRecord): Position {
  return { sequence, mark: 1 + fnv1a(`${at} ${JSON.stringify(change)}`) };
}
