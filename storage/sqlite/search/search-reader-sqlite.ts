// Asks a search index on SQLite, in a thread that only searches. It follows the writer, which may
// be in another thread or process, from one index to the next one that was rebuilt.

import { setTimeout as pause } from 'node:timers/promises';
import type { SearchType } from '../../../contracts/search.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import {
  IndexNotThereError,
  type SearchHit,
  type SearchPage,
  type SearchReader,
  type SearchRequest,
  type SearchStream,
  STREAM_LOG_BYTES_MAX,
  STREAM_MS_MAX,
  STREAMS_MAX,
  StreamExpiredError,
  type Suggestion,
} from '../../ports/search-index.ts';
import type { SearchFilter } from '../../../contracts/search.ts';
import { SearchCursor } from '../../search/search-cursor.ts';
import { SqliteThread } from '../thread/thread.ts';
import { logBytesOf, SearchFiles } from './search-files.ts';
import type { SearchReaderHandlers } from './search-reader-program.ts';

const PROGRAM = new URL('search-reader-program.ts', import.meta.url);
/** Searches that wait for the thread; further ones are refused. */
const WAITING_MAX = 256;
/**
 * How long searches wait for an index that is not there yet: a node is ready before it has made its
 * first one. It is shorter than nodes wait for each other's answers.
 */
const COMING_MS_MAX = 3_000;
const COMING_CHECK_MS = 50;
/** For how long a call of a stream looks for a hit; the step that is begun is finished. */
const NEXT_MS_MAX = 200;
/** How often it is looked whether a stream has expired. */
const EXPIRY_CHECK_MS = 1_000;

type ReaderThread = SqliteThread<SearchReaderHandlers>;

interface Opened {
  readonly number: number;
  readonly thread: ReaderThread;
}

interface SearchReaderOptions {
  readonly folder: string;
  /** Milliseconds of a monotonic clock. */
  readonly monotonic?: (() => number) | undefined;
  /** `STREAM_LOG_BYTES_MAX` unless given. */
  readonly streamLogBytesMax?: number | undefined;
  /** `COMING_MS_MAX` unless given. */
  readonly comingMsMax?: number | undefined;
}

interface StreamBounds {
  readonly monotonic: () => number;
  readonly logBytesMax: number;
}

interface ReaderBounds extends StreamBounds {
  readonly comingMsMax: number;
}

export function openSearchReader(options: SearchReaderOptions): SearchReader {
  const { folder, monotonic = () => performance.now() } = options;
  const { streamLogBytesMax: logBytesMax = STREAM_LOG_BYTES_MAX } = options;
  const { comingMsMax = COMING_MS_MAX } = options;
  return new SqliteSearchReader(new SearchFiles(folder), { monotonic, logBytesMax, comingMsMax });
}

class SqliteSearchReader implements SearchReader {
  readonly #files: SearchFiles;
  readonly #bounds: ReaderBounds;
  #opened: Promise<Opened> | null = null;
  #number: number | null = null;
  /** While there is none: its number, once it is there. */
  #coming: Promise<number> | null = null;
  #waiting = 0;
  #isClosed = false;
  /** Of indexes that were replaced, while they are closed. */
  readonly #closing = new Set<Promise<void>>();
  readonly #streams = new Set<SqliteSearchStream>();
  #lastStream = 0;

  constructor(files: SearchFiles, bounds: ReaderBounds) {
    this.#files = files;
    this.#bounds = bounds;
  }

  async search(request: SearchRequest): Promise<SearchPage> {
    // Here, because a fault in the thread is one of the store.
    new SearchCursor(request).decode(request.page.cursor);
    const thread = await this.#thread();
    const [page, counts] = await Promise.all([
      thread.submit('search', request),
      request.withCounts === true ? thread.submit('counts', request) : null,
    ]);
    return { ...page, counts };
  }

  async suggest(
    text: string,
    type: SearchType | null,
    limit: number,
  ): Promise<readonly Suggestion[]> {
    return (await this.#thread()).submit('suggest', text, type, limit);
  }

  async stream(query: SearchFilter): Promise<SearchStream | null> {
    if (this.#streams.size >= STREAMS_MAX) return null;
    const id = ++this.#lastStream;
    const ended = () => this.#streams.delete(stream);
    const stream = new SqliteSearchStream(id, this.#bounds, ended);
    this.#streams.add(stream);
    try {
      const thread = await this.#thread();
      await thread.submit('openStream', id, query);
      stream.begin(thread);
      return stream;
    } catch (error) {
      this.#streams.delete(stream);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#streams].map((stream) => stream.close()));
    const opened = await this.#opened?.catch(() => null);
    await opened?.thread.close();
    await Promise.all(this.#closing);
  }

  /** Errors: `store-unavailable`, `index-not-there`. */
  async #thread(): Promise<ReaderThread> {
    const number = this.#files.current() ?? (await this.#first());
    if (this.#number !== number || this.#opened === null) {
      this.#leave();
      this.#number = number;
      this.#opened = this.#open(number);
      this.#opened.catch(() => {
        this.#opened = null; // The next call tries again.
      });
    }
    return (await this.#opened).thread;
  }

  /** All who wait share one look, and are no more than may wait for the thread. */
  async #first(): Promise<number> {
    if (this.#waiting >= WAITING_MAX) throw new IndexNotThereError('too many wait for the index');
    this.#waiting += 1;
    this.#coming ??= this.#untilThere().finally(() => {
      this.#coming = null;
    });
    try {
      return await this.#coming;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #untilThere(): Promise<number> {
    const { comingMsMax } = this.#bounds;
    for (let waitedMs = 0; waitedMs < comingMsMax; waitedMs += COMING_CHECK_MS) {
      await pause(COMING_CHECK_MS);
      if (this.#isClosed) break;
      const number = this.#files.current();
      if (number !== null) return number;
    }
    throw new IndexNotThereError('there is no search index yet');
  }

  async #open(number: number): Promise<Opened> {
    const thread: ReaderThread = new SqliteThread({
      program: PROGRAM,
      file: this.#files.index(number),
      walBytesMax: 0,
      pageCountMax: 0,
      waitingOperationsMax: WAITING_MAX,
      groupOperationsMax: 1,
    });
    try {
      await thread.start();
    } catch (error) {
      throw new StoreUnavailableError((error as Error).message, { cause: error });
    }
    return { number, thread };
  }

  /** Searches that wait for the old index are still answered, and its streams go on. */
  #leave(): void {
    const left = this.#opened;
    this.#opened = null;
    if (left === null) return;
    const closing = this.#close(left).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  async #close(left: Promise<Opened>): Promise<void> {
    const opened = await left.catch(() => null);
    if (opened === null) return;
    const streams = [...this.#streams].filter((stream) => stream.thread === opened.thread);
    await Promise.all(streams.map((stream) => stream.ended));
    await opened.thread.close();
  }
}

class SqliteSearchStream implements SearchStream {
  /** Resolves when the stream's moment is let go. */
  readonly ended: Promise<void>;
  readonly #id: number;
  readonly #bounds: StreamBounds;
  readonly #resolve: () => void;
  thread: ReaderThread | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Why it has expired; null: it has not. */
  #expiry: string | null = null;
  #beganAt = 0;
  #logBytes = 0;

  constructor(id: number, bounds: StreamBounds, ended: () => void) {
    this.#id = id;
    this.#bounds = bounds;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolve = () => {
      ended();
      resolve();
    };
  }

  begin(thread: ReaderThread): void {
    this.thread = thread;
    this.#beganAt = this.#bounds.monotonic();
    this.#logBytes = logBytesOf(thread.file);
    this.#timer = setInterval(() => this.#checkExpiry(thread), EXPIRY_CHECK_MS);
    this.#timer.unref();
  }

  #checkExpiry(thread: ReaderThread): void {
    const { monotonic, logBytesMax } = this.#bounds;
    if (monotonic() - this.#beganAt > STREAM_MS_MAX) this.#expiry = 'it took too long';
    else if (logBytesOf(thread.file) - this.#logBytes > logBytesMax)
      this.#expiry = 'too much has changed since it began';
    if (this.#expiry !== null) void this.close();
  }

  async next(): Promise<readonly SearchHit[] | null> {
    const { monotonic } = this.#bounds;
    const beganAt = monotonic();
    if (this.thread !== null) this.#checkExpiry(this.thread);
    do {
      if (this.#expiry !== null) throw new StreamExpiredError(this.#expiry);
      if (this.thread === null) return null;
      const chunk = await this.thread.submit('readStream', this.#id);
      if (chunk === null) throw new StreamExpiredError('the index was closed');
      if (chunk.isLast) this.#end();
      if (chunk.hits.length > 0) return chunk.hits;
    } while (monotonic() - beganAt < NEXT_MS_MAX);
    return [];
  }

  async close(): Promise<void> {
    const { thread } = this;
    if (thread === null) return;
    this.thread = null;
    try {
      await thread.submit('closeStream', this.#id);
    } catch (error) {
      // The moment went with the thread.
      if (!(error instanceof StoreUnavailableError)) throw error;
    } finally {
      this.#end();
    }
  }

  #end(): void {
    clearInterval(this.#timer);
    this.thread = null;
    this.#resolve();
  }
}
