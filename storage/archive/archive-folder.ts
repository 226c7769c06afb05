// The archive in a folder: of one node alone in its data directory, of a cluster on a file system
// that all its nodes share. Each shard has a folder, each segment a file that is named after its
// first entry. A file is written under another name, synced, and then linked to its own name, which
// fails where that name is taken; at last the folder is synced. So a segment is there whole or not
// at all, also after a power failure and on NFS.

import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, syncFolder, writeSynced } from '../files.ts';
import { makeFolder } from '../make-folder.ts';
import type { Archive, ArchiveCheck, ArchivedShard, StoredSegment } from '../ports/archive.ts';
import { ConflictError, StoreUnavailableError } from '../ports/journal.ts';

const FILE_MODE = 0o600;
const SEGMENT_NAME = /^(\d{16})\.segment$/;
const PARTIAL = '.partial';
/** A text file with the last sequence that retention removed. */
const REMOVED_FILE = 'removed';
const CHECK_FILE = 'last-check.json';
const STATS_AT_ONCE = 64;

export interface FolderArchiveOptions {
  readonly folder: string;
  /**
   * Whether the folder is created. If not, a folder that is missing is an error: a shared file
   * system may not be mounted.
   */
  readonly create: boolean;
}

export class FolderArchive implements Archive {
  readonly #folder: string;
  readonly #options: FolderArchiveOptions;

  constructor(options: FolderArchiveOptions) {
    this.#options = options;
    this.#folder = options.folder;
  }

  get name(): string {
    return this.#folder;
  }

  async list(shard: number): Promise<ArchivedShard> {
    return await this.#run(async () => {
      const folder = this.#shardFolder(shard);
      const names = await readdir(folder).catch(ifMissing(null));
      if (names === null) {
        await this.#checkFolder();
        return { removed: 0, segments: [] };
      }
      const removed = names.includes(REMOVED_FILE) ? await this.removed(shard) : 0;
      const firsts = names
        .flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? [])
        .map(Number)
        .filter((first) => first > removed)
        .sort((a, b) => a - b);
      const segments: StoredSegment[] = [];
      for (let i = 0; i < firsts.length; i += STATS_AT_ONCE) {
        const some = firsts.slice(i, i + STATS_AT_ONCE).map(async (first) => {
          const { size } = await stat(this.#segmentFile(shard, first));
          return { first, bytes: size };
        });
        segments.push(...(await Promise.all(some)));
      }
      return { removed, segments };
    });
  }

  async removed(shard: number): Promise<number> {
    return await this.#run(async () => {
      const file = join(this.#shardFolder(shard), REMOVED_FILE);
      return Number((await readFile(file, 'utf8').catch(ifMissing(null))) ?? 0);
    });
  }

  async write(shard: number, first: number, bytes: Uint8Array): Promise<void> {
    await this.#run(async () => {
      if (!this.#options.create) await this.#checkFolder();
      const folder = this.#shardFolder(shard);
      makeFolder(folder);
      const file = this.#segmentFile(shard, first);
      const partial = partialOf(file);
      await writeSynced(partial, bytes, FILE_MODE);
      try {
        await link(partial, file);
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
        const stored = await readFile(file);
        if (!stored.equals(bytes))
          throw new ConflictError(`${file} is there already, with other bytes`);
      }
      await syncFolder(folder);
      await syncFolder(this.#folder);
      await this.#removePartials(folder, first);
    });
  }

  async read(shard: number, first: number): Promise<Uint8Array | null> {
    return await this.#run(async () => {
      const bytes = await readFile(this.#segmentFile(shard, first)).catch(ifMissing(null));
      if (bytes === null) await this.#checkFolder();
      return bytes;
    });
  }

  async removeBefore(shard: number, first: number): Promise<void> {
    await this.#run(async () => {
      const folder = this.#shardFolder(shard);
      const { removed } = await this.list(shard);
      if (first - 1 > removed) {
        const file = join(folder, REMOVED_FILE);
        const partial = partialOf(file);
        await writeSynced(partial, Buffer.from(`${first - 1}\n`), FILE_MODE);
        await rename(partial, file);
        await syncFolder(folder);
      }
      for (const name of await readdir(folder)) {
        const found = SEGMENT_NAME.exec(name)?.[1];
        if (found !== undefined && Number(found) < first) await rm(join(folder, name));
      }
    });
  }

  async lastCheck(): Promise<ArchiveCheck | null> {
    return await this.#run(async () => {
      const text = await readFile(join(this.#folder, CHECK_FILE), 'utf8').catch(ifMissing(null));
      return text === null ? null : (JSON.parse(text) as ArchiveCheck);
    });
  }

  async saveCheck(check: ArchiveCheck): Promise<void> {
    await this.#run(async () => {
      const file = join(this.#folder, CHECK_FILE);
      const partial = partialOf(file);
      await writeSynced(partial, Buffer.from(`${JSON.stringify(check)}\n`), FILE_MODE);
      await rename(partial, file);
    });
  }

  /** Unfinished files of segments up to this one: their names are taken now. */
  async #removePartials(folder: string, first: number): Promise<void> {
    for (const name of await readdir(folder)) {
      const isPartial = name.endsWith(PARTIAL) && Number.parseInt(name, 10) <= first;
      if (isPartial) await rm(join(folder, name), { force: true });
    }
  }

  async #checkFolder(): Promise<void> {
    if (!this.#options.create) await stat(this.#folder);
  }

  #shardFolder(shard: number): string {
    return join(this.#folder, String(shard));
  }

  #segmentFile(shard: number, first: number): string {
    return join(this.#shardFolder(shard), `${String(first).padStart(16, '0')}.segment`);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ConflictError || error instanceof StoreUnavailableError) throw error;
      throw new StoreUnavailableError(`the archive ${this.#folder}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

/**
 * A name of its own for each write. A linked segment and its unfinished file are one file: whoever
 * wrote to that name again would change the segment.
 */
function partialOf(file: string): string {
  return `${file}.${randomUUID()}${PARTIAL}`;
}

function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (hasCode(error, 'ENOENT')) return value;
    throw error;
  };
}
