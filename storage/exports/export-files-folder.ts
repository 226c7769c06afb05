// Export files in a folder: of one node alone in its data directory, of a cluster on a file system
// that all its nodes share. Each export has a folder, each part a file. A part is written under
// another name, synced, and renamed, so it is there whole or not at all.

import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../domain/assert.ts';
import { isOfSystem, syncFolder, unlessMissing, writeSynced } from '../files.ts';
import { makeFolder } from '../make-folder.ts';
import type { ExportFiles, StoredExport } from '../ports/export-files.ts';
import { StoreUnavailableError } from '../ports/journal.ts';

const NAME = /^[A-Za-z0-9_-]{1,128}$/;
const SUFFIX = '.part';
/** Orders are their seller's: nobody else on the machine reads them. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

export interface FolderExportFilesOptions {
  /** Absolute. */
  readonly folder: string;
  /**
   * Whether the folder is created. If not, a folder that is missing is an error: a shared file
   * system may not be mounted.
   */
  readonly create: boolean;
}

export class FolderExportFiles implements ExportFiles {
  readonly #folder: string;
  readonly #create: boolean;

  constructor({ folder, create }: FolderExportFilesOptions) {
    this.#folder = folder;
    this.#create = create;
  }

  get name(): string {
    return this.#folder;
  }

  async write(id: string, part: string, bytes: Uint8Array): Promise<void> {
    await this.#run(async () => {
      const folder = this.#folderOf(id);
      makeFolder(folder, FOLDER_MODE);
      const file = this.#fileOf(id, part);
      const partial = `${file}.${randomUUID()}`;
      await writeSynced(partial, bytes, FILE_MODE);
      await rename(partial, file);
      await syncFolder(folder);
      await syncFolder(this.#folder);
    });
  }

  async read(id: string, part: string): Promise<Uint8Array | null> {
    return await this.#run(async () => await unlessMissing(readFile(this.#fileOf(id, part))));
  }

  async list(): Promise<readonly StoredExport[]> {
    return await this.#run(async () => {
      const stored: StoredExport[] = [];
      for (const id of await readdir(this.#folder)) {
        if (!NAME.test(id)) continue;
        const folder = this.#folderOf(id);
        let bytes = 0;
        for (const name of (await unlessMissing(readdir(folder))) ?? [])
          bytes += (await unlessMissing(stat(join(folder, name))))?.size ?? 0;
        stored.push({ id, bytes });
      }
      return stored;
    });
  }

  async remove(id: string): Promise<void> {
    await this.#run(async () => {
      await rm(this.#folderOf(id), { recursive: true, force: true });
    });
  }

  #folderOf(id: string): string {
    assert(NAME.test(id), `${id} names no export`);
    return join(this.#folder, id);
  }

  #fileOf(id: string, part: string): string {
    assert(NAME.test(part), `${part} names no part`);
    return join(this.#folderOf(id), `${part}${SUFFIX}`);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      if (this.#create) makeFolder(this.#folder, FOLDER_MODE);
      else await stat(this.#folder);
      return await work();
    } catch (error) {
      if (!isOfSystem(error)) throw error;
      throw new StoreUnavailableError(`the exports ${this.#folder}: ${error.message}`, {
        cause: error,
      });
    }
  }
}
