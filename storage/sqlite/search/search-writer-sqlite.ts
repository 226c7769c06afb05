// Fills a search index on SQLite, in a thread that only writes, and makes it anew beside itself.

import { statSync } from 'node:fs';
import type {
  DocumentFilter,
  SearchChange,
  SearchDocument,
  SearchFeed,
  SearchKey,
  SearchRebuild,
  SearchSize,
  SearchWriter,
} from '../../ports/search-index.ts';
import { CHANGE_DOCUMENTS_MAX } from '../../ports/search-index.ts';
import { assert } from '../../../domain/assert.ts';
import { lockDirectory } from '../directory-lock.ts';
import { SqliteThread } from '../thread/thread.ts';
import { makeFolder } from '../../make-folder.ts';
import { SearchFiles } from './search-files.ts';
import type { SearchWriterHandlers } from './search-writer-program.ts';

const WAL_BYTES_MAX = 64 << 20;
const PROGRAM = new URL('search-writer-program.ts', import.meta.url);

type WriterThread = SqliteThread<SearchWriterHandlers>;

export interface SearchFolder {
  /** Created if missing; with no other files in it. */
  readonly folder: string;
  /** Bound of the file's write-ahead log; 64 MiB unless given. */
  readonly walBytesMax?: number;
}

/** Errors: `directory-in-use` if another process fills it, and SQLite's own codes. */
export async function openSearchWriter(options: SearchFolder): Promise<SearchWriter> {
  makeFolder(options.folder);
  const unlock = lockDirectory(options.folder);
  const files = new SearchFiles(options.folder);
  try {
    const number = files.prepare();
    const walBytesMax = options.walBytesMax ?? WAL_BYTES_MAX;
    const open = (file: string) => openThread(file, walBytesMax);
    const thread = await openServing(files.index(number), walBytesMax);
    if (files.current() === null) files.swapTo(number);
    return new SqliteSearchWriter({ files, number, open, unlock, thread });
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openThread(file: string, walBytesMax: number): Promise<WriterThread> {
  const thread: WriterThread = new SqliteThread({
    program: PROGRAM,
    file,
    walBytesMax,
    pageCountMax: 0,
  });
  await thread.start();
  return thread;
}

/**
 * A power failure may have taken the newest commits of an index, and with them what it was indexed
 * by: then as much is indexed again before it serves.
 */
async function openServing(file: string, walBytesMax: number): Promise<WriterThread> {
  const thread = await openThread(file, walBytesMax);
  try {
    while (await thread.submit('index'));
  } catch (error) {
    await thread.close();
    throw error;
  }
  return thread;
}

/** The index of one file. */
class SqliteSearchFeed implements SearchFeed {
  thread: WriterThread;
  /** What calls wait for while the index is being replaced. */
  #replaced: Promise<void> | null = null;

  constructor(thread: WriterThread) {
    this.thread = thread;
  }

  async apply(change: SearchChange): Promise<void> {
    const count = (change.upserts?.length ?? 0) + (change.deletes?.length ?? 0);
    assert(count <= CHANGE_DOCUMENTS_MAX, 'a change of the search index is within its bound');
    await (await this.#current()).submit('apply', change);
  }

  async position(name: string, part: number): Promise<number> {
    return (await this.#current()).submit('position', name, part);
  }

  async find(keys: readonly SearchKey[]): Promise<readonly (SearchDocument | null)[]> {
    return (await this.#current()).submit('find', keys);
  }

  async list(
    filter: DocumentFilter,
    after: SearchKey | null,
    limit: number,
  ): Promise<readonly SearchDocument[]> {
    return (await this.#current()).submit('list', filter, after, limit);
  }

  async size(): Promise<SearchSize> {
    const { file } = this.thread;
    return { ...(await (await this.#current()).submit('size')), bytes: statSync(file).size };
  }

  /** Whatever comes meanwhile waits, and goes to the thread that `replace` sets. */
  async while(replace: () => Promise<void>): Promise<void> {
    const replaced = replace();
    this.#replaced = replaced.catch(() => {
      // Who called is told; others go on with the thread that is there.
    });
    try {
      await replaced;
    } finally {
      this.#replaced = null;
    }
  }

  async #current(): Promise<WriterThread> {
    if (this.#replaced !== null) await this.#replaced;
    return this.thread;
  }
}

class SqliteSearchWriter implements SearchWriter {
  readonly feed: SqliteSearchFeed;
  readonly #files: SearchFiles;
  readonly #open: (file: string) => Promise<WriterThread>;
  readonly #unlock: () => void;
  #number: number;
  #rebuilt: Promise<SqliteSearchFeed> | null = null;

  constructor(options: {
    readonly files: SearchFiles;
    readonly number: number;
    readonly thread: WriterThread;
    readonly open: (file: string) => Promise<WriterThread>;
    readonly unlock: () => void;
  }) {
    this.feed = new SqliteSearchFeed(options.thread);
    this.#files = options.files;
    this.#number = options.number;
    this.#open = options.open;
    this.#unlock = options.unlock;
  }

  size(): Promise<SearchSize> {
    return this.feed.size();
  }

  async isRebuilding(): Promise<boolean> {
    return this.#files.exists(this.#number + 1);
  }

  async rebuild(): Promise<SearchRebuild & { readonly isResumed: boolean }> {
    const isResumed = await this.isRebuilding();
    this.#rebuilt ??= this.#openRebuilt();
    let feed: SqliteSearchFeed;
    try {
      feed = await this.#rebuilt;
    } catch (error) {
      this.#rebuilt = null;
      throw error;
    }
    let isFirst = true;
    const finish = async () => {
      if (await feed.thread.submit('index')) return true;
      // One segment instead of many is quicker to search. At first all of them take part.
      const step = feed.thread.submit('merge', isFirst);
      isFirst = false;
      return await step;
    };
    return {
      isResumed,
      feed,
      size: () => feed.size(),
      finish,
      swapIn: () => this.#swapIn(feed),
      abandon: () => this.#abandon(feed),
    };
  }

  async close(): Promise<void> {
    await this.feed.thread.close();
    const rebuilt = await this.#rebuilt?.catch(() => null);
    await rebuilt?.thread.close();
    this.#unlock();
  }

  async #openRebuilt(): Promise<SqliteSearchFeed> {
    const thread = await this.#open(this.#files.index(this.#number + 1));
    try {
      await thread.submit('defer');
    } catch (error) {
      await thread.close();
      throw error;
    }
    return new SqliteSearchFeed(thread);
  }

  async #swapIn(rebuilt: SqliteSearchFeed): Promise<void> {
    // Nothing is left where it was finished.
    while (await rebuilt.thread.submit('index'));
    await rebuilt.thread.submit('prepareToServe');
    await this.feed.while(async () => {
      const old = this.feed.thread;
      this.#files.swapTo(this.#number + 1);
      this.#number += 1;
      this.#rebuilt = null;
      this.feed.thread = rebuilt.thread;
      await old.close();
      this.#files.remove(this.#number - 1);
    });
  }

  async #abandon(rebuilt: SqliteSearchFeed): Promise<void> {
    this.#rebuilt = null;
    await rebuilt.thread.close();
    this.#files.remove(this.#number + 1);
  }
}
