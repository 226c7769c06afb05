// Blobs in a folder: of one node alone in its data directory, of a cluster on a file system that
// all its nodes share. A blob is a file at the path of its key. It is written under another name,
// synced, and then linked to its own, which fails where that is taken; at last the folders are
// synced. So a blob is there whole or not at all, also after a power failure and on NFS.

import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readdir, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { callbackify } from 'node:util';
import { assert } from '../../domain/assert.ts';
import { hasCode, isOfSystem, syncFolder, unlessMissing } from '../files.ts';
import { makeFolder } from '../make-folder.ts';
import {
  BLOB_KEY,
  BLOBS_PER_PAGE,
  BlobTooLargeError,
  type Blobs,
  type ByteRange,
  checkRange,
  type PutBlob,
  type ReadBlob,
  type SmallBlob,
  type StoredBlob,
  type WrittenBlob,
} from '../ports/blobs.ts';
import { ConflictError, StoreUnavailableError } from '../ports/journal.ts';
import { linkSmallFiles } from './small-files.ts';

/** No key begins with a dot. */
const UNFINISHED = '.unfinished';
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** Read at a time. */
const CHUNK_BYTES = 128 * 1024;
/** What stays free on the disk: by default the journals are there as well. */
const FREE_BYTES_MIN = 1024 ** 3;
/** The disk is asked again after so many bytes of a blob. */
const ROOM_CHECK_BYTES = 16 * 1024 ** 2;
/** Folders that are known to be on the disk. */
const PLACED_MAX = 1_000;
/** How often a folder is made again that a deletion of its last blob removes meanwhile. */
const LINK_ATTEMPTS_MAX = 5;

export interface FolderBlobsOptions {
  /** Absolute. */
  readonly folder: string;
  /**
   * Whether the folder is created. If not, a folder that is missing is an error: a shared file
   * system may not be mounted.
   */
  readonly create: boolean;
  /** A blob that would leave less free on the disk is refused as `store-unavailable`. */
  readonly freeBytesMin?: number;
}

export class FolderBlobs implements Blobs {
  readonly #folder: string;
  readonly #create: boolean;
  readonly #freeBytesMin: number;
  /** Folders whose place in those above is on the disk, with what tells them from later ones. */
  readonly #placed = new Map<string, string>();

  constructor({ folder, create, freeBytesMin = FREE_BYTES_MIN }: FolderBlobsOptions) {
    this.#folder = folder;
    this.#create = create;
    this.#freeBytesMin = freeBytesMin;
  }

  get name(): string {
    return this.#folder;
  }

  async put(
    key: string,
    body: AsyncIterable<Uint8Array>,
    { bytesMax }: PutBlob,
  ): Promise<WrittenBlob> {
    const file = this.#fileOf(key);
    return await this.#run(async () => {
      const unfinished = join(this.#folder, UNFINISHED, randomUUID());
      makeFolder(dirname(unfinished), FOLDER_MODE);
      try {
        const written = await writeSynced(unfinished, this.#withRoom(body), bytesMax);
        await this.#link(unfinished, file);
        return written;
      } finally {
        await rm(unfinished, { force: true });
      }
    });
  }

  async putSmall(blobs: readonly SmallBlob[]): Promise<readonly string[]> {
    const files = blobs.map((blob) => ({ ...blob, path: this.#fileOf(blob.key) }));
    return await this.#run(async () => {
      const unfinished = join(this.#folder, UNFINISHED);
      const folders = new Set(files.map(({ path }) => dirname(path)));
      for (const folder of [unfinished, ...folders]) makeFolder(folder, FOLDER_MODE);
      await this.#checkRoom(blobs.reduce((sum, { bytes }) => sum + bytes.length, 0));
      const taken = linkSmallFiles(files, { unfinished, mode: FILE_MODE });
      for (const folder of folders) await this.#syncFolders(folder);
      return taken;
    });
  }

  async get(key: string, range?: ByteRange): Promise<ReadBlob | null> {
    const file = this.#fileOf(key);
    return await this.#run(async () => {
      const handle = await unlessMissing(open(file, 'r'));
      if (handle === null) return null;
      try {
        const { size: bytes } = await handle.stat();
        checkRange(key, bytes, range);
        const first = range?.first ?? 0;
        const end = range === undefined ? bytes : range.last + 1;
        return { bytes, body: this.#read(handle, first, end) };
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  async head(key: string): Promise<StoredBlob | null> {
    const file = this.#fileOf(key);
    return await this.#run(async () => await storedBlob(key, file));
  }

  async delete(key: string): Promise<void> {
    const file = this.#fileOf(key);
    await this.#run(async () => {
      await rm(file, { force: true });
      await this.#removeEmpty(dirname(file));
    });
  }

  async list(prefix: string, after = ''): Promise<readonly StoredBlob[]> {
    assert(prefix === '' || (prefix.endsWith('/') && BLOB_KEY.test(prefix.slice(0, -1))), prefix);
    return await this.#run(async () => {
      const page: StoredBlob[] = [];
      await this.#listInto(page, prefix, after);
      return page;
    });
  }

  async removeUnfinished(before: number): Promise<void> {
    await this.#run(async () => {
      const folder = join(this.#folder, UNFINISHED);
      for (const name of (await unlessMissing(readdir(folder))) ?? []) {
        const file = join(folder, name);
        const found = await unlessMissing(stat(file));
        if (found !== null && found.mtimeMs < before) await rm(file, { force: true });
      }
    });
  }

  presignedUrl(): Promise<string | null> {
    return Promise.resolve(null);
  }

  /** The same bytes, while the disk has room for more. */
  async *#withRoom(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let unchecked = ROOM_CHECK_BYTES;
    for await (const chunk of body) {
      unchecked += chunk.length;
      if (unchecked >= ROOM_CHECK_BYTES) {
        unchecked = 0;
        await this.#checkRoom(chunk.length);
      }
      yield chunk;
    }
  }

  async #checkRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize - bytes < this.#freeBytesMin)
      throw this.#unavailable(new Error('the disk has no room for more'));
  }

  /** The last blob of a folder that is deleted meanwhile takes the folder with it. */
  async #link(unfinished: string, file: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      makeFolder(dirname(file), FOLDER_MODE);
      try {
        await link(unfinished, file);
        await this.#syncFolders(dirname(file));
        return;
      } catch (error) {
        if (hasCode(error, 'EEXIST')) throw new ConflictError(`${file} is there already`);
        if (!hasCode(error, 'ENOENT') || attempt === LINK_ATTEMPTS_MAX) throw error;
      }
    }
  }

  /**
   * From this folder up to the one of all blobs: each may be new. A folder whose place was synced
   * by this process, and that is the same folder still, has stood since, and so have those above.
   */
  async #syncFolders(folder: string): Promise<void> {
    const identity = await syncFolder(folder);
    if (folder === this.#folder || this.#placed.get(folder) === identity) return;
    await this.#syncFolders(dirname(folder));
    if (this.#placed.size >= PLACED_MAX) this.#placed.clear();
    this.#placed.set(folder, identity);
  }

  async #removeEmpty(folder: string): Promise<void> {
    if (folder === this.#folder) return;
    try {
      await rmdir(folder);
    } catch (error) {
      if (hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST')) return;
      if (!hasCode(error, 'ENOENT')) throw error;
    }
    await this.#removeEmpty(dirname(folder));
  }

  async #listInto(page: StoredBlob[], prefix: string, after: string): Promise<void> {
    const entries = await unlessMissing(
      readdir(join(this.#folder, prefix), { withFileTypes: true }),
    );
    const keys = (entries ?? [])
      .filter(({ name }) => !name.startsWith('.'))
      .map((entry) => `${prefix}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort();
    for (const key of keys) {
      if (page.length === BLOBS_PER_PAGE) return;
      if (key.endsWith('/')) {
        if (key > after || after.startsWith(key)) await this.#listInto(page, key, after);
      } else if (key > after) {
        const stored = await storedBlob(key, join(this.#folder, key));
        if (stored !== null) page.push(stored);
      }
    }
  }

  #read(handle: FileHandle, first: number, end: number): Readable {
    let position = first;
    const unavailable = (error: Error) => this.#unavailable(error);
    const next = async (): Promise<Buffer | null> => {
      const length = Math.min(CHUNK_BYTES, end - position);
      if (length === 0) return null;
      const { bytesRead, buffer } = await handle.read(
        Buffer.allocUnsafe(length),
        0,
        length,
        position,
      );
      if (bytesRead === 0) throw new Error('the file has become shorter');
      position += bytesRead;
      return buffer.subarray(0, bytesRead);
    };
    return new Readable({
      highWaterMark: CHUNK_BYTES,
      read() {
        next().then(
          (chunk) => this.push(chunk),
          (error: Error) => this.destroy(unavailable(error)),
        );
      },
      destroy: callbackify(async (error: Error | null) => {
        await handle.close();
        if (error !== null) throw error;
      }),
    });
  }

  #fileOf(key: string): string {
    assert(BLOB_KEY.test(key), `${key} is no key of a blob`);
    return join(this.#folder, key);
  }

  #unavailable(error: Error): StoreUnavailableError {
    const message = `the blobs ${this.#folder}: ${error.message}`;
    return new StoreUnavailableError(message, { cause: error });
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      if (this.#create) makeFolder(this.#folder, FOLDER_MODE);
      else await stat(this.#folder);
      return await work();
    } catch (error) {
      if (isOfSystem(error)) throw this.#unavailable(error);
      throw error;
    }
  }
}

async function writeSynced(
  file: string,
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<WrittenBlob> {
  const handle = await open(file, 'wx', FILE_MODE);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new BlobTooLargeError(`more than ${bytesMax} bytes`);
      hash.update(chunk);
      await handle.appendFile(chunk);
    }
    await handle.sync();
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

async function storedBlob(key: string, file: string): Promise<StoredBlob | null> {
  const found = await unlessMissing(stat(file));
  if (found === null || !found.isFile()) return null;
  return { key, bytes: found.size, writtenAt: found.mtimeMs };
}
