// Copies an archive into a backup, and back.

import { join } from 'node:path';
import { SHARD_COUNT } from '../../domain/ids.ts';
import { FolderArchive } from '../../storage/archive/archive-folder.ts';
import { ArchiveReader } from '../../storage/archive/archive-reader.ts';
import type { Archive } from '../../storage/ports/archive.ts';

/** The archive of a backup. */
export function archiveOf(directory: string): FolderArchive {
  return new FolderArchive({ folder: join(directory, 'archive'), create: true });
}

/**
 * Copies the segments of every shard that begin at or before `through` of the shard, and checks
 * each one on the way. Later segments stay behind: the journal has their entries. Returns how many
 * were copied. Errors: `corrupt`, `store-unavailable`.
 */
export async function copyArchive(
  from: Archive,
  to: Archive,
  through: (shard: number) => Promise<number>,
): Promise<number> {
  const reader = new ArchiveReader(from);
  let copied = 0;
  for (let shard = 0; shard < SHARD_COUNT; shard++) {
    const { removed, segments } = await from.list(shard);
    const last = segments.length === 0 ? 0 : await through(shard);
    let isFirst = true;
    for (const { first } of segments) {
      if (first > last) break;
      // Decoded, because a damaged segment must not become the only copy.
      await reader.segment({ shard, first });
      const bytes = await from.read(shard, first);
      if (bytes === null) continue;
      await to.write(shard, first, bytes);
      if (isFirst && removed > 0) await to.removeBefore(shard, removed + 1);
      isFirst = false;
      copied += 1;
    }
  }
  return copied;
}

/** Whether it has no segment of any shard. */
export async function isEmpty(archive: Archive): Promise<boolean> {
  for (let shard = 0; shard < SHARD_COUNT; shard++)
    if ((await archive.list(shard)).segments.length > 0) return false;
  return true;
}
