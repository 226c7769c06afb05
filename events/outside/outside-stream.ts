// Everything that happens, as one stream for outside systems: the events of all journals and the
// records of the change stream, as lines of JSON with positions (docs/CHANGES.md, decision 029).
// Each drop's events and each entity's changes are in order. Lines of different ones are ordered by
// time within one page. A position is the first line and ends every page, so a reader that
// continues from its last stored position gets everything at least once.

import type { Clock } from '../../actors/clock.ts';
import { turnOfOthers } from '../../actors/shard/recovery.ts';
import { decodeEntry, type Entry } from '../../storage/formats/entry.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import { type ChangeStream, PositionTrimmedError } from '../../storage/ports/change-stream.ts';
import { CorruptError, type Journal } from '../../storage/ports/journal.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import { OrderCounts } from './order-counts.ts';
import { changeLine, eventLines, positionLine, snapshotLine } from './outside-lines.ts';
import { decodePosition, encodePosition, type OutsidePosition } from './outside-position.ts';
import { HeadsReader, type StreamHeads } from './stream-heads.ts';
import { Visibility } from './visibility.ts';

/**
 * The cost of one page: each event or record counts 1, a larger one 1 for each KiB of its line. One
 * reader has one page and one more read in memory.
 */
const PAGE_COST_MAX = 1_000;
const BYTES_PER_COST = 1_024;
const ENTRIES_PER_READ = 16;
const RECORDS_PER_READ = 64;
/** Together with `SHARED_AGE_MAX_MS` of the heads, a durable event is found within 250 ms. */
const POLL_MS = 150;
/** Below the 10 s after which the HTTP server closes a silent connection. */
const POSITION_INTERVAL_MS = 5_000;

export interface OutsideStreamOptions {
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly changes: ChangeStream;
  readonly catalogue: Pick<Catalogue, 'findDrop'>;
  readonly shardCount: number;
  readonly clock: Clock;
}

export interface ReadOptions {
  /** A position, `start` or `now`. */
  readonly from: string;
  /** False: the stream ends with what was durable at the call. */
  readonly follow: boolean;
  /** The creator whose drops, products and followers are shown. Null: everything. */
  readonly creatorId: string | null;
  /** The time after which a stream that follows ends, in milliseconds. */
  readonly forMs: number;
  /** False: a stream that follows ends. */
  readonly isAllowed?: () => boolean;
}

export class OutsideStream {
  readonly #options: OutsideStreamOptions;
  readonly #heads: HeadsReader;

  constructor(options: OutsideStreamOptions) {
    this.#options = options;
    this.#heads = new HeadsReader(options);
  }

  /**
   * Chunks of whole lines. An empty chunk shows that the stream is alive while nothing happens.
   * Errors: `invalid-position`; `position-trimmed` where records after the position are removed;
   * `store-unavailable`. While reading: the same, and `corrupt` where a journal is damaged.
   */
  async open(read: ReadOptions): Promise<AsyncGenerator<string, void, undefined>> {
    const heads = await this.#heads.read();
    const { journal } = this.#options;
    const removed = await Promise.all(heads.shards.map((_, shard) => journal.removed(shard)));
    const begin = beginningOf(read.from, heads, removed);
    return new Reader({ ...this.#options, heads: this.#heads, read, begin }).chunks(heads);
  }
}

/** `removed`: the entries of each shard up to there are gone. */
function beginningOf(
  from: string,
  heads: StreamHeads,
  removed: readonly number[],
): OutsidePosition {
  const { shards, buckets } = heads;
  const last = buckets.map((head) => head.last);
  if (from === 'now') return { shards, buckets: last, pass: null };
  if (from === 'start') {
    const trimmed = buckets.some((head) => head.trimmed > 0);
    if (!trimmed) return { shards: removed, buckets: last.map(() => 0), pass: null };
    return { shards: removed, buckets: last, pass: { bucket: 0, cursor: null } };
  }
  const counts = { shards: shards.length, buckets: buckets.length };
  const position = decodePosition(from, counts);
  const isThere =
    position.shards.every(
      (sequence, shard) => sequence >= removed[shard]! && sequence <= shards[shard]!,
    ) &&
    position.buckets.every(
      (sequence, i) => sequence >= buckets[i]!.trimmed && sequence <= buckets[i]!.last,
    );
  if (!isThere) throw new PositionTrimmedError('records after the position are gone');
  return position;
}

interface ReaderOptions extends OutsideStreamOptions {
  readonly heads: HeadsReader;
  readonly read: ReadOptions;
  readonly begin: OutsidePosition;
}

/** Lines that are sorted among those of other shards and buckets. */
interface Piece {
  readonly time: number;
  readonly text: string;
}

class Reader {
  readonly #options: ReaderOptions;
  readonly #visibility: Visibility;
  readonly #shards: number[];
  readonly #buckets: number[];
  #pass: OutsidePosition['pass'];
  readonly #counts = new Map<number, OrderCounts>();
  /**
   * The shard or bucket that the next page reads first, so that a busy one does not starve others.
   */
  #turn = 0;
  #positionAt: number;
  readonly #endsAt: number;

  constructor(options: ReaderOptions) {
    const { catalogue, read, begin, clock } = options;
    this.#options = options;
    this.#visibility = new Visibility({ catalogue, creatorId: read.creatorId });
    this.#shards = [...begin.shards];
    this.#buckets = [...begin.buckets];
    this.#pass = begin.pass;
    this.#positionAt = clock.monotonic();
    this.#endsAt = clock.monotonic() + read.forMs;
  }

  async *chunks(first: StreamHeads): AsyncGenerator<string, void, undefined> {
    const { heads, read, clock } = this.#options;
    let ends = first;
    yield this.#position();
    while (this.#pass !== null && !this.#over) yield await this.#passPage(this.#pass);
    for (;;) {
      while (this.#isBehind(ends) && !this.#over) yield await this.#page(ends);
      if (!read.follow || this.#over) break;
      await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
      yield this.#positionWhenDue();
      ends = await heads.shared();
    }
    yield this.#position();
  }

  /** Ends the stream: its reader may no longer read it. */
  get #over(): boolean {
    const { read, clock } = this.#options;
    if (!read.follow) return false;
    return clock.monotonic() >= this.#endsAt || read.isAllowed?.() === false;
  }

  #isBehind({ shards, buckets }: StreamHeads): boolean {
    return (
      this.#shards.some((sequence, shard) => sequence < shards[shard]!) ||
      this.#buckets.some((sequence, bucket) => sequence < buckets[bucket]!.last)
    );
  }

  async #passPage(pass: NonNullable<OutsidePosition['pass']>): Promise<string> {
    const { changes, clock } = this.#options;
    const { changes: entities, nextCursor } = await changes.scan(
      pass.bucket,
      pass.cursor,
      RECORDS_PER_READ,
    );
    let text = '';
    for (const entity of entities)
      if (this.#visibility.showsChange(entity))
        text += snapshotLine(pass.bucket, clock.now(), entity);
    if (nextCursor !== null) this.#pass = { bucket: pass.bucket, cursor: nextCursor };
    else if (pass.bucket + 1 < this.#buckets.length)
      this.#pass = { bucket: pass.bucket + 1, cursor: null };
    else this.#pass = null;
    return text === '' ? this.#positionWhenDue() : text + this.#position();
  }

  /** The next lines, up to the cost of one page, ordered by time. */
  async #page(heads: StreamHeads): Promise<string> {
    const sources = this.#shards.length + this.#buckets.length;
    const pieces: Piece[] = [];
    let cost = 0;
    let source = this.#turn;
    for (let i = 0; i < sources && cost < PAGE_COST_MAX; i++) {
      source = (this.#turn + i) % sources;
      const bucket = source - this.#shards.length;
      cost +=
        bucket < 0
          ? await this.#readShard(source, heads.shards[source]!, pieces)
          : await this.#readBucket(bucket, heads.buckets[bucket]!.last, pieces);
    }
    this.#turn = (source + 1) % sources;
    // The sort is stable: lines of one source stay in order.
    pieces.sort((a, b) => a.time - b.time);
    let text = '';
    for (const piece of pieces) text += piece.text;
    return text === '' ? this.#positionWhenDue() : text + this.#position();
  }

  /** Adds the visible lines of the shard's next entries. Returns their cost. */
  async #readShard(shard: number, last: number, pieces: Piece[]): Promise<number> {
    const after = this.#shards[shard]!;
    if (after >= last) return 0;
    const entries = await this.#options.journal.read(shard, after, ENTRIES_PER_READ);
    if (entries.length === 0)
      throw new CorruptError(`the journal of shard ${shard} ends at ${after}, not at ${last}`);
    let cost = 0;
    for (const { sequence, bytes } of entries) {
      if (sequence > last || cost >= PAGE_COST_MAX) break;
      if (sequence !== this.#shards[shard]! + 1)
        throw new CorruptError(`entry ${this.#shards[shard]! + 1} of shard ${shard} is missing`);
      const entry = decodeEntry(bytes, shard, sequence);
      const text = await this.#entryText(entry);
      if (text !== '') pieces.push({ time: entry.time, text });
      this.#shards[shard] = sequence;
      let events = 0;
      for (const changes of entry.changes) events += changes.events.length;
      cost += Math.max(events, text.length / BYTES_PER_COST);
      await turnOfOthers();
    }
    return cost;
  }

  async #entryText(entry: Entry): Promise<string> {
    let text = '';
    let index = 0;
    for (const changes of entry.changes) {
      if (await this.#visibility.showsDrop(changes)) {
        const ordersBefore = await this.#countsOf(entry.shard).take(changes, entry.sequence);
        text += eventLines(entry, changes, index, ordersBefore);
      }
      index += changes.events.length;
    }
    return text;
  }

  async #readBucket(bucket: number, last: number, pieces: Piece[]): Promise<number> {
    const after = this.#buckets[bucket]!;
    if (after >= last) return 0;
    const limit = Math.min(RECORDS_PER_READ, last - after);
    const records = await this.#options.changes.read(bucket, after, limit);
    // Record times may step back with the clock. The order of lines must not.
    let time = 0;
    let cost = 0;
    for (const record of records) {
      time = Math.max(time, record.at);
      const { change } = record;
      const text = this.#visibility.showsChange(change) ? changeLine(record, change) : '';
      if (text !== '') pieces.push({ time, text });
      cost += Math.max(1, text.length / BYTES_PER_COST);
    }
    this.#buckets[bucket] = records.at(-1)?.sequence ?? after;
    return cost;
  }

  #countsOf(shard: number): OrderCounts {
    const { journal, snapshots } = this.#options;
    const counts = this.#counts.get(shard) ?? new OrderCounts({ shard, journal, snapshots });
    this.#counts.set(shard, counts);
    return counts;
  }

  #position(): string {
    const { clock } = this.#options;
    this.#positionAt = clock.monotonic();
    const position = { shards: this.#shards, buckets: this.#buckets, pass: this.#pass };
    return positionLine(clock.now(), encodePosition(position));
  }

  #positionWhenDue(): string {
    const due = this.#options.clock.monotonic() - this.#positionAt >= POSITION_INTERVAL_MS;
    return due ? this.#position() : '';
  }
}
