// `livedrops backup` and `livedrops restore`: a backup is a directory with everything that lasts,
// as it was at one moment, taken while the sale runs. Of a node alone it has the three databases,
// the archive and the stored secrets; of a cluster the contents of its Redis servers and the
// archive (decision 038).

import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SHARD_COUNT } from '../../domain/ids.ts';
import { copyDatabases, DATABASE_FILES, isNeeded } from '../../storage/sqlite/copy-databases.ts';
import type { Archive } from '../../storage/ports/archive.ts';
import { openArchive } from '../archive.ts';
import type { Config } from '../config.ts';
import { STORED_SECRET_FILES } from '../secrets-in-force.ts';
import { requireOneNode } from '../data-directory.ts';
import { createLog } from '../log.ts';
import { openJournals } from '../off-loop-parts.ts';
import { archiveOf, copyArchive, isEmpty } from './archive-copy.ts';
import { readManifest, writeManifest } from './manifest.ts';

export interface BackupReport {
  readonly directory: string;
  /** Of the archive. */
  readonly segments: number;
}

/**
 * `directory` is created; if it exists it must be empty. Errors: `no-data`; `corrupt` for a damaged
 * segment; `store-unavailable`; an Error that says what is wrong.
 */
export async function backup(config: Config, directory: string): Promise<BackupReport> {
  if (config.store.kind === 'sqlite') requireOneNode(config.dataDirectory);
  makeEmpty(directory);
  const archive = openArchive(config);
  const target = archiveOf(directory);
  const at = Date.now();
  if (config.store.kind === 'redis') {
    const { backupRedis } = await import('./backup-redis.ts');
    const servers = await backupRedis(config, directory);
    // Those beyond what Redis has trimmed are left out at the restore.
    const segments =
      archive === null ? 0 : await copyArchive(archive, target, async () => Infinity);
    writeManifest(directory, { store: 'redis', at, shardCount: SHARD_COUNT, servers });
    return { directory, segments };
  }
  const shardCount = await copyDatabases(config.dataDirectory, directory);
  for (const file of STORED_SECRET_FILES) copySecret(config.dataDirectory, directory, file);
  const segments = await fillArchive({ ...config, dataDirectory: directory }, archive, target);
  writeManifest(directory, { store: 'sqlite', at, shardCount, servers: 0 });
  return { directory, segments };
}

/**
 * Restores into an empty data directory, or into an empty Redis, and an empty archive. A restore
 * that failed is begun again after what it left is removed. Errors: an Error that says why the
 * backup or the target is not fit; `corrupt`; `store-unavailable`.
 */
export async function restore(config: Config, directory: string): Promise<BackupReport> {
  const manifest = readManifest(directory);
  if (manifest.store !== config.store.kind) {
    throw new Error(
      `${directory} is a backup of ${manifest.store}, and LIVEDROPS_STORE is ` +
        `${config.store.kind}: restore it into the same kind of store`,
    );
  }
  const archive = openArchive(config);
  const source = archiveOf(directory);
  if (archive === null && !(await isEmpty(source))) {
    throw new Error(
      `${directory} has an archive: set LIVEDROPS_ARCHIVE to the folder to restore it into`,
    );
  }
  if (archive !== null && !(await isEmpty(archive)))
    throw new Error(`the archive ${archive.name} is not empty`);
  if (config.store.kind === 'redis') {
    if (manifest.shardCount !== SHARD_COUNT) {
      throw new Error(
        `${directory} has ${manifest.shardCount} shards, and a cluster of this version ` +
          `${SHARD_COUNT}: a store's number of shards never changes`,
      );
    }
    const { restoreRedis } = await import('./backup-redis.ts');
    await restoreRedis(config, directory, manifest.servers);
  } else {
    restoreDirectory(config.dataDirectory, directory);
  }
  const segments = await fillArchive(config, source, archive);
  return { directory, segments };
}

function restoreDirectory(dataDirectory: string, directory: string): void {
  makeEmpty(dataDirectory);
  for (const file of DATABASE_FILES) {
    if (!isNeeded(file) && !existsSync(join(directory, file))) continue;
    copyFileSync(join(directory, file), join(dataDirectory, file));
    chmodSync(join(dataDirectory, file), 0o600);
  }
  for (const file of STORED_SECRET_FILES) copySecret(directory, dataDirectory, file);
}

/** Copies the segments that the journal of `config` needs. Returns how many. */
async function fillArchive(
  config: Config,
  from: Archive | null,
  to: Archive | null,
): Promise<number> {
  if (from === null || to === null) return 0;
  const stored = await openJournals(config, 'backup', createLog(config));
  try {
    return await copyArchive(from, to, (shard) => stored.journal.trimmed(shard));
  } finally {
    await stored.close();
  }
}

function makeEmpty(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (readdirSync(directory).length > 0) throw new Error(`${directory} is not empty`);
}

function copySecret(from: string, to: string, file: string): void {
  if (!existsSync(join(from, file))) return;
  copyFileSync(join(from, file), join(to, file));
  chmodSync(join(to, file), 0o600);
}
